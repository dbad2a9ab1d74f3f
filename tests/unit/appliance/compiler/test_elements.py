from __future__ import annotations

import pytest

from appliance.compiler.elements import MAX_NAMED, Elements, Sum, add, build_elements
from appliance.compiler.front import read_program
from appliance.compiler.lower import lower
from appliance.compiler.system import reduce_order
from tests.unit.appliance.compiler.programs import LORENZ, program


def elements_of(source: str) -> Elements:
    return build_elements(lower(reduce_order(read_program(source))))


def test_an_equation_of_order_three_is_a_chain_of_three_states() -> None:
    found = elements_of(
        program("let diff[w, t, t, t](t) = -0.8*w(t);", "let w(t: 0) = 0.5;", "probe w(t);")
    )
    assert [s.label for s in found.system.states] == ["w", "w'", "w''"]
    assert [s.initial for s in found.system.states] == [0.5, 0.0, 0.0]
    assert found.derivatives == (Sum(((1, 1.0),)), Sum(((2, 1.0),)), Sum(((0, -0.8),)))


def test_constant_factors_never_cost_a_multiplier() -> None:
    found = elements_of(
        program(
            "let diff[x, t](t) = -(2*x(t))*(3*y(t)/4);",
            "let diff[y, t](t) = 5*(y(t)*x(t)) - 0.5*(4*x(t));",
            "let x(t: 0) = 0.1;",
            "let y(t: 0) = 0.1;",
            "probe x(t);",
        )
    )
    assert len(found.products) == 1
    assert found.derivatives == (Sum(((2, -1.5),)), Sum(((0, -2.0), (2, 5.0))))


def test_factors_equal_up_to_scale_share_one_product() -> None:
    found = elements_of(
        program(
            "let diff[x, t](t) = (1 - x(t)*x(t))*y(t);",
            "let diff[y, t](t) = y(t)*(3*x(t)*x(t) - 3);",
            "let x(t: 0) = 0.1;",
            "let y(t: 0) = 0.1;",
            "probe x(t);",
        )
    )
    assert len(found.products) == 2
    ((_, first),) = found.derivatives[0].terms
    ((_, second),) = found.derivatives[1].terms
    assert second == pytest.approx(-3 * first)


def test_terms_that_cancel_disappear() -> None:
    assert add([Sum(((0, 1.0), (1, 2.0)), 1.0), Sum(((0, -1.0),), 2.0)]) == Sum(((1, 2.0),), 3.0)


def test_auxiliary_functions_are_built_once() -> None:
    found = elements_of(
        program(
            "let r2(t) = x(t)*x(t) + y(t)*y(t);",
            "let diff[x, t](t) = -r2(t)*x(t);",
            "let diff[y, t](t) = -r2(t)*y(t);",
            "let x(t: 0) = 0.1;",
            "let y(t: 0) = 0.1;",
            "probe r2(t);",
        )
    )
    assert len(found.products) == 4
    assert found.readings[0] == found.named[0] == Sum(((2, 1.0), (3, 1.0)))


def test_lorenz_needs_three_integrators_and_two_multipliers() -> None:
    found = elements_of(LORENZ)
    assert (found.state_count, len(found.products)) == (3, 2)


def test_what_only_a_plot_reads_costs_nothing() -> None:
    found = elements_of(
        program(
            "let r(t) = sin(x(t)) + x(t)*x(t);",
            "let used(t) = deep(t) + 1;",
            "let deep(t) = x(t)**2;",
            "let diff[x, t](t) = -x(t);",
            "let x(t: 0) = 1;",
            "probe used(t);",
            "plot(x: t, y: r(t));",
        )
    )
    assert len(found.products) == 1
    assert found.readings == (Sum(((1, 1.0),), 1.0),)


def test_terms_that_cancel_but_for_rounding_disappear() -> None:
    assert 0.1 + 0.2 - 0.3 != 0.0
    parts = [Sum(((0, c), (1, 1.0)), c) for c in (0.1, 0.2, -0.3)]
    assert add(parts) == Sum(((1, 3.0),))


def test_factors_equal_up_to_scale_and_rounding_share_one_product() -> None:
    found = elements_of(
        program(
            "let g(t) = 0.1*x(t) + 0.7*y(t);",
            "let h(t) = 0.3*x(t) + 2.1*y(t);",
            "let diff[x, t](t) = g(t)*y(t);",
            "let diff[y, t](t) = -h(t)*y(t);",
            "let x(t: 0) = 0.1;",
            "let y(t: 0) = 0.1;",
            "probe x(t);",
        )
    )
    assert len(found.products) == 1


def test_no_more_than_so_many_named_sums_are_kept() -> None:
    """Else sharing takes seconds for a program with hundreds of them."""
    names = range(MAX_NAMED + 10)
    source = program(
        "let diff[x, t](t) = -x(t); let diff[y, t](t) = -y(t);",
        "let x(t: 0) = 1; let y(t: 0) = 1;",
        *(f"let a{n}(t) = x(t) + {n + 1}*y(t); probe a{n}(t);" for n in names),
    )
    assert len(build_elements(lower(reduce_order(read_program(source)))).named) == MAX_NAMED
