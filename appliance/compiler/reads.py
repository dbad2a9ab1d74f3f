"""What an expression reads."""

from __future__ import annotations

from appliance.compiler.program import Add, Call, Const, Div, Expr, Mul, Read, Scale, Time


def parts(expr: Expr) -> tuple[Expr, ...]:
    """The operands of an expression."""
    match expr:
        case Const() | Time() | Read():
            return ()
        case Scale(_, operand) | Call(_, operand, _):
            return (operand,)
        case Add(terms):
            return terms
        case Mul(left, right, _) | Div(left, right, _):
            return (left, right)


def reads(expr: Expr) -> dict[tuple[str, int], None]:
    """All functions that an expression reads, by name and order, as they are met."""
    found: dict[tuple[str, int], None] = {}
    stack: list[Expr] = [expr]
    while stack:
        part = stack.pop()
        if isinstance(part, Read):
            found[part.name, part.order] = None
        stack.extend(parts(part))
    return found
