"""From circuit to netlist: which elements, which weights, what is refused."""

from __future__ import annotations

import pytest

from drivers.apb.model import AdcChannel, MdrOperation
from sim.elements import InputSum, Kind
from sim.errors import AlgebraicLoop, Unsupported, Unusable
from sim.netlist import build
from tests.unit.sim.machines import (
    MULTIPLIERS,
    PATH,
    circuit,
    cluster,
    divider,
    integrators,
    lane,
    oscillator,
)


def test_oscillator() -> None:
    netlist = build(oscillator(0.42))
    assert netlist.names == (f"{PATH}/0/M0 integrator 0", f"{PATH}/0/M0 integrator 1")
    assert [i.initial for i in netlist.integrators] == [0.42, 0.0]
    assert netlist.integrators[0].input == InputSum(((1, -1.0),))  # factor 0 adds nothing
    assert netlist.integrators[1].input == InputSum(((0, 1.0),))
    assert [(p.probe, p.element) for p in netlist.probes] == [(0, 0), (1, 1)]


@pytest.mark.parametrize("gain", [8.0, 10.0])
def test_gain_belongs_to_upscaled_lanes(gain: float) -> None:
    lanes = [lane(0, 0, 0.5, upscaled=True), lane(1, 0, 0.5)]
    netlist = build(circuit(cluster(lanes), probes=(0,)), gain=gain)
    assert netlist.integrators[0].input == InputSum(((0, 0.5 * gain), (1, 0.5)))


def test_parallel_lanes_add_up() -> None:
    netlist = build(circuit(cluster([lane(0, 0, 0.5), lane(0, 0, 0.25)]), probes=(0,)))
    assert netlist.integrators[0].input == InputSum(((0, 0.75),))
    assert netlist.lanes == 2


@pytest.mark.parametrize("value", [1.0, -1.0, 0.1, -0.1])
def test_constant_masks_one_input_on_each_half(value: float) -> None:
    lanes = {
        0: lane(15, 0, 0.5),  # constant
        1: lane(14, 1, 0.5),  # identity 2
        16: lane(14, 2, 0.5),  # constant
        17: lane(15, 3, 0.5),  # identity 3
    }
    netlist = build(circuit(cluster(lanes, constant=value)))
    inputs = [i.input for i in netlist.integrators]
    assert inputs[0] == inputs[2] == InputSum((), 0.5 * value)
    names = [netlist.names[inputs[i].terms[0][0]] for i in (1, 3)]
    assert names == [f"{PATH}/0/M1 identity 2", f"{PATH}/0/M1 identity 3"]
    assert len(netlist.warnings) == 1  # nothing probed


def test_constant_off_passes_the_output_with_a_warning() -> None:
    netlist = build(circuit(cluster({0: lane(15, 0, 0.5), 20: lane(14, 1, 0.5)}), probes=(0,)))
    assert [len(i.input.terms) for i in netlist.integrators] == [1, 1]
    assert "lane 0 takes U input 15" in netlist.warnings[0]
    assert "lane 20 takes U input 14" in netlist.warnings[1]


def test_memoryless_elements_come_after_what_they_need() -> None:
    lanes = [
        lane(0, 8, 1.0),
        lane(9, 9, 1.0),  # multiplier 0 needs multiplier 1
        lane(0, 10, 1.0),
        lane(12, 11, 1.0),  # multiplier 1 needs identity 0, the tap of multiplier 0's input a
        lane(8, 0, 1.0),
    ]
    netlist = build(circuit(cluster(lanes), probes=(0,)))
    assert [e.kind for e in netlist.memoryless] == [Kind.IDENTITY, Kind.PRODUCT, Kind.PRODUCT]
    assert [e.name.split("M1 ")[1] for e in netlist.memoryless] == [
        "identity 0",
        "multiplier 1",
        "multiplier 0",
    ]
    assert netlist.memoryless[1].inputs[1] == InputSum(((1, 1.0),))


def test_taps_of_mul_and_mdr_sit_on_different_inputs() -> None:
    lanes = [lane(0, 9, 0.25), lane(0, 11, 0.5)]
    plain = build(circuit(cluster(lanes), probes=(13,)))
    assert plain.memoryless[-1].inputs == (InputSum(((0, 0.25),)),)
    divided = build(circuit(cluster(lanes, second=divider()), probes=(13,)))
    assert divided.memoryless[-1].inputs == (InputSum(((0, 0.5),)),)


def test_blocks_may_sit_in_either_slot() -> None:
    source = cluster([lane(8, 8, 1.0)], first=MULTIPLIERS, second=integrators([0.5]))
    netlist = build(circuit(source, probes=(8,)))
    assert netlist.names == (f"{PATH}/0/M1 integrator 0",)
    assert netlist.integrators[0].initial == 0.5


def test_unused_elements_are_left_out() -> None:
    second = divider(MdrOperation.DIVIDE, MdrOperation.SQRT, MdrOperation.IDENT)
    netlist = build(circuit(cluster([lane(0, 8, 1.0)], second=second), probes=(0,)))
    assert netlist.names == (f"{PATH}/0/M0 integrator 0",)


def test_clusters_do_not_mix() -> None:
    one = cluster([lane(0, 0, 0.5)], first=integrators([0.1]))
    two = cluster([lane(0, 0, 0.25)], first=integrators([0.2]), index=1)
    netlist = build(circuit(one, two, probes=(16, 0)))
    assert [i.initial for i in netlist.integrators] == [0.1, 0.2]
    assert [i.input for i in netlist.integrators] == [
        InputSum(((0, 0.5),)),
        InputSum(((1, 0.25),)),
    ]
    assert [p.element for p in netlist.probes] == [1, 0]


def test_probes_come_in_the_order_of_their_numbers() -> None:
    channels = [AdcChannel(output=1, probe=1), AdcChannel(output=0, probe=0, gain=2.0, offset=0.5)]
    netlist = build(circuit(cluster([]), channels=channels))
    assert [(p.probe, p.element, p.gain, p.offset) for p in netlist.probes] == [
        (0, 0, 2.0, 0.5),
        (1, 1, 1.0, 0.0),
    ]


def test_nothing_probed_is_a_warning() -> None:
    netlist = build(circuit(cluster([lane(0, 0, 1.0)])))
    assert netlist.probes == ()
    assert "no output is probed" in netlist.warnings[0]


def test_loop_is_refused_with_its_elements() -> None:
    lanes = [lane(0, 9, 1.0), lane(9, 8, 1.0), lane(8, 10, 1.0), lane(8, 0, 1.0)]
    with pytest.raises(AlgebraicLoop, match="algebraic loop") as caught:
        build(circuit(cluster(lanes), probes=(0,)))
    assert set(caught.value.elements) == {
        f"{PATH}/0/M1 multiplier 0",
        f"{PATH}/0/M1 multiplier 1",
    }


def test_loop_through_an_identity_and_itself() -> None:
    with pytest.raises(AlgebraicLoop) as caught:
        build(circuit(cluster([lane(12, 8, 0.5)]), probes=(12,)))
    assert caught.value.elements == (f"{PATH}/0/M1 identity 0",)


def test_loop_with_factor_zero_is_none() -> None:
    netlist = build(circuit(cluster([lane(12, 8, 0.0)]), probes=(12,)))
    assert {row for e in netlist.memoryless for row in e.inputs} == {InputSum()}


def test_foreign_signals_are_refused() -> None:
    muxes = [destination for _ in range(24) for destination in range(4)]
    muxes[4 * (9 - 8) + 2] = 1  # cluster 1 hears lane 9 of cluster 0
    one = cluster({9: lane(0, 0, 1.0)})
    two = cluster({9: lane(None, 1, 1.0)}, index=1)
    with pytest.raises(Unsupported, match="signals between clusters"):
        build(circuit(one, two, probes=(17,), muxes=tuple(muxes)))
    build(circuit(one, cluster([], index=1), probes=(0,), muxes=tuple(muxes)))


def test_signals_of_the_backplane_are_refused() -> None:
    muxes = [destination for _ in range(24) for destination in range(4)]
    muxes[1] = 0
    with pytest.raises(Unsupported, match="the backplane"):
        build(circuit(cluster({8: lane(0, 0, 1.0)}), probes=(0,), muxes=tuple(muxes)))


def test_external_inputs_are_refused_where_used() -> None:
    used = cluster({26: lane(None, 0, 1.0)})
    with pytest.raises(Unsupported, match="ACL port 2"):
        build(circuit(used, probes=(0,), external=(2,)))
    build(circuit(used, probes=(0,), external=(3,)))


def test_ident_is_refused_where_used() -> None:
    source = cluster([lane(0, 8, 1.0)], second=divider(MdrOperation.IDENT))
    with pytest.raises(Unsupported, match="IDENT"):
        build(circuit(source, probes=(8,)))


@pytest.mark.parametrize("output", [15, 16, 99])
def test_probe_of_what_is_not_there(output: int) -> None:
    with pytest.raises(Unusable, match="reads M output"):
        build(circuit(cluster([], second=None), probes=(output,)))


def test_lane_from_an_empty_socket() -> None:
    with pytest.raises(Unusable, match="M output 9"):
        build(circuit(cluster([lane(9, 0, 1.0)], second=None), probes=(0,)))
