"""Integrators that are held at their limit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sim.engine import collect
from sim.grid import SampleGrid
from sim.options import EngineName, SimulationOptions
from tests.unit.sim.machines import (
    ENGINES,
    circuit,
    cluster,
    integrators,
    lane,
    oscillator,
    simulation,
)

if TYPE_CHECKING:
    from drivers.apb.model import Circuit
    from sim.algebra import Array

engines = pytest.mark.parametrize("engine", ENGINES)


def limited(source: Circuit, engine: EngineName, grid: SampleGrid, limit: float = 1.25) -> Array:
    options = SimulationOptions(engine=engine, with_limits=True, limit=limit)
    return collect(simulation(source, options), grid)


@engines
def test_ramp_stops_at_the_limit(engine: EngineName) -> None:
    source = circuit(cluster({0: lane(15, 0, -0.5)}, constant=1.0), probes=(0,))
    grid = SampleGrid.evenly(6e-4, 61)
    expected = np.minimum(5e3 * grid.times(0, 61), 1.25)
    assert np.abs(limited(source, engine, grid)[:, 0] - expected).max() < 1e-10


@engines
def test_driven_integrator_is_held_and_let_go(engine: EngineName) -> None:
    """x' = k 0.5 cos(k t) * 3 from 0 would be 1.5 sin; held at 1.25 from asin(1.25 / 1.5) until the
    drive turns at pi / 2, then it follows from there, down to -1.25, and so on."""
    lanes = [lane(1, 0, -1.0), lane(0, 1, 1.0), lane(0, 2, -0.375, upscaled=True)]
    source = circuit(cluster(lanes, first=integrators([0.5])), probes=(2,))
    grid = SampleGrid.evenly(8e-4, 401)
    expected = hysteresis(1.5 * np.sin(1e4 * grid.times(0, 401)), 1e4 * grid.times(0, 401))
    assert np.abs(limited(source, engine, grid)[:, 0] - expected).max() < 1e-9


def hysteresis(free: Array, angle: Array) -> Array:
    """By hand: three pieces of the motion, for angles up to 8."""
    first = np.where(angle < math.pi / 2, np.minimum(free, 1.25), 0.0)
    falling = np.maximum(free - 0.25, -1.25)  # from 1.25 at the crest of 1.5
    rising = np.minimum(free + 0.25, 1.25)  # from -1.25 at the trough of -1.5
    second = np.where((angle >= math.pi / 2) & (angle < 1.5 * math.pi), falling, 0.0)
    third = np.where((angle >= 1.5 * math.pi) & (angle < 2.5 * math.pi), rising, 0.0)
    fourth = np.where(angle >= 2.5 * math.pi, np.maximum(free - 0.25, -1.25), 0.0)
    return first + second + third + fourth


@engines
def test_several_reach_their_limits_at_once(engine: EngineName) -> None:
    """Two equal ramps, and a third one that stops because its input is held."""
    lanes = {0: lane(15, 0, -0.5), 1: lane(15, 1, -0.5), 2: lane(0, 2, -0.1), 3: lane(1, 2, 0.1)}
    source = circuit(cluster(lanes, constant=1.0), probes=(0, 1, 2))
    found = limited(source, engine, SampleGrid.evenly(2e-3, 51))
    assert np.abs(found[-1] - [1.25, 1.25, 0.0]).max() < 1e-10
    assert np.abs(found).max() <= 1.25 + 1e-12


@engines
def test_start_at_the_limit(engine: EngineName) -> None:
    source = circuit(
        cluster({0: lane(15, 0, -0.5)}, first=integrators([1.0]), constant=1.0), probes=(0,)
    )
    found = limited(source, engine, SampleGrid.evenly(1e-4, 5), limit=1.0)
    assert np.abs(found - 1.0).max() < 1e-15


@engines
@pytest.mark.parametrize("start", [1.25, 1.5, -1.5])
def test_rest_at_the_limit(engine: EngineName, start: float) -> None:
    source = circuit(cluster([], first=integrators([start])), probes=(0,))
    found = limited(source, engine, SampleGrid.evenly(1e-3, 5))
    assert np.abs(found - math.copysign(1.25, start)).max() < 1e-15


@engines
def test_touching_the_limit_is_not_reaching_it(engine: EngineName) -> None:
    found = limited(oscillator(0.5), engine, SampleGrid.evenly(5e-3, 101), limit=0.5)
    expected = 0.5 * np.cos(1e4 * SampleGrid.evenly(5e-3, 101).times(0, 101))
    assert np.abs(found[:, 0] - expected).max() < 1e-8


@engines
def test_growing_oscillation_stays_bounded_and_is_reported(engine: EngineName) -> None:
    options = SimulationOptions(engine=engine, with_limits=True)
    run = simulation(oscillator(0.42, damping=-0.1), options)
    found = collect(run, SampleGrid.at_rate(0.01, 1e5))
    assert np.max(found) == pytest.approx(1.25, abs=1e-9)
    assert np.abs(found).max() <= 1.25 + 1e-9
    assert len(run.overloads) == 2


def test_engines_agree_over_many_changes() -> None:
    grid = SampleGrid.at_rate(0.02, 1e5)
    one, other = (limited(oscillator(0.42, damping=-0.3), engine, grid) for engine in ENGINES)
    assert np.abs(one - other).max() < 1e-9


def test_without_reaching_them_limits_change_nothing() -> None:
    grid = SampleGrid.at_rate(1e-3, 1e5)
    for engine in ENGINES:
        free = collect(simulation(oscillator(), SimulationOptions(engine=engine)), grid)
        assert np.abs(limited(oscillator(), engine, grid) - free).max() < 1e-11
