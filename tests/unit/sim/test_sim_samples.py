"""Sampling: how many samples, when, and what the converters make of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.apb.model import AdcChannel
from sim.converter import quantised
from sim.engine import collect
from sim.errors import Unusable
from sim.grid import MAX_SAMPLES, SampleGrid
from sim.options import SimulationOptions
from tests.unit.sim.machines import circuit, cluster, integrators, oscillator, simulation


@pytest.mark.parametrize(
    ("op_time_s", "rate", "count"),
    [
        (0.002, 100_000, 200),
        (0.3, 10, 3),
        (0.29999999, 10, 3),  # 1e-7 below three
        (0.2999, 10, 2),
        (0.3999999, 10, 4),  # 1e-6 below four
        (0.399999, 10, 3),
        (0.4000001, 10, 4),
        (1e-6, 10, 0),
        (0.0029, 1000, 2),
    ],
)
def test_count_is_whole_or_the_floor(op_time_s: float, rate: float, count: int) -> None:
    assert SampleGrid.at_rate(op_time_s, rate).count == count


def test_times_at_a_rate_are_exact_quotients() -> None:
    grid = SampleGrid.at_rate(1.0, 30)
    assert grid.times(3, 6).tolist() == [3 / 30, 4 / 30, 5 / 30]


@given(st.floats(1e-9, 1e3), st.integers(2, 2000))
def test_even_points_include_both_ends(end_s: float, points: int) -> None:
    grid = SampleGrid.evenly(end_s, points)
    times = grid.times(0, grid.count)
    assert grid.count == points
    assert times[0] == 0.0
    assert times[-1] == pytest.approx(end_s, rel=1e-15)
    assert np.all(np.diff(times) > 0.0)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_times_and_rates_must_make_sense(bad: float) -> None:
    with pytest.raises(Unusable, match="op time"):
        SampleGrid.at_rate(bad, 1.0)
    with pytest.raises(Unusable, match="sample rate"):
        SampleGrid.at_rate(1.0, bad)
    with pytest.raises(Unusable, match="op time"):
        SampleGrid.evenly(bad, 10)


def test_counts_are_bounded_before_any_work() -> None:
    with pytest.raises(Unusable, match="lower the sample rate"):
        SampleGrid.at_rate(1e3, 1e300)
    with pytest.raises(Unusable, match="samples per probe"):
        SampleGrid.evenly(1.0, MAX_SAMPLES + 1)
    with pytest.raises(Unusable, match="at least 2"):
        SampleGrid.evenly(1.0, 1)


def test_no_sample_at_all_still_runs() -> None:
    run = simulation(oscillator(1.1))
    assert collect(run, SampleGrid.at_rate(1e-3, 100)).shape == (0, 2)
    assert len(run.overloads) == 2


def test_gain_and_offset_of_a_channel() -> None:
    channels = [AdcChannel(output=0, probe=0, gain=-2.0, offset=0.25)]
    source = circuit(cluster([], first=integrators([0.5])), channels=channels)
    found = collect(simulation(source), SampleGrid.at_rate(1e-3, 1e4))
    assert np.all(found == -0.75)


def noisy(seed: int, count: int = 20_000) -> np.ndarray:
    options = SimulationOptions(noise_sigma=0.01, noise_seed=seed)
    source = circuit(cluster([], first=integrators([0.5, -0.25])), probes=(0, 1))
    return collect(simulation(source, options), SampleGrid.at_rate(1e-3 * count, 1e3))


def test_noise_has_the_wanted_size() -> None:
    found = noisy(1) - [0.5, -0.25]
    assert np.abs(found.mean(axis=0)).max() < 3e-4
    assert found.std(axis=0) == pytest.approx([0.01, 0.01], rel=0.03)
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.03
    assert abs(np.corrcoef(found[1:, 0], found[:-1, 0])[0, 1]) < 0.03


def test_noise_follows_its_seed_and_not_the_blocks() -> None:
    assert np.array_equal(noisy(1, 1000), noisy(1, 1000))
    assert not np.array_equal(noisy(1, 1000), noisy(2, 1000))
    assert np.array_equal(noisy(1, 1000), noisy(1, 20_000)[:1000])


def test_noise_comes_before_gain_and_offset() -> None:
    channels = [AdcChannel(output=0, probe=0, gain=10.0, offset=3.0)]
    source = circuit(cluster([], first=integrators([0.0])), channels=channels)
    options = SimulationOptions(noise_sigma=0.01)
    found = collect(simulation(source, options), SampleGrid.at_rate(1.0, 5000))
    assert found.std() == pytest.approx(0.1, rel=0.05)
    assert found.mean() == pytest.approx(3.0, abs=0.01)


@given(st.floats(-2.0, 2.0), st.integers(1, 32))
def test_quantised_to_the_nearest_level_within_full_scale(value: float, bits: int) -> None:
    step = 2.5 / 2**bits
    (found,) = quantised(np.array([value]), bits)
    assert found / step == round(found / step)
    assert -1.25 <= found <= 1.25 - step
    if -1.25 <= value <= 1.25 - step:
        assert abs(found - value) <= 0.5 * step


def test_quantised_run_has_few_levels() -> None:
    options = SimulationOptions(quantisation_bits=4)
    found = collect(simulation(oscillator(1.0), options), SampleGrid.at_rate(1e-3, 1e6))
    assert len(np.unique(found)) == 13  # of 16, as the signal goes to +-1


@pytest.mark.parametrize(
    "change",
    [
        {"gain": 0.5},
        {"limit": 0.0},
        {"limit": math.nan},
        {"noise_sigma": -1.0},
        {"noise_sigma": math.inf},
        {"noise_seed": -1},
        {"quantisation_bits": 0},
        {"quantisation_bits": 33},
        {"rtol": 0.0},
        {"rtol": 0.1},
        {"engine": "euler"},
    ],
)
def test_options_out_of_range(change: dict[str, object]) -> None:
    (name,) = change
    with pytest.raises(Unusable, match=name):
        SimulationOptions(**change)  # type: ignore[arg-type]  # wrong on purpose
