from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.compiler.diagnostics import CompileError, Position
from appliance.compiler.elements import Elements, Side, Sum, build_elements
from appliance.compiler.front import read_program
from appliance.compiler.layout import Layout, layouts
from appliance.compiler.place import connections, count
from appliance.compiler.system import reduce_order
from tests.shared import fixtures
from tests.unit.appliance.compiler.machine import (
    INTEGRATORS_ONLY,
    LUCIDAC_CLUSTER,
    MDR_CLUSTER,
    target,
)
from tests.unit.appliance.compiler.programs import program
from tests.unit.appliance.compiler.sums import (
    derivative_values,
    elements_of_sums,
    probe_values,
    quantity_values,
)

if TYPE_CHECKING:
    from appliance.compiler.target import Target, TargetCluster

LUCIDAC = target(LUCIDAC_CLUSTER)
MDR = target(MDR_CLUSTER)

RING = "let diff[x, t](t) = (0.5 - r2(t))*x(t) - 2*y(t);\
let diff[y, t](t) = (0.5 - r2(t))*y(t) + 2*x(t);\
let x(t: 0) = 0.1; let y(t: 0) = 0; let r2(t) = x(t)*x(t) + y(t)*y(t);"
"""Four products; the sum r2 is in a factor of two of them."""


def elements_of(*lines: str) -> Elements:
    return build_elements(reduce_order(read_program(program(*lines))))


def single(signal: int, factor: float = 1.0) -> Sum:
    return Sum(((signal, factor),))


def refusal(elements: Elements, machine: Target) -> CompileError:
    with pytest.raises(CompileError) as caught:
        layouts(elements, machine)
    return caught.value


def same_values(elements: Elements, layout: Layout) -> None:
    states = np.linspace(0.3, 1.7, elements.state_count) * (-1.0) ** np.arange(elements.state_count)
    found = derivative_values(layout.elements, states)
    np.testing.assert_allclose(found, derivative_values(elements, states), rtol=1e-9, atol=1e-9)
    shown = probe_values(layout.elements, layout.channels, states)
    np.testing.assert_allclose(shown, quantity_values(elements, states), rtol=1e-9, atol=1e-9)


def check_places(layout: Layout, cluster: TargetCluster) -> None:
    """Every pass sits where the hardware has a tap, a hosted one on its product's own input."""
    elements, placement = layout.elements, layout.placement
    assert len(set(placement.multipliers)) == len(elements.products) <= len(cluster.multipliers)
    idle = [m for m in cluster.multipliers if m not in placement.multipliers]
    idle_taps = [tap for m in idle for tap in m.taps]
    assert len(set(placement.passes)) == len(placement.passes) == len(elements.passes)
    for item, tap in zip(elements.passes, placement.passes, strict=True):
        if item.host is None:
            assert tap in idle_taps
        else:
            number, side = item.host
            host = placement.multipliers[number]
            assert tap in host.taps
            assert tap[0] == host.inputs[side]
            assert item.total == elements.operands(elements.state_count + number)[side]


def test_no_sum_is_probed() -> None:
    elements = elements_of(
        "let diff[x, t, t](t) = 0.5 - 0.25*(x(t)*x(t));",
        "let x(t: 0) = 0.1;",
        "let three(t) = 3;",
        "probe x(t);",
        "probe diff[x, t](t);",
        "probe diff[x, t, t](t);",
        "probe three(t);",
    )
    (found,) = layouts(elements, LUCIDAC)
    assert found.elements == elements
    readings = [(r.signal, r.factor, r.offset) for r in found.channels.readings]
    assert readings == [(0, 1.0, 0.0), (1, 1.0, 0.0), (2, -0.25, 0.5), (None, 0.0, 3.0)]


def test_a_probed_factor_of_a_busy_multiplier_is_read_at_its_input() -> None:
    elements = elements_of(RING, "probe x(t); probe y(t); probe r2(t);")
    found = next(layouts(elements, LUCIDAC))
    (shown,) = found.elements.passes
    assert shown.host is not None
    assert shown.host[0] in (2, 3)
    assert shown.total.constant == 0.5
    assert connections(found.elements) == connections(elements)
    reading = found.channels.readings[2]
    assert (reading.signal, reading.offset) == (6, 0.5)
    check_places(found, LUCIDAC_CLUSTER)
    same_values(elements, found)
    assert count(found.elements, found.channels).passes == 1


def test_the_hopf_fixture_has_a_layout() -> None:
    source = (fixtures() / "analang" / "hopf_auxiliary.ana").read_text()
    elements = build_elements(reduce_order(read_program(source)))
    found = next(layouts(elements, LUCIDAC))
    assert [item.host is not None for item in found.elements.passes] == [True]
    same_values(elements, found)


def test_a_sum_of_its_own_takes_an_idle_multiplier() -> None:
    elements = elements_of(
        "let diff[x, t](t) = y(t) - x(t) + 1;",
        "let diff[y, t](t) = 2*x(t) - 2*y(t);",
        "let x(t: 0) = 0.1;",
        "let y(t: 0) = 0.1;",
        "probe diff[x, t](t);",
        "probe diff[y, t](t);",
    )
    (found,) = layouts(elements, LUCIDAC)
    (shown,) = found.elements.passes
    assert shown.host is None
    assert shown.total == Sum(((0, -1.0), (1, 1.0)))
    readings = [(r.signal, r.factor, r.offset) for r in found.channels.readings]
    assert readings == [(2, -1.0, 1.0), (2, 2.0, 0.0)]
    assert found.placement.passes == ((8, 12),)
    assert found.placement.output(2) == 12
    same_values(elements, found)


def test_two_probes_of_sums_with_one_tap_left_are_refused_with_numbers() -> None:
    elements = elements_of(RING, "let s(t) = x(t) + y(t); probe r2(t); probe s(t);")
    (fault,) = refusal(elements, LUCIDAC).diagnostics
    assert fault.kind == "capacity"
    assert "pass-through elements for probes of sums: needed 2, have 1 on " in fault.message
    assert fault.at == elements.system.program.probes[1].at


def test_three_sums_beside_three_products() -> None:
    sums = [Sum(((0, 1.0), (1, float(i)))) for i in (2, 3, 4)]
    products = [(single(0), single(1)), (single(0), single(0)), (single(1), single(1))]
    derivatives = [Sum(((2, -1.0), (3, 1.0))), single(4)]
    two = elements_of_sums(derivatives, sums[:2], products)
    assert len(next(layouts(two, LUCIDAC)).elements.passes) == 2
    (fault,) = refusal(elements_of_sums(derivatives, sums, products), LUCIDAC).diagnostics
    assert "needed 3, have 2" in fault.message
    assert fault.at == Position(102, 7)


def test_hosted_passes_leave_idle_taps_to_others() -> None:
    """Three products, three sums: one of them is a factor."""
    factor = Sum(((0, 2.0), (1, 4.0)), 1.0)
    products = [(single(0), single(1)), (single(0), single(0)), (single(1), factor)]
    sums = [Sum(((0, 1.0), (1, float(i)))) for i in (2, 3, 4)]
    elements = elements_of_sums([single(2), Sum(((3, 1.0), (4, 1.0)))], sums, products)
    found = next(layouts(elements, LUCIDAC))
    assert [item.host for item in found.elements.passes] == [(2, Side.RIGHT), None, None]
    check_places(found, LUCIDAC_CLUSTER)
    same_values(elements, found)


def test_operands_are_exchanged_where_only_the_second_input_has_a_tap() -> None:
    elements = elements_of(RING, "let s(t) = x(t) + y(t); probe r2(t); probe s(t);")
    assert [len(p.left.terms) for p in elements.products] == [1, 1, 2, 2]
    (fault,) = refusal(elements, MDR).diagnostics
    assert "needed 2, have 1" in fault.message
    elements = elements_of(RING, "probe r2(t);")
    found = next(layouts(elements, MDR))
    (shown,) = found.elements.passes
    assert shown.host in ((2, Side.RIGHT), (3, Side.RIGHT))
    check_places(found, MDR_CLUSTER)
    same_values(elements, found)


def test_both_factors_of_one_product_are_read_only_where_both_have_taps() -> None:
    one, other = Sum(((0, 1.0), (1, 1.0)), 3.0), Sum(((0, 1.0), (1, -1.0)))
    products = [(one, other), *((single(0), single(0, float(i))) for i in (1, 2, 3))]
    elements = elements_of_sums([single(2), single(3)], [one, other], products)
    found = next(layouts(elements, LUCIDAC))
    assert [item.host for item in found.elements.passes] == [(0, Side.LEFT), (0, Side.RIGHT)]
    check_places(found, LUCIDAC_CLUSTER)
    same_values(elements, found)
    (fault,) = refusal(elements, MDR).diagnostics
    assert "needed 2, have 1" in fault.message


def mean_field(number: int, *, is_named: bool) -> Elements:
    mean = Sum(tuple((i, 1.0 / number) for i in range(number)))
    derivatives = [
        Sum(tuple((i, 2.0 / number - (1.0 if i == own else 0.0)) for i in range(number)), 0.1 * own)
        for own in range(number)
    ]
    return elements_of_sums(derivatives, [single(0)], named=[mean] if is_named else None)


@pytest.mark.parametrize("is_named", [True, False])
def test_a_mean_field_fits_by_sharing_its_mean(is_named: bool) -> None:
    elements = mean_field(8, is_named=is_named)
    assert connections(elements) == 71
    (found,) = layouts(elements, LUCIDAC)
    assert connections(found.elements) == 8 + 16 + 7
    (shared,) = found.elements.passes
    assert [signal for signal, _ in shared.total.terms] == list(range(8))
    check_places(found, LUCIDAC_CLUSTER)
    same_values(elements, found)


def test_nothing_is_shared_where_the_lanes_are_enough() -> None:
    elements = mean_field(5, is_named=True)
    (found,) = layouts(elements, LUCIDAC)
    assert found.elements == elements


def test_passes_that_feed_lanes_reach_all_of_them() -> None:
    """Two probed sums and a shared one, on four taps of which two have half reach."""
    derivatives = [Sum(d.terms) for d in mean_field(8, is_named=True).derivatives]
    sums = [Sum(((0, 1.0), (1, 1.0))), Sum(((0, 1.0), (1, -1.0)))]
    elements = elements_of_sums(derivatives, sums)
    found = next(layouts(elements, LUCIDAC))
    assert connections(found.elements) <= 32
    fed = {s for d in found.elements.derivatives for s, _ in d.terms if s > 7}
    assert 10 in fed
    assert {found.placement.output(signal) for signal in fed} <= {12, 13}
    assert found.placement.half_reach == {9}
    check_places(found, LUCIDAC_CLUSTER)
    same_values(elements, found)


def test_a_pass_that_a_probe_needs_is_shared_at_no_further_cost() -> None:
    elements = mean_field(8, is_named=True)
    elements = elements_of_sums(list(elements.derivatives), [elements.named[0].scaled(-3.0)])
    (found,) = layouts(elements, LUCIDAC)
    (shared,) = found.elements.passes
    assert shared.at == Position(100, 7)
    assert connections(found.elements) == 8 + 16 + 7
    same_values(elements, found)


def test_a_tapped_factor_is_shared() -> None:
    """All four multipliers are busy: only the input of one of them can show the sum."""
    total = Sum(tuple((i, float(i + 1)) for i in range(8)))
    factor = Sum(total.terms, -0.5)
    products = [(single(0), factor), *((single(i), single(i)) for i in (1, 2, 3))]
    derivatives = [single(8 + i) for i in range(4)] + [total.scaled(i + 0.5) for i in range(4)]
    elements = elements_of_sums(derivatives, [single(0)], products)
    assert connections(elements) == 52
    (found,) = layouts(elements, LUCIDAC)
    (shared,) = found.elements.passes
    assert shared.host == (0, Side.RIGHT)
    assert connections(found.elements) == 4 + 4 * 2 + 16
    check_places(found, LUCIDAC_CLUSTER)
    same_values(elements, found)


def test_a_sum_is_not_shared_with_what_it_is_computed_from() -> None:
    """The factor of the first product is a part of the sum that the product itself is in."""
    factor = Sum(tuple((i, 1.0) for i in range(8)))
    with_product = Sum((*factor.terms, (8, 0.25)))
    products = [(single(0), factor)]
    elements = elements_of_sums([with_product] * 8, [single(0)], products, named=[with_product])
    (found,) = layouts(elements, LUCIDAC)
    assert connections(found.elements) <= 32
    check_places(found, LUCIDAC_CLUSTER)
    same_values(elements, found)


def test_a_tapped_factor_does_not_read_a_pass_that_reads_its_tap() -> None:
    """Both probed sums have common parts with the other: one of them may read the other's pass."""
    factor = Sum(tuple((i, 1.0) for i in range(8)))
    other = Sum(tuple((i, 2.0 if i < 4 else 1.0) for i in range(8)))
    products = [(single(0), factor), *((single(i), single(i)) for i in (1, 2))]
    elements = elements_of_sums([single(8), *[single(9)] * 7], [factor, other], products)
    cluster = replace(LUCIDAC_CLUSTER, lanes=8)
    (found,) = layouts(elements, target(cluster))
    assert connections(found.elements) <= connections(elements) + 5  # one of them reads the other
    check_places(found, cluster)
    same_values(elements, found)


def test_the_layout_with_the_fewest_connections_tells_what_lanes_are_needed() -> None:
    rows = np.random.default_rng(1).uniform(0.5, 2.0, (8, 8))
    derivatives = [Sum(tuple(enumerate(map(float, row)))) for row in rows]
    elements = elements_of_sums(derivatives, [single(0)])
    (found,) = layouts(elements, LUCIDAC)
    assert connections(found.elements) == 64


def test_all_shortages_of_the_nearest_cluster_are_told_at_once() -> None:
    products = [(single(0), single(0, float(i))) for i in range(1, 6)]
    readings = [single(0)] * 8 + [Sum(((0, 1.0), (1, 1.0)))]
    elements = elements_of_sums([single(i) for i in range(9)], readings, products, made=4)
    fault = refusal(elements, target(INTEGRATORS_ONLY, LUCIDAC_CLUSTER))
    assert [d.message.split(" on ")[0] for d in fault.diagnostics] == [
        "multipliers: needed 5, have 0",
        "ADC channels: needed 9, have 8",
        "pass-through elements for probes of sums: needed 1, have 0",
    ]
    fault = refusal(elements, LUCIDAC)
    messages = [d.message.split(" on ")[0] for d in fault.diagnostics]
    assert messages[:2] == ["integrators: needed 9, have 8", "multipliers: needed 5, have 4"]
    assert fault.diagnostics[2].at == Position(108, 7)
    assert fault.diagnostics[0].hint is not None
    assert "4 of them compute sqrt(u5), sqrt(u6), sqrt(u7) and 1 more" in fault.diagnostics[0].hint


def test_products_that_only_functions_need_are_told() -> None:
    products = [(single(0), single(0, float(i))) for i in range(1, 6)]
    derivatives = [Sum(((2, 1.0), (3, 1.0), (4, 1.0))), Sum(((4, 1.0), (5, 1.0), (6, 1.0)))]
    elements = elements_of_sums(derivatives, [single(0)], products, made=1)
    (fault,) = refusal(elements, LUCIDAC).diagnostics
    assert fault.hint is not None
    assert fault.hint.endswith("2 of them serve to compute functions")


def test_a_later_cluster_with_room_is_found() -> None:
    elements = elements_of(RING, "probe r2(t);")
    found = next(layouts(elements, target(INTEGRATORS_ONLY, LUCIDAC_CLUSTER)))
    assert found.placement.cluster is LUCIDAC_CLUSTER


def test_a_giant_is_refused_at_once() -> None:
    count_of_products = 4096
    products = [(Sum(((0, 1.0), (1, float(i + 1)))), single(0)) for i in range(count_of_products)]
    readings = [Sum(((0, 1.0), (1, float(i + 1)))) for i in range(500)]
    elements = elements_of_sums([single(2)] * 300, readings, products)
    messages = [d.message.split(" on ")[0] for d in refusal(elements, LUCIDAC).diagnostics]
    assert messages == [
        "integrators: needed 300, have 8",
        "multipliers: needed 4096, have 4",
        "ADC channels: needed 500, have 8",
        "pass-through elements for probes of sums: needed 500, have 4",
    ]


coefficients = st.sampled_from([-2.0, -1.0, 0.25, 0.5, 1.0, 3.0, 0.1])
constants = st.sampled_from([0.0, 0.0, 1.0, -0.3])


@st.composite
def random_elements(draw: st.DrawFn) -> Elements:
    """Sums drawn as multiples of a few common ones plus a little."""
    states = draw(st.integers(2, 8))
    products: list[tuple[Sum, Sum]] = []
    number = draw(st.integers(0, 4))
    common = draw(st.lists(forms(states), min_size=1, max_size=3))
    for known in range(number):
        products.append((draw(mixed(common, states + known)), draw(mixed(common, states + known))))
        common.append(draw(mixed(common, states + known + 1)))
    derivatives = [draw(mixed(common, states + number)) for _ in range(states)]
    readings = draw(st.lists(mixed(common, states + number), min_size=1, max_size=4))
    named = draw(st.lists(st.sampled_from(common), max_size=3))
    return elements_of_sums(derivatives, readings, products, named)


def forms(signals: int) -> st.SearchStrategy[Sum]:
    items = st.dictionaries(st.integers(0, signals - 1), coefficients, min_size=1, max_size=6)
    return items.map(lambda found: Sum(tuple(sorted(found.items()))))


@st.composite
def mixed(draw: st.DrawFn, common: list[Sum], signals: int) -> Sum:
    base = draw(st.sampled_from(common))
    extra = draw(forms(signals)) if draw(st.booleans()) else Sum()
    factor = draw(coefficients)
    terms = dict(base.scaled(factor).terms)
    for signal, c in extra.terms[:2]:
        terms[signal] = terms.get(signal, 0.0) + c
    kept = tuple(sorted((s, c) for s, c in terms.items() if c != 0.0))
    return Sum(kept or ((0, 1.0),), draw(constants))


def layouts_or_refusal(elements: Elements, cluster: TargetCluster) -> list[Layout]:
    """At least one layout; none where the refusal has nothing but too many probed sums to say."""
    try:
        iterator = layouts(elements, target(cluster))
    except CompileError as error:
        if not all("probes of sums" in d.message for d in error.diagnostics):
            raise
        return []
    found = list(iterator)
    assert found
    return found


def check_random(elements: Elements, cluster: TargetCluster, lanes: int) -> None:
    cluster = replace(cluster, lanes=lanes)
    for layout in layouts_or_refusal(elements, cluster):
        check_places(layout, cluster)
        same_values(elements, layout)
        fewest = max(lanes, connections(elements) + sum(len(r.terms) for r in elements.readings))
        assert connections(layout.elements) <= fewest


clusters = st.sampled_from([LUCIDAC_CLUSTER, MDR_CLUSTER])
lane_counts = st.sampled_from([4, 16, 32])


@settings(deadline=None, max_examples=25, derandomize=True)
@given(random_elements(), clusters, lane_counts)
def test_every_layout_means_the_same(
    elements: Elements, cluster: TargetCluster, lanes: int
) -> None:
    check_random(elements, cluster, lanes)


@pytest.mark.long
@settings(deadline=None, max_examples=3000)
@given(random_elements(), clusters, lane_counts)
def test_very_many_layouts_mean_the_same(
    elements: Elements, cluster: TargetCluster, lanes: int
) -> None:
    check_random(elements, cluster, lanes)
