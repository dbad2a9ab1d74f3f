from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.compiler.amplitudes import Amplitudes
from appliance.compiler.diagnostics import CompileError, Position
from appliance.compiler.digits import round_down, round_up
from appliance.compiler.elements import Elements, Product, Sum
from appliance.compiler.program import Const, Program
from appliance.compiler.system import State, System
from appliance.compiler.wiring import (
    Connection,
    Room,
    Sink,
    SinkKind,
    Wiring,
    natural_rate,
    scale_time,
)


def state(number: int, *, is_loop: bool = False) -> State:
    made = Const(0.0) if is_loop else None
    return State(
        name=f"x{number}",
        order=0,
        initial=0.0,
        derivative=Const(0.0),
        at=Position(number + 1, 5),
        value=made,
        pace=made,
    )


def linear(
    *rows: tuple[float, ...], constants: tuple[float, ...] = (), loops: tuple[int, ...] = ()
) -> Elements:
    """Elements of x' = A x + c, A given by rows; the states in ``loops`` as if by lowering."""
    constants = constants or (0.0,) * len(rows)
    program = Program(variable="t", equations=(), auxiliaries=(), probes=())
    states = tuple(state(i, is_loop=i in loops) for i in range(len(rows)))
    return Elements(
        system=System(states=states, program=program, rights={}),
        products=(),
        derivatives=tuple(
            Sum(tuple((j, c) for j, c in enumerate(row) if c), constant)
            for row, constant in zip(rows, constants, strict=True)
        ),
        readings=(),
    )


def unit(states: int) -> Amplitudes:
    return Amplitudes(signals=(1.0,) * states, operands=())


def wired(
    elements: Elements,
    rate: float = 10_000.0,
    *,
    amplitudes: Amplitudes | None = None,
    gains: tuple[float, ...] = (),
    slowest: float = 1e-300,
    half_reach: frozenset[int] = frozenset(),
) -> Wiring:
    """Wiring on 32 lanes; without amplitudes in machine units, without gains without loops."""
    count = elements.state_count
    room = Room(rate=rate, slowest=slowest, lanes=32, half_reach=half_reach)
    candidates = (amplitudes or unit(count),)
    return scale_time(elements, candidates, gains or (1.0,) * count, room)


def weights(wiring: Wiring) -> list[float]:
    return [connection.weight for connection in wiring.connections]


def test_weights_are_minus_the_coefficients_at_the_fast_rate() -> None:
    found = wired(linear((0.0, -1.5), (1.5, 0.0)))
    assert found.integrator_rates == (10_000, 10_000)
    assert weights(found) == [1.5, -1.5]
    assert found.rate == 10_000.0


def test_a_slow_request_uses_the_slow_rate() -> None:
    found = wired(linear((-0.6,)), 100.0)
    assert found.integrator_rates == (100,)
    assert weights(found) == [pytest.approx(0.6)]


def test_rates_mix_where_coefficients_differ_in_size() -> None:
    found = wired(linear((-1.0, 0.0), (0.001, -0.002)))
    assert found.integrator_rates == (10_000, 100)
    assert weights(found) == [1.0, pytest.approx(-0.1), pytest.approx(0.2)]


def test_a_loop_runs_at_the_fast_rate_beside_slow_states() -> None:
    """100 units per second, gain 100: a weight of 1 into each (analang reference, 7.1)."""
    elements = linear((-1.0, 0.0), (1.0, -1.0), loops=(1,))
    found = wired(elements, 100.0, gains=(1.0, 100.0))
    assert found.integrator_rates == (100, 10_000)
    assert weights(found) == [1.0, -1.0, 1.0]


def test_a_faster_loop_takes_the_gain_then_lanes_in_parallel() -> None:
    elements = linear((-1.0, 0.0), (1.0, -1.0), loops=(1,))
    for gain, lanes in ((800.0, 3), (1600.0, 5)):
        found = wired(elements, 100.0, gains=(1.0, gain))
        assert weights(found) == [1.0, pytest.approx(-gain / 100), pytest.approx(gain / 100)]
        assert found.lanes == lanes


def test_a_loop_too_fast_for_the_lanes_slows_the_run_down() -> None:
    elements = linear((-1.0, 0.0), (1.0, -1.0), loops=(1,))
    found = wired(elements, 100.0, gains=(1.0, 1e6))
    assert found.lanes <= 32
    assert found.rate == pytest.approx(100.0 * 15 * 8 / 1e4)


def test_the_natural_rate_gives_loops_a_weight_of_one_at_most() -> None:
    elements = linear((-1.0, 0.0), (1.0, -2.0), loops=(1,))
    assert natural_rate(elements, unit(2), (1.0, 100.0)) == pytest.approx(50.0)
    amplitudes = Amplitudes(signals=(40.0, 10.0), operands=())
    assert natural_rate(elements, amplitudes, (1.0, 100.0)) == pytest.approx(25.0)


def test_without_loops_or_with_slow_ones_the_natural_rate_is_the_default() -> None:
    assert natural_rate(linear((-1e6,)), unit(1), (1.0,)) == 10_000.0
    assert natural_rate(linear((-0.5,), loops=(0,)), unit(1), (1.0,)) == 10_000.0


def test_amplitudes_enter_as_ratio() -> None:
    amplitudes = Amplitudes(signals=(20.0, 50.0), operands=())
    found = wired(linear((0.0, 1.0), (2.0, 0.0)), amplitudes=amplitudes)
    assert weights(found) == [pytest.approx(-2.5), pytest.approx(-0.8)]


def test_constants_are_connections_without_a_source() -> None:
    found = wired(linear((-1.0,), constants=(0.25,)))
    assert [(c.source, c.weight) for c in found.connections] == [(0, 1.0), (None, -0.25)]


def test_large_weights_take_lanes_in_parallel() -> None:
    connection = Connection(source=0, sink=Sink(SinkKind.STATE, 0), weight=-15.0)
    assert connection.lanes == 2
    assert replace(connection, weight=16.0).lanes == 2
    assert replace(connection, weight=16.1).lanes == 3


def test_time_slows_down_to_the_fastest_rate_that_fits() -> None:
    found = wired(linear((-1000.0,)))
    assert found.rate == pytest.approx(10_000 * 256 / 1000)
    assert found.lanes == 32


def test_a_run_slower_than_the_slowest_useful_one_is_refused() -> None:
    with pytest.raises(CompileError) as caught:
        wired(linear((-1000.0,)), slowest=5_000.0)
    (fault,) = caught.value.diagnostics
    assert (fault.kind, fault.at) == ("coefficient-range", Position(1, 5))
    assert "needed 63, have 32 left of 32 for a weight of 500 in the equation of x0" in (
        fault.message
    )


def test_a_signal_with_half_reach_takes_half_of_the_lanes_at_most() -> None:
    found = wired(linear((-1000.0,)), half_reach=frozenset({0}))
    assert found.rate == pytest.approx(10_000 * 128 / 1000)
    assert found.lanes == 16


def test_a_weight_too_small_for_a_number_is_no_connection() -> None:
    amplitudes = Amplitudes(signals=(1e200, 1.0), operands=())
    found = wired(linear((-1.0, 1e-200), (0.0, -1.0)), 1e6, amplitudes=amplitudes)
    assert [(c.source, c.sink.number) for c in found.connections] == [(0, 0), (1, 1)]


def test_weights_beyond_all_numbers_are_refused() -> None:
    amplitudes = Amplitudes(signals=(1e-200, 1e200), operands=())
    with pytest.raises(CompileError) as caught:
        wired(linear((-1.0, 1.0), (0.0, -1.0)), amplitudes=amplitudes)
    assert [d.kind for d in caught.value.diagnostics] == ["coefficient-range"]


def test_lanes_that_no_rate_saves_are_counted() -> None:
    with pytest.raises(CompileError) as caught:
        wired(linear(*[(1.0,) * 6] * 6))
    (fault,) = caught.value.diagnostics
    assert fault.kind == "capacity"
    assert "needed 36, have 32" in fault.message


def test_a_weight_in_front_of_a_product_does_not_slow_down() -> None:
    product = Product(left=Sum(((0, 1e6), (1, 1.0))), right=Sum(((0, 1.0),)), at=Position(3, 9))
    elements = replace(linear((-1.0, 0.0), (0.0, -1.0)), products=(product,))
    amplitudes = Amplitudes(signals=(1.0, 1.0, 1.0), operands=((1.0, 1.0),))
    with pytest.raises(CompileError) as caught:
        wired(elements, amplitudes=amplitudes)
    assert [(d.kind, d.at) for d in caught.value.diagnostics] == [
        ("coefficient-range", Position(3, 9))
    ]


@given(
    st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8),
    st.floats(1.0, 1e6),
)
def test_any_rate_found_fits_and_is_the_largest(diagonal: list[float], rate: float) -> None:
    rows = [
        tuple(c if i == j else 0.0 for j in range(len(diagonal))) for i, c in enumerate(diagonal)
    ]
    found = wired(linear(*rows), rate)
    assert 0.0 < found.rate <= rate
    assert found.lanes <= 32
    if found.rate < rate:
        needed = sum(max(1, math.ceil(c * found.rate * (1 + 1e-9) / 10_000 / 8)) for c in diagonal)
        assert needed > 32 or found.lanes == 32


@given(st.floats(1e-300, 1e300))
def test_round_up_has_two_digits_and_is_never_below(value: float) -> None:
    rounded = round_up(value)
    assert value * (1 - 1e-11) <= rounded <= value * 1.1
    assert float(f"{rounded:.1e}") == rounded


@given(st.floats(1e-300, 1e300))
def test_round_down_has_two_digits_and_is_never_above(value: float) -> None:
    rounded = round_down(value)
    assert value * 0.9 <= rounded <= value * (1 + 1e-11)
    assert float(f"{rounded:.1e}") == rounded
