"""A drawn system written twice: as analang in the user's units, and as Python in natural terms.

The two share the drawn numbers and nothing else: the text writes products where they are read and
auxiliary functions as functions, in units; the Python function calculates each definition once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tests.unit.appliance.compiler.programs import program
from tests.unit.appliance.compiler.random_systems import Atom, Drawn, Form, Kind, Product

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

Array: TypeAlias = NDArray[np.float64]


class Text:
    """The system as analang. What may be written in several ways is drawn once more."""

    def __init__(self, drawn: Drawn, rng: random.Random) -> None:
        self._drawn = drawn
        self._rng = rng
        self._t = rng.choice(("t", "t", "tau", "s"))
        self._constants: list[str] = []

    def source(self) -> str:
        drawn = self._drawn
        lines = [f"//@ horizon = {drawn.horizon!r}"]
        for f, order in enumerate(drawn.orders):
            right = self._sum(drawn.rights[f], drawn.units[f])
            lines.append(f"let {self._derivative(f, order, self._t)} = {right};")
        for place, (f, o) in enumerate(drawn.places):
            value = drawn.units[f] * drawn.starts[place]
            if o == 0 or value != 0.0:
                lines.append(f"let {self._derivative(f, o, f'{self._t}: 0')} = {value!r};")
        for k, item in enumerate(drawn.definitions):
            if isinstance(item, Form):
                lines.append(f"let g{k}({self._t}) = {self._sum(item, item.unit)};")
        lines += [f"probe {self._atom(atom)};" for atom in drawn.probes]
        return program(*self._constants, *lines)

    def _derivative(self, function: int, order: int, point: str) -> str:
        if order == 0:
            return f"x{function}({point})"
        return f"diff[{', '.join([f'x{function}'] + [self._t] * order)}]({point})"

    def _atom(self, atom: Atom) -> str:
        if atom.kind is Kind.STATE:
            return self._derivative(*self._drawn.places[atom.number], self._t)
        if atom.kind is Kind.DERIVATIVE:
            return self._derivative(atom.number, self._drawn.orders[atom.number], self._t)
        item = self._drawn.definitions[atom.number]
        if isinstance(item, Form):
            return f"g{atom.number}({self._t})"
        left, right = self._factor(item.left), self._factor(item.right)
        if left == right and self._rng.random() < 0.5:
            return f"{left}**2"
        if self._rng.random() < 0.5:
            left, right = right, left
        return f"({left}*{right})"

    def _factor(self, form: Form) -> str:
        if is_alone(form):
            return self._atom(form.terms[0][1])
        return f"({self._sum(form, form.unit)})"

    def _sum(self, form: Form, unit: float) -> str:
        addends = [self._term(c * unit / unit_of(self._drawn, a), a) for c, a in form.terms]
        if form.constant != 0.0:
            addends.append(self._number(unit * form.constant))
        self._rng.shuffle(addends)
        return " + ".join(addends).replace("+ -", "- ")

    def _term(self, factor: float, atom: Atom) -> str:
        text = self._atom(atom)
        style = self._rng.randrange(5)
        if style == 0:
            return f"{text}*{self._number(factor)}"
        if style == 1:
            return f"{text}/({1.0 / factor!r})"
        return f"{self._number(factor)}*{text}"

    def _number(self, value: float) -> str:
        """Some numbers get a name."""
        if self._rng.random() < 0.9:
            return repr(value)
        self._constants.append(f"let c{len(self._constants)} = {value!r};")
        return f"c{len(self._constants) - 1}"


def is_alone(form: Form) -> bool:
    """One atom as it is."""
    return len(form.terms) == 1 and form.terms[0][0] == 1.0 and form.constant == 0.0


def unit_of(drawn: Drawn, atom: Atom) -> float:
    """How many of the user's units are one natural unit of the atom."""
    if atom.kind is Kind.STATE:
        return drawn.units[drawn.places[atom.number][0]]
    if atom.kind is Kind.DERIVATIVE:
        return drawn.units[atom.number]
    item = drawn.definitions[atom.number]
    if isinstance(item, Product):
        return _factor_unit(drawn, item.left) * _factor_unit(drawn, item.right)
    return item.unit


def _factor_unit(drawn: Drawn, form: Form) -> float:
    return unit_of(drawn, form.terms[0][1]) if is_alone(form) else form.unit


class Mathematics:
    """The system as Python functions of the natural states ``s``: a vector, or (states, times).

    ``right(t, s)`` is the derivative of each state, ``probes(s)`` what is recorded, ``terms(s)``
    the same with every coefficient and state taken positive, so that nothing cancels.
    """

    def __init__(self, drawn: Drawn) -> None:
        self.right = _function(drawn, "t, s", _state_rates(drawn), positive=False)
        quantities = [_name(atom) for atom in drawn.probes]
        self.probes = _function(drawn, "s", quantities, positive=False)
        self.terms = _function(drawn, "s", quantities, positive=True)


def _function(
    drawn: Drawn, arguments: str, results: list[str], *, positive: bool
) -> Callable[..., list[Any]]:
    """Any: numbers or arrays, as the argument is."""
    size = "abs" if positive else ""
    lines = [f"def calculate({arguments}):"]
    lines += [f"    s{i} = {size}(s[{i}])" for i in range(len(drawn.places))]
    for k, item in enumerate(drawn.definitions):
        if isinstance(item, Product):
            text = f"({_python(item.left, positive)})*({_python(item.right, positive)})"
        else:
            text = _python(item, positive)
        lines.append(f"    d{k} = {text}")
    for f, form in enumerate(drawn.rights):
        lines.append(f"    r{f} = {_python(form, positive)}")
    lines.append(f"    return [{', '.join(results)}]")
    space: dict[str, Any] = {}
    exec("\n".join(lines), space)
    return space["calculate"]  # type: ignore[no-any-return]


def _python(form: Form, positive: bool) -> str:
    parts = [f"{abs(c) if positive else c!r}*{_name(atom)}" for c, atom in form.terms]
    parts.append(repr(abs(form.constant) if positive else form.constant))
    return " + ".join(parts)


_LETTERS = {Kind.STATE: "s", Kind.DEFINITION: "d", Kind.DERIVATIVE: "r"}


def _name(atom: Atom) -> str:
    return (
        f"{ {Kind.STATE: 's', Kind.DEFINITION: 'd', Kind.DERIVATIVE: 'r'}[atom.kind] }{atom.number}"
    )


def _state_rates(drawn: Drawn) -> list[str]:
    return [
        f"s{place + 1}" if o + 1 < drawn.orders[f] else f"r{f}"
        for place, (f, o) in enumerate(drawn.places)
    ]
