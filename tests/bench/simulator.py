"""How fast the simulator is, by hand: python tests/bench/simulator.py

Three golden circuits over 2,000 problem units (0.2 s of the machine's op time at k0 = 10000)
against lucipy's Simulation (LSODA) and scipy's DOP853, each at the loosest tolerance with which its
measured error is no more than the target. Two of the systems are chaotic: two solutions of any
accuracy part after some tens of units. So the error is measured over the first 20 units, where all
can be held against a solution in extended precision, and the same tolerances are then timed over
the whole. A last line shows our simulator at the tolerance that it comes with.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
import warnings
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import heyoka as hy
import lucipy
import numpy as np
from scipy.integrate import solve_ivp

from drivers.apb.circuit import assemble
from drivers.apb.codec import decode
from sim.algebra import FLOATS, evaluate, input_sum
from sim.elements import Probe
from sim.engine import Simulation, collect
from sim.errors import Diverged
from sim.formulas import Formulas
from sim.grid import SampleGrid
from sim.netlist import build
from sim.options import SimulationOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.apb.model import Circuit, Cluster
    from sim.algebra import Array
    from sim.elements import Netlist

NAMES: Final = ("lorenz", "roessler", "mathieu")
RATE: Final = 10_000.0
"""Problem units per second of machine time."""
PREFIX: Final = 20.0
PREFIX_POINTS: Final = 401
POINTS_PER_UNIT: Final = 10
TOLERANCES: Final = tuple(10.0**-n for n in range(3, 14))


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to solve a circuit; ``prepare`` is what it does once, timed apart."""

    name: str
    prepare: Callable[[float], Callable[[Array], Array]]


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of several runs."""

    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    def __str__(self) -> str:
        return f"{self.median:10.4f} ({min(self.runs):.4f} .. {max(self.runs):.4f})"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result."""

    name: str
    rtol: float
    error: float
    prepare: Timing
    run: Timing

    def text(self, base_s: float, op_time_s: float, target: float) -> str:
        return (
            f"  {self.name:20} {self.rtol:6.0e} {self.error:9.1e} {self.prepare.median:10.4f} "
            f"{self.run!s:>29} {self.run.median / op_time_s:10.3f} "
            f"{self.run.median / base_s:8.1f}"
            + ("" if self.error <= target else "  (misses the target)")
        )


def fixtures() -> Path:
    folder = Path(__file__).resolve().parents[3] / "shared" / "fixtures" / "circuits"
    if not folder.is_dir():
        raise SystemExit("the golden fixtures (../shared/fixtures) are not here")
    return folder


def load(name: str) -> Circuit:
    return assemble(decode((fixtures() / f"{name}.apb").read_bytes()))


def ours(netlist: Netlist, engine: str) -> Contender:
    """Our simulator with all it does: overloads watched for, samples of all integrators."""
    everything = _probe_integrators(netlist)

    def prepare(rtol: float) -> Callable[[Array], Array]:
        options = SimulationOptions(engine=engine, rtol=rtol)  # type: ignore[arg-type]
        simulation = Simulation(everything, options)

        def solve(times: Array) -> Array:
            grid = SampleGrid.evenly(float(times[-1]) / RATE, len(times))
            return collect(simulation, grid).T

        return solve

    return Contender(f"analogcloud, {engine}", prepare)


def _probe_integrators(netlist: Netlist) -> Netlist:

    probes = tuple(
        Probe(probe=i, element=i, gain=1.0, offset=0.0) for i in range(len(netlist.integrators))
    )
    return replace(netlist, probes=probes)


def bare_scipy(netlist: Netlist) -> Contender:
    """scipy alone with the same right-hand side, nothing watched for."""
    initial = [integrator.initial for integrator in netlist.integrators]
    slopes = [-integrator.k / RATE for integrator in netlist.integrators]

    def derivative(time: float, states: Array) -> list[float]:
        outputs = evaluate(netlist, states.tolist(), FLOATS)
        sums = (input_sum(i.input, outputs, FLOATS) for i in netlist.integrators)
        return [slope * total for slope, total in zip(slopes, sums, strict=True)]

    def prepare(rtol: float) -> Callable[[Array], Array]:
        def solve(times: Array) -> Array:
            span = (0.0, float(times[-1]))
            found = solve_ivp(
                derivative, span, initial, "DOP853", times, rtol=rtol, atol=0.1 * rtol
            )
            return np.asarray(found.y)

        return solve

    return Contender("scipy DOP853, bare", prepare)


def with_lucipy(circuit: Circuit, netlist: Netlist) -> Contender:
    """lucipy's Simulation. Its lanes take the weight itself and divide by its own gain of 10 what
    they multiply by it later, so the weights with our gain of 8 are handed over as they are."""
    (cluster,) = circuit.carriers[0].clusters
    simulation = lucipy.Simulation(_lucipy_circuit(cluster))
    rows = [int(i.name.rsplit(" ", 1)[1]) for i in netlist.integrators]

    def prepare(rtol: float) -> Callable[[Array], Array]:
        def solve(times: Array) -> Array:
            found = simulation.solve_ivp(
                float(times[-1]), method="LSODA", t_eval=times, rtol=rtol, atol=0.1 * rtol
            )
            return np.asarray(found.y[rows])

        return solve

    return Contender("lucipy, LSODA", prepare)


def _lucipy_circuit(cluster: Cluster) -> lucipy.Circuit:
    target = lucipy.Circuit()
    for number, lane in enumerate(cluster.lanes):
        if lane.sinks and lane.source is not None:
            weight = lane.factor * (8.0 if lane.upscaled else 1.0)
            target.add(lucipy.Route(lane.source, number, weight, lane.sinks[0]))
    block = cluster.blocks[0]
    for number, integrator in enumerate(block.integrators if block else ()):
        target.set_ic(number, integrator.ic)
        target.set_k0(number, integrator.k)
    if cluster.constant is not None:
        target.use_constant(cluster.constant.value)
    return target


def reference(netlist: Netlist, times: Array) -> Array:
    """The solution in extended precision (at least 64 bits of mantissa)."""
    initial = np.array([i.initial for i in netlist.integrators], dtype=np.longdouble)
    solver = hy.taylor_adaptive(
        Formulas(netlist, None).equations(),
        initial,
        tol=np.longdouble(1e-19),
        fp_type=np.longdouble,
    )
    return np.asarray(solver.propagate_grid(times.astype(np.longdouble))[5].T, dtype=np.float64)


def loosest(contender: Contender, truth: Array, times: Array, target: float) -> tuple[float, float]:
    """The loosest tolerance that keeps to the target, and its error; the best one if none does."""
    tried = []
    for rtol in TOLERANCES:
        error = float(np.abs(contender.prepare(rtol)(times) - truth).max())
        tried.append((error, rtol))
        if error <= target:
            return rtol, error
    return min(tried)[1], min(tried)[0]


def timed(solve: Callable[[Array], Array], times: Array, repeat: int) -> Timing:
    runs = []
    for _ in range(repeat):
        began = time.perf_counter()
        solve(times)
        runs.append(time.perf_counter() - began)
    return Timing(tuple(runs))


def compile_time(contender: Contender, rtol: float, repeat: int) -> Timing:
    """What has to be done once for each circuit, with heyoka's memory of the last ones erased."""
    runs = []
    for _ in range(repeat):
        hy.llvm_state.clear_memcache()
        began = time.perf_counter()
        contender.prepare(rtol)
        runs.append(time.perf_counter() - began)
    return Timing(tuple(runs))


def reach(netlist: Netlist, units: float) -> float:
    """How far the circuit can be run at all: a whole number of units without divergence."""
    simulation = Simulation(netlist, SimulationOptions())
    times = SampleGrid.evenly(units / RATE, max(2, int(units) + 1))
    try:
        collect(simulation, times)
    except Diverged as error:
        print(f"  {error}")
        first = simulation.overloads[0]
        print(f"  {first}")
        return float(int(first.time_s * RATE))
    return units


def bench(name: str, units: float, repeat: int, target: float) -> None:
    circuit = load(name)
    netlist = build(circuit)
    print(f"\n{name}: {len(netlist.integrators)} integrators, {len(netlist.memoryless)} products")
    span = reach(netlist, units)
    if span < units:
        print(
            f"  so it is timed over the {span:g} units in which it stays in the machine's range, "
            "not over all"
        )
    prefix = np.linspace(0.0, min(PREFIX, span), PREFIX_POINTS)
    truth = reference(netlist, prefix)
    times = np.linspace(0.0, span, int(span * POINTS_PER_UNIT) + 1)
    contenders = [
        ours(netlist, "heyoka"),
        ours(netlist, "scipy"),
        bare_scipy(netlist),
        with_lucipy(circuit, netlist),
    ]
    header = ("", "rtol", "error", "prepare s", "run s: median (min .. max)", "/ op time", "/ ours")
    print("  {:20} {:>6} {:>9} {:>10} {:>29} {:>10} {:>8}".format(*header))
    rows = []
    for contender in contenders:
        rtol, error = loosest(contender, truth, prefix, target)
        rows.append(row(contender, rtol, error, times, repeat))
    delivered = SimulationOptions().rtol
    error = float(np.abs(contenders[0].prepare(delivered)(prefix) - truth).max())
    rows.append(row(contenders[0], delivered, error, times, repeat))
    for one in rows:
        print(one.text(rows[0].run.median, span / RATE, target))
    verdict(rows[0].run.median, rows[3].run.median, span / RATE)


def row(contender: Contender, rtol: float, error: float, times: Array, repeat: int) -> Row:
    once = compile_time(contender, rtol, 3)
    runs = timed(contender.prepare(rtol), times, repeat)
    return Row(contender.name, rtol, error, once, runs)


def verdict(ours_s: float, lucipy_s: float, op_time_s: float) -> None:
    """Against the goals: 100 times lucipy, no more than the op time."""
    for reached, what in (
        (lucipy_s / ours_s >= 100.0, f"{lucipy_s / ours_s:.0f} times as fast as lucipy (goal 100)"),
        (ours_s <= op_time_s, f"{ours_s / op_time_s:.3f} of the machine's op time (goal 1)"),
    ):
        print(f"  {'reached' if reached else 'MISSED'}: {what}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--units", type=float, default=2000.0, help="problem units (2000)")
    parser.add_argument("--repeat", type=int, default=5, help="timed runs of each (5)")
    parser.add_argument("--target", type=float, default=1e-6, help="error, machine units (1e-6)")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # scipy on tolerances that the sweep tries
    packages = ("heyoka", "scipy", "numpy", "lucipy")
    print(f"Python {platform.python_version()}, {platform.machine()},", end=" ")
    print(", ".join(f"{package} {version(package)}" for package in packages))
    print(
        f"target: largest error over the first {PREFIX:g} units <= {arguments.target:g} machine "
        f"units; then {arguments.units:g} units, {POINTS_PER_UNIT} samples per unit"
    )
    for name in NAMES:
        bench(name, arguments.units, arguments.repeat, arguments.target)


if __name__ == "__main__":
    main()
