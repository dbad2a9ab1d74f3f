"""The judge must be able to say no: circuits that are wrong on purpose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from appliance.compiler.diagnostics import CompileError
from appliance.compiler.front import read_program
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
    return assemble(decode(data)), solve(reduce_order(read_program(source)), None)


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
    with pytest.raises(CompileError) as caught:
        verify(with_lane(circuit, 0, replace(lane, factor=lane.factor * 0.999)), solution)
    (fault,) = caught.value.diagnostics
    assert fault.kind == "verification"
    assert "probe x" in fault.message
    assert fault.at is not None
    assert fault.at.line == 5


def test_a_sign_error_in_a_chaotic_system_is_found() -> None:
    circuit, solution = compiled(LORENZ)
    number, lane = next(
        (i, v) for i, v in enumerate(circuit.carriers[0].clusters[0].lanes) if v.sinks
    )
    with pytest.raises(CompileError):
        verify(with_lane(circuit, number, replace(lane, factor=-lane.factor)), solution)


def test_chaos_is_judged_up_to_its_predictable_time() -> None:
    _, solution = compiled(LORENZ)
    assert 10.0 < solution.predictable < 15.0


def test_a_larger_tolerance_is_the_users_own_word() -> None:
    circuit, _solution = compiled(PENDULUM)
    lane = circuit.carriers[0].clusters[0].lanes[0]
    wrong = with_lane(circuit, 0, replace(lane, factor=lane.factor * 0.999))
    lenient = program("//@ tolerance = 0.05", *PENDULUM.splitlines()[2:])
    own = solve(reduce_order(read_program(lenient)), None)
    assert verify(wrong, own).tolerance == 0.05


def test_an_element_beyond_one_machine_unit_is_refused() -> None:
    source = program("let diff[x, t](t) = 0.02;", "let x(t: 0) = 0.5;", "probe x(t);")
    circuit, solution = compiled(source)
    lanes = circuit.carriers[0].clusters[0].lanes
    number, lane = next((i, v) for i, v in enumerate(lanes) if v.sinks)
    with pytest.raises(CompileError) as caught:
        verify(with_lane(circuit, number, replace(lane, factor=lane.factor * 2)), solution)
    assert any("leaves the machine's range" in d.message for d in caught.value.diagnostics)
