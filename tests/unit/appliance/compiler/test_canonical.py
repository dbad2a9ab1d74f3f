from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.compiler.canonical import Form, Forms
from appliance.compiler.front import read_program
from tests.unit.appliance.compiler.expression_texts import expressions
from tests.unit.appliance.compiler.programs import program

if TYPE_CHECKING:
    from appliance.compiler.program import Program


def parsed(*texts: str) -> Program:
    """A program with the texts as auxiliaries a0, a1, ..., and s(t) = x(t) + y(t)."""
    lines = [f"let a{i}(t) = {text};" for i, text in enumerate(texts)]
    return read_program(
        program(
            *lines,
            "let s(t) = x(t) + y(t);",
            "let diff[x, t](t) = y(t);",
            "let diff[y, t](t) = -x(t);",
            "let x(t: 0) = 1; let y(t: 0) = 0;",
            "probe x(t);",
        )
    )


def forms_of(*texts: str) -> list[Form]:
    """Forms that share their atoms."""
    found = {a.name: a.right for a in parsed(*texts).auxiliaries}
    forms = Forms(lambda read: found.get(read.name) if read.order == 0 else None)
    return [forms.of(found[f"a{i}"]) for i in range(len(texts))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x(t) + 2*y(t) - 1", "-1 + y(t) + x(t) + y(t)"),
        ("x(t)*y(t)", "y(t)*x(t)"),
        ("(2*x(t))*(y(t)/2)", "x(t)*y(t)"),
        ("(1 - x(t))*y(t)", "-(y(t)*(x(t) - 1))"),
        ("x(t)*y(t) + x(t)*y(t)", "2*(y(t)*x(t))"),
        ("s(t)", "x(t) + y(t)"),
        ("sin(s(t))", "sin(y(t) + x(t))"),
        ("sin(2*x(t) - x(t))", "sin(x(t))"),
        ("x(t)/y(t)", "(2*x(t))/(2*y(t))"),
        ("x(t)/(1 - y(t))", "-x(t)/(y(t) - 1)"),
        ("(2 + 2*x(t))/(3*y(t) + 6)", "2*((1 + x(t))/(y(t) + 2))/3"),
        ("(x(t) - x(t) + 2)*y(t)", "2*y(t)"),
        ("x(t)/(y(t) - y(t) + 4)", "0.25*x(t)"),
        ("x(t)/x(t)", "1 + x(t) - x(t)"),
        ("3*s(t)/(x(t) + y(t))", "x(t) - x(t) + 3"),
        ("(x(t) - x(t))/y(t)", "0*x(t)"),
        ("t + x(t) - t", "x(t)"),
    ],
)
def test_equal_but_for_writing(one: str, other: str) -> None:
    first, second = forms_of(one, other)
    assert first == second


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x(t)", "y(t)"),
        ("x(t)", "-x(t)"),
        ("x(t)", "x(t) + 1e-9"),
        ("x(t)/y(t)", "y(t)/x(t)"),
        ("sin(x(t))", "cos(x(t))"),
        ("sin(x(t))", "sin(-x(t))"),
        ("x(t)*x(t)", "x(t)*y(t)"),
        ("x(t)*x(t)", "x(t)"),
        ("t", "x(t)"),
        ("diff[x, t](t)", "x(t)"),
    ],
)
def test_what_differs_stays_apart(one: str, other: str) -> None:
    first, second = forms_of(one, other)
    assert first != second


def test_a_normalised_form_is_the_same_for_all_multiples() -> None:
    one, other, third = forms_of("3*x(t) - 6*y(t) + 9", "-0.1*x(t) + 0.2*y(t) - 0.3", "0.2*x(t)")
    (first, factor), (second, other_factor) = one.normalised(), other.normalised()
    assert first == second
    assert (factor, other_factor) == (3.0, -0.1)
    assert first.constant == 3.0
    assert third.normalised()[0] != first


def test_a_constant_is_normalised_by_itself() -> None:
    assert Form((), -4.0).normalised() == (Form((), 1.0), -4.0)
    assert Form((), 0.0).normalised() == (Form((), 0.0), 1.0)


@given(expressions(), expressions(), st.sampled_from([0.3, -1.0, 7.0]))
def test_order_and_factors_do_not_matter(one: str, other: str, factor: float) -> None:
    first, second, third, fourth = forms_of(
        f"sin(({one}) + {factor}*({other}))",
        f"sin({factor}*({other}) + ({one}))",
        f"({factor}*({one}))*({other})",
        f"({other})*({one})*{factor}",
    )
    assert close(first, second)
    assert close(third, fourth)


def close(one: Form, other: Form) -> bool:
    """Forms with the same atoms and nearly the same coefficients."""
    atoms = [[atom for atom, _ in form.terms] for form in (one, other)]
    numbers = [[*(c for _, c in form.terms), form.constant] for form in (one, other)]
    return atoms[0] == atoms[1] and numbers[0] == pytest.approx(numbers[1], rel=1e-9)
