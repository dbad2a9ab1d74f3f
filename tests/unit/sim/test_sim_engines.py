"""What both engines must do alike: rates, elements, overloads, divergence, blocks."""

from __future__ import annotations

import importlib
import math
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.linalg import expm

from drivers.apb.model import Circuit, Lane, MBlock, MdrOperation
from sim.engine import BLOCK_ROWS, collect
from sim.errors import Diverged, Unsupported
from sim.grid import SampleGrid
from sim.options import EngineName, SimulationOptions
from tests.unit.sim.machines import (
    ENGINES,
    MULTIPLIERS,
    circuit,
    cluster,
    divider,
    integrators,
    lane,
    oscillator,
    simulation,
)

if TYPE_CHECKING:
    from sim.algebra import Array

engines = pytest.mark.parametrize("engine", ENGINES)


def samples(source: Circuit, engine: EngineName, grid: SampleGrid, gain: float = 8.0) -> Array:
    return collect(simulation(source, SimulationOptions(engine=engine, gain=gain)), grid)


@engines
@pytest.mark.parametrize("k", [100, 10_000])
def test_decay_at_both_rates(engine: EngineName, k: int) -> None:
    source = circuit(cluster([lane(0, 0, 0.5)], first=integrators([0.8], [k])), probes=(0,))
    grid = SampleGrid.evenly(5.0 / k, 101)
    expected = 0.8 * np.exp(-0.5 * k * grid.times(0, 101))
    assert np.abs(samples(source, engine, grid)[:, 0] - expected).max() < 1e-10


@engines
def test_mixed_rates(engine: EngineName) -> None:
    """A slow integrator that a fast oscillation drives: stiffness 100."""
    lanes = [lane(1, 0, -1.0), lane(0, 1, 1.0), lane(0, 2, 1.0), lane(2, 2, 0.5)]
    first = integrators([0.5, 0.0, 0.4], [10_000, 10_000, 100])
    grid = SampleGrid.evenly(0.02, 201)
    t = grid.times(0, 201)
    w, a = 1e4, 50.0
    driven = -50.0 * (a * np.cos(w * t) + w * np.sin(w * t) - a * np.exp(-a * t)) / (a * a + w * w)
    expected = 0.4 * np.exp(-a * t) + driven
    found = samples(circuit(cluster(lanes, first=first), probes=(2,)), engine, grid)
    assert np.abs(found[:, 0] - expected).max() < 1e-9


@engines
@pytest.mark.parametrize("gain", [8.0, 10.0])
def test_gain(engine: EngineName, gain: float) -> None:
    source = circuit(
        cluster([lane(0, 0, 0.1, upscaled=True)], first=integrators([0.8])), probes=(0,)
    )
    grid = SampleGrid.evenly(1e-3, 11)
    expected = 0.8 * np.exp(-0.1 * gain * 1e4 * grid.times(0, 11))
    assert np.abs(samples(source, engine, grid, gain)[:, 0] - expected).max() < 1e-10


@engines
def test_constant_product_and_identity(engine: EngineName) -> None:
    """A ramp x = 0.2 + 0.5 k t, its square, and its negative."""
    lanes = {0: lane(15, 0, -0.5), 1: lane(0, 8, 1.0), 2: lane(0, 9, 1.0)}
    source = cluster(lanes, first=integrators([0.2]), constant=1.0)
    grid = SampleGrid.evenly(1e-4, 11)
    x = 0.2 + 0.5e4 * grid.times(0, 11)
    found = samples(circuit(source, probes=(0, 8, 12)), engine, grid)
    assert np.abs(found - np.column_stack((x, x * x, -x))).max() < 1e-12


@engines
def test_mdr_operations_that_feed_an_integrator(engine: EngineName) -> None:
    """h' = -k sqrt(h) / 2 empties as (1 - k t / 4)^2 from 1."""
    lanes = [lane(0, 8, -1.0), lane(8, 0, 0.5)]
    source = cluster(lanes, first=integrators([1.0]), second=divider(MdrOperation.SQRT))
    grid = SampleGrid.evenly(3.9e-4, 21)
    expected = (1.0 - 1e4 * grid.times(0, 21) / 4.0) ** 2
    assert np.abs(samples(circuit(source, probes=(0,)), engine, grid)[:, 0] - expected).max() < 1e-9


@engines
def test_resting_integrators_and_chained_products(engine: EngineName) -> None:
    """Products of products of a state that never moves."""
    lanes = [lane(0, 8, 1.0), lane(0, 9, 1.0), lane(8, 10, 1.0), lane(8, 11, 1.0)]
    source = circuit(cluster(lanes, first=integrators([0.9])), probes=(0, 8, 9))
    found = samples(source, engine, SampleGrid.at_rate(1e-3, 1e4))
    assert np.abs(found - [0.9, 0.9**2, 0.9**4]).max() < 1e-15


def test_nothing_to_integrate() -> None:
    lanes = {0: lane(15, 8, 0.5), 1: lane(15, 9, 0.3)}
    source = circuit(cluster(lanes, constant=-1.0), probes=(8, 12))
    run = simulation(source)
    found = collect(run, SampleGrid.at_rate(1e-3, 1e4))
    assert np.abs(found - [0.15, 0.5]).max() < 1e-15
    assert run.engine_name == "no integration"


def test_nothing_probed() -> None:
    run = simulation(circuit(cluster([lane(0, 0, 1.0)])))
    assert collect(run, SampleGrid.at_rate(1e-3, 1e4)).shape == (10, 0)
    assert any("no output is probed" in warning for warning in run.warnings)


@settings(max_examples=8, deadline=None)
@given(hnp.arrays(np.float64, (3, 4), elements=st.floats(-1.0, 1.0)))
def test_linear_circuits_match_the_matrix_exponential(numbers: Array) -> None:
    matrix, start = numbers[:, :3], numbers[:, 3]
    lanes = [lane(j, i, float(matrix[i, j])) for i in range(3) for j in range(3)]
    source = circuit(cluster(lanes, first=integrators(start.tolist())), probes=(0, 1, 2))
    grid = SampleGrid.evenly(2e-4, 5)
    expected = np.array([expm(-1e4 * t * matrix) @ start for t in grid.times(0, 5)])
    for engine in ENGINES:
        found = samples(source, engine, grid)
        assert np.abs(found - expected).max() <= 1e-9 * max(1.0, np.abs(expected).max())


@engines
def test_overload_time_is_exact(engine: EngineName) -> None:
    """x = 0.2 + 0.5 k t passes 1 at 1.6e-4 s, between two samples."""
    source = circuit(
        cluster({0: lane(15, 0, -0.5)}, first=integrators([0.2]), constant=1.0), probes=(0,)
    )
    run = simulation(source, SimulationOptions(engine=engine))
    collect(run, SampleGrid.evenly(3e-4, 4))
    (overload,) = run.overloads
    assert overload.element.endswith("integrator 0")
    assert overload.time_s == pytest.approx((0.8 + 1e-6) / 5e3, abs=1e-12)
    assert overload.value == pytest.approx(1.0 + 1e-6, abs=1e-9)
    assert overload.peak == pytest.approx(1.7)
    assert "passes +1 machine unit at 0.00016 s and reaches 1.7" in str(overload)


@engines
def test_peak_between_samples_is_seen(engine: EngineName) -> None:
    """An oscillation of amplitude 1.001 of which only zeros are sampled."""
    grid = SampleGrid(count=4, numerator=math.pi * 1e-4, denominator=1.0, end_s=1e-3)
    run = simulation(oscillator(0.9), SimulationOptions(engine=engine))
    collect(run, grid)
    assert run.overloads == []
    lanes = [lane(1, 0, -1.0), lane(0, 1, 1.0)]
    source = circuit(cluster(lanes, first=integrators([0.0, 1.001])), probes=(0,))
    run = simulation(source, SimulationOptions(engine=engine))
    assert np.abs(collect(run, grid)).max() < 1e-9
    names = {o.element.split("M0 ")[1]: o for o in run.overloads}
    assert names["integrator 1"].time_s == 0.0
    expected = math.asin((1.0 + 1e-6) / 1.001) * 1e-4
    assert names["integrator 0"].time_s == pytest.approx(expected, abs=1e-10)


@engines
def test_a_narrow_peak_above_the_limit_is_seen(engine: EngineName) -> None:
    source = circuit(
        cluster([lane(1, 0, -1.0), lane(0, 1, 1.0)], first=integrators([0.6, 0.8 + 2e-6])),
        probes=(0,),
    )
    run = simulation(source, SimulationOptions(engine=engine))
    collect(run, SampleGrid.evenly(5e-3, 2))
    assert len(run.overloads) == 2


@engines
def test_full_amplitude_is_no_overload(engine: EngineName) -> None:
    run = simulation(oscillator(1.0), SimulationOptions(engine=engine))
    collect(run, SampleGrid.evenly(0.02, 11))
    assert run.overloads == []


@engines
def test_products_and_identities_overload_too(engine: EngineName) -> None:
    """x = 0.9 at rest; 8 x as identity, and 2 x * 0.9 x as product."""
    lanes = [lane(0, 8, 0.25, upscaled=True), lane(0, 9, 0.9)]
    source = circuit(cluster(lanes, first=integrators([0.9])), probes=(8, 12))
    run = simulation(source, SimulationOptions(engine=engine))
    collect(run, SampleGrid.evenly(1e-4, 3))
    assert {o.element.split("M1 ")[1]: round(o.value, 6) for o in run.overloads} == {
        "multiplier 0": 1.458,
        "identity 0": -1.8,
    }


@engines
def test_overloads_at_the_same_moment_are_all_seen(engine: EngineName) -> None:
    """Two equal ramps and an identity of one of them."""
    lanes = {0: lane(15, 0, -0.5), 1: lane(15, 1, -0.5), 2: lane(0, 8, 1.0)}
    source = circuit(cluster(lanes, constant=1.0), probes=(0, 1, 12))
    run = simulation(source, SimulationOptions(engine=engine))
    collect(run, SampleGrid.evenly(3e-4, 4))
    assert [o.value for o in run.overloads] == pytest.approx([1.0, 1.0, -1.0], abs=1e-5)
    assert [o.time_s for o in run.overloads] == pytest.approx([2e-4] * 3, abs=1e-9)


@engines
def test_an_overloaded_neighbour_does_not_spoil_the_rest(engine: EngineName) -> None:
    lanes = [lane(1, 0, -1.0), lane(0, 1, 1.0), lane(2, 2, -0.2)]
    source = circuit(cluster(lanes, first=integrators([0.42, 0.0, 0.9])), probes=(0, 2))
    grid = SampleGrid.evenly(3e-3, 31)
    found = samples(source, engine, grid)
    assert found[-1, 1] > 300.0
    assert np.abs(found[:, 0] - 0.42 * np.cos(1e4 * grid.times(0, 31))).max() < 1e-9


@engines
def test_no_overload_after_the_end(engine: EngineName) -> None:
    source = circuit(
        cluster({0: lane(15, 0, -0.5)}, first=integrators([0.2]), constant=1.0), probes=(0,)
    )
    run = simulation(source, SimulationOptions(engine=engine))
    collect(run, SampleGrid.evenly(1.59e-4, 20))
    assert run.overloads == []
    collect(run, SampleGrid.at_rate(1.61e-4, 1e4))  # after the last sample, before the end
    assert len(run.overloads) == 1


@engines
@pytest.mark.parametrize("feedback", ["linear", "square"])
def test_blow_up_is_an_error(engine: EngineName, feedback: str) -> None:
    if feedback == "linear":
        lanes = [lane(0, 0, -1.0, upscaled=True)]
    else:
        lanes = [lane(0, 8, 1.0), lane(0, 9, 1.0), lane(8, 0, -1.0)]
    source = circuit(cluster(lanes, first=integrators([0.9])), probes=(0,))
    run = simulation(source, SimulationOptions(engine=engine))
    with pytest.raises(Diverged, match=r"integrator 0 .* s: .*diverges"):
        collect(run, SampleGrid.at_rate(0.02, 1e4))
    assert any(o.element.endswith("M0 integrator 0") for o in run.overloads)


@engines
def test_root_of_a_negative_signal_is_an_error(engine: EngineName) -> None:
    lanes = [lane(1, 0, -1.0), lane(0, 1, 1.0), lane(0, 8, -1.0)]
    first = integrators([0.5, 0.0])
    source = cluster(lanes, first=first, second=divider(MdrOperation.SQRT))
    run = simulation(circuit(source, probes=(8,)), SimulationOptions(engine=engine))
    with pytest.raises(Diverged, match="square root 0"):
        collect(run, SampleGrid.at_rate(1e-3, 1e5))


@engines
@pytest.mark.parametrize("operation", [MdrOperation.SQRT, MdrOperation.DIVIDE])
def test_an_operand_that_falls_to_zero_is_an_error(
    engine: EngineName, operation: MdrOperation
) -> None:
    """x = 0.5 cos(k t); another integrator is fed by its root or by 0.01 / x."""
    lanes = {
        0: lane(1, 0, -1.0),
        1: lane(0, 1, 1.0),
        2: lane(0, 8, -1.0) if operation is MdrOperation.SQRT else lane(15, 8, 0.01),
        3: lane(0, 9, 1.0),
        4: lane(8, 2, -0.5),
    }
    block = divider(operation)
    source = cluster(lanes, first=integrators([0.5, 0.0]), second=block, constant=1.0)
    run = simulation(circuit(source, probes=(2,)), SimulationOptions(engine=engine))
    with pytest.raises(Diverged, match=r"M1 (square root|divider) 0.* 0.00015708 s"):
        collect(run, SampleGrid.at_rate(1e-3, 1e4))


@pytest.mark.parametrize(
    ("engine", "operation"),
    [
        ("heyoka", MdrOperation.SQRT),
        ("heyoka", MdrOperation.DIVIDE),
        ("scipy", MdrOperation.DIVIDE),  # it may start at the root of zero
    ],
)
def test_a_start_without_value_is_an_error(engine: EngineName, operation: MdrOperation) -> None:
    lanes = [lane(0, 8, -1.0), lane(0, 9, 1.0), lane(8, 1, -0.5)]
    source = cluster(lanes, second=divider(operation))
    run = simulation(circuit(source, probes=(1,)), SimulationOptions(engine=engine))
    with pytest.raises(Diverged, match=r"(at|from) 0 s"):
        collect(run, SampleGrid.at_rate(1e-3, 1e4))


@engines
def test_division_by_zero_is_an_error(engine: EngineName) -> None:
    lanes = {0: lane(15, 8, 0.5)}
    source = cluster(lanes, second=divider(MdrOperation.DIVIDE), constant=1.0)
    run = simulation(circuit(source, probes=(8, 0)), SimulationOptions(engine=engine))
    with pytest.raises(Diverged, match="divider 0 has no finite value at 0 s"):
        collect(run, SampleGrid.at_rate(1e-3, 1e4))


@engines
def test_runs_of_many_steps_join_without_a_seam(
    engine: EngineName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.heyoka_engine._MOST_STEPS", 3)
    grid = SampleGrid.evenly(5e-3, 41)
    found = samples(oscillator(), engine, grid)
    assert np.abs(found[:, 0] - 0.42 * np.cos(1e4 * grid.times(0, 41))).max() < 1e-10


@engines
def test_blocks_join_without_a_seam_and_are_bounded(engine: EngineName) -> None:
    run = simulation(oscillator(), SimulationOptions(engine=engine))
    grid = SampleGrid.at_rate(2e-3, 1e6)
    blocks = list(run.run(grid))
    assert len(blocks) == 20
    assert [b.start for b in blocks] == [100 * i for i in range(20)]
    joined = np.concatenate([b.values for b in blocks])
    assert np.abs(joined[:, 0] - 0.42 * np.cos(1e4 * grid.times(0, 2000))).max() < 1e-10


def test_many_samples_come_in_small_blocks() -> None:
    grid = SampleGrid.at_rate(1.0, 5e7)
    blocks = simulation(oscillator()).run(grid)
    sizes = {next(blocks).values.shape for _ in range(3)}
    assert sizes == {(BLOCK_ROWS, 2)}


@engines
def test_a_second_run_repeats_the_first(engine: EngineName) -> None:
    run = simulation(oscillator(1.1), SimulationOptions(engine=engine))
    grid = SampleGrid.at_rate(1e-3, 1e4)
    first, overloads = collect(run, grid), run.overloads
    assert np.array_equal(collect(run, grid), first)
    assert run.overloads == overloads
    assert len(overloads) == 2


@pytest.mark.parametrize("block", [MULTIPLIERS, divider(MdrOperation.SQUARE)])
def test_engines_agree_on_a_whole_cluster(block: MBlock) -> None:
    random = np.random.default_rng(7)
    lanes: list[Lane] = [lane(i % 8, 8 + i, float(random.uniform(-1, 1))) for i in range(8)]
    lanes += [
        lane(int(random.integers(0, 12)), i % 8, float(random.uniform(-0.5, 0.5)))
        for i in range(24)
    ]
    first = integrators(random.uniform(-0.5, 0.5, 8).tolist(), [10_000] * 4 + [100] * 4)
    source = circuit(cluster(lanes, first=first, second=block), probes=(0, 5, 8, 9))
    grid = SampleGrid.evenly(1e-3, 51)
    one, other = (samples(source, engine, grid) for engine in ENGINES)
    assert np.abs(one - other).max() < 1e-9


def test_a_start_at_the_root_of_zero_is_left_to_scipy() -> None:
    """y' = k sqrt(x) / 2 with x = k t from 0: y = (k t)^1.5 / 3."""
    lanes = {0: lane(15, 0, -1.0), 1: lane(0, 8, -1.0), 2: lane(8, 1, -0.5)}
    source = cluster(lanes, second=divider(MdrOperation.SQRT), constant=1.0)
    run = simulation(circuit(source, probes=(1,)))
    assert "scipy" in run.engine_name
    grid = SampleGrid.evenly(9e-5, 10)
    expected = (1e4 * grid.times(0, 10)) ** 1.5 / 3.0
    assert np.abs(collect(run, grid)[:, 0] - expected).max() < 1e-9


def test_a_root_that_goes_negative_from_zero_is_an_error() -> None:
    lanes = {0: lane(15, 0, 1.0), 1: lane(0, 8, -1.0), 2: lane(8, 1, -0.5)}
    source = cluster(lanes, second=divider(MdrOperation.SQRT), constant=1.0)
    run = simulation(circuit(source, probes=(1,)))
    with pytest.raises(Diverged, match=r"square root 0 has no value to go on with from .* s on"):
        collect(run, SampleGrid.at_rate(1e-3, 1e4))


def test_without_heyoka_scipy_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "scipy" in simulation(oscillator()).engine_name
    with pytest.raises(Unsupported, match="heyoka is not installed"):
        simulation(oscillator(), SimulationOptions(engine="heyoka"))


def test_to_import_the_simulator_loads_no_integrator() -> None:
    code = "import sys, sim.run, sim.driver; print({'heyoka', 'scipy', 'trio'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_importing_heyoka_leaves_no_files() -> None:
    simulation(oscillator(), SimulationOptions(engine="heyoka"))
    heyoka = importlib.import_module("heyoka")
    assert not heyoka.llvm_state.get_diskcache_enabled()
