"""Channels: from which output each probe is read, and how to get the user's number from it.

Only outputs of computing elements can be recorded. A probe that equals an output up to a factor and
a constant is read from that output; any other sum needs a pass-through element (a *tap*), whose
output is minus its input sum.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.compiler.elements import Elements, Sum


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """value = factor * quantity + offset, the quantity being signal ``signal``, or the sum of tap
    ``tap``, in the user's units. A constant probe has neither."""

    signal: int | None = None
    tap: int | None = None
    factor: float
    offset: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """One reading per probe, and the sums (without constants) that need a tap."""

    readings: tuple[Reading, ...]
    taps: tuple[Sum, ...]


def choose_channels(elements: Elements) -> Channels:
    """Decide the source of every probe; sums that are equal up to scale share one tap."""
    taps: list[Sum] = []
    readings = tuple(_reading(quantity, taps) for quantity in elements.readings)
    return Channels(readings=readings, taps=tuple(taps))


def _reading(quantity: Sum, taps: list[Sum]) -> Reading:
    if quantity.is_constant:
        return Reading(factor=0.0, offset=quantity.constant)
    if len(quantity.terms) == 1:
        signal, factor = quantity.terms[0]
        return Reading(signal=signal, factor=factor, offset=quantity.constant)
    wanted = Sum(quantity.terms)
    for number, tap in enumerate(taps):
        factor = wanted.terms[0][1] / tap.terms[0][1]
        if tap.scaled(factor) == wanted:
            return Reading(tap=number, factor=factor, offset=quantity.constant)
    taps.append(wanted)
    return Reading(tap=len(taps) - 1, factor=1.0, offset=quantity.constant)
