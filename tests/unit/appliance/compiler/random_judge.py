"""The judge of random systems: scipy alone says what is right, and how far it can be known."""

from __future__ import annotations

import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from appliance.compiler.diagnostics import CompileError
from appliance.compiler.pipeline import CompileOptions, compile_program
from appliance.descriptions import lucidac
from drivers.apb.circuit import assemble
from drivers.apb.codec import decode
from sim.engine import Simulation, collect
from sim.grid import SampleGrid
from sim.netlist import build
from sim.options import SimulationOptions
from tests.unit.appliance.compiler.random_counts import Plain, plain_count
from tests.unit.appliance.compiler.random_systems import Drawn, draw, usual_sizes
from tests.unit.appliance.compiler.random_writing import Mathematics, Text, unit_of

POINTS = 401
BOUND = 10.0
"""A system is drawn again where a state leaves this many of its units within the horizon."""
RTOL, ATOL = 1e-10, 1e-13
TOLERANCE = 1e-3
CANCELLED = 1e-3
"""A probe whose terms cancel is judged as if this part of them were left."""
MOVED, FAR = 1e-3, 0.05
MAX_REDRAWS = 200

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Referee:
    """The solution in natural terms at ``times`` (m,): ``states`` (n, m); ``until`` is how far it
    can be predicted."""

    times: Array
    states: Array
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One seed's system, and how many draws before it left the bound."""

    seed: int
    drawn: Drawn
    source: str
    referee: Referee
    plain: Plain
    redraws: int


@dataclass(slots=True)
class Outcomes:
    """What became of many cases."""

    counts: Counter[str] = field(default_factory=Counter)
    redraws: int = 0
    refused: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)

    def add(self, case: Case) -> None:
        """Compile and judge one case."""
        self.redraws += case.redraws
        fits = "fits" if case.plain.fits else "does not fit"
        begin = time.perf_counter()
        try:
            data = compiled(case.source, case.drawn.k0)
        except CompileError as error:
            self._refused(case, error, fits)
            return
        finally:
            self.slowest = max(self.slowest, (time.perf_counter() - begin, case.seed))
        self.counts[f"{fits}: compiled"] += 1
        if case.plain.is_impossible:
            self.wrong.append(f"{case.seed}: compiled though {case.plain}")
        self.wrong += [f"{case.seed}: {fault}" for fault in faults(case, data)]

    def _refused(self, case: Case, error: CompileError, fits: str) -> None:
        self.counts[f"{fits}: {error.diagnostics[0].kind}"] += 1
        if case.plain.fits:
            self.refused.append(f"{case.seed}: {error}")
        self.wrong += [f"{case.seed}: {fault}" for fault in poor_words(error)]

    @property
    def fitting(self) -> int:
        return sum(n for word, n in self.counts.items() if word.startswith("fits"))

    @property
    def compiled(self) -> int:
        """Of those that fit."""
        return self.counts["fits: compiled"]

    def report(self) -> str:
        """For people."""
        total = sum(self.counts.values())
        lines = [
            f"{total} systems, {self.redraws} more draws left the bound "
            f"({self.redraws / max(1, total + self.redraws):.1%} of all draws)",
            *(f"  {n:5} {word}" for word, n in sorted(self.counts.items())),
            f"  compiled of those that fit: {self.compiled} of {self.fitting} "
            f"({self.compiled / max(1, self.fitting):.2%})",
            f"  slowest compile: {self.slowest[0]:.2f} s (seed {self.slowest[1]})",
            *(f"  refused though it fits: {line}" for line in self.refused),
            *(f"  wrong: {line}" for line in self.wrong),
        ]
        return "\n".join(lines)


LATER_STAGES = {"amplitude-unbounded", "coefficient-range", "capacity", "routing", "verification"}
_SHORT = re.compile(r"needed (\d+), have (\d+)")


def poor_words(error: CompileError) -> list[str]:
    """What is wrong with a refusal of a legal program: its kind, or that it carries no numbers."""
    found = []
    for diagnostic in error.diagnostics:
        short = _SHORT.search(diagnostic.message)
        if diagnostic.kind not in LATER_STAGES:
            found.append(f"refused with kind {diagnostic.kind}: {diagnostic.message}")
        elif diagnostic.kind == "capacity" and (not short or int(short[1]) <= int(short[2])):
            found.append(f"a shortage that is none: {diagnostic.message}")
        elif not re.search(r"\d", diagnostic.message):
            found.append(f"no numbers: {diagnostic.message}")
    return found


def compiled(source: str, k0: int | None) -> bytes:
    """The circuit for one LUCIDAC."""
    options = CompileOptions(k0=k0)
    return compile_program(source, "random.ana", lucidac(), options, lambda line: None)


def case_of(seed: int) -> Case:
    """Draw until the equations' own solution stays bounded."""
    rng = random.Random(seed)
    for redraws in range(MAX_REDRAWS):
        drawn = draw(rng, usual_sizes(rng))
        referee = judge(drawn)
        if referee is not None:
            return Case(
                seed=seed,
                drawn=drawn,
                source=Text(drawn, rng).source(),
                referee=referee,
                plain=plain_count(drawn),
                redraws=redraws,
            )
    message = f"seed {seed}: {MAX_REDRAWS} draws without a bounded solution"
    raise AssertionError(message)


def judge(drawn: Drawn) -> Referee | None:
    """Solve; None where a state leaves the bound, or the solution ends before the horizon."""
    mathematics = Mathematics(drawn)
    times = np.linspace(0.0, drawn.horizon, POINTS)
    start = np.array(drawn.starts)
    states = _solve(mathematics, start, times)
    if states.shape[1] < POINTS:
        return None
    amplitudes = np.max(np.abs(states), axis=1)
    moved = _solve(mathematics, start + MOVED * amplitudes, times)
    change = np.abs(moved - states[:, : moved.shape[1]])
    far = np.any(change > FAR * amplitudes[:, None], axis=0) & np.any(amplitudes > 0.0)
    end = times[moved.shape[1] - 1]
    return Referee(
        times=times, states=states, until=float(times[np.argmax(far)] if np.any(far) else end)
    )


def _solve(mathematics: Mathematics, start: Array, times: Array) -> Array:
    """States at the times, (n, m), as far as they stay within the bound."""

    def leaves(_: float, states: Array) -> float:
        return BOUND - float(np.max(np.abs(states)))

    leaves.terminal = True  # type: ignore[attr-defined]
    span = (0.0, float(times[-1]))
    solution = solve_ivp(
        mathematics.right, span, start, "DOP853", times, rtol=RTOL, atol=ATOL, events=leaves
    )
    return np.asarray(solution.y)


def faults(case: Case, data: bytes) -> list[str]:
    """What is wrong with a compiled circuit: deviations and overloads within the judged time."""
    circuit = assemble(decode(data))
    scaling = circuit.scaling
    if scaling is None:
        return ["no scaling in the file"]
    grid = SampleGrid.evenly(case.drawn.horizon / scaling.time_rate, POINTS)
    simulation = Simulation(build(circuit), SimulationOptions())
    samples = collect(simulation, grid)
    factors = np.array([[p.factor] for p in scaling.probes])
    offsets = np.array([[p.offset] for p in scaling.probes])
    values = factors * samples[:, [p.probe for p in scaling.probes]].T + offsets
    found = [
        f"{overload} (problem time {overload.time_s * scaling.time_rate:.4g})"
        for overload in simulation.overloads
        if overload.time_s * scaling.time_rate <= case.referee.until
    ]
    if scaling.time_rate > (case.drawn.k0 or 10_000):
        found.append(f"runs at {scaling.time_rate}, faster than k0 {case.drawn.k0}")
    return found + _deviations(case, values, np.abs(factors[:, 0]))


def _deviations(case: Case, values: Array, machine_units: Array) -> list[str]:
    """Deviations beyond 0.1 % of a probe's amplitude (of one that is nothing but zero: of one
    machine unit) up to the predictable time."""
    referee, drawn = case.referee, case.drawn
    mathematics = Mathematics(drawn)
    units = np.array([[unit_of(drawn, atom)] for atom in drawn.probes])
    expected = units * _rows(mathematics.probes(referee.states))
    terms = np.abs(units) * _rows(mathematics.terms(referee.states))
    amplitudes = np.maximum(np.max(np.abs(expected), axis=1), CANCELLED * np.max(terms, axis=1))
    amplitudes = np.where(amplitudes > 0.0, amplitudes, machine_units)
    judged = referee.times <= referee.until
    shares = np.max(np.abs(values - expected)[:, judged], axis=1) / amplitudes
    return [
        f"probe {number} deviates by {share:.3%} of its amplitude"
        for number, share in enumerate(shares)
        if not share <= TOLERANCE
    ]


def _rows(quantities: list[Array]) -> Array:
    return np.array([np.broadcast_to(row, (POINTS,)) for row in quantities])


if __name__ == "__main__":  # from the clone's root: python -m (this module) FIRST END
    results = Outcomes()
    for number in range(int(sys.argv[1]), int(sys.argv[2])):
        results.add(case_of(number))
    print(results.report())
