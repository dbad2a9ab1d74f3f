from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.compiler.amplitudes import Amplitudes, round_up
from appliance.compiler.channels import Channels
from appliance.compiler.diagnostics import CompileError, Position
from appliance.compiler.elements import Elements, Product, Sum
from appliance.compiler.program import Program
from appliance.compiler.system import System
from appliance.compiler.wiring import Connection, Sink, SinkKind, Wiring, scale_time

NO_CHANNELS = Channels(readings=(), taps=())


def linear(*rows: tuple[float, ...], constants: tuple[float, ...] = ()) -> Elements:
    """Elements of x' = A x + c, A given by rows."""
    constants = constants or (0.0,) * len(rows)
    program = Program(variable="t", equations=(), auxiliaries=(), probes=())
    return Elements(
        system=System(states=(), program=program),
        products=(),
        derivatives=tuple(
            Sum(tuple((j, c) for j, c in enumerate(row) if c), constant)
            for row, constant in zip(rows, constants, strict=True)
        ),
        readings=(),
    )


def unit(states: int) -> tuple[Amplitudes, ...]:
    return (Amplitudes(signals=(1.0,) * states, operands=(), taps=()),)


def weights(wiring: Wiring) -> list[float]:
    return [connection.weight for connection in wiring.connections]


def test_weights_are_minus_the_coefficients_at_the_fast_rate() -> None:
    found = scale_time(linear((0.0, -1.5), (1.5, 0.0)), NO_CHANNELS, unit(2), 10_000.0, 32)
    assert found.integrator_rates == (10_000, 10_000)
    assert weights(found) == [1.5, -1.5]
    assert found.rate == 10_000.0


def test_a_slow_request_uses_the_slow_rate() -> None:
    found = scale_time(linear((-0.6,)), NO_CHANNELS, unit(1), 100.0, 32)
    assert found.integrator_rates == (100,)
    assert weights(found) == [pytest.approx(0.6)]


def test_rates_mix_where_coefficients_differ_in_size() -> None:
    found = scale_time(linear((-1.0, 0.0), (0.001, -0.002)), NO_CHANNELS, unit(2), 1e4, 32)
    assert found.integrator_rates == (10_000, 100)
    assert weights(found) == [1.0, pytest.approx(-0.1), pytest.approx(0.2)]


def test_amplitudes_enter_as_ratio() -> None:
    amplitudes = (Amplitudes(signals=(20.0, 50.0), operands=(), taps=()),)
    found = scale_time(linear((0.0, 1.0), (2.0, 0.0)), NO_CHANNELS, amplitudes, 1e4, 32)
    assert weights(found) == [pytest.approx(-2.5), pytest.approx(-0.8)]


def test_constants_are_connections_without_a_source() -> None:
    found = scale_time(linear((-1.0,), constants=(0.25,)), NO_CHANNELS, unit(1), 1e4, 32)
    assert [(c.source, c.weight) for c in found.connections] == [(0, 1.0), (None, -0.25)]


def test_large_weights_take_lanes_in_parallel() -> None:
    connection = Connection(source=0, sink=Sink(SinkKind.STATE, 0), weight=-15.0)
    assert connection.lanes == 2
    assert Connection(source=0, sink=connection.sink, weight=16.0).lanes == 2
    assert Connection(source=0, sink=connection.sink, weight=16.1).lanes == 3


def test_time_slows_down_to_the_fastest_rate_that_fits() -> None:
    found = scale_time(linear((-1000.0,)), NO_CHANNELS, unit(1), 10_000.0, 32)
    assert found.rate == pytest.approx(10_000 * 256 / 1000)
    assert found.lanes == 32


def test_a_signal_with_half_reach_takes_half_of_the_lanes_at_most() -> None:
    system = linear((-1000.0,))
    found = scale_time(system, NO_CHANNELS, unit(1), 10_000.0, 32, frozenset({0}))
    assert found.rate == pytest.approx(10_000 * 128 / 1000)
    assert found.lanes == 16


def test_a_weight_too_small_for_a_number_is_no_connection() -> None:
    amplitudes = (Amplitudes(signals=(1e200, 1.0), operands=(), taps=()),)
    found = scale_time(linear((-1.0, 1e-200), (0.0, -1.0)), NO_CHANNELS, amplitudes, 1e6, 32)
    assert [(c.source, c.sink.number) for c in found.connections] == [(0, 0), (1, 1)]


def test_weights_beyond_all_numbers_are_refused() -> None:
    amplitudes = (Amplitudes(signals=(1e-200, 1e200), operands=(), taps=()),)
    with pytest.raises(CompileError) as caught:
        scale_time(linear((-1.0, 1.0), (0.0, -1.0)), NO_CHANNELS, amplitudes, 1e4, 32)
    assert [d.kind for d in caught.value.diagnostics] == ["coefficient-range"]


def test_lanes_that_no_rate_saves_are_counted() -> None:
    with pytest.raises(CompileError) as caught:
        scale_time(linear(*[(1.0,) * 6] * 6), NO_CHANNELS, unit(6), 1e4, 32)
    (fault,) = caught.value.diagnostics
    assert fault.kind == "capacity"
    assert "needed 36, have 32" in fault.message


def test_a_weight_in_front_of_a_product_does_not_slow_down() -> None:
    product = Product(left=Sum(((0, 1e6), (1, 1.0))), right=Sum(((0, 1.0),)), at=Position(3, 9))
    base = linear((-1.0, 0.0), (0.0, -1.0))
    elements = Elements(
        system=base.system, products=(product,), derivatives=base.derivatives, readings=()
    )
    amplitudes = (Amplitudes(signals=(1.0, 1.0, 1.0), operands=((1.0, 1.0),), taps=()),)
    with pytest.raises(CompileError) as caught:
        scale_time(elements, NO_CHANNELS, amplitudes, 1e4, 32)
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
    found = scale_time(linear(*rows), NO_CHANNELS, unit(len(rows)), rate, 32)
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
