from __future__ import annotations

import math

import numpy as np
import pytest

from appliance.compiler.domain import Domains, values
from appliance.compiler.front import read_program
from appliance.compiler.lower import lower
from appliance.compiler.program import Const, Read, Scale
from appliance.compiler.solution import Solution, solve
from appliance.compiler.system import Need, System, reduce_order
from tests.unit.appliance.compiler.programs import program


def system(text: str, start: str = "1") -> System:
    """x' = -1, so that x = start - t, and an auxiliary that uses it."""
    source = program(
        f"let f(t) = {text};",
        "let diff[x, t](t) = -1;",
        "let diff[y, t](t) = -y(t) + 0*f(t) + f(t);",
        f"let x(t: 0) = {start}; let y(t: 0) = 0;",
        "probe y(t);",
    )
    return lower(reduce_order(read_program(source)))


def domains(text: str, start: float, end: float) -> Domains:
    times = np.linspace(0.0, end, 1001)
    states = np.array([start - times, np.zeros_like(times)])
    return Domains(system(text, repr(start)), times, states)


def test_values_are_one_row_for_each_expression() -> None:
    source = system("x(t)").program
    times = np.array([0.0, 0.5, 1.0])
    states = np.array([[1.0, 0.5, 0.0], [0.0, 0.0, 0.0]])
    found = values(source, [Read("f", 0), Scale(2.0, Read("x", 0)), Const(7.0)], times, states)
    assert found.tolist() == [[1.0, 0.5, 0.0], [2.0, 1.0, 0.0], [7.0, 7.0, 7.0]]
    assert values(source, [], times, states).shape == (0, 3)


@pytest.mark.parametrize(
    ("text", "need", "time"),
    [
        ("1/(x(t) - 0.25)", Need.NOT_ZERO, 0.75),
        ("1/(0.25 - x(t))", Need.NOT_ZERO, 0.75),
        ("sqrt(x(t))", Need.NOT_NEGATIVE, 1.001),
        ("ln(x(t) + 1)", Need.POSITIVE, 2.0),
    ],
)
def test_the_first_time_outside_of_a_domain(text: str, need: Need, time: float) -> None:
    leaving = domains(text, 1.0, 3.0).first_leaving()
    assert leaving is not None
    assert leaving.guard.need is need
    assert leaving.time == pytest.approx(time, abs=0.0031)


def test_the_earliest_of_several_is_told() -> None:
    leaving = domains("sqrt(x(t)) + 1/(x(t) - 0.5)", 1.0, 3.0).first_leaving()
    assert leaving is not None
    assert leaving.guard.need is Need.NOT_ZERO


@pytest.mark.parametrize("text", ["abs(x(t))", "sqrt(x(t) + 5)", "1/(x(t) + 5)", "sin(x(t))"])
def test_nothing_leaves_a_domain_that_is_large_enough(text: str) -> None:
    assert domains(text, 1.0, 3.0).first_leaving() is None


def test_zero_itself_is_a_radicand() -> None:
    assert domains("sqrt(x(t))", 1.0, 1.0).first_leaving() is None


def test_what_is_nearly_zero_at_the_end_is_blamed() -> None:
    guard = domains("ln(x(t)) + 1/(x(t) + 1)", 1.0, 0.999).blamed_at_end()
    assert guard is not None
    assert guard.need is Need.POSITIVE
    assert domains("ln(x(t))", 1.0, 0.5).blamed_at_end() is None
    assert domains("abs(x(t))", 1.0, 1.0).blamed_at_end() is None


def test_warnings_name_operand_place_and_time() -> None:
    (found,) = domains("sqrt(x(t))", 1.0, 0.99).warnings()
    assert found.is_warning
    assert (found.kind, found.at and found.at.line) == ("domain", 3)
    assert "the radicand, x, comes near zero at t = 0.99" in found.message
    assert domains("sqrt(x(t))", 1.0, 0.5).warnings() == ()


def test_abs_is_warned_about_where_it_is_slow() -> None:
    (found,) = domains("abs(x(t))", 1.0, 3.0).warnings()
    assert "the argument of abs, x, comes near zero at t = 0.999" in found.message
    assert "slow" in found.message


def test_a_tanh_far_out_is_warned_about() -> None:
    (found,) = domains("tanh(20*x(t))", 1.0, 0.1).warnings()
    assert "the argument of tanh, 20*x, reaches 20: beyond 12" in found.message
    assert domains("tanh(10*x(t))", 1.0, 0.1).warnings() == ()


def solved(text: str, start: str, horizon: float | None) -> Solution:
    return solve(system(text, start), horizon)


def test_a_default_horizon_ends_before_the_domain_does() -> None:
    found = solved("sqrt(x(t))", "1", None)
    assert found.horizon == pytest.approx(0.9)
    assert any("turns negative at t = 1" in d.message for d in found.warnings)


def test_states_that_were_made_have_their_exact_values_in_the_solution() -> None:
    found = solved("sqrt(x(t)) + sin(t)", "2", 1.5)
    names = [state.name for state in found.system.states]
    roots = found.states[names.index("sqrt(x)")]
    assert roots == pytest.approx(np.sqrt(2.0 - found.times), rel=1e-9)
    assert found.states[names.index("sin(t)")] == pytest.approx(np.sin(found.times), rel=1e-12)
    assert found.amplitudes[names.index("sqrt(x)")] == pytest.approx(math.sqrt(2.0))
