"""Channels: from which output each probe is read, and how to get the user's number from it.

Only outputs of computing elements can be recorded. A probe that equals an output up to a factor and
a constant is read from that output; any other sum needs a pass-through element.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.compiler.elements import Sum


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """value = factor * signal + offset in the user's units. A constant probe has no signal."""

    signal: int | None = None
    factor: float
    offset: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """One reading per probe."""

    readings: tuple[Reading, ...]


def read_output(quantity: Sum) -> Reading | None:
    """Reading of a quantity that some state or product shows; None for a sum of several."""
    if quantity.is_constant:
        return Reading(factor=0.0, offset=quantity.constant)
    if len(quantity.terms) > 1:
        return None
    signal, factor = quantity.terms[0]
    return Reading(signal=signal, factor=factor, offset=quantity.constant)


def read_pass(quantity: Sum, total: Sum, signal: int) -> Reading:
    """Reading of a quantity from the pass ``signal`` of ``total``, which equals the quantity up to
    a factor and a constant."""
    factor = quantity.terms[0][1] / total.terms[0][1]
    offset = quantity.constant - factor * total.constant
    return Reading(signal=signal, factor=-factor, offset=offset)
