"""Canonical forms: two expressions that are equal but for writing get equal forms.

A form is a constant plus coefficients times *atoms* (a function that is read, time, a product, a
quotient, a built-in function), atoms being numbered as they are met. Auxiliary functions are looked
through, sums flattened, factors of a product ordered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.compiler.program import Add, Call, Const, Div, Expr, Mul, Read, Scale, Time

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Form:
    """``constant + sum of coefficient * atom``; atoms in ascending order, no zero coefficients."""

    terms: tuple[tuple[int, float], ...]
    constant: float

    def normalised(self) -> tuple[Form, float]:
        """The form divided by its first coefficient (its constant, if it has no terms), and that
        coefficient."""
        factor = self.terms[0][1] if self.terms else self.constant or 1.0
        terms = tuple((atom, _rounded(c / factor)) for atom, c in self.terms)
        return Form(terms, _rounded(self.constant / factor)), factor


class Forms:
    """Numbers atoms. ``look_through`` gives the expression behind a Read, None for a state."""

    def __init__(self, look_through: Callable[[Read], Expr | None]) -> None:
        self._look_through = look_through
        self._atoms: dict[Hashable, int] = {}
        self._forms: dict[int, tuple[Form, Expr]] = {}  # by identity; the object is kept alive

    def of(self, expr: Expr) -> Form:
        """The form of an expression. Recurses as deep as the expression does."""
        known = self._forms.get(id(expr))
        if known is None:
            known = self._forms[id(expr)] = self._form(expr), expr
        return known[0]

    def _form(self, expr: Expr) -> Form:
        match expr:
            case Const(value):
                return Form((), value)
            case Scale(factor, operand):
                return _scaled(self.of(operand), factor)
            case Add(terms):
                return _added([self.of(term) for term in terms])
            case Read():
                behind = self._look_through(expr)
                return self._atom(expr) if behind is None else self.of(behind)
            case Time():
                return self._atom("time")
            case Mul(left, right):
                return self._product(self.of(left), self.of(right))
            case Div(numerator, denominator):
                return self._ratio(self.of(numerator), self.of(denominator))
            case Call(function, operand):
                return self._atom((function, self.of(operand)))

    def _atom(self, key: Hashable) -> Form:
        return Form(((self._atoms.setdefault(key, len(self._atoms)), 1.0),), 0.0)

    def _product(self, left: Form, right: Form) -> Form:
        if not left.terms:
            return _scaled(right, left.constant)
        if not right.terms:
            return _scaled(left, right.constant)
        left, left_factor = left.normalised()
        right, right_factor = right.normalised()
        return _scaled(self._atom(frozenset((left, right))), left_factor * right_factor)

    def _ratio(self, top: Form, bottom: Form) -> Form:
        if not bottom.terms and bottom.constant != 0.0:  # zero is refused elsewhere
            return _scaled(top, 1.0 / bottom.constant)
        if top == Form((), 0.0):
            return top
        top, top_factor = top.normalised()
        bottom, bottom_factor = bottom.normalised()
        ratio = Form((), 1.0) if top == bottom else self._atom((top, bottom))
        return _scaled(ratio, top_factor / bottom_factor)


def _scaled(form: Form, factor: float) -> Form:
    if factor == 0.0:
        return Form((), 0.0)
    return Form(tuple((atom, factor * c) for atom, c in form.terms), factor * form.constant)


def _added(forms: list[Form]) -> Form:
    totals: dict[int, float] = {}
    for form in forms:
        for atom, coefficient in form.terms:
            totals[atom] = totals.get(atom, 0.0) + coefficient
    terms = tuple((atom, c) for atom, c in sorted(totals.items()) if c != 0.0)
    return Form(terms, sum(form.constant for form in forms))


def _rounded(value: float) -> float:
    """What two ways to write the same number have in common."""
    return float(f"{value:.{_DIGITS}g}")
