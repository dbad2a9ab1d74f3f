"""Weights: time scaling and the connections that the elements need, in machine units.

With R units of problem time per second of machine time, integrator rate k and amplitudes A, a term
c * y in the derivative of x has the weight -(R / k) * c * A_y / A_x at the input of x's integrator
(an integrator's output falls where its input sum is positive, hence the sign). Sums in front of
multipliers and pass-through elements do not depend on R.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind, Position
from appliance.compiler.digits import round_down

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.compiler.amplitudes import Amplitudes
    from appliance.compiler.elements import Elements, Sum

FAST: Final = 10_000
SLOW: Final = 100
"""The two integrator rates, 1/s."""
LANE_WEIGHT: Final = 8.0
"""Largest weight of one lane (factor 1 with the eightfold gain)."""
DEFAULT_RATE: Final = 10_000.0
MAX_RATE: Final = 1_000_000
"""Problem time units per second of machine time: when nobody asks, and at most."""


class SinkKind(Enum):
    """What a connection feeds."""

    STATE = "state"
    LEFT = "left factor"
    RIGHT = "right factor"
    PASS = "pass-through element"


@dataclass(frozen=True, slots=True)
class Sink:
    """The input sum of state, product or pass ``number``."""

    kind: SinkKind
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A weighted connection from a signal (None: one machine unit, the constant) to a sink."""

    source: int | None
    sink: Sink
    weight: float

    @property
    def lanes(self) -> int:
        """Lanes in parallel that carry the weight."""
        return max(1, math.ceil(abs(self.weight) / LANE_WEIGHT * (1 - 1e-12)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """All connections at time rate ``rate`` (problem time units per second of machine time) and
    the rate k of each state's integrator."""

    amplitudes: Amplitudes
    rate: float
    integrator_rates: tuple[int, ...]
    connections: tuple[Connection, ...]

    @property
    def lanes(self) -> int:
        return sum(connection.lanes for connection in self.connections)

    def fits(self, room: Room) -> bool:
        """Whether there are lanes enough, for the signals with half reach among their half."""
        halves = dict.fromkeys(room.half_reach, 0)
        for connection in self.connections:
            if connection.source in halves:
                halves[connection.source] += connection.lanes
        lanes = room.lanes
        return self.lanes <= lanes and all(2 * half <= lanes for half in halves.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a wiring has to keep to: the wanted and the slowest useful time rate (problem time
    units per second of machine time), the number of lanes, and the signals whose output only
    reaches half of them."""

    rate: float
    slowest: float
    lanes: int
    half_reach: frozenset[int] = frozenset()


def scale_time(
    elements: Elements, candidates: tuple[Amplitudes, ...], gains: tuple[float, ...], room: Room
) -> Wiring:
    """The fastest wiring, up to the wanted rate, that the room has lanes for.

    ``gains`` has the factor of each state's derivative: 1, or the gain of a loop. The first
    candidate that reaches the wanted rate wins, else the one that comes nearest. Raises
    CompileError ``coefficient-range`` or ``capacity`` where none fits at any useful rate.
    """
    best: Wiring | None = None
    faults: list[CompileError] = []
    for amplitudes in candidates:
        try:
            wiring = _fastest(elements, amplitudes, gains, room)
        except CompileError as error:
            faults.append(error)
            continue
        if wiring.rate == room.rate:
            return wiring
        if best is None or wiring.rate > best.rate:
            best = wiring
    if best is None:
        raise faults[-1]
    return best


def natural_rate(elements: Elements, amplitudes: Amplitudes, gains: tuple[float, ...]) -> float:
    """The time rate (two digits) at which no weight into a loop is more than 1 at the fast
    integrators; at most the default rate."""
    weights = [
        abs(c.weight)
        for number, state in enumerate(elements.system.states)
        if state.is_loop
        for c in _unit_connections(elements, amplitudes, gains, number)
    ]
    rate = FAST / max(weights, default=1.0)
    return DEFAULT_RATE if rate >= DEFAULT_RATE else round_down(rate)


def _fastest(
    elements: Elements, amplitudes: Amplitudes, gains: tuple[float, ...], room: Room
) -> Wiring:
    fixed = tuple(_fixed_connections(elements, amplitudes))
    unit = [_unit_connections(elements, amplitudes, gains, i) for i in range(elements.state_count)]
    needed = len(fixed) + sum(len(connections) for connections in unit)
    if needed > room.lanes:
        raise CompileError(_lanes_short(needed, room.lanes))
    _check_range(fixed, elements, room.lanes)
    rates = _rates(unit, room)
    first = bisect_left(
        rates, True, key=lambda rate: _at_rate(amplitudes, fixed, unit, rate).fits(room)
    )
    if first < len(rates):
        return _at_rate(amplitudes, fixed, unit, rates[first])
    slowest = _at_rate(amplitudes, fixed, unit, rates[-1])
    raise CompileError(_too_heavy(slowest, elements, room))


def _at_rate(
    amplitudes: Amplitudes,
    fixed: tuple[Connection, ...],
    unit: list[list[Connection]],
    rate: float,
) -> Wiring:
    rates = tuple(_integrator_rate(connections, rate) for connections in unit)
    driven = [
        Connection(source=c.source, sink=c.sink, weight=c.weight * rate / k)
        for k, connections in zip(rates, unit, strict=True)
        for c in connections
    ]
    return Wiring(
        amplitudes=amplitudes,
        rate=rate,
        integrator_rates=rates,
        connections=(*driven, *fixed),
    )


def _integrator_rate(connections: list[Connection], rate: float) -> int:
    """The slow rate wherever one lane a connection still carries its weights: coefficients that
    would be small at the fast rate are then well above the resolution of a factor."""
    largest = max((abs(c.weight) for c in connections), default=LANE_WEIGHT)
    return SLOW if largest * rate / SLOW <= LANE_WEIGHT else FAST


def _rates(unit: list[list[Connection]], room: Room) -> list[float]:
    """Rates worth trying, fastest first: between the wanted and the slowest one, the number of
    lanes only changes where a weight is a whole number of full lanes."""
    limits = {
        LANE_WEIGHT * n * FAST / abs(c.weight)
        for connections in unit
        for c in connections
        for n in range(1, room.lanes + 1)
    }
    slowest = min(room.slowest, room.rate)
    inner = (limit for limit in limits if slowest <= limit < room.rate)
    return [room.rate, *sorted(inner, reverse=True), slowest]


def _unit_connections(
    elements: Elements, amplitudes: Amplitudes, gains: tuple[float, ...], state: int
) -> list[Connection]:
    """Connections into a state's integrator for R = k."""
    factor = -gains[state] / amplitudes.signals[state]
    sink = Sink(SinkKind.STATE, state)
    return _connections(elements.derivatives[state], factor, amplitudes, sink)


def _fixed_connections(elements: Elements, amplitudes: Amplitudes) -> Iterator[Connection]:
    """Connections into multipliers, and into passes that do not listen to one."""
    for number, product in enumerate(elements.products):
        left, right = amplitudes.operands[number]
        yield from _connections(product.left, 1.0 / left, amplitudes, Sink(SinkKind.LEFT, number))
        yield from _connections(
            product.right, 1.0 / right, amplitudes, Sink(SinkKind.RIGHT, number)
        )
    first = elements.state_count + len(elements.products)
    for number, made in enumerate(elements.passes):
        if made.host is None:
            factor = 1.0 / amplitudes.signals[first + number]
            yield from _connections(made.total, factor, amplitudes, Sink(SinkKind.PASS, number))


def _connections(total: Sum, factor: float, amplitudes: Amplitudes, sink: Sink) -> list[Connection]:
    weights: list[tuple[int | None, float]] = [
        (signal, factor * c * amplitudes.signals[signal]) for signal, c in total.terms
    ]
    weights.append((None, factor * total.constant))
    if not all(math.isfinite(weight) for _, weight in weights):
        message = "the quantities of the program differ too much in size to calculate weights"
        raise CompileError(Diagnostic(kind=Kind.COEFFICIENT_RANGE, message=message))
    return [
        Connection(source=source, sink=sink, weight=weight) for source, weight in weights if weight
    ]


def _check_range(fixed: tuple[Connection, ...], elements: Elements, lanes: int) -> None:
    faults = [
        Diagnostic(
            kind=Kind.COEFFICIENT_RANGE,
            message=(
                f"a weight of {abs(connection.weight):.6g} in front of a multiplier is more than "
                f"all {lanes} lanes carry together ({LANE_WEIGHT * lanes:g})"
            ),
            at=_blame(connection.sink, elements),
            hint="factors of a product that differ less in size",
        )
        for connection in fixed
        if connection.lanes > lanes
    ]
    if faults:
        raise CompileError(*faults)


def _blame(sink: Sink, elements: Elements) -> Position | None:
    match sink.kind:
        case SinkKind.STATE:
            return elements.system.states[sink.number].at
        case SinkKind.PASS:
            return elements.passes[sink.number].at
        case _:
            return elements.products[sink.number].at


def _too_heavy(wiring: Wiring, elements: Elements, room: Room) -> Diagnostic:
    """The heaviest connection of a wiring that does not fit even at the slowest useful rate."""
    heaviest = max(wiring.connections, key=lambda connection: abs(connection.weight))
    place = sink_in_words(heaviest.sink, elements)
    left = max(room.lanes - wiring.lanes + heaviest.lanes, 0)
    return Diagnostic(
        kind=Kind.COEFFICIENT_RANGE,
        message=(
            f"lanes: needed {heaviest.lanes}, have {left} left of {room.lanes} for a weight of "
            f"{abs(heaviest.weight):.4g} {place} at {wiring.rate:.6g} problem time units per "
            "second; a slower run would take longer than the longest that the machine makes"
        ),
        at=_blame(heaviest.sink, elements),
        hint="a shorter horizon, or quantities and rates that differ less in size",
    )


def sink_in_words(sink: Sink, elements: Elements) -> str:
    """Where a connection leads, for people."""
    match sink.kind:
        case SinkKind.STATE:
            return f"in the equation of {elements.system.states[sink.number].label}"
        case SinkKind.PASS:
            return "in a probed or shared sum"
        case _:
            at = elements.products[sink.number].at
            return f"in the product at {at.line}:{at.column}"


def _lanes_short(needed: int, have: int) -> Diagnostic:
    return Diagnostic(
        kind=Kind.CAPACITY,
        message=f"lanes: needed {needed}, have {have}",
        hint="fewer terms and constants in equations and in factors of products",
    )
