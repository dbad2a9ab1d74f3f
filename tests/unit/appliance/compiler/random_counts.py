"""What a drawn system needs on one LUCIDAC, counted by hand from the drawn data.

The rules (analang reference, sections 5 and 7.1; hardware reference, section 6): auxiliary
functions and derivatives that are read are written out; one integrator a state; one multiplier a
product, equal ones (up to factors, in either order) once; one lane for each addend into each
integrator and each multiplier input; a probe of a sum needs one of the pass-through elements at the
inputs of multipliers 0 and 1: two for each of the two that is idle, or the one at the input of a
busy one that gets the same sum (up to a factor and a constant) anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from tests.unit.appliance.compiler.random_systems import Atom, Drawn, Form, Kind, Product

STATES, PRODUCTS, LANES, PROBES, MULTIPLIERS_WITH_TAPS = 8, 4, 32, 8, 2

Signal: TypeAlias = tuple[str, int]
Linear: TypeAlias = dict[Signal | None, float]
"""Coefficient of each signal; of None: the constant."""
Shape: TypeAlias = tuple[tuple[Signal, float], ...]
"""What a sum is up to a factor and a constant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """Plain count. ``lanes`` is None where the probes of sums find no pass-through elements."""

    states: int
    products: int
    probes: int
    lanes: int | None

    @property
    def is_impossible(self) -> bool:
        """Elements or channels are short, whatever a compiler does."""
        return self.states > STATES or self.products > PRODUCTS or self.probes > PROBES

    @property
    def fits(self) -> bool:
        return not self.is_impossible and self.lanes is not None and self.lanes <= LANES


def plain_count(drawn: Drawn) -> Plain:
    """Count the system."""
    counter = _Counter(drawn)
    rates = [counter.written_out(form) for form in drawn.rights]
    readings = [counter.linear(atom) for atom in drawn.probes]
    lanes = sum(map(len, rates)) + len(drawn.places) - len(drawn.orders)
    lanes += sum(len(left) + len(right) for left, right in counter.products)
    sums = {_shape(reading) for reading in readings if len(_shape(reading)) > 1}
    passes = _pass_lanes(sums, counter.products)
    return Plain(
        states=len(drawn.places),
        products=len(counter.products),
        probes=len(drawn.probes),
        lanes=None if passes is None else lanes + passes,
    )


class _Counter:
    """Writes out what is read; only products that are met that way are counted."""

    def __init__(self, drawn: Drawn) -> None:
        self._drawn = drawn
        self._numbers: dict[frozenset[tuple[tuple[Signal | None, float], ...]], int] = {}
        self.products: list[tuple[Linear, Linear]] = []

    def written_out(self, form: Form) -> Linear:
        total: Linear = {None: form.constant}
        for factor, atom in form.terms:
            for signal, coefficient in self.linear(atom).items():
                total[signal] = total.get(signal, 0.0) + factor * coefficient
        return {signal: c for signal, c in total.items() if c != 0.0}

    def linear(self, atom: Atom) -> Linear:
        if atom.kind is Kind.STATE:
            return {("state", atom.number): 1.0}
        if atom.kind is Kind.DERIVATIVE:
            return self.written_out(self._drawn.rights[atom.number])
        item = self._drawn.definitions[atom.number]
        return self._product(item) if isinstance(item, Product) else self.written_out(item)

    def _product(self, item: Product) -> Linear:
        left, right = self.written_out(item.left), self.written_out(item.right)
        left_key, left_factor = _stripped(left)
        right_key, right_factor = _stripped(right)
        key = frozenset((left_key, right_key))
        if key not in self._numbers:
            self._numbers[key] = len(self.products)
            self.products.append((left, right))
        return {("product", self._numbers[key]): left_factor * right_factor}


def _stripped(total: Linear) -> tuple[tuple[tuple[Signal | None, float], ...], float]:
    """A sum without its factor, to nine digits, and the factor."""
    ordered = sorted(total.items(), key=lambda item: (item[0] is None, item[0]))
    factor = ordered[0][1]
    return tuple((signal, float(f"{c / factor:.9g}")) for signal, c in ordered), factor


def _shape(total: Linear) -> Shape:
    signals: Linear = {signal: c for signal, c in total.items() if signal is not None}
    if not signals:
        return ()
    key, _ = _stripped(signals)
    return tuple((signal, c) for signal, c in key if signal is not None)


def _pass_lanes(sums: set[Shape], products: list[tuple[Linear, Linear]]) -> int | None:
    """Fewest lanes into pass-through elements: which products sit on the multipliers that have
    them is free. None where there are too few."""
    best: int | None = None
    for tapped in range(MULTIPLIERS_WITH_TAPS + 1):
        if len(products) - tapped > PRODUCTS - MULTIPLIERS_WITH_TAPS:
            continue
        for chosen in combinations(products, min(tapped, len(products))):
            shown = {_shape(operand) for product in chosen for operand in product}
            left = [s for s in sums if s not in shown]
            if len(left) <= 2 * (MULTIPLIERS_WITH_TAPS - tapped):
                lanes = sum(map(len, left))
                best = lanes if best is None else min(best, lanes)
    return best
