"""Elements: the system as integrators, multipliers and weighted sums, products built once.

A *signal* is the output of an element, numbered: states first (0 .. n-1, in the order of the
system), then products (n, n+1, ...; a product only uses signals with smaller numbers, or states).
A *sum* is a linear form over signals: it costs connections, never an element.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Final

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind, Position
from appliance.compiler.program import Add, Call, Const, Div, Expr, Mul, Read, Scale, Time

if TYPE_CHECKING:
    from appliance.compiler.system import System

_ROUNDING: Final = 1e-15
"""What 0.1 + 0.2 - 0.3 leaves, as a part of its terms."""
MAX_PRODUCTS: Final = 4096
"""No machine has as many multipliers; beyond it the program is refused without more work."""


@dataclass(frozen=True, slots=True)
class Sum:
    """``constant + sum of coefficient * signal``, in the user's units; no zero coefficients,
    signals in ascending order."""

    terms: tuple[tuple[int, float], ...] = ()
    constant: float = 0.0

    def scaled(self, factor: float) -> Sum:
        if factor == 0.0:
            return Sum()
        terms = tuple((signal, factor * c) for signal, c in self.terms if factor * c != 0.0)
        return Sum(terms, factor * self.constant)

    @property
    def is_constant(self) -> bool:
        return not self.terms

    @property
    def is_single(self) -> bool:
        """One signal and nothing else."""
        return len(self.terms) == 1 and self.constant == 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A multiplier: the product of two sums. ``at`` is where the text has it first."""

    left: Sum
    right: Sum
    at: Position = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """What has to be built. ``derivatives`` has one sum per state (its time derivative),
    ``readings`` one sum per probe (the quantity to record)."""

    system: System
    products: tuple[Product, ...]
    derivatives: tuple[Sum, ...]
    readings: tuple[Sum, ...]

    @property
    def state_count(self) -> int:
        return len(self.derivatives)


def build_elements(system: System) -> Elements:
    """System to elements.

    Raises CompileError (kind ``capacity``) for every operation that no element computes and that
    this compiler does not lower.
    """
    builder = _Builder(system)
    builder.define_algebraic()
    derivatives = tuple(builder.sum_of(state.derivative) for state in system.states)
    readings = tuple(builder.sum_of(Read(p.name, p.order)) for p in system.program.probes)
    if builder.refusals:
        raise CompileError(*sorted(builder.refusals.values(), key=_position))
    return Elements(
        system=system,
        products=tuple(builder.products),
        derivatives=derivatives,
        readings=readings,
    )


def _position(diagnostic: Diagnostic) -> Position:
    return diagnostic.at or Position(0, 0)


def add(sums: list[Sum]) -> Sum:
    """Sum of sums; terms that cancel (but for rounding) disappear."""
    coefficients: dict[int, list[float]] = {}
    for item in sums:
        for signal, coefficient in item.terms:
            coefficients.setdefault(signal, []).append(coefficient)
    totals = {signal: _total(parts) for signal, parts in coefficients.items()}
    terms = tuple((signal, total) for signal, total in sorted(totals.items()) if total != 0.0)
    return Sum(terms, _total([item.constant for item in sums]))


def _total(parts: list[float]) -> float:
    total = sum(parts)
    return 0.0 if abs(total) <= _ROUNDING * sum(map(abs, parts)) else total


class _Builder:
    """Collects products while expressions are turned into sums."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._states = {(s.name, s.order): i for i, s in enumerate(system.states)}
        self._algebraic: dict[tuple[str, int], Sum] = {}
        self._product_numbers: dict[tuple[Sum, Sum], tuple[int, float]] = {}
        self.products: list[Product] = []
        self.refusals: dict[Position, Diagnostic] = {}

    def define_algebraic(self) -> None:
        """Give auxiliaries and highest derivatives their sums, each after what it reads. What
        neither an equation nor a probe reads (a plot may) is not built."""
        program = self._system.program
        rights = {(a.name, 0): a.right for a in program.auxiliaries}
        rights |= {(e.name, e.order): e.right for e in program.equations}
        graph = self._read_from(rights)
        for key in TopologicalSorter(graph).static_order():
            self._algebraic[key] = self.sum_of(rights[key])

    def _read_from(
        self, rights: dict[tuple[str, int], Expr]
    ) -> dict[tuple[str, int], list[tuple[str, int]]]:
        """What each needed quantity with a right side reads of its kind."""
        program = self._system.program
        wanted = [(e.name, e.order) for e in program.equations]
        wanted += [(p.name, p.order) for p in program.probes if (p.name, p.order) in rights]
        graph: dict[tuple[str, int], list[tuple[str, int]]] = {}
        while wanted:
            key = wanted.pop()
            if key not in graph:
                graph[key] = [read for read in _reads(rights[key]) if read in rights]
                wanted += graph[key]
        return graph

    def sum_of(self, expr: Expr) -> Sum:
        match expr:
            case Const(value):
                return Sum((), value)
            case Read(name, order):
                return self._read(name, order)
            case Scale(factor, operand):
                return self.sum_of(operand).scaled(factor)
            case Add(terms):
                return add([self.sum_of(term) for term in terms])
            case Mul(left, right, at):
                return self._product(self.sum_of(left), self.sum_of(right), at)
            case Div() | Call() | Time():
                return self._refuse(expr)

    def _read(self, name: str, order: int) -> Sum:
        state = self._states.get((name, order))
        if state is not None:
            return Sum(((state, 1.0),))
        return self._algebraic[name, order]

    def _product(self, left: Sum, right: Sum, at: Position) -> Sum:
        if left.is_constant:
            return right.scaled(left.constant)
        if right.is_constant:
            return left.scaled(right.constant)
        left, left_factor = _strip_factor(left)
        right, right_factor = _strip_factor(right)
        signal, factor = self._product_signal(left, right, at)
        return Sum(((signal, 1.0),)).scaled(left_factor * right_factor * factor)

    def _product_signal(self, left: Sum, right: Sum, at: Position) -> tuple[int, float]:
        """Signal of the product and the factor by which the wanted product differs from it."""
        left_key, left_scale = _normalise(left)
        right_key, right_scale = _normalise(right)
        scale = left_scale * right_scale
        key = min((left_key, right_key), (right_key, left_key), key=_order)
        known = self._product_numbers.get(key)
        if known is not None:
            number, known_scale = known
            return len(self._system.states) + number, scale / known_scale
        number = len(self.products)
        if number >= MAX_PRODUCTS:
            message = f"the program needs more than {MAX_PRODUCTS} multipliers"
            raise CompileError(Diagnostic(kind=Kind.CAPACITY, message=message, at=at))
        self._product_numbers[key] = number, scale
        self.products.append(Product(left=left, right=right, at=at))
        return len(self._system.states) + number, 1.0

    def _refuse(self, expr: Div | Call | Time) -> Sum:
        self.refusals[expr.at] = Diagnostic(
            kind=Kind.CAPACITY,
            message=_no_element(expr),
            at=expr.at,
            hint="write it as further differential equations, if it has any",
        )
        return Sum(((0, 1.0),))  # any signal: nothing is built once something was refused


def _no_element(expr: Div | Call | Time) -> str:
    match expr:
        case Div():
            what = "division by a quantity that changes"
        case Call(function):
            what = f"the function {function}"
        case Time():
            what = "bare time"
    return f"{what} needs an element that this compiler does not build: needed 1, have 0"


def _strip_factor(operand: Sum) -> tuple[Sum, float]:
    """A single signal goes into a multiplier as it is; its coefficient moves behind the product."""
    if not operand.is_single:
        return operand, 1.0
    signal, factor = operand.terms[0]
    return Sum(((signal, 1.0),)), factor


def _normalise(operand: Sum) -> tuple[Sum, float]:
    """Divide a sum by its first coefficient, so that factors equal up to scale (and rounding) are
    found equal."""
    factor = operand.terms[0][1]
    terms = tuple((s, _rounded(c / factor)) for s, c in operand.terms)
    return Sum(terms, _rounded(operand.constant / factor)), factor


def _rounded(value: float) -> float:
    """Twelve digits: what two ways to write the same number have in common."""
    return float(f"{value:.12g}")


def _order(pair: tuple[Sum, Sum]) -> tuple[object, ...]:
    return tuple((operand.terms, operand.constant) for operand in pair)


def _reads(expr: Expr) -> set[tuple[str, int]]:
    """All functions that an expression reads."""
    found: set[tuple[str, int]] = set()
    stack: list[Expr] = [expr]
    while stack:
        match stack.pop():
            case Read(name, order):
                found.add((name, order))
            case Scale(_, operand) | Call(_, operand, _):
                stack.append(operand)
            case Add(terms):
                stack.extend(terms)
            case Mul(left, right, _) | Div(left, right, _):
                stack.extend((left, right))
            case Const() | Time():
                pass
    return found
