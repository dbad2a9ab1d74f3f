"""What divides on paper needs no loop."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.compiler.front import read_program
from appliance.compiler.lower import lower
from appliance.compiler.pipeline import CompileOptions, compile_program
from appliance.compiler.system import reduce_order
from appliance.descriptions import lucidac
from drivers.apb.circuit import assemble
from drivers.apb.codec import decode
from sim.engine import Simulation, collect
from sim.grid import SampleGrid
from sim.netlist import build
from sim.options import SimulationOptions
from tests.unit.appliance.compiler.programs import program


def states(*lines: str) -> list[tuple[str, bool]]:
    system = lower(reduce_order(read_program(program(*lines))))
    return [(state.label, state.is_loop) for state in system.states[system.own :]]


@pytest.mark.parametrize(
    "right",
    [
        "-x(t)*ln(x(t))",
        "(1 - ln(2*x(t)))*(3*x(t))",
        "g(t)*x(t) - 2*x(t)",
        "x(t)*(ln(x(t))*(ln(x(t)) - 2)) - x(t)/4",
    ],
)
def test_a_growing_quantity_has_a_logarithm_without_a_loop(right: str) -> None:
    lines = (f"let diff[x, t](t) = {right};", "let x(t: 0) = 2;", "probe x(t);")
    found = states(*lines, "let g(t) = -ln(x(t));")
    assert [is_loop for _, is_loop in found] == [False]


@pytest.mark.parametrize("right", ["1 - x(t)*ln(x(t))", "-x(t) + ln(x(t))", "-ln(x(t))"])
def test_what_has_no_common_factor_keeps_its_loop(right: str) -> None:
    found = states(f"let diff[x, t](t) = {right};", "let x(t: 0) = 2;", "probe x(t);")
    assert [is_loop for _, is_loop in found] == [False, True]


def test_gompertz_growth_is_exact() -> None:
    """x = K exp(ln(x0/K) exp(-a t)), known in closed form."""
    source = program(
        "//@ horizon = 12",
        "let diff[x, t](t) = -0.7*x(t)*ln(x(t)/5);",
        "let x(t: 0) = 0.05;",
        "probe x(t);",
    )
    data = compile_program(source, "g.ana", lucidac(), CompileOptions(), lambda line: None)
    circuit = assemble(decode(data))
    assert circuit.scaling is not None
    simulation = Simulation(build(circuit), SimulationOptions())
    samples = collect(simulation, SampleGrid.evenly(12.0 / circuit.scaling.time_rate, 121))
    (probe,) = circuit.scaling.probes
    times = np.linspace(0.0, 12.0, 121)
    expected = 5.0 * np.exp(np.log(0.01) * np.exp(-0.7 * times))
    assert np.max(np.abs(probe.factor * samples[:, 0] + probe.offset - expected)) < 1e-4
