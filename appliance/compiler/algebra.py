"""Operations that build checked expressions: constants folded, constant factors collected.

The rules are those of section 5 of the analang reference. Every operation raises CompileError with
one diagnostic when its result is not defined, or would be too deep or too large for later stages.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from appliance.compiler import arithmetic
from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind, Position
from appliance.compiler.program import Add, Call, Const, Div, Expr, Mul, Scale
from appliance.compiler.reads import parts

MAX_DEPTH: Final = 200
"""Levels of operations, constant factors not counted: later stages may recurse over them."""
MAX_NODES: Final = 100_000
"""Nodes of one expression, a subexpression counted as often as it is used."""
MAX_EXPONENT: Final = 16


class Value(NamedTuple):
    """A checked expression and its size. A plain tuple because there are so many of them."""

    expr: Expr
    depth: int
    nodes: int

    @property
    def constant(self) -> float | None:
        """The number, if the expression is one."""
        return self.expr.value if isinstance(self.expr, Const) else None


def leaf(expr: Expr) -> Value:
    """A number, a function that is read, or time."""
    return Value(expr, 0, 1)


def number(value: float) -> Value:
    return leaf(Const(value))


class Sizes:
    """Sizes of expressions that these operations built earlier, each counted once."""

    def __init__(self) -> None:
        self._known: dict[int, Value] = {}  # by identity; the value keeps its expression alive

    def of(self, expr: Expr) -> Value:
        """The expression and its size. Recurses as deep as the expression does."""
        known = self._known.get(id(expr))
        if known is None:
            known = self._known[id(expr)] = self._measured(expr)
        return known

    def _measured(self, expr: Expr) -> Value:
        sizes = [self.of(part) for part in parts(expr)]
        nodes = 1 + sum(size.nodes for size in sizes)
        level = 0 if isinstance(expr, Scale) else 1
        return Value(expr, max((level + size.depth for size in sizes), default=0), nodes)


def negate(operand: Value) -> Value:
    factor, core = _split(operand)
    return _scaled(-factor, core)


def add(terms: list[tuple[Value, Position]]) -> Value:
    """Sum of terms, each with the place of the operator in front of it."""
    constant, depth, nodes = 0.0, 0, 1
    flat: list[Expr] = []
    for value, at in terms:
        match value.expr:
            case Const(number_):
                constant = arithmetic.finite(constant + number_, at)
            case Add(inner):
                constant = arithmetic.finite(constant + _take_terms(inner, flat), at)
                depth = max(depth, value.depth)
                nodes += value.nodes
            case _:
                flat.append(value.expr)
                depth = max(depth, value.depth + 1)
                nodes += value.nodes
        _check_size(depth, nodes, at)
    if constant != 0.0 or not flat:
        flat.append(Const(constant))
        nodes += 1
    if len(flat) == 1:
        return Value(flat[0], max(depth - 1, 0), nodes - 1)
    return Value(Add(tuple(flat)), depth, nodes)


def multiply(left: Value, right: Value, at: Position) -> Value:
    """Product; constant factors of both sides become one factor in front."""
    left_factor, left_core = _split(left)
    right_factor, right_core = _split(right)
    factor = arithmetic.finite(left_factor * right_factor, at)
    if left_core is None:
        return _scaled(factor, right_core)
    if right_core is None:
        return _scaled(factor, left_core)
    expr = Mul(left_core.expr, right_core.expr, at)
    return _scaled(factor, _joined(expr, (left_core, right_core), at))


def divide(numerator: Value, divisor: Value, at: Position) -> Value:
    """Quotient; a constant divisor is a factor."""
    top_factor, top = _split(numerator)
    bottom_factor, bottom = _split(divisor)
    factor = arithmetic.quotient(top_factor, bottom_factor, at)
    if bottom is None:
        return _scaled(factor, top)
    if top is None:
        top = number(1.0)
    expr = Div(top.expr, bottom.expr, at)
    return _scaled(factor, _joined(expr, (top, bottom), at))


def call(function: str, operand: Value, at: Position) -> Value:
    """A built-in function."""
    if operand.constant is not None:
        return number(arithmetic.call(function, operand.constant, at))
    return _joined(Call(function, operand.expr, at), (operand,), at)


def power(base: Value, exponent: Value, at: Position, exponent_at: Position) -> Value:
    """Power with a constant exponent: products by repeated squaring, a division, or a root.

    Raises CompileError ``unsupported-exponent`` at the exponent.
    """
    wanted = exponent.constant
    if wanted is None:
        raise _unsupported("the exponent must be a number", exponent_at)
    if base.constant is not None:
        return number(arithmetic.power(base.constant, wanted, at))
    if wanted == 0.5:
        return call("sqrt", base, at)
    if not wanted.is_integer() or abs(wanted) > MAX_EXPONENT:
        raise _unsupported(f"the exponent {wanted:g} is not supported", exponent_at)
    raised = whole_power(base, int(abs(wanted)), at)
    return divide(number(1.0), raised, at) if wanted < 0 else raised


def whole_power(base: Value, exponent: int, at: Position) -> Value:
    """A power with a whole exponent from 0 up, by repeated squaring."""
    if exponent == 0:
        return number(1.0)
    result = base
    for bit in f"{exponent:b}"[1:]:
        result = multiply(result, result, at)
        if bit == "1":
            result = multiply(base, result, at)
    return result


def _unsupported(message: str, at: Position) -> CompileError:
    hint = "whole numbers from -16 to 16 and 0.5 are possible"
    return CompileError(
        Diagnostic(kind=Kind.UNSUPPORTED_EXPONENT, message=message, at=at, hint=hint)
    )


def _take_terms(terms: tuple[Expr, ...], into: list[Expr]) -> float:
    """Append the terms of an inner sum; its constant, which stands last."""
    last = terms[-1]
    if isinstance(last, Const):
        into.extend(terms[:-1])
        return last.value
    into.extend(terms)
    return 0.0


def _split(value: Value) -> tuple[float, Value | None]:
    """Constant factor and the rest, None for a constant."""
    match value.expr:
        case Const(number_):
            return number_, None
        case Scale(factor, operand):
            return factor, Value(operand, value.depth, value.nodes - 1)
        case _:
            return 1.0, value


def _scaled(factor: float, core: Value | None) -> Value:
    if core is None or factor == 0.0:
        return number(factor + 0.0)  # no minus zero
    if factor == 1.0:
        return core
    return Value(Scale(factor, core.expr), core.depth, core.nodes + 1)


def _joined(expr: Expr, operands: tuple[Value, ...], at: Position) -> Value:
    """An operation over operands."""
    depth = 1 + max(operand.depth for operand in operands)
    nodes = 1 + sum(operand.nodes for operand in operands)
    _check_size(depth, nodes, at)
    return Value(expr, depth, nodes)


def _check_size(depth: int, nodes: int, at: Position) -> None:
    if depth > MAX_DEPTH:
        message = f"this expression has more than {MAX_DEPTH} operations one inside the other"
    elif nodes > MAX_NODES:
        message = f"written out, this expression has more than {MAX_NODES} parts"
    else:
        return
    hint = "name a part of the expression: let part(t) = ...;"
    raise CompileError(Diagnostic(kind=Kind.LIMIT, message=message, at=at, hint=hint))
