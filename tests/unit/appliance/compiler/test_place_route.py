from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.compiler.amplitudes import Amplitudes
from appliance.compiler.diagnostics import CompileError
from appliance.compiler.elements import Pass, Sum
from appliance.compiler.place import Placement, place
from appliance.compiler.route import Routing, route
from appliance.compiler.wiring import Connection, Sink, SinkKind, Wiring
from tests.unit.appliance.compiler.machine import INTEGRATORS_ONLY, LUCIDAC_CLUSTER
from tests.unit.appliance.compiler.sums import elements_of_sums

if TYPE_CHECKING:
    from appliance.compiler.target import TargetCluster


def placed(
    cluster: TargetCluster, integrators: int = 1, multipliers: int = 0, passes: int = 0
) -> Placement:
    """States, squares of the first one, and passes with lanes of their own."""
    first = Sum(((0, 1.0),))
    elements = replace(
        elements_of_sums([first] * integrators, [first], [(first, first)] * multipliers),
        passes=(Pass(total=Sum(((0, 1.0), (1, 1.0)))),) * passes,
    )
    found = place(elements, cluster)
    assert found is not None
    return found[1]


def wiring(*connections: Connection) -> Wiring:
    amplitudes = Amplitudes(signals=(), operands=())
    return Wiring(amplitudes=amplitudes, rate=1e4, integrator_rates=(), connections=connections)


def into_state(source: int | None, weight: float, state: int = 0) -> Connection:
    return Connection(source=source, sink=Sink(SinkKind.STATE, state), weight=weight)


def weight_of(routing: Routing, source: int, sink: int) -> float:
    """What the lanes really carry from an M output to an input sum."""
    return sum(
        lane.factor * (8.0 if lane.upscaled else 1.0)
        for lane in routing.lanes
        if lane.source == source and lane.sinks == (sink,)
    )


def test_products_leave_the_taps_free() -> None:
    found = placed(LUCIDAC_CLUSTER, multipliers=2, passes=4)
    assert [m.element for m in found.multipliers] == [2, 3]
    assert found.passes == ((8, 12), (9, 13), (10, 14), (11, 15))


def test_without_taps_enough_there_is_no_place() -> None:
    square = Sum(((0, 1.0),))
    elements = elements_of_sums([square], [square], [(square, square)] * 3)
    passes = (Pass(total=Sum(((0, 1.0), (1, 1.0)))),) * 3
    assert place(replace(elements, passes=passes[:2]), LUCIDAC_CLUSTER) is not None
    assert place(replace(elements, passes=passes), LUCIDAC_CLUSTER) is None


def test_busy_multipliers_have_the_taps_of_half_reach() -> None:
    found = placed(LUCIDAC_CLUSTER, multipliers=3, passes=2)
    assert [m.element for m in found.multipliers] == [2, 3, 1]
    assert found.passes == ((8, 12), (9, 13))


def test_outputs_with_half_reach_are_used_last() -> None:
    found = placed(INTEGRATORS_ONLY, integrators=15)
    assert found.integrators[-1] == 14
    assert 15 not in found.integrators


def test_signals_with_half_reach_are_known() -> None:
    assert placed(INTEGRATORS_ONLY, integrators=16).half_reach == {14, 15}
    assert placed(LUCIDAC_CLUSTER, integrators=8, multipliers=4).half_reach == set()


def test_half_reach_outputs_stay_off_the_lanes_of_the_constant_giver() -> None:
    placement = placed(INTEGRATORS_ONLY, integrators=16)
    states = {output: state for state, output in enumerate(placement.integrators)}
    connections = [into_state(states[14], 0.5), into_state(states[15], 0.5), into_state(None, 0.3)]
    routing = route(wiring(*connections), placement)
    lanes = {lane.source: i for i, lane in enumerate(routing.lanes) if lane.sinks}
    assert lanes[14] < 16
    constant_lanes = [
        i for i, lane in enumerate(routing.lanes) if lane.sinks and lane.factor == 0.3
    ]
    assert [routing.lanes[i].source for i in constant_lanes] == [
        15 if i < 16 else 14 for i in constant_lanes
    ]
    foreign = [i for i, lane in enumerate(routing.lanes) if lane.sinks and lane.factor == 0.5]
    assert [routing.lanes[i].source for i in foreign] == [14 if i < 16 else 15 for i in foreign]


def test_no_lane_in_reach_is_a_routing_error() -> None:
    placement = placed(INTEGRATORS_ONLY, integrators=16)
    state = placement.integrators.index(14)
    with pytest.raises(CompileError) as caught:
        route(wiring(into_state(state, 8.0 * 17)), placement)
    assert [d.kind for d in caught.value.diagnostics] == ["routing"]


def test_small_constants_use_one_tenth() -> None:
    placement = placed(LUCIDAC_CLUSTER)
    routing = route(wiring(into_state(None, 0.05)), placement)
    assert routing.constant is not None
    assert routing.constant.value == 0.1
    assert routing.lanes[0].factor == pytest.approx(0.5)
    large = route(wiring(into_state(None, 0.05), into_state(None, -0.3)), placement)
    assert large.constant is not None
    assert large.constant.value == 1.0


def test_no_constant_leaves_the_giver_off() -> None:
    routing = route(wiring(into_state(0, 1.0)), placed(LUCIDAC_CLUSTER))
    assert routing.constant is None
    assert routing.used == 1


@given(st.lists(st.floats(-40.0, 40.0), min_size=1, max_size=5))
def test_lanes_carry_exactly_the_weights(weights: list[float]) -> None:
    placement = placed(LUCIDAC_CLUSTER, integrators=len(weights))
    connections = [into_state(i, weight, 7 - i) for i, weight in enumerate(weights)]
    placement = placed(LUCIDAC_CLUSTER, integrators=8)
    routing = route(wiring(*connections), placement)
    for i, weight in enumerate(weights):
        assert weight_of(routing, i, 7 - i) == pytest.approx(weight, rel=1e-12, abs=1e-300)
    assert all(abs(lane.factor) <= 1.0 for lane in routing.lanes)
