"""Random expressions, lowered: what the elements compute is the program's own mathematics.

With every state that the compiler made at the exact value of what it stands for, the user's own
states change as the equations say, generators as their function does along the solution, and loops
rest; so it is with fewer multipliers too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from appliance.compiler.diagnostics import CompileError
from appliance.compiler.elements import build_elements
from appliance.compiler.evaluate import initial_state, quantity_function, rhs_function
from appliance.compiler.fewer import variants
from appliance.compiler.front import read_program
from appliance.compiler.lower import lower
from appliance.compiler.program import Read
from appliance.compiler.system import reduce_order
from tests.unit.appliance.compiler.expression_texts import SMOOTH, expressions, slopes
from tests.unit.appliance.compiler.programs import program
from tests.unit.appliance.compiler.sums import derivative_values, quantity_values, signal_values

if TYPE_CHECKING:
    from appliance.compiler.program import Program

Array = NDArray[np.float64]


def parsed(one: str, other: str) -> Program:
    return read_program(
        program(
            f"let a(t) = {one};",
            f"let b(t) = {other};",
            "let diff[x, t](t) = a(t) - 0.5*x(t);",
            "let diff[y, t](t) = b(t) - y(t);",
            "let x(t: 0) = 0.6180339887; let y(t: 0) = -1.1447298858;",
            "probe a(t); probe diff[y, t](t); probe x(t);",
        )
    )


def check(source: Program) -> None:
    system = lower(reduce_order(source))
    start = initial_state(source)
    made = [state for state in system.states if state.value is not None]
    values = quantity_function(source, [state.value for state in made if state.value is not None])
    signals = np.concatenate((start, values(0.0, start)))
    assert signals == pytest.approx([state.initial for state in system.states])
    expected = np.concatenate(
        (rhs_function(source)(0.0, start), slopes(source, values, 0.0, start) if made else [])
    )
    expected[[state.is_loop for state in system.states]] = 0.0
    probes = quantity_function(source, [Read(p.name, p.order) for p in source.probes])(0.0, start)
    products = []
    for elements in variants(build_elements(system)):
        products.append(len(elements.products))
        size = float(np.max(np.abs(signal_values(elements, signals)), initial=1.0))
        found = derivative_values(elements, signals)
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6 * size)
        found = quantity_values(elements, signals)
        assert found == pytest.approx(probes, rel=1e-9, abs=1e-9 * size)
    assert products == sorted(set(products), reverse=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ln(2 + y(t))", "ln(6 + 3*y(t))"),
        ("ln(-y(t))", "ln(-2*y(t)) - 3*ln(-5*y(t))"),
        ("sqrt(1 + x(t))", "sqrt(4 + 4*x(t)) - 3*sqrt(0.2 + 0.2*x(t))"),
        ("abs(y(t))", "abs(-3*y(t)) + abs(0.1*y(t))"),
        ("x(t)/(2 + y(t))", "(3*x(t))/(4 + 2*y(t)) - x(t)/(-6 - 3*y(t))"),
        ("(1 + x(t))/(y(t) - 2)", "(2 + 2*x(t))/(6 - 3*y(t))"),
        ("tanh(x(t) - 1)", "tanh(1 - x(t))"),
        ("exp(x(t) - 1)", "exp(3 + x(t)) - exp(x(t))"),
        ("sin(2*t + 1)", "cos(2*t) - sin(3 - 2*t)"),
        ("cos(x(t) - y(t))", "sin(y(t) - x(t) + 2) + cos(y(t) - x(t))"),
        ("t", "(3 - 2*t)*x(t)"),
    ],
)
def test_shared_states_are_read_with_the_right_factor(one: str, other: str) -> None:
    check(parsed(one, other))


@settings(deadline=None)
@given(expressions(leaves=5), expressions(leaves=3))
def test_lowered_systems_compute_the_same(one: str, other: str) -> None:
    check(parsed(one, other))


@settings(deadline=None)
@given(
    expressions((*SMOOTH, "abs"), with_time=False, leaves=4),  # abs(t) has a corner at the start
    expressions(("abs",), with_time=False, leaves=3),
)
def test_absolute_values_too(one: str, other: str) -> None:
    source = parsed(one, other)
    refused = refusals(source)
    assert refused <= {"not-differentiable"}  # abs inside of a generator
    if not refused:
        check(source)


def refusals(source: Program) -> set[str]:
    try:
        lower(reduce_order(source))
    except CompileError as error:
        return {d.kind for d in error.diagnostics}
    return set()


@pytest.mark.long
@settings(deadline=None, max_examples=5000)
@given(expressions(leaves=8), expressions(leaves=6))
def test_many_lowered_systems_compute_the_same(one: str, other: str) -> None:
    check(parsed(one, other))
