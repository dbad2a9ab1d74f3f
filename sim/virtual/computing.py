"""What a virtual machine measures: samples of a circuit by our simulator.

The mathematics belong into a child process: `prepare_in_child` and `compute_in_child` are what
happens there, `JobComputer` hands them to a JobRunner. The child remembers the circuits that it was
asked for last, so that their equations are compiled once.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from drivers.apb.circuit import assemble
from drivers.apb.codec import decode, encode
from sim.engine import Simulation
from sim.errors import SimulationError
from sim.grid import SampleGrid
from sim.netlist import build

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from drivers.apb.items import CircuitFile
    from drivers.base import JobRunner, LogLine
    from sim.options import SimulationOptions

MAX_VALUES: Final = 20_000_000
"""Samples of one run over all channels: 160 MB."""
_REMEMBERED: Final = 8
"""Circuits whose compiled equations are kept."""
_ELEMENT: Final = re.compile(r"(\S+) (.+) (\d+)")
_IDENTITIES: Final = 4
"""The identity outputs of an M block come after its four operations."""


class ComputeFailed(SimulationError):
    """The samples could not be computed, for a reason that is not the circuit's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One run to compute: the whole circuit with the machine's description, and when to sample."""

    circuit: CircuitFile
    op_time_s: float
    sample_rate_hz: float
    options: SimulationOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Overloaded:
    """An element that left its range: its block's path, its index, and when first, in seconds."""

    path: str
    index: int
    time_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """What a run measures, in machine units: ``samples`` (samples, probes) and ``final`` (probes,),
    taken at the end of OP; columns in the order of ``probes``."""

    probes: tuple[int, ...]
    samples: NDArray[np.float64]
    final: NDArray[np.float64]
    overloads: tuple[Overloaded, ...] = ()


class Computer(Protocol):
    """Computes runs. Both methods raise SimulationError or CircuitFileError, in the user's words,
    for what cannot be computed; both can be cancelled."""

    async def prepare(self, circuit: CircuitFile, options: SimulationOptions) -> None:
        """Make ready for runs of this circuit, so that they start quickly."""
        ...

    async def compute(self, work: Work) -> Computed: ...


class JobComputer:
    """A Computer in the child process of a JobRunner. It raises what the runner raises besides.

    What has just been prepared is not sent to the child again. Should that have forgotten it, the
    run takes longer and nothing else.
    """

    def __init__(self, jobs: JobRunner) -> None:
        self._jobs = jobs
        self._prepared: deque[tuple[bytes, SimulationOptions]] = deque(maxlen=_REMEMBERED)

    async def prepare(self, circuit: CircuitFile, options: SimulationOptions) -> None:
        asked = encode(circuit), options
        if asked not in self._prepared:
            await self._jobs.run(prepare_in_child, *asked, log=_ignore)
            self._prepared.append(asked)

    async def compute(self, work: Work) -> Computed:
        return await self._jobs.run(
            compute_in_child,
            encode(work.circuit),
            work.options,
            work.op_time_s,
            work.sample_rate_hz,
            log=_ignore,
        )


def _ignore(_: str) -> None:
    """The machine has no log that a circuit's messages could go to."""


def prepare_in_child(circuit: bytes, options: SimulationOptions, *, log: LogLine) -> None:
    """Compile the equations; at the top level so that its name can be sent to a child."""
    _ready(circuit, options)
    log("ready")


def compute_in_child(
    circuit: bytes,
    options: SimulationOptions,
    op_time_s: float,
    sample_rate_hz: float,
    *,
    log: LogLine,
) -> Computed:
    """Compute one run; at the top level so that its name can be sent to a child."""
    computed = compute(_ready(circuit, options), op_time_s, sample_rate_hz)
    log(f"{len(computed.samples)} samples")
    return computed


_ready_ones: OrderedDict[tuple[bytes, SimulationOptions], Simulation] = OrderedDict()


def _ready(circuit: bytes, options: SimulationOptions) -> Simulation:
    """Each run has noise of its own, which leaves the equations as they are."""
    key = circuit, replace(options, noise_seed=0)
    found = _ready_ones.pop(key, None)
    if found is None:
        found = simulation_of(decode(circuit), options)
    _ready_ones[key] = found
    if len(_ready_ones) > _REMEMBERED:
        _ready_ones.popitem(last=False)
    found.options = options
    return found


def simulation_of(circuit: CircuitFile, options: SimulationOptions) -> Simulation:
    """A circuit made ready to run. Raises CircuitFileError and SimulationError."""
    return Simulation(build(assemble(circuit), gain=options.gain), options)


def compute(simulation: Simulation, op_time_s: float, sample_rate_hz: float) -> Computed:
    """One run; the number of samples is that of ``sim.grid.SampleGrid.at_rate``.

    Raises SimulationError.
    """
    grid = _with_end(SampleGrid.at_rate(op_time_s, sample_rate_hz))
    values = np.empty((grid.count, len(simulation.netlist.probes)))
    for block in simulation.run(grid):
        values[block.start : block.start + len(block.values)] = block.values
    return Computed(
        probes=tuple(probe.probe for probe in simulation.netlist.probes),
        samples=values[:-1],
        final=values[-1],
        overloads=tuple(_overloaded(one.element, one.time_s) for one in simulation.overloads),
    )


class _GridWithEnd(SampleGrid):
    """A grid whose last sample is taken at the end of the run, whatever the rate."""

    __slots__ = ()

    def times(self, start: int, stop: int) -> NDArray[np.float64]:
        times = super().times(start, stop)
        if stop == self.count:
            times[-1] = self.end_s
        return times


def _with_end(grid: SampleGrid) -> SampleGrid:
    return _GridWithEnd(
        count=grid.count + 1,
        numerator=grid.numerator,
        denominator=grid.denominator,
        end_s=grid.end_s,
    )


def _overloaded(name: str, time_s: float) -> Overloaded:
    """The simulator's name of an element as a path and the number of the block's output."""
    match = _ELEMENT.fullmatch(name)
    if match is None:
        raise ComputeFailed(f"the simulator has an element of the impossible name {name!r}")
    shift = _IDENTITIES if match[2] == "identity" else 0
    return Overloaded(path=match[1], index=int(match[3]) + shift, time_s=time_s)
