from __future__ import annotations

import pytest

from appliance.compiler.diagnostics import CompileError
from appliance.compiler.front import read_program
from appliance.compiler.search import LONGEST_RUN_S, Compiled, find_circuit
from appliance.compiler.target import read_target
from appliance.descriptions import lucidac
from tests.unit.appliance.compiler.programs import program

UPTAKE = (
    "let diff[x, t](t) = -x(t)/(2 + x(t));",
    "let x(t: 0) = 0.8;",
    "probe x(t);",
)


def found(*lines: str, rate: float | None = None, horizon: float | None = None) -> Compiled:
    return find_circuit(read_program(program(*lines)), read_target(lucidac()), rate, horizon)


def test_a_loop_ends_well_inside_the_tolerance() -> None:
    result = found(*UPTAKE)
    assert result.verification.worst <= 0.25 * 0.02
    assert result.verification.faults == ()


def test_a_smaller_tolerance_makes_loops_faster() -> None:
    usual = found(*UPTAKE)
    strict = found("//@ tolerance = 0.001", *UPTAKE)
    assert strict.verification.tolerance == 0.001
    assert strict.verification.worst <= 0.25 * 0.001
    ratio = strict.gains[1] / usual.gains[1]
    assert ratio == pytest.approx(usual.verification.worst / strict.verification.worst, rel=0.3)
    assert ratio > 2.0


def test_gains_belong_to_loops_only() -> None:
    result = found("let diff[x, t](t) = sin(t) - x(t)/(3 + t);", *UPTAKE[1:], horizon=5.0)
    loops = [state.is_loop for state in result.solution.system.states]
    assert sum(loops) == 1
    assert all((gain > 1.0) == is_loop for gain, is_loop in zip(result.gains, loops, strict=True))


def test_without_loops_nothing_is_raised_and_the_default_rate_is_kept() -> None:
    result = found("let diff[x, t](t) = sin(t) - x(t);", *UPTAKE[1:])
    assert set(result.gains) == {1.0}
    assert result.wiring.rate == result.wanted == 10_000.0


def test_the_users_rate_wins() -> None:
    result = found(*UPTAKE, rate=3.0)
    assert result.wiring.rate == result.wanted == 3.0


def test_no_run_is_slower_than_the_longest_that_the_machine_makes() -> None:
    """As fast as it takes, although loops would like it slower."""
    result = found(
        "//@ tolerance = 0.0005",
        "let diff[x, t](t) = -500*x(t)/(1 + x(t)) + 30*sin(40*t);",
        *UPTAKE[1:],
        horizon=2.0,
    )
    assert result.wiring.rate >= 2.0 / LONGEST_RUN_S


def test_more_room_where_an_element_leaves_the_range() -> None:
    """Nothing is above one machine unit, in a circuit whose loops overshoot."""
    result = found(
        "let diff[x, t, t](t) = -x(t) - 0.4*abs(diff[x, t](t))*diff[x, t](t);",
        *UPTAKE[1:],
    )
    assert result.verification.excesses == ()
    assert result.verification.faults == ()


def test_fewer_multipliers_are_tried_where_they_are_short() -> None:
    lines = (
        "let diff[x, t](t) = 1 - abs(x(t))*y(t) - 0.2*x(t);",
        "let diff[y, t](t) = x(t)*y(t) - y(t)*y(t);",
        "let x(t: 0) = 0.1; let y(t: 0) = 0.5;",
        "probe x(t); probe y(t);",
    )
    result = found(*lines)
    assert len(result.layout.elements.products) == 4
    assert result.verification.worst <= 0.02


def test_capacity_is_told_before_anything_is_solved() -> None:
    """The solution of this ends at once, the refusal is about multipliers."""
    lines = [f"let diff[x{i}, t](t) = x{i}(t)*x{i}(t)*1e9; let x{i}(t: 0) = 1;" for i in range(5)]
    with pytest.raises(CompileError) as caught:
        found(*lines, "probe x0(t);", horizon=20.0)
    (fault,) = caught.value.diagnostics
    assert fault.kind == "capacity"
    assert "multipliers: needed 5, have 4" in fault.message


def test_growth_from_little_is_right_to_the_horizon_though_nobody_can_predict_it() -> None:
    """With the first gain x is off by 9 per cent at the horizon."""
    result = found(
        "let diff[x, t](t) = 0.5*x(t)/(1 + 0.01*x(t));", "let x(t: 0) = 0.001;", "probe x(t);"
    )
    assert result.verification.predictable < 10.0
    assert result.verification.until == 20.0
    assert result.verification.farthest.share <= 0.25 * 0.02
