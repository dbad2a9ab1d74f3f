"""Forms: sums as mappings from signal to coefficient, compared up to a factor."""

from __future__ import annotations

from typing import Final, TypeAlias

from appliance.compiler.elements import Product, Side, Sum

CONSTANT: Final = -1
"""Stands for the constant among the signals of a form."""
_SAME: Final = 2e-11
"""Two numbers with the same twelve digits differ by no more, as a part of them."""

Form: TypeAlias = dict[int, float]
"""Coefficients by signal; no zeros."""
Shape: TypeAlias = tuple[tuple[int, float], ...]


def form_of(total: Sum) -> Form:
    form = dict(total.terms)
    if total.constant != 0.0:
        form[CONSTANT] = total.constant
    return form


def sum_of(form: Form) -> Sum:
    terms = tuple(sorted(item for item in form.items() if item[0] != CONSTANT))
    return Sum(terms, form.get(CONSTANT, 0.0))


def operand_of(product: Product, side: Side) -> Sum:
    return product.left if side is Side.LEFT else product.right


def without_constant(form: Form) -> Form:
    return {signal: c for signal, c in form.items() if signal != CONSTANT}


def shape(total: Sum) -> Shape:
    """The same for all sums that are equal up to a factor (to twelve digits) and a constant."""
    first = total.terms[0][1]
    return tuple((signal, rounded(c / first)) for signal, c in total.terms)


def rounded(value: float) -> float:
    """Twelve digits: what two ways to write the same number have in common."""
    return float(f"{value:.12g}")


def common_factor(form: Form, part: Form) -> tuple[int, float]:
    """How many coefficients of ``form`` are the same multiple of those of ``part``, and which
    multiple, for the one that most of them have in common: (0, 0.0) if there is none."""
    found: dict[float, tuple[int, float]] = {}
    for signal, c in part.items():
        if signal in form:
            factor = form[signal] / c
            number, first = found.get(rounded(factor), (0, factor))
            found[rounded(factor)] = number + 1, first
    return max(found.values(), key=lambda entry: entry[0], default=(0, 0.0))


def exchange(form: Form, part: Form, factor: float, signal: int) -> Form:
    """``form`` with ``factor`` times ``part`` taken out and put back as ``signal``, which is minus
    ``part``."""
    result = dict(form)
    for item, c in part.items():
        rest = form.get(item, 0.0) - factor * c
        if abs(rest) <= _SAME * abs(factor * c):
            result.pop(item, None)
        else:
            result[item] = rest
    merged = result.pop(signal, 0.0) - factor
    return result | {signal: merged} if merged != 0.0 else result
