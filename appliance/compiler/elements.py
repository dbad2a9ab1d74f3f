"""Elements: the system as integrators, multipliers and weighted sums, products built once.

A *signal* is the output of an element, numbered: states first (0 .. n-1, in the order of the
system), then products (n, n+1, ...), then passes. Products and passes use each other without
circles; without passes a product only uses products before it. A *sum* is a linear form over
signals: it costs connections, never an element.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from graphlib import TopologicalSorter
from itertools import islice
from typing import TYPE_CHECKING, Final

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind, Position
from appliance.compiler.program import Add, Call, Const, Div, Expr, Mul, Read, Scale, Time

if TYPE_CHECKING:
    from appliance.compiler.system import System

_ROUNDING: Final = 1e-15
"""What 0.1 + 0.2 - 0.3 leaves, as a part of its terms."""
MAX_NAMED: Final = 64
"""Named sums that are kept: they help to find common sums, and more of them only take time."""
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


class Side(IntEnum):
    """Which input of a multiplier."""

    LEFT = 0
    RIGHT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A pass-through element: a sum made visible. Its signal, as its output, is minus the sum.

    ``host`` is the product and side whose input it taps, ``total`` then being that whole operand.
    Without host it sits on an idle multiplier and is fed by lanes of its own. ``at`` is the probe
    or definition that it is there for.
    """

    total: Sum
    host: tuple[int, Side] | None = None
    at: Position | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """What has to be built. ``derivatives`` has one sum per state (its time derivative; of a state
    with ``is_loop`` without the loop's gain), ``readings`` one sum per probe (the quantity to
    record). ``named`` has sums that the program names and that something reads (auxiliary functions
    and highest derivatives), no more than ``MAX_NAMED`` of them."""

    system: System
    products: tuple[Product, ...]
    derivatives: tuple[Sum, ...]
    readings: tuple[Sum, ...]
    passes: tuple[Pass, ...] = ()
    named: tuple[Sum, ...] = ()

    @property
    def state_count(self) -> int:
        return len(self.derivatives)

    def operands(self, signal: int) -> tuple[Sum, ...]:
        """What a signal is computed from without delay: of a state nothing."""
        number = signal - self.state_count
        if number < 0:
            return ()
        if number < len(self.products):
            product = self.products[number]
            return product.left, product.right
        return (self.passes[number - len(self.products)].total,)

    def order(self) -> tuple[int, ...]:
        """Signals of products and passes, each after all that it uses."""
        first = self.state_count
        signals = range(first, first + len(self.products) + len(self.passes))
        graph = {
            signal: [used for o in self.operands(signal) for used, _ in o.terms if used >= first]
            for signal in signals
        }
        return tuple(TopologicalSorter(graph).static_order())


def build_elements(system: System) -> Elements:
    """A lowered system to elements.

    Raises CompileError ``capacity`` where far too many products would be needed.
    """
    builder = _Builder(system)
    builder.define_algebraic()
    derivatives = tuple(builder.sum_of(state.derivative) for state in system.states)
    readings = tuple(builder.sum_of(Read(p.name, p.order)) for p in system.program.probes)
    return Elements(
        system=system,
        products=tuple(builder.products.items),
        derivatives=derivatives,
        readings=readings,
        named=builder.named_sums(),
    )


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


class Products:
    """Multipliers, equal ones (up to factors, in either order) built once. ``first`` is the signal
    of the first of them."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._numbers: dict[tuple[Sum, Sum], tuple[int, float]] = {}
        self.items: list[Product] = []

    def of(self, left: Sum, right: Sum, at: Position) -> Sum:
        """The product of two sums; ``at`` is where the text has it.

        Raises CompileError ``capacity`` where there are far too many.
        """
        if left.is_constant:
            return right.scaled(left.constant)
        if right.is_constant:
            return left.scaled(right.constant)
        left, left_factor = _strip_factor(left)
        right, right_factor = _strip_factor(right)
        signal, factor = self._signal_of(left, right, at)
        return Sum(((signal, 1.0),)).scaled(left_factor * right_factor * factor)

    def _signal_of(self, left: Sum, right: Sum, at: Position) -> tuple[int, float]:
        """Signal of the product and the factor by which the wanted product differs from it."""
        left_key, left_scale = _normalise(left)
        right_key, right_scale = _normalise(right)
        scale = left_scale * right_scale
        key = min((left_key, right_key), (right_key, left_key), key=_order)
        known = self._numbers.get(key)
        if known is not None:
            number, known_scale = known
            return self._first + number, scale / known_scale
        number = len(self.items)
        if number >= MAX_PRODUCTS:
            message = f"the program needs more than {MAX_PRODUCTS} multipliers"
            raise CompileError(Diagnostic(kind=Kind.CAPACITY, message=message, at=at))
        self._numbers[key] = number, scale
        self.items.append(Product(left=left, right=right, at=at))
        return self._first + number, 1.0


class _Builder:
    """Collects products while expressions are turned into sums."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._states = {(s.name, s.order): i for i, s in enumerate(system.states)}
        self._algebraic: dict[tuple[str, int], Sum] = {}
        self.products = Products(len(system.states))

    def define_algebraic(self) -> None:
        """Give auxiliaries and highest derivatives their sums, each after what it reads."""
        for key in self._system.needed():
            self._algebraic[key] = self.sum_of(self._system.rights[key])

    def named_sums(self) -> tuple[Sum, ...]:
        sums = (total for total in self._algebraic.values() if len(total.terms) > 1)
        return tuple(islice(sums, MAX_NAMED))

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
                return self.products.of(self.sum_of(left), self.sum_of(right), at)
            case Div() | Call() | Time():
                message = f"{type(expr).__name__} was not lowered"
                raise TypeError(message)

    def _read(self, name: str, order: int) -> Sum:
        state = self._states.get((name, order))
        if state is not None:
            return Sum(((state, 1.0),))
        return self._algebraic[name, order]


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
