"""The judge must be able to say no: circuits that are wrong on purpose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.compiler.front import read_program
from appliance.compiler.lower import lower
from appliance.compiler.pipeline import CompileOptions, compile_program
from appliance.compiler.solution import Solution, solve
from appliance.compiler.system import reduce_order
from appliance.compiler.verify import verify
from appliance.descriptions import lucidac
from drivers.apb.circuit import assemble, build_file
from drivers.apb.codec import decode
from tests.unit.appliance.compiler.programs import LORENZ, PENDULUM, program

if TYPE_CHECKING:
    from drivers.apb.model import Circuit, Lane


def compiled(source: str) -> tuple[Circuit, Solution]:
    data = compile_program(source, "test.ana", lucidac(), CompileOptions(), lambda line: None)
    return assemble(decode(data)), solve(lower(reduce_order(read_program(source))), None)


def with_lane(circuit: Circuit, number: int, lane: Lane) -> bytes:
    carrier = circuit.carriers[0]
    cluster = carrier.clusters[0]
    lanes = (*cluster.lanes[:number], lane, *cluster.lanes[number + 1 :])
    changed = replace(carrier, clusters=(replace(cluster, lanes=lanes),))
    return build_file(decode(lucidac()), replace(circuit, carriers=(changed,)))


def test_the_right_circuit_passes() -> None:
    circuit, solution = compiled(PENDULUM)
    result = verify(build_file(decode(lucidac()), circuit), solution)
    assert result.until == 20.0
    assert [d.label for d in result.deviations] == ["x"]
    assert result.deviations[0].share < 1e-5


def test_a_factor_off_by_one_thousandth_is_found() -> None:
    circuit, solution = compiled(PENDULUM)
    lane = circuit.carriers[0].clusters[0].lanes[0]
    found = verify(with_lane(circuit, 0, replace(lane, factor=lane.factor * 0.999)), solution)
    (fault,) = found.faults
    assert 1e-3 < found.worst < 1e-1
    assert fault.kind == "verification"
    assert "probe x" in fault.message
    assert fault.at is not None
    assert fault.at.line == 5


def test_a_sign_error_in_a_chaotic_system_is_found() -> None:
    circuit, solution = compiled(LORENZ)
    number, lane = next(
        (i, v) for i, v in enumerate(circuit.carriers[0].clusters[0].lanes) if v.sinks
    )
    assert verify(with_lane(circuit, number, replace(lane, factor=-lane.factor)), solution).faults


def test_chaos_is_judged_up_to_its_predictable_time() -> None:
    _, solution = compiled(LORENZ)
    assert 10.0 < solution.predictable < 15.0


def test_a_larger_tolerance_is_the_users_own_word() -> None:
    circuit, _solution = compiled(PENDULUM)
    lane = circuit.carriers[0].clusters[0].lanes[0]
    wrong = with_lane(circuit, 0, replace(lane, factor=lane.factor * 0.999))
    lenient = program("//@ tolerance = 0.05", *PENDULUM.splitlines()[2:])
    own = solve(reduce_order(read_program(lenient)), None)
    found = verify(wrong, own)
    assert found.tolerance == 0.05
    assert not found.faults


def test_an_element_beyond_one_machine_unit_is_refused() -> None:
    lines = ("let diff[x, t](t) = 0.02;", "let x(t: 0) = 0.5;", "probe x(t);")
    source = program("//@ tolerance = 0.9", *lines)
    circuit, solution = compiled(source)
    lanes = circuit.carriers[0].clusters[0].lanes
    number, lane = next((i, v) for i, v in enumerate(lanes) if v.sinks)
    found = verify(with_lane(circuit, number, replace(lane, factor=lane.factor * 2)), solution)
    assert any("leaves the machine's range" in d.message for d in found.faults)


LOWERED = program(
    "let diff[x, t](t) = -x(t)/(2 + x(t));",
    "let x(t: 0) = 0.8;",
    "probe x(t);",
)


def test_two_percent_where_something_was_lowered() -> None:
    circuit, solution = compiled(LOWERED)
    found = verify(build_file(decode(lucidac()), circuit), solution)
    assert (found.tolerance, found.faults) == (0.02, ())
    assert found.worst <= 0.25 * 0.02


@pytest.mark.parametrize(("slower", "passes"), [(0.5, True), (0.02, False)])
def test_a_loop_that_lags_too_much_is_found(slower: float, passes: bool) -> None:
    """All lanes into the loop's integrator carry less: its gain is so much smaller."""
    circuit, solution = compiled(LOWERED)
    loop = next(i for i, state in enumerate(solution.system.states) if state.is_loop)
    for number, lane in enumerate(circuit.carriers[0].clusters[0].lanes):
        if lane.sinks == (loop,):
            weaker = with_lane(circuit, number, replace(lane, factor=lane.factor * slower))
            circuit = assemble(decode(weaker))
    found = verify(build_file(decode(lucidac()), circuit), solution)
    assert bool(found.faults) is not passes


def test_a_start_value_of_a_loop_that_is_wrong_is_found() -> None:
    """sin(t) from another start: the pair keeps the amplitude that it is given."""
    source = program("let diff[x, t](t) = sin(t) - x(t);", "let x(t: 0) = 0;", "probe x(t);")
    circuit, solution = compiled(source)
    block = circuit.carriers[0].clusters[0].blocks[0]
    assert block is not None
    wrong = tuple(replace(i, ic=0.9 * i.ic) for i in block.integrators)
    carrier = circuit.carriers[0]
    blocks = (replace(block, integrators=wrong), *carrier.clusters[0].blocks[1:])
    changed = replace(carrier, clusters=(replace(carrier.clusters[0], blocks=blocks),))
    data = build_file(decode(lucidac()), replace(circuit, carriers=(changed,)))
    (fault,) = verify(data, solution).faults
    assert "probe x" in fault.message
