"""Derivatives by the chain rule, against differences along the solution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from appliance.compiler.derivative import Derivatives, NotDifferentiable
from appliance.compiler.diagnostics import CompileError, Position
from appliance.compiler.evaluate import quantity_function
from appliance.compiler.front import read_program
from appliance.compiler.program import Const, Expr, Program, Read
from appliance.compiler.reads import reads
from appliance.compiler.system import reduce_order
from tests.unit.appliance.compiler.expression_texts import expressions, slopes
from tests.unit.appliance.compiler.programs import program

HERE = Position(1, 1)


def written(text: str, *further: str) -> str:
    return program(
        f"let a(t) = {text};",
        *further,
        "let diff[x, t](t) = y(t) - 0.3*x(t)*y(t);",
        "let diff[y, t, t](t) = -x(t) - 0.2*diff[y, t](t) + 0.1*t;",
        "let x(t: 0) = 0.4; let y(t: 0) = -0.7; let diff[y, t](t: 0) = 0.2;",
        "probe x(t);",
    )


def parsed(text: str, *further: str) -> Program:
    return read_program(written(text, *further))


def derivative(source: Program) -> Expr:
    return Derivatives(reduce_order(source).rights).of(Read("a", 0), HERE).expr


def check(source: Program, t: float = 0.6) -> None:
    state = np.array([0.4, -0.7, 0.2])
    (found,) = quantity_function(source, [derivative(source)])(t, state)
    (slope,) = slopes(source, quantity_function(source, [Read("a", 0)]), t, state)
    assert found == pytest.approx(slope, rel=1e-6, abs=1e-6)


@given(expressions(leaves=6))
def test_derivatives_agree_with_differences(text: str) -> None:
    check(parsed(text))


@pytest.mark.parametrize(
    "text",
    [
        "x(t)**5",
        "x(t)*x(t)*y(t)*x(t)",
        "1/x(t)",
        "x(t)**(-3)",
        "(x(t) + 1)/(y(t) - 2)",
        "diff[x, t](t)*diff[y, t](t)",
        "diff[y, t, t](t)",
        "sin(diff[x, t](t))",
        "sin(sqrt(x(t)))",
        "exp(-x(t)/y(t))",
        "ln(1 + x(t)*x(t))",
        "1/(1 + exp(-x(t)))",
        "tanh(3*x(t) - t)",
        "cos(t*t)",
        "b(t)*b(t)",
    ],
)
def test_forms_of_their_own(text: str) -> None:
    check(parsed(text, "let b(t) = c(t)*x(t) + t;", "let c(t) = sin(y(t));"))


@pytest.mark.parametrize("text", ["3", "2*x(t) - 2*x(t)", "exp(1)"])
def test_constants_do_not_change(text: str) -> None:
    source = parsed(text)
    assert quantity_function(source, [derivative(source)])(0.3, np.zeros(3)) == (0.0,)


def test_a_linear_function_of_time_changes_at_a_constant_rate() -> None:
    assert derivative(parsed("3 - 2.5*t")) == Const(-2.5)


def test_a_square_is_one_product_and_a_cube_uses_it() -> None:
    """The derivative of x**3 is 3 x**2 x', with the same x*x."""
    found = derivative(parsed("x(t)**3"))
    assert list(reads(found)) == [("x", 1), ("x", 0)]


@pytest.mark.parametrize("text", ["abs(x(t))", "1 + x(t)*sin(abs(y(t)))", "sqrt(1 + b(t))"])
def test_abs_has_no_derivative(text: str) -> None:
    source = parsed(text, "let b(t) = abs(x(t));")
    with pytest.raises(NotDifferentiable) as caught:
        derivative(source)
    where = caught.value.at
    line = written(text, "let b(t) = abs(x(t));").splitlines()[where.line - 1]
    assert line[where.column - 1 :].startswith("abs(")


def test_an_absolute_value_of_a_constant_is_one() -> None:
    assert derivative(parsed("x(t)*abs(-3)")) == derivative(parsed("3*x(t)"))


def test_a_chain_of_definitions_longer_than_the_stack_is_deep() -> None:
    chain = [f"let b{i}(t) = b{i + 1}(t) + x(t);" for i in range(400)]
    check(parsed("b0(t)", *chain, "let b400(t) = x(t);"))


def test_a_derivative_that_grows_too_large_is_refused_where_it_is_needed() -> None:
    chain = [f"let b{i}(t) = sin(b{i + 1}(t))*x(t);" for i in range(400)]
    with pytest.raises(CompileError) as caught:
        derivative(parsed("b0(t)", *chain, "let b400(t) = x(t);"))
    (fault,) = caught.value.diagnostics
    assert (fault.kind, fault.at) == ("limit", HERE)
