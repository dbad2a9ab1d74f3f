"""Lowering: what is made for each function, what is shared, and what is refused."""

from __future__ import annotations

import math

import pytest

from appliance.compiler.diagnostics import CompileError
from appliance.compiler.elements import Elements, build_elements
from appliance.compiler.front import read_program
from appliance.compiler.lower import MAX_MADE, lower
from appliance.compiler.system import Need, State, System, reduce_order
from tests.unit.appliance.compiler.programs import program


def written(*texts: str) -> str:
    """A program whose auxiliaries a0, a1, ... have the texts, over y' = -y/2 and z' = y - z."""
    auxiliaries = [f"let a{i}(t) = {text};" for i, text in enumerate(texts)]
    total = " + ".join(f"a{i}(t)" for i in range(len(texts)))
    return program(
        *auxiliaries,
        f"let diff[x, t](t) = {total};",
        "let diff[y, t](t) = -0.5*y(t);",
        "let diff[z, t](t) = y(t) - z(t);",
        "let x(t: 0) = 0; let y(t: 0) = 0.8; let z(t: 0) = 0.3;",
        "probe x(t);",
    )


def lowered(*texts: str) -> System:
    return lower(reduce_order(read_program(written(*texts))))


def made(*texts: str) -> list[State]:
    return [state for state in lowered(*texts).states if state.value is not None]


def costs(*texts: str) -> tuple[int, int]:
    """Integrators and multipliers for the texts."""
    elements = build_elements(lowered(*texts))
    return elements.state_count - 3, len(elements.products)


@pytest.mark.parametrize(
    ("text", "integrators", "multipliers"),
    [
        ("y(t)/(2 + z(t))", 1, 1),
        ("1/y(t)", 1, 1),
        ("sqrt(1 + y(t))", 1, 1),
        ("abs(y(t))", 1, 2),
        ("sin(y(t))", 2, 2),
        ("cos(y(t))", 2, 2),
        ("sin(3*t)", 2, 0),
        ("cos(2 - t)", 2, 0),
        ("exp(y(t))", 1, 1),
        ("exp(-2*t)", 1, 0),
        ("tanh(y(t))", 1, 2),
        ("tanh(t)", 1, 1),
        ("ln(z(t))", 2, 1),  # l' = z'/z: a quotient of its own
        ("ln(y(t))", 1, 0),  # y'/y is a constant
        ("ln(1 + t)", 3, 1),
        ("t", 1, 0),
        ("2*t - 1", 1, 0),
        ("t*t", 1, 1),
    ],
)
def test_each_function_costs_what_the_reference_says(
    text: str, integrators: int, multipliers: int
) -> None:
    assert costs(text) == (integrators, multipliers)


@pytest.mark.parametrize(
    ("texts", "integrators", "multipliers"),
    [
        (("sin(2*t)", "cos(2*t + 1)", "sin(-2*t)"), 2, 0),
        (("sin(y(t))", "cos(y(t))", "sin(-y(t))", "cos(3 - y(t))"), 2, 2),
        (("sin(y(t) - z(t))", "sin(z(t) - y(t))"), 2, 2),
        (("sin(2*t)", "sin(3*t)"), 4, 0),
        (("exp(y(t))", "exp(y(t) + 2)", "3*exp(-1 + y(t))"), 1, 1),
        (("exp(y(t))", "exp(-y(t))"), 2, 2),
        (("ln(z(t))", "ln(3*z(t))", "2*ln(z(t)/7)"), 2, 1),
        (("ln(1 + y(t))", "ln(2 + 2*y(t))"), 2, 1),
        (("tanh(y(t))", "tanh(-y(t))", "2*tanh(y(t))"), 1, 2),
        (("tanh(y(t) - 1)", "tanh(1 - y(t))"), 1, 2),
        (("tanh(y(t))", "tanh(2*y(t))"), 2, 4),
        (("sqrt(1 + y(t))", "sqrt(4 + 4*y(t))"), 1, 1),
        (("abs(y(t))", "abs(-3*y(t))", "abs(y(t)/5)"), 1, 2),
        (("y(t)/(1 + z(t))", "(2*y(t))/(3 + 3*z(t))", "-y(t)/(1 + z(t))"), 1, 1),
        (("y(t)/z(t)", "z(t)/y(t)"), 2, 2),
        (("y(t)/(2 - z(t))", "y(t)/(z(t) - 2)"), 1, 1),
        (("t", "3*t + 1", "t/2"), 1, 0),
        (("sin(2*t)", "t"), 3, 0),
    ],
)
def test_equal_functions_are_built_once(
    texts: tuple[str, ...], integrators: int, multipliers: int
) -> None:
    assert costs(*texts) == (integrators, multipliers)


def test_functions_are_shared_through_auxiliaries() -> None:
    assert costs("sin(y(t) + z(t))", "sin(a2(t))", "z(t) + y(t)") == (2, 2)


@pytest.mark.parametrize(
    ("text", "integrators", "multipliers"),
    [
        ("sin(sqrt(1 + y(t)))", 4, 4),  # (sqrt u)' = u'/(2 sqrt u): a quotient more
        ("exp(-y(t)/(2 + z(t)))", 3, 4),
        ("ln(1 + y(t)*y(t))", 2, 2),
        ("sqrt(abs(y(t)))", 2, 3),
        ("sqrt(abs(y(t)) + 1)", 2, 3),
        ("1/(1 + exp(-y(t)))", 2, 2),
        ("abs(sin(y(t)))", 3, 4),
        ("abs(y(t))/(1 + abs(y(t)))", 2, 3),
        ("sin(2*sin(t))", 4, 2),
        ("exp(sin(3*t))", 3, 1),
        ("tanh(y(t)*z(t))", 1, 4),
        ("sin(t*t)", 3, 2),
        ("1/(1 + 1/(1 + y(t)))", 2, 2),
    ],
)
def test_functions_of_functions(text: str, integrators: int, multipliers: int) -> None:
    assert costs(text) == (integrators, multipliers)


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("sin(y(t) - y(t))", 0.0),
        ("cos(z(t)*y(t) - y(t)*z(t))", 1.0),
        ("exp(t - t + 1)", math.e),
        ("tanh(2*y(t) - y(t) - y(t) + 1)", math.tanh(1.0)),
        ("sqrt(y(t) + 4 - y(t))", 2.0),
        ("ln(3*y(t)/y(t))", math.log(3.0)),
        ("abs(y(t) - 3 - y(t))", 3.0),
        ("y(t)/y(t)", 1.0),
        ("(2*y(t) + 2*z(t))/(z(t) + y(t))", 2.0),
        ("(y(t) - y(t))/z(t)", 0.0),
        ("6/(y(t) - y(t) + 2)", 3.0),
    ],
)
def test_what_is_constant_in_the_end_costs_nothing(text: str, constant: float) -> None:
    elements = build_elements(lowered(text))
    assert (elements.state_count, len(elements.products)) == (3, 0)
    assert elements.derivatives[0].terms == ()
    assert elements.derivatives[0].constant == pytest.approx(constant, rel=1e-12)


@pytest.mark.parametrize("text", ["1/(y(t) - y(t))", "y(t)/(z(t) - z(t))"])
def test_a_divisor_that_is_zero_in_the_end(text: str) -> None:
    with pytest.raises(CompileError) as caught:
        lowered(text)
    (fault,) = caught.value.diagnostics
    assert fault.kind == "division-by-zero"
    assert fault.at is not None
    assert fault.at.line == 3


def test_start_values_are_those_of_the_functions() -> None:
    states = {state.name: state.initial for state in made("sin(2*t + 1)", "exp(-y(t))", "t")}
    assert states == {
        "sin(2*t + 1)": pytest.approx(math.sin(1.0)),
        "cos(2*t + 1)": pytest.approx(math.cos(1.0)),
        "exp(-y)": pytest.approx(math.exp(-0.8)),
        "time t": 0.0,
    }


@pytest.mark.parametrize("divisor", ["y(t) - 3", "-2 - z(t)*z(t)"])
def test_a_loop_with_a_negative_divisor_is_turned(divisor: str) -> None:
    """At gain 1 the loop's own coefficient is negative: it relaxes, it does not run away."""
    system = lowered(f"z(t)/({divisor})")
    assert own_coefficient(build_elements(system), system) < 0.0


@pytest.mark.parametrize("text", ["z(t)/(1 + y(t))", "-z(t)/(1 + y(t))", "sqrt(1 + y(t))"])
def test_other_loops_relax_as_they_are(text: str) -> None:
    system = lowered(text)
    assert own_coefficient(build_elements(system), system) < 0.0


def own_coefficient(elements: Elements, system: System) -> float:
    """How the loop's derivative changes with the loop's own value, at the start."""
    loop = next(i for i, state in enumerate(system.states) if state.is_loop)

    def derivative(value: float) -> float:
        values = [state.initial for state in system.states]
        values[loop] = value
        for product in elements.products:
            left, right = (
                total.constant + sum(c * values[s] for s, c in total.terms)
                for total in (product.left, product.right)
            )
            values.append(left * right)
        total = elements.derivatives[loop]
        return total.constant + sum(c * values[s] for s, c in total.terms)

    start = system.states[loop].initial
    assert derivative(start) == pytest.approx(0.0, abs=1e-12)
    return (derivative(start + 1e-3) - derivative(start - 1e-3)) / 2e-3


def test_only_loops_have_a_pace() -> None:
    found = {state.name: state.is_loop for state in made("1/y(t)", "sqrt(y(t))", "exp(y(t))", "t")}
    assert found == {"1/y": True, "sqrt(y)": True, "exp(y)": False, "time t": False}


def test_domains_are_guarded_where_the_function_stands() -> None:
    system = lowered("1/y(t) + sqrt(z(t))", "ln(z(t))", "abs(z(t))", "sin(y(t))")
    needs = [(guard.need, guard.at.line, guard.at.column) for guard in system.guards]
    assert set(needs) == {
        (Need.NOT_ZERO, 3, 14),
        (Need.NOT_NEGATIVE, 3, 22),
        (Need.POSITIVE, 4, 13),
        (Need.NOT_ZERO, 4, 13),  # the quotient z'/z of the logarithm
        (Need.ANY, 5, 13),
    }


def test_equal_names_of_different_states_are_numbered() -> None:
    """Long expressions are cut; names stay distinct."""
    long = " + ".join(f"{n}*y(t)*z(t)" for n in range(1, 9))
    texts = [f"1/(y(t)**2 + {long} + {end})" for end in ("z(t)", "y(t)**3")]
    names = [state.name for state in made(*texts)]
    assert names[1] == names[0] + " [2]"


def test_own_states_come_first_and_keep_their_order() -> None:
    system = lowered("sin(y(t))", "1/y(t)")
    assert [state.name for state in system.states[:3]] == ["x", "y", "z"]
    assert system.own == 3
    assert len(system.states) == 6


def test_nothing_to_lower_changes_nothing() -> None:
    before = reduce_order(read_program(written("y(t)*z(t) - 0.3*y(t) + 1")))
    after = lower(before)
    assert after.states == before.states
    assert after.guards == ()


def test_what_only_a_plot_reads_is_not_lowered() -> None:
    source = written("y(t)") + "plot(x: t, y: sin(x(t))/y(t));\nlet unused(t) = exp(x(t));\n"
    assert len(lower(reduce_order(read_program(source))).states) == 3


@pytest.mark.parametrize("function", ["sin", "cos", "exp", "ln", "tanh"])
def test_abs_inside_of_what_needs_a_derivative_is_refused_at_the_function(function: str) -> None:
    with pytest.raises(CompileError) as caught:
        lowered("1 + y(t)", f"2*{function}(1 + abs(y(t)))")
    (fault,) = caught.value.diagnostics
    assert fault.kind == "not-differentiable"
    assert (fault.at and fault.at.line, fault.at and fault.at.column) == (4, 15)
    assert "contains abs (line 4, column" in fault.message


def test_all_functions_without_a_derivative_are_told() -> None:
    with pytest.raises(CompileError) as caught:
        lowered("sin(abs(y(t)))", "exp(abs(z(t)))")
    assert [d.at and d.at.line for d in caught.value.diagnostics] == [3, 4]


@pytest.mark.parametrize("text", ["1/(y(t) - 0.8)", "ln(y(t) - 1)", "sqrt(z(t) - 0.5)"])
def test_no_value_at_the_start_is_told(text: str) -> None:
    with pytest.raises(CompileError) as caught:
        lowered(text)
    assert {d.kind for d in caught.value.diagnostics} == {"amplitude-unbounded"}
    assert "no finite value at the start" in str(caught.value)


def test_far_too_many_functions_are_refused_early() -> None:
    texts = [f"exp({n}*y(t))" for n in range(1, MAX_MADE + 2)]
    with pytest.raises(CompileError) as caught:
        lowered(*texts)
    (fault,) = caught.value.diagnostics
    assert fault.kind == "capacity"
    assert str(MAX_MADE) in fault.message


def test_exponentials_too_far_apart_are_not_shared() -> None:
    """One state for both would need a factor beyond all numbers."""
    assert len(made("exp(y(t) - 400)", "exp(y(t) + 400)")) == 2


def test_a_function_called_time_is_not_the_ramp() -> None:
    source = program(
        "let diff[time, t](t) = -time(t) + t;",
        "let time(t: 0) = 1;",
        "probe time(t);",
    )
    names = [state.label for state in lower(reduce_order(read_program(source))).states]
    assert names == ["time", "time t"]
