from __future__ import annotations

import pytest

from appliance.compiler.front import read_program
from appliance.compiler.gains import fastest_rate, first_gains
from appliance.compiler.lower import lower
from appliance.compiler.solution import Solution, solve
from appliance.compiler.system import reduce_order
from tests.unit.appliance.compiler.programs import program


def solved(*lines: str, horizon: float = 2.0) -> Solution:
    return solve(lower(reduce_order(read_program(program(*lines)))), horizon)


def decaying(rate: float, text: str = "0") -> Solution:
    return solved(
        f"let f(t) = {text};",
        f"let diff[x, t](t) = {-rate!r}*x(t);",
        "let diff[y, t](t) = 0*x(t) + 0.001*f(t);",
        "let x(t: 0) = 3; let y(t: 0) = 1;",
        "probe x(t); probe y(t);",
    )


@pytest.mark.parametrize("rate", [0.9, 20.0])
def test_the_fastest_rate_is_that_of_the_fastest_state(rate: float) -> None:
    assert fastest_rate(decaying(rate)) == pytest.approx(rate, rel=0.02)


def test_a_problem_that_rests_has_the_rate_of_its_horizon() -> None:
    assert fastest_rate(decaying(0.0)) == 0.5


def test_the_rate_does_not_depend_on_units() -> None:
    large = solved("let diff[x, t](t) = -2*x(t);", "let x(t: 0) = 5000;", "probe x(t);")
    small = solved("let diff[x, t](t) = -2*x(t);", "let x(t: 0) = 0.0005;", "probe x(t);")
    assert fastest_rate(large) == pytest.approx(fastest_rate(small), rel=1e-3)


def test_a_loop_is_a_hundred_times_faster_than_the_problem() -> None:
    """Relaxation of q' = K (a - b q) is K b, of r' = K (u - r r) it is 2 K r."""
    found = decaying(1.0, "1/(4 + 0*x(t) + y(t)) + sqrt(8 + y(t))")
    gains = dict(zip([s.name for s in found.system.states], first_gains(found), strict=True))
    rate = fastest_rate(found)
    assert gains["x"] == gains["y"] == 1.0
    (quotient, root) = (gain for name, gain in gains.items() if name not in ("x", "y"))
    assert quotient * 5.0 == pytest.approx(100 * rate, rel=0.01)
    assert root * 6.0 == pytest.approx(100 * rate, rel=0.01)


def test_generators_have_no_gain() -> None:
    found = decaying(1.0, "sin(x(t)) + exp(y(t)) + tanh(x(t)) + t")
    assert set(first_gains(found)) == {1.0}


def test_where_a_loop_slows_down_to_nothing_its_gain_stays_finite() -> None:
    """The root nearly reaches zero; the gain is made for a tenth of its largest pace."""
    found = solved(
        "let diff[h, t](t) = -1;",
        "let diff[y, t](t) = 0.001*sqrt(h(t));",
        "let h(t: 0) = 2.000001; let y(t: 0) = 1;",
        "probe y(t);",
    )
    largest = 2 * 2.0**0.5
    wanted = 100 * fastest_rate(found) / (0.1 * largest)
    assert first_gains(found)[2] == pytest.approx(wanted, rel=1e-4)
