"""Circuits whose signals are known exactly, to test a machine with.

Each is made for one cluster; several boards of a machine are tested at the same time. Expected
values are formulas, written down here and computed by no simulator. Signals change slowly against
the pause between two samples, so that one sample more or less is no large deviation, and
coefficients are large against the steps of the machine's factors (about 5e-4).

Laws of the elements: hardware reference, sections 1.2 and 3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from drivers.apb.model import BLOCK_SIZE, LANES, Constant, Integrator, Lane, MBlockKind
from drivers.apb.rules import CONSTANT_INPUTS, HALF, SPEEDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Array: TypeAlias = NDArray[np.float64]
Signal: TypeAlias = Callable[[Array], Array]
"""From seconds of machine time to machine units."""

SLOW, FAST = SPEEDS
GAIN: Final = 8.0
"""Of an upscaled lane, as modules are written for; drivers adapt them to other machines."""
PRODUCTS: Final = 4
"""Multipliers, and identities, of one M block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a cluster has in its sockets: the slot of integrators, and the slot and kind of a block
    that multiplies. None where there is none."""

    integrators: int | None
    products: int | None
    kind: MBlockKind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One M output of the cluster that is recorded, what it stands for, and what it must be."""

    output: int
    name: str
    expected: Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One cluster's share of a circuit: at most eight outputs are ``watched``."""

    lanes: tuple[Lane, ...]
    integrators: tuple[Integrator, ...]
    constant: Constant | None
    watched: tuple[Watched, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A known circuit and how it is run. ``build`` gives None for a cluster that lacks what it
    needs. ``advice`` says where to look when it fails."""

    title: str
    op_time_s: float
    rate_hz: int
    advice: str
    build: Callable[[Site], Part | None]


def checks(gain: float = GAIN) -> Iterator[Check]:
    """All of them; ``gain`` is that of an upscaled lane for a machine whose driver does not
    adapt."""
    yield _slow_decay()
    for first in range(0, BLOCK_SIZE, 2):
        yield _fast_decay(first)
    yield _oscillators()
    for value in (1.0, -1.0, 0.1, -0.1):
        yield _constant(value, gain)
    yield _products()
    for upscaled in (False, True):
        for first in range(0, LANES, BLOCK_SIZE):
            yield _lanes(first, gain if upscaled else None)


class _Wiring:
    """Lanes of a cluster, given away one after the other."""

    def __init__(self, constant: float | None = None) -> None:
        self._lanes = [Lane()] * LANES
        self._constant = constant
        # Slow ones that hear nothing do not drift far.
        self._integrators = [Integrator(k=SLOW)] * BLOCK_SIZE

    def connect(self, source: int, sink: int, factor: float) -> None:
        """From an M output to a sum. Outputs 14 and 15 reach half of the lanes for certain."""
        lane = next(
            lane
            for lane, one in enumerate(self._lanes)
            if not one.sinks and source != CONSTANT_INPUTS[lane // HALF]
        )
        self._lanes[lane] = Lane(source=source, factor=factor, sinks=(sink,))

    def give(self, lane: int, sink: int, factor: float, *, upscaled: bool = False) -> None:
        """From the constant giver to a sum, on a lane that is still free."""
        source = CONSTANT_INPUTS[lane // HALF]
        self._lanes[lane] = Lane(source=source, factor=factor, sinks=(sink,), upscaled=upscaled)

    def integrate(self, element: int, start: float, k: int) -> None:
        """An integrator whose output starts at ``start``."""
        self._integrators[element] = Integrator(ic=-start, k=k)

    def part(self, watched: Sequence[Watched]) -> Part:
        return Part(
            lanes=tuple(self._lanes),
            integrators=tuple(self._integrators),
            constant=None if self._constant is None else Constant(value=self._constant),
            watched=tuple(watched),
        )


def _start(element: int) -> float:
    """Start values of both signs, which differ so that exchanged integrators are noticed."""
    return _sign(element) * (0.9 - 0.05 * element)


def _sign(element: int) -> float:
    return -1.0 if element % 2 else 1.0


def _slow_decay() -> Check:
    return Check(
        title=f"decay, k0 = {SLOW}",
        op_time_s=0.03,
        rate_hz=12_500,
        advice=(
            "look at the integrators named, their start values and their slow capacitors; if all "
            "deviate alike, it is the machine's clock or its calibration"
        ),
        build=lambda site: _decays(site, range(BLOCK_SIZE), SLOW, 1.0),
    )


def _fast_decay(first: int) -> Check:
    return Check(
        title=f"decay, k0 = {FAST}, integrators {first} and {first + 1}",
        op_time_s=0.0015,
        rate_hz=250_000,
        advice=(
            "look at the integrators named and their fast capacitors; if all deviate alike, it is "
            "the machine's clock or its calibration"
        ),
        build=lambda site: _decays(site, (first, first + 1), FAST, 0.2),
    )


def _decays(site: Site, elements: Sequence[int], k: int, weight: float) -> Part | None:
    """Integrators that hear themselves: o' = -k weight o."""
    if site.integrators is None:
        return None
    wiring, watched = _Wiring(), []
    for element in elements:
        output = BLOCK_SIZE * site.integrators + element
        wiring.connect(output, output, weight)
        wiring.integrate(element, _start(element), k)
        expected = _exponential(_start(element), k * weight)
        watched.append(Watched(output=output, name=f"integrator {element}", expected=expected))
    return wiring.part(watched)


def _exponential(start: float, rate: float) -> Signal:
    return lambda t: start * np.exp(-rate * t)


def _oscillators() -> Check:
    return Check(
        title=f"oscillators, k0 = {SLOW}",
        op_time_s=0.064,
        rate_hz=12_500,
        advice="if the decays are right, look at the first lanes and at the calibration",
        build=_four_oscillators,
    )


def _four_oscillators(site: Site) -> Part | None:
    """Integrators in pairs: a' = k b, b' = -k a from a = A, b = 0."""
    if site.integrators is None:
        return None
    wiring, watched = _Wiring(), []
    for first in range(0, BLOCK_SIZE, 2):
        a = BLOCK_SIZE * site.integrators + first
        wiring.connect(a + 1, a, -1.0)
        wiring.connect(a, a + 1, 1.0)
        size = abs(_start(first))
        wiring.integrate(first, size, SLOW)
        wiring.integrate(first + 1, 0.0, SLOW)
        waves = (_wave(np.cos, size), _wave(np.sin, -size))
        for half, expected in enumerate(waves):
            name = f"integrator {first + half}"
            watched.append(Watched(output=a + half, name=name, expected=expected))
    return wiring.part(watched)


def _wave(shape: Signal, size: float) -> Signal:
    return lambda t: size * shape(SLOW * t)


def _constant(value: float, gain: float) -> Check:
    return Check(
        title=f"constant {value:+g}",
        op_time_s=0.002,
        rate_hz=62_500,
        advice=(
            "look at the constant giver of the U block; if one identity alone deviates, at the "
            "block that computes it"
        ),
        build=lambda site: _constants(site, value, gain),
    )


_SHARES: Final = ((0, 0.9), (1, -0.7), (16, -0.8), (17, 0.6))
"""Lanes of both halves that carry the constant, and their factors."""


def _constants(site: Site, value: float, gain: float) -> Part | None:
    """A constant cannot be recorded, but its negative by an identity."""
    if site.products is None:
        return None
    wiring, watched = _Wiring(value), []
    is_small = abs(value) < 1.0
    base = BLOCK_SIZE * site.products
    for identity, (lane, factor) in enumerate(_SHARES):
        # On M-MUL an identity taps the first four sums, on M-MDR each operand b.
        tap = 2 * identity + 1 if site.kind is MBlockKind.MDR else identity
        wiring.give(lane, base + tap, factor, upscaled=is_small)
        level = -value * factor * (gain if is_small else 1.0)
        name = f"identity {identity} on lane {lane}"
        output = base + PRODUCTS + identity
        watched.append(Watched(output=output, name=name, expected=_level(level)))
    return wiring.part(watched)


def _level(level: float) -> Signal:
    return lambda t: np.full_like(t, level)


def _products() -> Check:
    return Check(
        title="products",
        op_time_s=0.02,
        rate_hz=62_500,
        advice=(
            "look at the multipliers named; if all deviate, at the block in their socket and at "
            "the calibration"
        ),
        build=_four_products,
    )


def _four_products(site: Site) -> Part | None:
    """x runs from -0.9 to 0.9; of it x x, -x x, and its products with constants of both signs."""
    if site.integrators is None or site.products is None:
        return None
    wiring = _Wiring(1.0)
    x, base = BLOCK_SIZE * site.integrators, BLOCK_SIZE * site.products
    wiring.integrate(0, -0.9, SLOW)
    wiring.give(0, x, -0.9)
    wiring.give(1, base + 5, 0.9)
    wiring.give(16, base + 7, -0.8)
    for sink, factor in enumerate((1.0, 1.0, 1.0, -1.0, 1.0)):
        wiring.connect(x, base + sink, factor)
    wiring.connect(x, base + 6, 1.0)
    shapes: tuple[Signal, ...] = (_square(1.0), _square(-1.0), _ramp(-0.81, 81.0), _ramp(0.72, -72))
    watched = [Watched(output=x, name="integrator 0", expected=_ramp(-0.9, 90.0))]
    for number, expected in enumerate(shapes):
        watched.append(
            Watched(output=base + number, name=f"multiplier {number}", expected=expected)
        )
    return wiring.part(watched)


def _square(sign: float) -> Signal:
    return lambda t: sign * (-0.9 + 90.0 * t) ** 2


def _ramp(start: float, slope: float) -> Signal:
    return lambda t: start + slope * t


def _lanes(first: int, gain: float | None) -> Check:
    """``gain`` None: the lanes are not upscaled."""
    suffix = "" if gain is None else ", with gain"
    return Check(
        title=f"lanes {first} to {first + BLOCK_SIZE - 1}{suffix}",
        op_time_s=0.01,
        rate_hz=62_500,
        advice=(
            "look at the lanes named: their factors (C block), their switches (U and I block)"
            + (" and their gains (I block)" if gain is not None else "")
            + "; if an integrator deviates on all lanes, it is the integrator"
        ),
        build=lambda site: _eight_lanes(site, first, gain),
    )


def _eight_lanes(site: Site, first: int, gain: float | None) -> Part | None:
    """The constant 1 on each lane goes to an integrator of its own, whose output is a ramp. Weights
    differ, so that exchanged lanes are noticed."""
    if site.integrators is None:
        return None
    wiring, watched = _Wiring(1.0), []
    for element in range(BLOCK_SIZE):
        weight = _sign(element) * (0.72 - 0.03 * element)
        factor = weight if gain is None else weight / GAIN
        output = BLOCK_SIZE * site.integrators + element
        lane = first + element
        wiring.give(lane, output, factor, upscaled=gain is not None)
        wiring.integrate(element, 0.0, SLOW)
        slope = -SLOW * factor * (gain or 1.0)
        watched.append(Watched(output=output, name=f"lane {lane}", expected=_ramp(0.0, slope)))
    return wiring.part(watched)
