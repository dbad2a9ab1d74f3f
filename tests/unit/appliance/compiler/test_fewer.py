from __future__ import annotations

import numpy as np
import pytest

from appliance.compiler.elements import Elements, Sum, build_elements
from appliance.compiler.fewer import MAX_PRODUCTS, variants
from appliance.compiler.front import read_program
from appliance.compiler.lower import lower
from appliance.compiler.system import reduce_order
from tests.unit.appliance.compiler.programs import program
from tests.unit.appliance.compiler.sums import derivative_values, elements_of_sums, quantity_values


def built(*lines: str) -> Elements:
    return build_elements(lower(reduce_order(read_program(program(*lines)))))


def of_three(x: str, y: str, z: str, *probes: str) -> Elements:
    return built(
        f"let diff[x, t](t) = {x};",
        f"let diff[y, t](t) = {y};",
        f"let diff[z, t](t) = {z};",
        "let x(t: 0) = 1; let y(t: 0) = 2; let z(t: 0) = 3;",
        *(probes or ("probe x(t);",)),
    )


def counts(elements: Elements) -> list[int]:
    """Numbers of products; all variants mean the same."""
    states = np.linspace(0.7, -1.3, elements.state_count)
    found = []
    for variant in variants(elements):
        found.append(len(variant.products))
        for values in (derivative_values, quantity_values):
            assert values(variant, states) == pytest.approx(values(elements, states), rel=1e-12)
    return found


@pytest.mark.parametrize(
    ("x", "y", "z", "products"),
    [
        ("x(t)*y(t)", "(1 + 3*x(t))*y(t)", "0", [2, 1]),
        ("(2 - x(t))*y(t)", "(1 + 3*x(t))*y(t)", "(x(t) - 5)*y(t)", [3, 1]),
        ("(x(t) + z(t))*y(t)", "(x(t) - z(t))*y(t)", "(x(t) + 2*z(t))*y(t)", [3, 2]),
        ("(x(t) + z(t))*y(t)", "(x(t) - z(t))*y(t)", "0", [2]),
        ("x(t)*(1 - x(t))", "x(t)*x(t)", "0", [2, 1]),
        ("x(t)*x(t) - y(t)*y(t)", "0", "0", [2, 1]),
        ("x(t)*x(t) + y(t)*y(t)", "0", "0", [2]),
        ("3*x(t)*x(t) - 5*y(t)*y(t) + z(t)", "0", "0", [2, 1]),
        ("x(t)*x(t) - y(t)*y(t)", "y(t)*y(t)", "0", [2]),
        ("x(t)*x(t) + y(t)*y(t) - z(t)*z(t)", "0", "0", [3, 2]),
        ("(x(t) + 1)*(x(t) + 1) - (y(t) - z(t))*(y(t) - z(t))", "0", "0", [2, 1]),
        ("(x(t)*x(t) - y(t)*y(t))*z(t)", "0", "0", [3, 2]),
        ("abs(y(t))", "0", "0", [2, 1]),
        ("sqrt(y(t)*y(t) + z(t)*z(t))", "0", "0", [3, 2]),
        ("x(t)*y(t)", "y(t)*z(t)", "x(t)*z(t)", [3]),
        ("-x(t)", "0", "0", [0]),
    ],
)
def test_products_that_are_saved(x: str, y: str, z: str, products: list[int]) -> None:
    assert counts(of_three(x, y, z)) == products


def test_a_food_chain_takes_three_products_instead_of_five() -> None:
    assert counts(
        of_three(
            "x(t) - x(t)*x(t) - 5*x(t)*(y(t)/(1 + 3*x(t)))",
            "5*x(t)*(y(t)/(1 + 3*x(t))) - 0.1*y(t)*(z(t)/(1 + 2*y(t))) - 0.4*y(t)",
            "0.1*y(t)*(z(t)/(1 + 2*y(t))) - 0.01*z(t)",
        )
    ) == [5, 4, 3]


def test_a_square_that_is_probed_stays() -> None:
    lines = ("let s(t) = y(t)*y(t);", "probe s(t);")
    assert counts(of_three("x(t)*x(t) - y(t)*y(t)", "0", "0", *lines)) == [2]


def test_a_square_that_two_sums_use_stays() -> None:
    assert counts(of_three("x(t)*x(t) - y(t)*y(t)", "y(t) - x(t)*x(t)", "0")) == [2]


def test_named_sums_that_lose_a_square_are_forgotten() -> None:
    elements = of_three(
        "r(t) - z(t)*z(t)", "0", "0", "let r(t) = x(t)*x(t) + y(t)*y(t);", "probe x(t);"
    )
    first, last = variants(elements)
    assert [len(variant.named) for variant in (first, last)] == [2, 0]


def test_far_too_many_products_are_left_alone() -> None:
    x = Sum(((0, 1.0),))
    sums = [(Sum(((0, 1.0),), float(n)), x) for n in range(MAX_PRODUCTS + 1)]
    elements = elements_of_sums([Sum()], [x], sums)
    assert list(variants(elements)) == [elements]
