"""Division of an expression by one of its factors, where it can be done on paper.

The derivative of ln(u) is u'/u, and u' often has u as a factor (growth, decay): what is left after
cancelling needs no loop to divide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from appliance.compiler import algebra
from appliance.compiler.diagnostics import Position
from appliance.compiler.program import Add, Expr, Mul, Read, Scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.compiler.algebra import Sizes, Value
    from appliance.compiler.canonical import Form, Forms

_LOOKS: Final = 3
"""Definitions, one behind the other, that are looked into."""
_NOWHERE: Final = Position(0, 0)


class Cancelling:
    """Divides expressions; ``look_through`` gives the expression behind a Read, None for a
    state."""

    def __init__(
        self, forms: Forms, sizes: Sizes, look_through: Callable[[Read], Expr | None]
    ) -> None:
        self._forms = forms
        self._sizes = sizes
        self._look_through = look_through

    def divided(self, expr: Expr, divisor: Expr, looks: int = _LOOKS) -> Value | None:
        """``expr / divisor`` without a division, or None. Recurses as deep as the expression."""
        form, factor = self._forms.of(divisor).normalised()
        found = self._divided(expr, form, looks)
        return None if found is None else _times(1.0 / factor, found)

    def _divided(self, expr: Expr, divisor: Form, looks: int) -> Value | None:
        form, factor = self._forms.of(expr).normalised()
        if form == divisor:
            return algebra.number(factor)
        match expr:
            case Scale(scale, operand):
                inner = self._divided(operand, divisor, looks)
                return None if inner is None else _times(scale, inner)
            case Add(terms):
                return self._sum(terms, divisor, looks)
            case Mul(left, right):
                return self._product(left, right, divisor, looks)
            case Read():
                behind = self._look_through(expr) if looks else None
                return None if behind is None else self._divided(behind, divisor, looks - 1)
            case _:
                return None

    def _sum(self, terms: tuple[Expr, ...], divisor: Form, looks: int) -> Value | None:
        parts = []
        for term in terms:
            part = self._divided(term, divisor, looks)
            if part is None:
                return None
            parts.append((part, _NOWHERE))
        return algebra.add(parts)

    def _product(self, left: Expr, right: Expr, divisor: Form, looks: int) -> Value | None:
        for one, other in ((left, right), (right, left)):
            part = self._divided(one, divisor, looks)
            if part is not None:
                return algebra.multiply(part, self._sizes.of(other), _NOWHERE)
        return None


def _times(factor: float, value: Value) -> Value:
    return algebra.multiply(algebra.number(factor), value, _NOWHERE)
