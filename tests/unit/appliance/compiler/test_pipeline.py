"""The whole compiler, judged by simulating what it emits and by solutions that are not its own."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from appliance.compiler.diagnostics import CompileError
from appliance.compiler.front import read_program
from appliance.compiler.pipeline import CompileOptions, compile_program
from appliance.compiler.solution import solve
from appliance.compiler.system import reduce_order
from appliance.descriptions import lucidac
from drivers.apb.circuit import assemble
from drivers.apb.codec import decode
from sim.engine import Simulation, collect
from sim.grid import SampleGrid
from sim.netlist import build
from sim.options import SimulationOptions
from tests.shared import fixtures
from tests.unit.appliance.compiler.programs import LORENZ, PENDULUM, program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from drivers.apb.model import Circuit

PROGRAMS = (
    "decay",
    "harmonic_pair",
    "damped_oscillator",
    "van_der_pol",
    "lorenz_scaled",
    "roessler_scaled",
    "lotka_volterra",
    "sprott_b",
    "nose_hoover",
    "coupled_oscillators",
    "third_order",
    "rigid_body_plot",
    "lexical_stress",
    "mathieu",
    "duffing_forced",
    "hopf_auxiliary",
)
LOWERED = ("saturating_uptake", "draining_tank", "quadratic_drag", "swept_drive")


def compiled(
    source: str, *, k0: int | None = None, horizon: float | None = None
) -> tuple[Circuit, list[str]]:
    log: list[str] = []
    options = CompileOptions(k0=k0, horizon=horizon)
    data = compile_program(source, "test.ana", lucidac(), options, log.append)
    return assemble(decode(data)), log


def run(circuit: Circuit, end: float, points: int) -> NDArray[np.float64]:
    """Values in the user's units over problem time 0 .. end: (points, probes)."""
    scaling = circuit.scaling
    assert scaling is not None
    simulation = Simulation(build(circuit), SimulationOptions())
    samples = collect(simulation, SampleGrid.evenly(end / scaling.time_rate, points))
    assert simulation.overloads == []
    columns = [p.factor * samples[:, p.probe] + p.offset for p in scaling.probes]
    return np.array(columns).T


@cache
def corpus() -> dict[str, dict[str, object]]:
    listing = json.loads((fixtures() / "analang" / "corpus.json").read_text(encoding="utf-8"))
    return {p["file"].removesuffix(".ana"): p for p in listing["programs"]}


@pytest.mark.parametrize("name", PROGRAMS + LOWERED)
def test_golden_programs_match_their_reference(name: str) -> None:
    folder = fixtures() / "analang"
    entry = corpus()[name]
    horizon = float(str(entry["op_time"]))
    source = (folder / f"{name}.ana").read_text(encoding="utf-8")
    circuit, _ = compiled(source, horizon=horizon)
    reference = np.loadtxt(folder / str(entry["reference"]), delimiter=",", skiprows=1)
    values = run(circuit, horizon, len(reference))
    assert circuit.scaling is not None
    assert [p.name for p in circuit.scaling.probes] == entry["probes"]
    judged = reference[:, 0] <= float(str(entry["compare_until"]))
    error = np.max(np.abs(values - reference[:, 1:])[judged], axis=0)
    tolerance = 0.02 if entry["lowered"] else 1e-3
    assert len(reference) == 200
    assert np.all(error <= tolerance * np.max(np.abs(reference[:, 1:]), axis=0))


def test_all_golden_programs_are_there() -> None:
    listed = {name for name, entry in corpus().items() if entry["ok"]}
    assert listed == {*PROGRAMS, *LOWERED}


def test_a_hand_scaled_program_comes_through_unchanged() -> None:
    circuit, _ = compiled(PENDULUM)
    cluster = circuit.carriers[0].clusters[0]
    block = cluster.blocks[0]
    assert block is not None
    assert [(i.ic, i.k) for i in block.integrators[:2]] == [(-0.5, 10_000), (0.0, 10_000)]
    weights = {
        (lane.source, lane.sinks[0]): lane.factor * (8 if lane.upscaled else 1)
        for lane in cluster.lanes
        if lane.sinks
    }
    assert weights == {(1, 0): -1.0, (0, 1): 2.25}
    assert cluster.constant is None
    assert circuit.scaling is not None
    assert (circuit.scaling.time_rate, circuit.scaling.horizon) == (10_000.0, 20.0)


def test_the_analytic_solution_of_a_pendulum() -> None:
    circuit, _ = compiled(PENDULUM)
    values = run(circuit, 20.0, 401)[:, 0]
    assert np.allclose(values, 0.5 * np.cos(1.5 * np.linspace(0, 20, 401)), atol=1e-6)


@pytest.mark.parametrize("k0", [100, 5000, 1_000_000])
def test_the_answer_does_not_depend_on_the_speed(k0: int) -> None:
    slow, _ = compiled(LORENZ, horizon=10.0)
    other, log = compiled(LORENZ, horizon=10.0, k0=k0)
    assert other.scaling is not None
    assert other.scaling.time_rate <= k0
    assert np.allclose(run(slow, 10.0, 101), run(other, 10.0, 101), atol=0.01)
    slower = [line for line in log if "units per second aimed at" in line]
    assert bool(slower) == (other.scaling.time_rate < k0)


def test_k0_outside_its_range_is_refused() -> None:
    for k0 in (0, 1_000_001):
        with pytest.raises(CompileError) as caught:
            compiled(PENDULUM, k0=k0)
        assert "from 1 to 1000000" in str(caught.value)


def test_the_pragma_beats_the_option_and_the_default() -> None:
    source = program(
        "//@ horizon = 3",
        "let diff[x, t](t) = -x(t);",
        "let x(t: 0) = 1;",
        "probe x(t);",
    )
    circuit, log = compiled(source, horizon=7.0)
    assert circuit.scaling is not None
    assert circuit.scaling.horizon == 3.0
    assert "horizon: 3 from the program's pragma, which beats the option (7)" in log
    _, log = compiled(source, horizon=3.0)
    assert not any(line.startswith("horizon:") for line in log)


def test_a_bound_pragma_sets_the_amplitude() -> None:
    source = program(
        "//@ bound x = 4",
        "let diff[x, t](t) = -x(t);",
        "let x(t: 0) = 2;",
        "probe x(t);",
    )
    circuit, _ = compiled(source)
    assert circuit.scaling is not None
    assert circuit.scaling.probes[0].factor == 4.0


def test_a_bound_that_the_solution_passes_is_refused_at_the_pragma() -> None:
    source = program(
        "let diff[x, t](t) = x(t);",
        "//@ bound x = 4",
        "let x(t: 0) = 2;",
        "probe x(t);",
    )
    with pytest.raises(CompileError) as caught:
        compiled(source, horizon=2.0)
    (fault,) = caught.value.diagnostics
    assert fault.kind == "amplitude-unbounded"
    assert fault.at is not None
    assert (fault.at.line, fault.at.column) == (4, 1)
    assert "at t = 0.693" in fault.message


BLOW_UP = program("let diff[x, t](t) = x(t)*x(t);", "let x(t: 0) = 0.5;", "probe x(t);")


def test_a_solution_that_ends_before_a_named_horizon_is_refused() -> None:
    with pytest.raises(CompileError) as caught:
        compiled(BLOW_UP, horizon=5.0)
    (fault,) = caught.value.diagnostics
    assert (fault.kind, fault.at and fault.at.line) == ("amplitude-unbounded", 3)
    assert "t = 2" in fault.message


def test_a_default_horizon_is_shortened_with_a_warning() -> None:
    circuit, log = compiled(BLOW_UP)
    assert circuit.scaling is not None
    assert circuit.scaling.horizon == pytest.approx(1.8)
    assert any("warning[amplitude-unbounded]" in line for line in log)


def test_a_probed_sum_is_read_through_an_idle_multiplier() -> None:
    source = program(
        "let diff[x, t](t) = y(t) - 2*x(t) + 0.3;",
        "let diff[y, t](t) = -0.5*y(t);",
        "let x(t: 0) = 0;",
        "let y(t: 0) = 1;",
        "probe diff[x, t](t);",
        "probe diff[y, t](t);",
    )
    circuit, _ = compiled(source, horizon=5.0)
    outputs = [c.output for c in circuit.carriers[0].channels]
    assert outputs == [12, 1]
    times = np.linspace(0, 5, 101)
    y = np.exp(-0.5 * times)
    x = 0.15 * (1 - np.exp(-2 * times)) + (np.exp(-0.5 * times) - np.exp(-2 * times)) / 1.5
    expected = np.array([y - 2 * x + 0.3, -0.5 * y]).T
    assert np.allclose(run(circuit, 5.0, 101), expected, atol=1e-6)


def test_a_sum_of_terms_that_cancel_is_not_blown_up() -> None:
    source = program(
        "let rest(t) = 4 - x(t)**2 - y(t)**2;",
        "let diff[x, t](t) = y(t) + x(t)*rest(t);",
        "let diff[y, t](t) = -x(t) + y(t)*rest(t);",
        "let x(t: 0) = 2;",
        "let y(t: 0) = 0;",
        "probe x(t);",
    )
    circuit, _ = compiled(source)
    expected = 2 * np.cos(np.linspace(0.0, 20.0, 101))
    assert np.allclose(run(circuit, 20.0, 101)[:, 0], expected, atol=1e-5)


def test_a_circuit_that_runs_away_when_nobody_can_predict_it_is_no_crash() -> None:
    source = program(
        "let diff[x, t](t) = y(t)*(x(t)**2 - 4.41);",
        "let diff[y, t](t) = 0.01*y(t);",
        "let x(t: 0) = 2.1;",
        "let y(t: 0) = 1;",
        "probe x(t);",
    )
    _, log = compiled(source)
    assert any("warning: x may leave the machine's range" in line for line in log)


def test_a_start_value_too_small_for_float32_is_scaled() -> None:
    circuit, _ = compiled(
        program("let diff[x, t](t) = -x(t);", "let x(t: 0) = 1e-50;", "probe x(t);")
    )
    values = run(circuit, 1.0, 11)[:, 0]
    assert np.allclose(values, 1e-50 * np.exp(-np.linspace(0.0, 1.0, 11)), atol=1e-56)


def test_a_start_value_that_vanishes_beside_the_amplitude_is_refused() -> None:
    source = program("let diff[x, t](t) = 60*x(t);", "let x(t: 0) = 1;", "probe x(t);")
    with pytest.raises(CompileError) as caught:
        compiled(source, horizon=10.0)
    (fault,) = caught.value.diagnostics
    assert (fault.kind, fault.at and fault.at.line) == ("amplitude-unbounded", 3)
    assert "the start value is lost" in fault.message


def test_growth_from_little_is_followed_exactly_and_warned_about() -> None:
    source = program(
        "let diff[x, t](t) = 1;",
        "let diff[y, t](t) = -x(t)*y(t);",
        "let x(t: 0) = -10;",
        "let y(t: 0) = 0.001;",
        "probe y(t);",
    )
    solution = solve(reduce_order(read_program(source)), 20.0)
    times = np.linspace(0.0, 20.0, 41)
    expected = 0.001 * np.exp(10 * times - times**2 / 2)
    assert np.allclose(solution.interpolant(times)[1], expected, rtol=1e-7)
    _, log = compiled(source)
    assert any("warning: y starts at 1.59e-22 machine units" in line for line in log)


@pytest.mark.parametrize(
    "lines",
    [
        ("let diff[x, t](t) = -x(t);", "let x(t: 0) = 1e-320;"),
        ("let diff[x, t](t) = -x(t);", "let x(t: 0) = 1e300;"),
        ("let diff[x, t](t) = x(t)*x(t)*x(t);", "let x(t: 0) = 1e-170;"),
        ("//@ bound x = 1e308", "let diff[x, t](t) = -x(t)*x(t);", "let x(t: 0) = 1;"),
    ],
)
def test_sizes_that_no_number_holds_are_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(CompileError) as caught:
        compiled(program(*lines, "probe x(t);"))
    (fault,) = caught.value.diagnostics
    assert fault.kind == "amplitude-unbounded"
    assert "as large or small as" in fault.message


def test_a_constant_probe_is_that_constant() -> None:
    source = program(
        "let k(t) = 3;", "let diff[x, t](t) = -x(t);", "let x(t: 0) = 1;", "probe k(t);"
    )
    circuit, _ = compiled(source)
    assert np.all(run(circuit, 1.0, 5) == 3.0)


def test_the_log_tells_resources_scaling_time_and_verification() -> None:
    _, log = compiled(LORENZ)
    text = "\n".join(log)
    assert "integrators 3/8, multipliers 2/4" in text
    assert "lanes 16/32, channels 3/8" in text
    assert "1 machine unit of z = 58 (reaches 47.8" in text
    assert "1 s of machine time = 10000 units of t; op time 0.002 s = 20 time units" in text
    assert text.count("verification: probe") == 3
    assert "lowering" not in text


def test_the_log_tells_what_was_lowered_and_where() -> None:
    source = program(
        "let diff[x, t](t) = sin(3*t) - x(t)/(2 + x(t));",
        "let x(t: 0) = 1;",
        "probe x(t);",
    )
    circuit, log = compiled(source)
    lines = [line for line in log if line.startswith("lowering: ")]
    assert [line.split(" by ")[1].split(" of ")[0] for line in lines] == [
        "its own equation",
        "its own equation",
        "a relaxation loop",
    ]
    assert lines[2].startswith("lowering: x/(x + 2) (line 3, column 36) by a relaxation loop of")
    assert "sin(3*t) (line 3, column 21)" in lines[0]
    text = "\n".join(log)
    assert "integrators 4/8, multipliers 1/4" in text
    assert circuit.scaling is not None
    op_time = f"{20 / circuit.scaling.time_rate:.4g}"
    assert f"op time {op_time} s = 20 time units" in text


def test_too_many_states_name_the_resource_and_both_numbers() -> None:
    lines = [f"let diff[a{i}, t](t) = -a{i}(t); let a{i}(t: 0) = 1;" for i in range(9)]
    with pytest.raises(CompileError) as caught:
        compiled(program(*lines, "probe a0(t);"))
    (fault,) = caught.value.diagnostics
    assert fault.kind == "capacity"
    assert "integrators: needed 9, have 8" in fault.message


coefficients = st.floats(-3.0, 3.0).map(lambda c: round(c, 3))


@st.composite
def linear_systems(draw: st.DrawFn) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    size = draw(st.integers(1, 5))
    row = st.lists(coefficients, min_size=size, max_size=size)
    matrix = np.array(draw(st.lists(row, min_size=size, max_size=size)))
    start = np.array(draw(st.lists(st.floats(-50.0, 50.0), min_size=size, max_size=size)))
    return matrix, np.round(start, 3)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(linear_systems())
def test_random_linear_systems_match_the_matrix_exponential(
    system: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    matrix, start = system
    lines = []
    for i, row in enumerate(matrix):
        terms = " + ".join(f"({c!r})*x{j}(t)" for j, c in enumerate(map(float, row)))
        lines += [
            f"let diff[x{i}, t](t) = {terms};",
            f"let x{i}(t: 0) = {float(start[i])!r};",
            f"probe x{i}(t);",
        ]
    circuit, _ = compiled(program(*lines), horizon=2.0)
    expected = np.array([expm(matrix * t) @ start for t in np.linspace(0.0, 2.0, 21)])
    values = run(circuit, 2.0, 21)
    scale = np.maximum(np.max(np.abs(expected), axis=0), 1e-9)
    assert np.all(np.abs(values - expected) <= 1e-3 * scale)


def test_a_long_chaotic_run_is_solved_exactly_only_as_far_as_it_can_be_compared() -> None:
    source = LORENZ.replace("probe z(t);", "")
    solution = solve(reduce_order(read_program(source)), 300.0)
    steps = np.diff(solution.interpolant.ts)
    assert solution.interpolant.t_max == 300.0
    assert 10.0 < solution.predictable < 15.0
    early = steps[solution.interpolant.ts[1:] < 6 * 10.0]
    late = steps[solution.interpolant.ts[:-1] > 6 * 15.0]
    assert np.mean(late) > 2 * np.mean(early)
    assert 15.0 < solution.amplitudes[0] < 22.0


def test_what_goes_its_own_way_after_the_time_that_can_be_predicted_is_warned_about() -> None:
    source = program(
        "//@ horizon = 30",
        "let diff[x, t](t) = 0.7*x(t) - 0.49;",
        "let x(t: 0) = 0.7;",
        "probe x(t);",
    )
    _, log = compiled(source)
    (line,) = [line for line in log if "goes its own way" in line]
    assert line.startswith("warning: after t = 14.")
    assert "probe x is off by" in line
    assert line.endswith("at t = 30")
    _, log = compiled(PENDULUM)
    assert not [line for line in log if "goes its own way" in line]
