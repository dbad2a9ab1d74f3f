"""Which sample rates hardware keeps."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import RunRefused
from drivers.rates import (
    MAX_TOTAL_HZ,
    MIN_RATE_HZ,
    RATES,
    RateRefused,
    check_rate,
    counted_channels,
    expected_samples,
    valid_rates,
)
from sim.grid import SampleGrid


def test_the_rates_are_the_divisors_of_a_million() -> None:
    assert RATES[:4] == (32, 40, 50, 64)
    assert RATES[-3:] == (200_000, 250_000, 500_000)
    assert all(1_000_000 % rate == 0 for rate in RATES)


@pytest.mark.parametrize(
    ("channels", "counted"), [(0, 1), (1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (8, 8), (9, 16)]
)
def test_channels_count_as_the_next_power_of_two(channels: int, counted: int) -> None:
    assert counted_channels(channels) == counted


@pytest.mark.parametrize(("rate", "channels"), [(500_000, 1), (250_000, 2), (125_000, 3), (32, 8)])
def test_what_the_hardware_keeps_passes(rate: int, channels: int) -> None:
    check_rate(rate, channels)


@pytest.mark.parametrize(
    ("rate", "channels", "max_rate", "nearest", "said"),
    [
        (30_000, 1, 1e6, (25_000, 31_250), "silently sample at another rate"),
        (44_100.5, 2, 1e6, (40_000, 50_000), "whole number of microseconds"),
        (31, 1, 1e6, (32,), "at least 32"),
        (math.nan, 1, 1e6, (), "at least 32"),
        (500_000, 2, 1e6, (250_000,), "more than the 500000 in total"),
        (200_000, 3, 1e6, (125_000,), "3 channels (they count as 4)"),
        (100_000, 1, 50_000, (50_000,), "at most 50000"),
        (64, 1, 20, (), "no other rate will do"),
    ],
)
def test_what_it_does_not_keep_is_refused_with_the_neighbours(
    rate: float, channels: int, max_rate: float, nearest: tuple[int, ...], said: str
) -> None:
    with pytest.raises(RateRefused) as caught:
        check_rate(rate, channels, max_rate)
    assert isinstance(caught.value, RunRefused)
    assert caught.value.nearest == nearest
    assert said in str(caught.value)
    assert all(str(one) in str(caught.value) for one in nearest)


@given(rate=st.floats(1, 2e6), channels=st.integers(0, 16), max_rate=st.floats(32, 1e6))
def test_the_neighbours_are_valid_and_next_to_it(
    rate: float, channels: int, max_rate: float
) -> None:
    try:
        check_rate(rate, channels, max_rate)
    except RateRefused as error:
        rates = valid_rates(channels, max_rate)
        for one in error.nearest:
            check_rate(one, channels, max_rate)
        between = (min(error.nearest, default=0), max(error.nearest, default=0))
        if len(error.nearest) == 2:
            assert between[0] < rate < between[1]
            assert not [one for one in rates if between[0] < one < between[1]]
    else:
        assert MIN_RATE_HZ <= rate <= max_rate
        assert rate * channels <= MAX_TOTAL_HZ


@pytest.mark.parametrize(
    ("op_time_s", "rate", "samples"),
    [(0.0029, 100_000, 290), (0.003, 100_000, 300), (0.00299, 1000, 2), (1e-6, 32, 0)],
)
def test_the_samples_are_the_whole_periods(op_time_s: float, rate: int, samples: int) -> None:
    assert expected_samples(op_time_s, rate) == samples


@given(op_time_s=st.floats(1e-6, 9.0), rate=st.sampled_from(RATES))
def test_the_simulator_counts_the_same(op_time_s: float, rate: int) -> None:
    assert expected_samples(op_time_s, rate) == SampleGrid.at_rate(op_time_s, rate).count
