"""Route: give every connection its lanes.

The crossbar is full, with one exception: U input 15 on lanes 0-15 and U input 14 on lanes 16-31
mean the constant giver. So M output 14 only reaches lanes 0-15 and M output 15 only lanes 16-31;
with the giver off the same lanes are avoided too, since it is not known whether the hardware then
passes the output or ground (hardware reference, rules R6 and R7). Lanes fill from 0 upward, because
the last eight are tied to the front panel (R8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind
from appliance.compiler.wiring import LANE_WEIGHT, Connection, Sink, SinkKind, Wiring
from drivers.apb.model import LANES, Constant, Lane

if TYPE_CHECKING:
    from appliance.compiler.place import Placement

_HALF: Final = LANES // 2
_REACH: Final = {14: range(_HALF), 15: range(_HALF, LANES)}
_TENTH: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """The 32 lanes of the cluster, its constant giver, and how many lanes are in use."""

    lanes: tuple[Lane, ...]
    constant: Constant | None
    used: int


def route(wiring: Wiring, placement: Placement) -> Routing:
    """Assign lanes; connections with half reach choose first.

    Raises CompileError ``routing`` when no lane in reach is left.
    """
    constant = _constant(wiring)
    lanes: list[Lane | None] = [None] * LANES
    for connection in sorted(wiring.connections, key=lambda c: _output(c, placement) not in _REACH):
        for _ in range(connection.lanes):
            index = _free_lane(lanes, _output(connection, placement))
            lanes[index] = _lane(connection, placement, constant, index)
    used = sum(lane is not None for lane in lanes)
    return Routing(lanes=tuple(lane or Lane() for lane in lanes), constant=constant, used=used)


def _constant(wiring: Wiring) -> Constant | None:
    """One tenth where it carries all constants: their factors are then ten times as fine."""
    weights = [abs(c.weight) for c in wiring.connections if c.source is None]
    if not weights:
        return None
    return Constant(value=_TENTH if max(weights) <= _TENTH else 1.0)


def _output(connection: Connection, placement: Placement) -> int | None:
    return None if connection.source is None else placement.output(connection.source)


def _free_lane(lanes: list[Lane | None], output: int | None) -> int:
    reach = _REACH.get(output, range(LANES)) if output is not None else range(LANES)
    for index in reach:
        if lanes[index] is None:
            return index
    message = f"no lane left that M output {output} reaches ({reach.start} to {reach.stop - 1})"
    raise CompileError(Diagnostic(kind=Kind.ROUTING, message=message))


def _lane(
    connection: Connection, placement: Placement, constant: Constant | None, index: int
) -> Lane:
    source = _output(connection, placement)
    weight = connection.weight / connection.lanes
    if source is None:
        source = 15 if index < _HALF else 14
        weight /= constant.value if constant else 1.0
    upscaled = abs(weight) > 1.0
    factor = weight / LANE_WEIGHT if upscaled else weight
    return Lane(
        source=source,
        factor=max(-1.0, min(1.0, factor)),  # a full lane may come out one rounding above 1
        sinks=(_input_sum(connection.sink, placement),),
        upscaled=upscaled,
    )


def _input_sum(sink: Sink, placement: Placement) -> int:
    match sink.kind:
        case SinkKind.STATE:
            return placement.integrators[sink.number]
        case SinkKind.LEFT:
            return placement.multipliers[sink.number].inputs[0]
        case SinkKind.RIGHT:
            return placement.multipliers[sink.number].inputs[1]
        case SinkKind.PASS:
            return placement.passes[sink.number][0]
