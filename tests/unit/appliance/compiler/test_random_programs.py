"""Random programs of the kinds that the compiler translates, judged by scipy.

Each program is drawn as data, then written twice: as analang and as a Python function. What
compiles must match the Python function's solution; what is refused must be refused for a reason
that the program really has.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

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
from tests.unit.appliance.compiler.programs import program

HORIZON = 6.0
POINTS = 61
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Term:
    """coefficient times the product of the named factors; a factor is (function, order)."""

    coefficient: float
    factors: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Drawn:
    """Per function: order, start values, terms of the highest derivative."""

    orders: tuple[int, ...]
    starts: tuple[tuple[float, ...], ...]
    terms: tuple[tuple[Term, ...], ...]
    k0: int


def draw(rng: random.Random) -> Drawn:
    functions = rng.randint(1, 4)
    orders = tuple(rng.randint(1, 3 if functions < 3 else 2) for _ in range(functions))
    readable = [(f, o) for f in range(functions) for o in range(orders[f])]
    size = 10.0 ** rng.uniform(-3, 3)
    pool = [tuple(rng.choices(readable, k=rng.choice((2, 2, 3)))) for _ in range(rng.randint(0, 3))]
    return Drawn(
        orders=orders,
        starts=tuple(tuple(size * rng.uniform(-1, 1) for _ in range(o)) for o in orders),
        terms=tuple(_terms(rng, f, orders[f], readable, pool, size) for f in range(functions)),
        k0=rng.choice((100, 3_000, 10_000, 1_000_000)),
    )


def _terms(
    rng: random.Random,
    function: int,
    order: int,
    readable: list[tuple[int, int]],
    pool: list[tuple[tuple[int, int], ...]],
    size: float,
) -> tuple[Term, ...]:
    damping = [Term(-rng.uniform(0.1, 3), ((function, o),)) for o in range(order)]
    linear = [Term(rng.uniform(-1, 1), (rng.choice(readable),)) for _ in range(rng.randint(0, 2))]
    products = [
        Term(rng.uniform(-0.5, 0.5) / size ** (len(p) - 1), p) for p in pool if rng.random() < 0.6
    ]
    constant = [Term(rng.uniform(-1, 1) * size, ())] if rng.random() < 0.3 else []
    return (*damping, *linear, *products, *constant)


def written(drawn: Drawn) -> str:
    lines = ["//@ horizon = 6"]
    for f, order in enumerate(drawn.orders):
        left = f"diff[{', '.join([f'f{f}'] + ['t'] * order)}](t)"
        right = " + ".join(f"({t.coefficient!r})*{_factors(t)}" for t in drawn.terms[f])
        lines += [f"let {left} = {right};", f"let f{f}(t: 0) = {drawn.starts[f][0]!r};"]
        lines += [
            f"let {_read(f, o).replace('(t)', '(t: 0)')} = {drawn.starts[f][o]!r};"
            for o in range(1, order)
        ]
        lines += [f"probe {_read(f, order if f == 0 else 0)};"]
    return program(*lines)


def _factors(term: Term) -> str:
    product = "*".join(_read(*factor) for factor in term.factors)
    return f"({product})" if product else "1"


def _read(function: int, order: int) -> str:
    if order == 0:
        return f"f{function}(t)"
    return f"diff[{', '.join([f'f{function}'] + ['t'] * order)}](t)"


def referee(drawn: Drawn) -> tuple[Array, Array]:
    """Probe values at the sample times, (points, probes), by scipy alone."""
    place: dict[tuple[int, int], int] = {}
    for f, order in enumerate(drawn.orders):
        for o in range(order):
            place[f, o] = len(place)

    def highest(y: Array, f: int) -> float:
        return float(
            sum(
                t.coefficient * np.prod([y[place[factor]] for factor in t.factors])
                for t in drawn.terms[f]
            )
        )

    def right(_: float, y: Array) -> Array:
        return np.array(
            [
                y[place[f, o + 1]] if o + 1 < order else highest(y, f)
                for f, order in enumerate(drawn.orders)
                for o in range(order)
            ]
        )

    start = np.array([v for values in drawn.starts for v in values])
    times = np.linspace(0.0, HORIZON, POINTS)
    solution = solve_ivp(right, (0.0, HORIZON), start, "DOP853", times, rtol=1e-10, atol=1e-13)
    columns = [
        [highest(y, 0) if f == 0 else y[place[f, 0]] for y in solution.y.T]
        for f in range(len(drawn.orders))
    ]
    return solution.t, np.array(columns).T


def check(seed: int) -> str:
    """Outcome in one word: compiled, or the kind of the refusal."""
    drawn = draw(random.Random(seed))
    source = written(drawn)
    options = CompileOptions(k0=drawn.k0)
    refused: CompileError | None = None
    try:
        data = compile_program(source, "random.ana", lucidac(), options, lambda line: None)
    except CompileError as error:
        refused = error
    if refused is None:
        _compare(seed, drawn, source, data)
        return "compiled"
    kinds = {d.kind for d in refused.diagnostics}
    assert kinds <= {"capacity", "amplitude-unbounded", "coefficient-range"}, (seed, str(refused))
    if "amplitude-unbounded" in kinds:
        assert len(referee(drawn)[0]) < POINTS, (seed, "the solution does not end")
    return kinds.pop()


def _compare(seed: int, drawn: Drawn, source: str, data: bytes) -> None:
    circuit = assemble(decode(data))
    assert circuit.scaling is not None
    rate = circuit.scaling.time_rate
    assert rate <= drawn.k0
    simulation = Simulation(build(circuit), SimulationOptions())
    samples = collect(simulation, SampleGrid.evenly(HORIZON / rate, POINTS))
    values = np.array([p.factor * samples[:, p.probe] + p.offset for p in circuit.scaling.probes]).T
    times, expected = referee(drawn)
    until = solve(reduce_order(read_program(source)), HORIZON).predictable
    judged = times <= until
    error = np.max(np.abs(values - expected)[judged], axis=0)
    assert np.all(error <= 1e-3 * np.max(np.abs(expected), axis=0)), (seed, error)


@pytest.mark.parametrize("block", range(4))
def test_random_programs_match_or_are_refused_for_a_reason(block: int) -> None:
    outcomes = [check(1000 * block + n) for n in range(6)]
    assert "compiled" in outcomes


@pytest.mark.long
@pytest.mark.parametrize("block", range(4, 24))
def test_many_random_programs(block: int) -> None:
    outcomes = [check(1000 * block + n) for n in range(50)]
    assert outcomes.count("compiled") > 15
