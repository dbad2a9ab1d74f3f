"""Numbers from programs: right sides, quantities, and what happens outside a domain."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from appliance.compiler.diagnostics import Position
from appliance.compiler.evaluate import (
    initial_state,
    quantity_function,
    rhs_function,
    state_names,
)
from appliance.compiler.front import read_program
from appliance.compiler.program import Add, Const, Expr, Mul, Program, Read
from tests.shared import fixtures


def program(*statements: str) -> Program:
    return read_program("use math;" + "".join(f"{s};\n" for s in statements))


def value(text: str, x: float = 0.0, t: float = 0.0) -> float:
    found = program("let diff[x, t](t) = 0", "let x(t: 0) = 0", f"let g(t) = {text}", "probe g(t)")
    return quantity_function(found, [Read("g", 0)])(t, np.array([x]))[0]


def test_states_equation_by_equation() -> None:
    found = program(
        "let diff[y, t, t](t) = -4*y(t) + z(t)",
        "let diff[z, t](t) = diff[y, t](t)*t",
        *("let y(t: 0) = 0.5", "let diff[y, t](t: 0) = 2", "let z(t: 0) = -1", "probe y(t)"),
    )
    assert state_names(found) == (("y", 0), ("y", 1), ("z", 0))
    start = initial_state(found)
    assert start.dtype == np.float64
    assert start.tolist() == [0.5, 2.0, -1.0]
    slope = rhs_function(found)(3.0, start)
    assert slope.dtype == np.float64
    assert slope.tolist() == [2.0, -3.0, 6.0]


def test_quantities_read_auxiliaries_and_highest_derivatives() -> None:
    found = program(
        "let diff[x, t](t) = 2*g(t)",
        *("let x(t: 0) = 0", "let g(t) = x(t)*x(t) + h(t)", "let h(t) = 1", "probe x(t)"),
    )
    exprs: list[Expr] = [Read("x", 1), Read("g", 0), Const(7.0), Add((Read("x", 0), Read("h", 0)))]
    assert quantity_function(found, exprs)(0.0, np.array([3.0])) == (20.0, 10.0, 7.0, 4.0)
    assert quantity_function(found, [])(0.0, np.array([3.0])) == ()


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("1/x(t)", 0.0, math.inf),
        ("-1/x(t)", 0.0, -math.inf),
        ("1/x(t)", -0.0, -math.inf),
        ("x(t)/x(t)", 0.0, math.nan),
        ("sqrt(x(t))", -1.0, math.nan),
        ("ln(x(t))", 0.0, -math.inf),
        ("ln(x(t))", -1.0, math.nan),
        ("exp(x(t))", 1000.0, math.inf),
        ("x(t)*x(t)", 1e200, math.inf),
        ("sin(x(t)*x(t))", 1e200, math.nan),
        ("cos(x(t))", -math.inf, math.nan),
        ("sqrt(x(t)) + 1/x(t)", math.nan, math.nan),
        ("tanh(x(t))", math.inf, 1.0),
        ("1/x(t) + sqrt(4 + x(t)) + ln(1 + x(t)) + exp(x(t)) + sin(x(t))", 0.0, math.inf),
    ],
)
def test_outside_a_domain_there_is_no_exception(text: str, x: float, expected: float) -> None:
    found = value(text, x)
    assert found == expected or (math.isnan(found) and math.isnan(expected))


def test_after_a_fault_values_are_as_before() -> None:
    found = program(
        "let diff[x, t](t) = 1/x(t) + abs(x(t)) + sqrt(x(t)) + sin(t)*cos(x(t)) + tanh(t)",
        *("let x(t: 0) = 1", "probe x(t)"),
    )
    slope = rhs_function(found)
    before = slope(0.5, np.array([2.0]))
    assert math.isinf(slope(0.5, np.array([0.0]))[0])
    assert slope(0.5, np.array([2.0])) == before


def test_sound_quantities_keep_their_values_beside_a_fault() -> None:
    sound = "sin(t)/(1 + x(t)) + cos(x(t)) + exp(x(t)) + sqrt(2 + x(t)) + ln(3 + x(t))"
    found = program(
        *("let diff[x, t](t) = 0", "let x(t: 0) = 0", "probe x(t)"),
        *(f"let g(t) = {sound}", "let h(t) = 1/x(t)"),
    )
    alone = quantity_function(found, [Read("g", 0)])(0.5, np.array([0.0]))
    beside = quantity_function(found, [Read("h", 0), Read("g", 0)])(0.5, np.array([0.0]))
    assert beside == (math.inf, *alone)


def test_long_sums_and_deep_products() -> None:
    assert value(" + ".join(["x(t)"] * 9000), 0.5) == 4500.0
    assert value("*".join(["x(t)"] * 200), 2.0) == 2.0**200
    assert value("1 + 0.5*(" * 190 + "x(t)" + ")" * 190, 2.0) == 2.0


def test_shared_subexpressions_are_computed_once() -> None:
    expr: Expr = Read("x", 0)
    for _ in range(60):  # written out, 2**60 products
        expr = Mul(expr, expr, Position(1, 1))
    found = program("let diff[x, t](t) = 0", "let x(t: 0) = 1", "probe x(t)")
    assert quantity_function(found, [expr])(0.0, np.array([1.0])) == (1.0,)


def test_user_names_never_reach_the_generated_code() -> None:
    found = program(
        "let diff[__import__, t](t) = -lambda(t)*v0(t)",
        *("let diff[lambda, t](t) = math(t)", "let diff[v0, t](t) = y(t)"),
        *("let math(t) = 3", "let y(t) = v0(t)", "probe y(t)"),
        *("let __import__(t: 0) = 1", "let lambda(t: 0) = 2", "let v0(t: 0) = 5"),
    )
    assert rhs_function(found)(0.0, initial_state(found)).tolist() == [-10.0, 3.0, 5.0]


def test_corpus_solutions() -> None:
    """The right sides, integrated, meet the reference solutions of the corpus."""
    folder = fixtures() / "analang"
    entries = json.loads((folder / "corpus.json").read_text())["programs"]
    for entry in [e for e in entries if e["ok"]]:
        found = read_program((folder / entry["file"]).read_bytes().decode("utf-8"))
        reference = np.loadtxt(folder / entry["reference"], delimiter=",", skiprows=1)
        reference = reference[reference[:, 0] <= min(entry["compare_until"], 4.0)]
        end = reference[-1, 0]
        result = solve_ivp(
            *(rhs_function(found), (0.0, end), initial_state(found)),
            method="DOP853",
            rtol=1e-9,
            atol=1e-11,
            t_eval=reference[:, 0],
        )
        quantities = quantity_function(found, [Read(p.name, p.order) for p in found.probes])
        rows = [quantities(t, y) for t, y in zip(result.t, result.y.T, strict=True)]
        assert np.allclose(rows, reference[:, 1:], rtol=0.0, atol=1e-7), entry["file"]
