"""One simulation from a circuit file to a result file: what the appliance's child process and the
command line call."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from drivers.apb.circuit import assemble
from drivers.apb.codec import CircuitFile, decode
from drivers.apb.items import SimConfig
from drivers.horizon import horizon_warnings
from sim.engine import Simulation
from sim.errors import Unusable
from sim.grid import SampleGrid
from sim.netlist import build
from sim.results import write
from sim.table import tabulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from drivers.apb.model import Circuit
    from sim.elements import Netlist
    from sim.engine import SampleBlock
    from sim.options import SimulationOptions
    from sim.overloads import Overload
    from sim.results import Format

    LogLine = Callable[[str], None]

_PROGRESS_S: Final = 2.0
"""Least time between two lines about progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What a run came to: samples per probe, number of probes, first overload of each element."""

    samples: int
    probes: int
    overloads: tuple[Overload, ...]
    warnings: tuple[str, ...]


def simulate_file(
    data: bytes,
    *,
    description: bytes | None = None,
    op_time_s: float | None = None,
    problem_time: float | None = None,
    sample_rate_hz: float | None = None,
    points: int | None = None,
    options: SimulationOptions,
    output: Path,
    format: Format = "json",
    log: LogLine,
) -> RunSummary:
    """Simulate the circuit file ``data`` and write the samples to ``output``.

    ``description`` is a circuit file whose hardware description a module without one borrows. Give
    one of ``op_time_s`` (seconds of machine time) and ``problem_time`` (the program's own time,
    for modules with scaling), and one of ``sample_rate_hz`` (per second of machine time) and
    ``points`` (evenly from 0 to the end). Numbers are written in the problem's units where the
    module carries scaling, else in machine units.

    Raises CircuitFileError for bytes that are no sound circuit and SimulationError for circuits
    and requests that cannot be simulated; `output` may then be half written.
    """
    began = time.monotonic()
    borrowed = None if description is None else decode(description)
    file = decode(data)
    circuit = assemble(file, borrowed)
    duration_s = _duration(circuit, op_time_s, problem_time)
    grid = _grid(duration_s, sample_rate_hz, points)
    netlist = build(circuit, gain=options.gain)
    warnings = (
        *netlist.warnings,
        *_rate_warning(file),
        *horizon_warnings(circuit.scaling, duration_s),
    )
    simulation = Simulation(netlist, options)
    _log_start(netlist, simulation, grid, warnings, log)
    table = tabulate(netlist, circuit.scaling, grid)
    write(format, table, _watched(simulation, grid, log), output)
    log(f"{grid.count} samples of {len(netlist.probes)} probes written as {format}")
    log(f"took {time.monotonic() - began:.3f} s for {duration_s:.6g} s of machine time")
    return RunSummary(
        samples=grid.count,
        probes=len(netlist.probes),
        overloads=tuple(simulation.overloads),
        warnings=warnings,
    )


def _duration(circuit: Circuit, op_time_s: float | None, problem_time: float | None) -> float:
    if (op_time_s is None) == (problem_time is None):
        raise Unusable("give either the op time in seconds or the problem time")
    if op_time_s is not None:
        return op_time_s
    if circuit.scaling is None:
        raise Unusable(
            "this module does not say how its time relates to a problem's time (it was not "
            "compiled by analogcloud): give the op time in seconds"
        )
    return float(np.float64(problem_time)) / circuit.scaling.time_rate


def _grid(duration_s: float, sample_rate_hz: float | None, points: int | None) -> SampleGrid:
    if points is not None and sample_rate_hz is None:
        return SampleGrid.evenly(duration_s, points)
    if sample_rate_hz is not None and points is None:
        return SampleGrid.at_rate(duration_s, sample_rate_hz)
    raise Unusable("give either a sample rate or a number of points")


def _rate_warning(file: CircuitFile) -> tuple[str, ...]:
    for item in file.items:
        if isinstance(item.config, SimConfig) and item.config.k0:
            return (
                f"the module asks a simulator for k0 = {item.config.k0}; this is ignored, each "
                "integrator runs at its own k0",
            )
    return ()


def _log_start(
    netlist: Netlist,
    simulation: Simulation,
    grid: SampleGrid,
    warnings: tuple[str, ...],
    log: LogLine,
) -> None:
    for warning in warnings:
        log(f"warning: {warning}")
    log(
        f"simulating {len(netlist.integrators)} integrators, {len(netlist.memoryless)} elements "
        f"without memory, {netlist.lanes} lanes, lane gain {netlist.gain:g}, for {grid.end_s:.6g} s"
    )
    log(f"integrating with {simulation.engine_name}, numpy {np.__version__}")


def _watched(simulation: Simulation, grid: SampleGrid, log: LogLine) -> Iterator[SampleBlock]:
    """The blocks as they come; overloads and progress are logged on the way."""
    told: set[str] = set()
    due = time.monotonic() + _PROGRESS_S
    for block in simulation.run(grid):
        yield block
        if time.monotonic() >= due:
            due = time.monotonic() + _PROGRESS_S
            done = (block.start + len(block.values)) / grid.count
            log(f"{100.0 * done:.0f} % done")
            _log_overloads(simulation, told, log)
    _log_overloads(simulation, told, log)


def _log_overloads(simulation: Simulation, told: set[str], log: LogLine) -> None:
    for overload in simulation.overloads:
        if overload.element not in told:
            told.add(overload.element)
            log(f"overload: {overload}")
