"""A checked program: the value that the front end hands to the mathematics.

Names are resolved, constants folded, powers turned into products, and everything that section 10 of
the analang reference calls an error is gone. What is left is a small expression language.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from appliance.compiler.diagnostics import Diagnostic, Position


@dataclass(frozen=True, slots=True)
class Const:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Time:
    """The bare independent variable."""

    at: Position = field(compare=False)


@dataclass(frozen=True, slots=True)
class Read:
    """The ``order``-th derivative of a function with an equation, or (order 0) an auxiliary.

    An order equal to the equation's order stands for the right side of that equation.
    """

    name: str
    order: int


@dataclass(frozen=True, slots=True)
class Scale:
    """A constant factor: never costs a multiplier. ``operand`` is neither Const nor Scale."""

    factor: float
    operand: Expr


@dataclass(frozen=True, slots=True)
class Add:
    """A sum of two or more terms; subtraction is a Scale by -1. At most one term is a Const."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Mul:
    """A product of two non-constant factors, grouped as written (constants collected outside)."""

    left: Expr
    right: Expr
    at: Position = field(compare=False)


@dataclass(frozen=True, slots=True)
class Div:
    """A quotient with a non-constant divisor; ``at`` is the operator."""

    numerator: Expr
    denominator: Expr
    at: Position = field(compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A built-in function (abs sqrt sin cos exp ln tanh) of a non-constant; ``at`` is its name."""

    function: str
    operand: Expr
    at: Position = field(compare=False)


Expr: TypeAlias = Const | Time | Read | Scale | Add | Mul | Div | Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """``order``-th derivative of ``name`` equals ``right``; ``initial`` has ``order`` values, from
    the function itself upward. ``at`` is the function name in the equation."""

    name: str
    order: int
    right: Expr
    initial: tuple[float, ...]
    at: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Auxiliary:
    """A function without state; ``at`` is its name in the definition."""

    name: str
    right: Expr
    at: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A recorded quantity; its label is the name with one apostrophe per order."""

    name: str
    order: int
    at: Position

    @property
    def label(self) -> str:
        return self.name + "'" * self.order


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """``//@ bound``: abs of the state stays within ``value``; ``at`` is the pragma."""

    name: str
    order: int
    value: float
    at: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A picture: metadata only."""

    fields: tuple[tuple[str, Expr], ...]
    at: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """All of a checked program. ``auxiliaries`` are in order of dependency, reads before readers;
    ``probes`` are without repetition, in channel order."""

    variable: str
    equations: tuple[Equation, ...]
    auxiliaries: tuple[Auxiliary, ...]
    probes: tuple[Probe, ...]
    plots: tuple[Plot, ...] = ()
    bounds: tuple[Bound, ...] = ()
    horizon: float | None = None
    tolerance: float | None = None
    warnings: tuple[Diagnostic, ...] = ()
