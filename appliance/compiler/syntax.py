"""The syntax tree: what the text says, before anything is known about its names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from appliance.compiler.diagnostics import Position
    from appliance.compiler.lexer import Pragma


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written, finite and without a sign."""

    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A name that stands alone: in an expression a constant or the independent variable."""

    text: str
    at: Position


@dataclass(frozen=True, slots=True)
class Quantity:
    """A function, or its derivative: one entry of ``variables`` per differentiation.

    ``at`` is ``diff``, or the name where there is none.
    """

    name: Name
    variables: tuple[Name, ...]
    at: Position

    @property
    def order(self) -> int:
        return len(self.variables)


@dataclass(frozen=True, slots=True)
class Operand:
    """An expression whose first token (``start``) an error may point to."""

    expr: Node
    start: Position

    @property
    def expr_name(self) -> str | None:
        """The name, if the operand is one and nothing else."""
        return self.expr.text if isinstance(self.expr, Name) else None


@dataclass(frozen=True, slots=True)
class Apply:
    """``name(argument, ...)``: reads a function or calls a built-in one."""

    name: Name
    arguments: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Derivative:
    """``diff[x, t](argument)`` in an expression."""

    quantity: Quantity
    argument: Operand


@dataclass(frozen=True, slots=True)
class Negate:
    """Unary minus; unary plus leaves no trace."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Step:
    """One more operand of a sum or of a product chain: operator, its place, operand."""

    operator: str
    at: Position
    operand: Node


@dataclass(frozen=True, slots=True)
class Sum:
    """``first + a - b ...``, all on one level."""

    first: Node
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """``first * a / b ...``, grouped from the left."""

    first: Node
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Power:
    """``base ** exponent``; ``at`` is the operator."""

    base: Node
    exponent: Operand
    at: Position


Node: TypeAlias = Number | Name | Apply | Derivative | Negate | Sum | Chain | Power


@dataclass(frozen=True, slots=True)
class Use:
    module: Name


@dataclass(frozen=True, slots=True)
class DefineConstant:
    """``let name = right;``"""

    name: Name
    right: Node


@dataclass(frozen=True, slots=True)
class DefineFunction:
    """``let quantity(variable) = right;`` an equation or an auxiliary function."""

    quantity: Quantity
    variable: Name
    right: Node


@dataclass(frozen=True, slots=True)
class DefineValue:
    """``let quantity(variable: time) = right;``"""

    quantity: Quantity
    variable: Name
    time: Operand
    right: Node


@dataclass(frozen=True, slots=True)
class ProbeStatement:
    quantity: Quantity
    variable: Name


@dataclass(frozen=True, slots=True)
class PlotStatement:
    fields: tuple[tuple[Name, Node], ...]
    at: Position


Statement: TypeAlias = (
    Use | DefineConstant | DefineFunction | DefineValue | ProbeStatement | PlotStatement
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A whole program in the order of the text."""

    statements: tuple[Statement, ...]
    pragmas: tuple[Pragma, ...]
