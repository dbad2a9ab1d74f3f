"""Expressions in words: analang text, for people to read, not to compile."""

from __future__ import annotations

from typing import Final

from appliance.compiler.program import Add, Call, Const, Div, Expr, Mul, Read, Scale, Time

_SUM: Final = 1
_PRODUCT: Final = 2
_ATOM: Final = 3
MAX_LENGTH: Final = 48


def written(expr: Expr, variable: str = "t", limit: int = MAX_LENGTH) -> str:
    """The expression, functions without their argument, cut to ``limit`` characters."""
    text, _ = _written(expr, variable, limit)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _written(expr: Expr, variable: str, limit: int) -> tuple[str, int]:
    """Text (right in its first ``limit`` characters; nothing is read that lies behind them) and how
    strongly it binds."""
    match expr:
        case Const(value):
            return f"{value:.6g}", _ATOM if value >= 0.0 else _SUM
        case Time():
            return variable, _ATOM
        case Read(name, order):
            return name + "'" * order, _ATOM
        case Scale(factor, operand):
            return _scaled(factor, _within(operand, _PRODUCT, variable, limit))
        case Add(terms):
            return _sum(terms, variable, limit), _SUM
        case Mul(left, right):
            return _joined("*", left, right, variable, limit), _PRODUCT
        case Div(numerator, denominator):
            return _joined("/", numerator, denominator, variable, limit), _PRODUCT
        case Call(function, operand):
            return f"{function}({_written(operand, variable, limit)[0]})", _ATOM


def _scaled(factor: float, operand: str) -> tuple[str, int]:
    if factor == -1.0:
        return f"-{operand}", _SUM
    return f"{factor:.6g}*{operand}", _PRODUCT if factor >= 0.0 else _SUM


def _sum(terms: tuple[Expr, ...], variable: str, limit: int) -> str:
    text = ""
    for term in terms:
        part, _ = _written(term, variable, limit)
        joint = f" - {part[1:]}" if part.startswith("-") else f" + {part}"
        text = text + joint if text else part
        if len(text) > limit:
            break
    return text


def _joined(operator: str, left: Expr, right: Expr, variable: str, limit: int) -> str:
    first = f"{_within(left, _PRODUCT, variable, limit)}{operator}"
    return first if len(first) > limit else first + _within(right, _ATOM, variable, limit)


def _within(expr: Expr, strength: int, variable: str, limit: int) -> str:
    text, own = _written(expr, variable, limit)
    return text if own >= strength else f"({text})"
