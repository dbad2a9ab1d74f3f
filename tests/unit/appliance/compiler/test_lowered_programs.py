"""Programs that need lowering, compiled and simulated, against scipy's own solution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.compiler.diagnostics import CompileError, Position
from appliance.compiler.pipeline import CompileOptions, compile_program
from appliance.descriptions import lucidac
from drivers.apb.circuit import assemble
from drivers.apb.codec import decode
from sim.engine import Simulation, collect
from sim.grid import SampleGrid
from sim.netlist import build
from sim.options import SimulationOptions
from tests.unit.appliance.compiler.cases_mixed import MIXED
from tests.unit.appliance.compiler.cases_of_generators import GENERATORS
from tests.unit.appliance.compiler.cases_of_loops import LOOPS
from tests.unit.appliance.compiler.lowered_judge import reference
from tests.unit.appliance.compiler.programs import program

if TYPE_CHECKING:
    from tests.unit.appliance.compiler.lowered_cases import Case

Array = NDArray[np.float64]
POINTS = 201
CASES = (*LOOPS, *GENERATORS, *MIXED)
NAMES = (
    "michaelis menten",
    "negative divisor",
    "relativistic oscillator",
    "root that comes near zero",
    "abs of a sine",
    "kuramoto of two",
    "three phases of one pair",
    "two shifted exponentials",
    "gompertz",
    "hopfield of two",
    "quotient, root and absolute value",
    "airy",
)
EVERY_DAY = tuple(case for case in CASES if case.name in NAMES)


def compiled(case: Case) -> bytes:
    source = program(f"//@ horizon = {case.horizon!r}", case.text)
    return compile_program(source, "case.ana", lucidac(), CompileOptions(), lambda line: None)


def simulated(case: Case, data: bytes) -> Array:
    circuit = assemble(decode(data))
    scaling = circuit.scaling
    assert scaling is not None
    simulation = Simulation(build(circuit), SimulationOptions())
    samples = collect(simulation, SampleGrid.evenly(case.horizon / scaling.time_rate, POINTS))
    return np.array([p.factor * samples[:, p.probe] + p.offset for p in scaling.probes]).T


def check(case: Case) -> float:
    """Largest deviation of a probe as a part of its amplitude."""
    expected, points = reference(case, np.linspace(0.0, case.horizon, POINTS))
    found = simulated(case, compiled(case))
    assert points > POINTS // 4, "too chaotic to tell anything"
    error = np.max(np.abs(found - expected)[:points], axis=0)
    return float(np.max(error / np.max(np.abs(expected), axis=0)))


@pytest.mark.parametrize("case", EVERY_DAY, ids=lambda case: case.name)
def test_lowered_programs_meet_their_mathematics(case: Case) -> None:
    assert check(case) <= 0.02


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_lowered_program_meets_its_mathematics(case: Case) -> None:
    assert check(case) <= 0.02


def test_there_are_many_with_names_of_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 70
    assert len(EVERY_DAY) == len(NAMES)


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        (
            "let diff[x, t](t) = sin(t) + sin(2*t) + sin(3*t) + cos(5*t);",
            ["integrators: needed 9, have 8"],
        ),
        (
            """let diff[x, t, t](t) = -2*sin(x(t)) + sin(x(t) - y(t)); let y(t: 0) = 1;
            let diff[y, t, t](t) = -sin(y(t));""",
            ["integrators: needed 10, have 8", "multipliers: needed 6, have 4"],
        ),
        (
            """let g(t) = 1/(x(t)*y(t)); let y(t: 0) = 1;
            let diff[x, t](t) = g(t)*tanh(x(t)) + tanh(2*y(t));
            let diff[y, t](t) = -y(t);""",
            ["multipliers: needed 7, have 4"],
        ),
    ],
)
def test_what_no_lucidac_has_room_for_is_refused_with_numbers(
    text: str, complaints: list[str]
) -> None:
    source = program(text, "let x(t: 0) = 0.5;", "probe x(t);")
    with pytest.raises(CompileError) as caught:
        compile_program(source, "case.ana", lucidac(), CompileOptions(), lambda line: None)
    found = caught.value.diagnostics
    assert {d.kind for d in found} == {"capacity"}
    assert len(found) == len(complaints)
    for diagnostic, complaint in zip(found, complaints, strict=True):
        assert complaint in diagnostic.message


@pytest.mark.parametrize(
    ("text", "horizon", "kind", "place", "words"),
    [
        ("1/x(t)", 5.0, "amplitude-unbounded", 22, "1/x has no finite value at the start"),
        ("ln(x(t))", 5.0, "amplitude-unbounded", 21, "ln(x) has no finite value at the start"),
        ("sqrt(x(t) - 1)", 5.0, "amplitude-unbounded", 21, "has no finite value at the start"),
        ("1/(x(t) - x(t))", 5.0, "division-by-zero", 22, "the divisor is zero"),
        ("-1 - sqrt(x(t) + 2)", 5.0, "amplitude-unbounded", 26, "turns negative at t = 1.06568"),
        ("1/(1 - x(t))", 5.0, "amplitude-unbounded", 22, "reaches zero at t = 0.5"),
        ("1 + sin(abs(x(t)))", 5.0, "not-differentiable", 25, "contains abs"),
        ("exp(x(t))", 5.0, "amplitude-unbounded", 10, "ends at t = 1"),
    ],
)
def test_domains_that_are_left_are_told_with_place_and_time(
    text: str, horizon: float, kind: str, place: int, words: str
) -> None:
    source = program(f"let diff[x, t](t) = {text};", "let x(t: 0) = 0;", "probe x(t);")
    options = CompileOptions(horizon=horizon)
    with pytest.raises(CompileError) as caught:
        compile_program(source, "case.ana", lucidac(), options, lambda line: None)
    (fault,) = caught.value.diagnostics
    assert (fault.kind, fault.at) == (kind, Position(3, place))
    assert words in fault.message
