"""Random programs from the grammar, most of them sound: a few equations such as people write, or
many functions that read each other through deep expressions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random

_VARIABLES: Final = ("t", "t", "t", "tau", "time_1", "s")
_FIRST_LETTERS: Final = "abcfghkmnopqruvwxyz_ABCXYZ"
_CALLS: Final = ("abs", "sqrt", "sin", "cos", "exp", "ln", "tanh")
_BLANKS: Final = (" ", "", "\n", "\t", "  ", "\r\n", " /* * */ ", " // why; let\n", " # = 1\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How large and how wild a program becomes."""

    equations: int
    auxiliaries: int
    constants: int
    depth: int
    calls: float
    """Share of functions, divisions and powers among the operations."""
    wild: float
    """Share of choices without regard for what is sound."""


def manner(rng: random.Random) -> Manner:
    """Mostly what fits a small machine; sometimes far beyond."""
    size = rng.random()
    if size < 0.7:
        return Manner(
            equations=rng.randint(1, 3),
            auxiliaries=rng.choice((0, 0, 1, 2)),
            constants=rng.randint(0, 2),
            depth=rng.randint(1, 2),
            calls=rng.choice((0.0, 0.0, 0.1, 0.3)),
            wild=rng.choice((0.0, 0.0, 0.0, 0.01)),
        )
    return Manner(
        equations=rng.randint(1, 9 if size < 0.998 else 60),
        auxiliaries=rng.choice((0, 3, 6, 12)) if size < 0.998 else 200,
        constants=rng.choice((0, 3, 20)),
        depth=rng.randint(2, 4 if size < 0.99 else 6),
        calls=rng.choice((0.1, 0.3, 0.6)),
        wild=rng.choice((0.0, 0.0, 0.002, 0.05)),
    )


def write(rng: random.Random) -> str:
    """One program."""
    return _Writer(rng, manner(rng)).program()


@dataclass(slots=True)
class _Writer:
    rng: random.Random
    manner: Manner
    variable: str = "t"
    names: set[str] = field(default_factory=set)
    constants: list[str] = field(default_factory=list)
    orders: dict[str, int] = field(default_factory=dict)
    readable: list[str] = field(default_factory=list)
    """What an expression may read without an algebraic loop."""

    def program(self) -> str:
        rng = self.rng
        self.variable = rng.choice(_VARIABLES)
        self.names = {self.variable}
        equations = [self._new_name() for _ in range(self.manner.equations)]
        for name in equations:
            self.orders[name] = rng.choice((1, 1, 1, 2, 2, 3, 8 if self.manner.wild else 1))
            self.readable += [self._read(name, order) for order in range(self.orders[name])]
        statements = [self._constant() for _ in range(self.manner.constants)]
        stateless = [*(self._new_name() for _ in range(self.manner.auxiliaries)), *equations]
        rng.shuffle(stateless)
        for name in stateless:
            statements += self._definitions(name)
        statements += [self._probe() for _ in range(rng.randint(1, 4))]
        if rng.random() < 0.2:
            statements.append(f"plot(x: {self._expression(2)}, y: {self._expression(2)});")
        statements += self._pragmas(equations)
        if rng.random() < 0.7:
            rng.shuffle(statements)
        modules = ["use display;", "use math;"] if rng.random() < 0.9 else []
        return self._laid_out([*modules, *statements])

    def _new_name(self) -> str:
        while True:
            size = self.rng.choice((0, 0, 1, 2, 8, 63 if self.manner.wild else 3))
            tail = "".join(self.rng.choices("abxyz019_", k=size))
            name = self.rng.choice(_FIRST_LETTERS) + tail
            if name not in self.names:
                self.names.add(name)
                return name

    def _constant(self) -> str:
        expression = self._constant_expression(2)
        name = self._new_name()
        self.constants.append(name)
        return f"let {name} = {expression};"

    def _definitions(self, name: str) -> list[str]:
        """An auxiliary function, or an equation with its start values."""
        order = self.orders.get(name, 0)
        sides = [self._expression(self.manner.depth)]
        if order and self.rng.random() < 0.9:
            damped = self._read(name, self.rng.randrange(order))
            sides.insert(0, f"-{self._number()}*{damped} + ")
        self.readable.append(self._read(name, order))
        found = [f"let {self._left(name, order)}({self.variable}) = {''.join(sides)};"]
        for below in range(order):
            if below == 0 or self.rng.random() < 0.5:
                left = (
                    f"{self._left(name, below)}({self.variable}: {self.rng.choice(('0', '0.0'))})"
                )
                found.append(f"let {left} = {self._constant_expression(1)};")
        return found

    def _left(self, name: str, order: int) -> str:
        return f"diff[{', '.join([name] + [self.variable] * order)}]" if order else name

    def _read(self, name: str, order: int) -> str:
        return f"{self._left(name, order)}({self.variable})"

    def _probe(self) -> str:
        return f"probe {self.rng.choice(self.readable)};"

    def _pragmas(self, equations: list[str]) -> list[str]:
        rng = self.rng
        found = []
        if rng.random() < 0.6:
            found.append(f"//@ horizon = {rng.choice(('1', '2.5', '10', '0.5', self._number()))}\n")
        if rng.random() < 0.1:
            found.append(f"//@ tolerance = {rng.choice(('0.05', '0.5', '1e-3'))}\n")
        for name in equations:
            if rng.random() < 0.1:
                marks = "'" * rng.randrange(self.orders[name])
                found.append(f"//@ bound {name}{marks} = {self._number()}\n")
        return found

    def _laid_out(self, statements: list[str]) -> str:
        if self.rng.random() < 0.7:
            return "\n".join(statements) + "\n"
        blanks = [self.rng.choice(_BLANKS) for _ in statements]
        return "".join(f"{blank}{one}" for blank, one in zip(blanks, statements, strict=True))

    def _number(self) -> str:
        rng = self.rng
        value = 10 ** rng.uniform(-1.5, 1.2)
        if rng.random() < self.manner.wild:
            return rng.choice(("0", "1e300", "1e-300", "1e-9", "1e9", "1e999", f"{value:.17g}"))
        forms = (
            f"{value:.2f}",
            f"{value:.3g}",
            f"{value:e}",
            f"{value:.6f}",
            str(rng.randint(1, 9)),
        )
        return rng.choice(forms).replace("0.", rng.choice(("0.", ".")), 1)

    def _constant_expression(self, depth: int) -> str:
        rng = self.rng
        if depth == 0 or rng.random() < 0.4:
            atoms = [self._number(), self._number(), "pi", "E", *self.constants[-6:]]
            if rng.random() < self.manner.wild:
                atoms += [*self.readable[:1], "undefined", self.variable]
            return rng.choice(("", "", "-", "+")) + rng.choice(atoms)
        one, two = (self._constant_expression(depth - 1) for _ in range(2))
        forms = (
            *(
                f"({one} + {two})",
                f"({one} - {two})",
                f"({one})*({two})",
                f"({one})/(1 + ({two})**2)",
            ),
            *(
                f"sin({one})",
                f"abs({one})",
                f"exp(-abs({one}))",
                f"({one})**2",
                f"sqrt(abs({one}))",
            ),
        )
        return rng.choice(forms)

    def _atom(self) -> str:
        rng = self.rng
        if rng.random() < self.manner.wild:
            loops = [self._read(name, order) for name, order in self.orders.items()]
            return rng.choice(
                (*loops, *sorted(self.names), "undefined(t)", "x(0)", "diff[x, t](t - 1)")
            )
        if self.readable and rng.random() < 0.75:
            return rng.choice(self.readable)
        if rng.random() < self.manner.calls:
            return self.variable
        return rng.choice((self._number(), *self.constants))

    def _expression(self, depth: int) -> str:
        rng = self.rng
        if depth == 0 or rng.random() < 0.1:
            return self._atom()
        if rng.random() < self.manner.calls:
            return self._function(depth)
        kind = rng.random()
        if kind < 0.5:
            signs = rng.choices((" + ", " - "), k=rng.choice((1, 1, 2, 4)))
            terms = [self._expression(depth - 1) for _ in (0, *signs)]
            pairs = zip(("", *signs), terms, strict=True)
            return "(" + "".join(sign + term for sign, term in pairs) + ")"
        if kind < 0.75:
            return f"{self._number()}*{self._expression(depth - 1)}"
        if kind < 0.85:
            return f"(-{self._expression(depth - 1)})"
        return f"{self._expression(depth - 1)}*{self._expression(depth - 1)}"

    def _function(self, depth: int) -> str:
        rng = self.rng
        one, two = self._expression(depth - 1), self._expression(depth - 1)
        forms = (
            *(f"{rng.choice(_CALLS)}({one})", f"{rng.choice(_CALLS)}({one})", f"({one})/({two})"),
            *(f"sqrt(1 + ({one})**2)", f"ln(2 + sin({one}))", f"exp(-({one})**2)"),
            *(f"({one})/(1.5 + abs({two}))", f"({one})/{self._number()}"),
            *(f"({one})**{rng.choice(('2', '3', '2', '-1', '0.5', '(1/2)', '0', '16'))}",),
        )
        return rng.choice(forms)
