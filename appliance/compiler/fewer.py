"""Fewer multipliers: other products that make the same sums.

Two rules. A product of a sum is written out where most of what it is made of is there anyway:
(1 + 3 x) y needs no multiplier beside x y. A difference of squares that nothing else uses is one
product: u u - r r = (u + r) (u - r).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain, permutations
from typing import TYPE_CHECKING, Final

from appliance.compiler.elements import Products, Sum, add

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.compiler.elements import Elements

MAX_PRODUCTS: Final = 64
"""Beyond it no rule brings a program down to what any cluster has."""


@dataclass(frozen=True, slots=True)
class _Term:
    """``factor * left * right``, over signals as they are numbered before the change."""

    factor: float
    left: Sum
    right: Sum


@dataclass(frozen=True, slots=True)
class _Instead:
    """What a product is written as: a linear sum and terms that are products."""

    linear: Sum
    terms: tuple[_Term, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What products are written as, by signal. If ``is_exact`` each is worth the same as before,
    else only the one sum that uses them."""

    instead: dict[int, _Instead]
    is_exact: bool


def variants(elements: Elements) -> Iterator[Elements]:
    """The elements (without passes), then others that mean the same, each with fewer products."""
    yield elements
    while len(elements.products) <= MAX_PRODUCTS:
        plan = _written_out(elements) or _squares(elements)
        if plan is None:
            return
        elements = _Rebuilt(elements, plan).elements()
        yield elements


def _written_out(elements: Elements) -> _Plan | None:
    """The products with one signal as a factor that are better written out."""
    known = _plain_pairs(elements)
    for shared in range(elements.state_count + len(elements.products)):
        group = _products_with(elements, shared)
        for chosen in ([one] for one in group) if len(group) > 1 else ():
            if not _new_pairs(chosen, shared, known):
                return _plan(chosen, shared)
        if len(_new_pairs(group, shared, known)) < len(group):
            return _plan(group, shared)
    return None


def _plain_pairs(elements: Elements) -> set[frozenset[int]]:
    return {
        frozenset((p.left.terms[0][0], p.right.terms[0][0]))
        for p in elements.products
        if p.left.is_single and p.right.is_single
    }


def _products_with(elements: Elements, shared: int) -> list[tuple[int, Sum]]:
    """Signals of products of ``shared`` and a sum, and that sum."""
    found = []
    for number, product in enumerate(elements.products, elements.state_count):
        for one, other in ((product.left, product.right), (product.right, product.left)):
            if one == Sum(((shared, 1.0),)) and not other.is_single:
                found.append((number, other))
    return found


def _new_pairs(
    group: list[tuple[int, Sum]], shared: int, known: set[frozenset[int]]
) -> set[frozenset[int]]:
    """Products that writing out would need and that are not there."""
    pairs = {frozenset((signal, shared)) for _, other in group for signal, _ in other.terms}
    return pairs - known


def _plan(group: list[tuple[int, Sum]], shared: int) -> _Plan:
    single = Sum(((shared, 1.0),))
    instead = {
        number: _Instead(
            single.scaled(other.constant),
            tuple(_Term(c, Sum(((signal, 1.0),)), single) for signal, c in other.terms),
        )
        for number, other in group
    }
    return _Plan(instead, is_exact=True)


def _squares(elements: Elements) -> _Plan | None:
    """Two squares with opposite signs in the one sum that uses them."""
    sums = list(_all_sums(elements))
    uses = Counter(signal for total in sums for signal, _ in total.terms)
    first = elements.state_count
    roots = {
        number: product.left
        for number, product in enumerate(elements.products, first)
        if product.left == product.right and uses[number] == 1
    }
    for total in sums:
        squares = [(signal, c) for signal, c in total.terms if signal in roots]
        for (one, c), (other, d) in permutations(squares, 2):
            if c > 0.0 > d:
                root = roots[one]
                shift = roots[other].scaled(math.sqrt(-d / c))
                product = _Term(1.0, add([root, shift]), add([root, shift.scaled(-1.0)]))
                instead = {one: _Instead(Sum(), (product,)), other: _Instead(Sum(), ())}
                return _Plan(instead, is_exact=False)
    return None


def _all_sums(elements: Elements) -> Iterator[Sum]:
    operands = chain.from_iterable((p.left, p.right) for p in elements.products)
    return chain(elements.derivatives, operands, elements.readings)


class _Rebuilt:
    """Elements with some products written as something else; all signals numbered anew."""

    def __init__(self, elements: Elements, plan: _Plan) -> None:
        self._elements = elements
        self._plan = plan
        self._products = Products(elements.state_count)
        self._known: dict[int, Sum] = {}

    def elements(self) -> Elements:
        old = self._elements
        derivatives = tuple(map(self._sum, old.derivatives))
        readings = tuple(map(self._sum, old.readings))
        gone = set() if self._plan.is_exact else set(self._plan.instead)
        kept = [n for n in old.named if not any(signal in gone for signal, _ in n.terms)]
        return replace(
            old,
            derivatives=derivatives,
            readings=readings,
            named=tuple(n for n in map(self._sum, kept) if len(n.terms) > 1),
            products=tuple(self._products.items),
        )

    def _sum(self, total: Sum) -> Sum:
        parts = [self._signal(signal).scaled(c) for signal, c in total.terms]
        return add([Sum((), total.constant), *parts])

    def _signal(self, signal: int) -> Sum:
        """What a signal of before has become. Recurses no deeper than products are chained."""
        number = signal - self._elements.state_count
        if number < 0:
            return Sum(((signal, 1.0),))
        if signal not in self._known:
            product = self._elements.products[number]
            usual = _Instead(Sum(), (_Term(1.0, product.left, product.right),))
            instead = self._plan.instead.get(signal, usual)
            terms = [
                self._products.of(self._sum(t.left), self._sum(t.right), product.at).scaled(
                    t.factor
                )
                for t in instead.terms
            ]
            self._known[signal] = add([self._sum(instead.linear), *terms])
        return self._known[signal]
