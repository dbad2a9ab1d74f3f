"""Simulation: a netlist and options in, blocks of samples out."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from sim.algebra import outputs_of
from sim.converter import Converter
from sim.edges import at_edge
from sim.errors import Diverged, Unsupported
from sim.options import DIVERGED
from sim.overloads import Overload, OverloadLog
from sim.static_engine import StaticEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.algebra import Array
    from sim.elements import Netlist
    from sim.grid import SampleGrid
    from sim.options import EngineName, SimulationOptions

BLOCK_ROWS: Final = 65_536
"""Samples of one block at most, for a machine of the usual size."""
_BLOCK_VALUES: Final = 1_000_000
"""Outputs in one block at most: 8 MB, whatever the size of the machine."""
_PARTS: Final = 20
"""A run is cut into at least so many blocks (if it has as many samples), so that a caller sees it
go on."""


class Engine(Protocol):
    """Integrates one netlist from time 0 on. Times are in seconds, states in machine units."""

    @property
    def name(self) -> str:
        """Name and version of the library that integrates."""
        ...

    def start(self, log: OverloadLog, end_s: float) -> None:
        """Back to time 0, to go no further than ``end_s``; overloads go to ``log`` from now on."""
        ...

    def advance(self, times_s: Array) -> Array:
        """Integrator outputs at increasing times that follow the last call's, (integrators, n).

        Raises Diverged.
        """
        ...

    def finish(self) -> Array:
        """Go on to the end of the run; integrator outputs there, (integrators, 1)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBlock:
    """Samples ``start``, start + 1, ... of all probes: (rows, probes), probes in the order of
    their numbers."""

    start: int
    values: Array


class Simulation:
    """A netlist made ready to run; making it ready compiles its equations.

    Raises Unsupported where the wanted engine is not installed.
    """

    def __init__(self, netlist: Netlist, options: SimulationOptions) -> None:
        self.netlist = netlist
        self.options = options
        self._engine = _engine(netlist, options)
        self._log = OverloadLog(netlist.names)

    @property
    def engine_name(self) -> str:
        return self._engine.name

    @property
    def warnings(self) -> tuple[str, ...]:
        """The netlist's warnings."""
        return self.netlist.warnings

    @property
    def overloads(self) -> list[Overload]:
        """First overload of each element so far, earliest first."""
        return self._log.in_order()

    def run(self, grid: SampleGrid) -> Iterator[SampleBlock]:
        """Run from time 0; blocks of samples in order, made while the caller takes them.

        After the last one, the run has gone on to the grid's end. Only one run at a time; a new
        one starts anew. Raises Diverged when a signal grows without bound or has no value.
        """
        self._log = OverloadLog(self.netlist.names)
        converter = Converter(self.netlist.probes, self.options)
        self._engine.start(self._log, grid.end_s)
        rows = self._block_rows(grid.count)
        for start in range(0, grid.count, rows):
            times = grid.times(start, min(start + rows, grid.count))
            states = self._engine.advance(times)
            signals = self._signals(times, states)
            yield SampleBlock(start=start, values=converter.convert(signals))
        self._check(np.array([grid.end_s]), self._engine.finish())

    def _block_rows(self, count: int) -> int:
        elements = len(self.netlist.names) + len(self.netlist.probes)
        most = min(BLOCK_ROWS, max(1, _BLOCK_VALUES // max(1, elements)))
        return min(most, -(-count // _PARTS)) or 1

    def _signals(self, times: Array, states: Array) -> Array:
        """Probed outputs, (n, probes)."""
        probed = [probe.element for probe in self.netlist.probes]
        self._check(times, states)
        if len(self._log) or any(element >= len(states) for element in probed):
            outputs = outputs_of(self.netlist, states)
            self._log.note_peaks(outputs)
        else:
            outputs = states
        signals = outputs[probed]
        self._check_probed(times, signals)
        return np.ascontiguousarray(signals.T)

    def _check(self, times: Array, states: Array) -> None:
        """Raise Diverged where an integrator has left all bounds (NaN included)."""
        wrong = ~(np.abs(states) <= DIVERGED)
        if wrong.any():
            column = int(np.argmax(wrong.any(axis=0)))
            name = self.netlist.names[int(np.argmax(wrong[:, column]))]
            raise Diverged(
                f"{name} grows beyond {DIVERGED:g} machine units by {times[column]:.6g} s: the "
                "circuit diverges"
            )

    def _check_probed(self, times: Array, signals: Array) -> None:
        wrong = ~np.isfinite(signals)
        if wrong.any():
            column = int(np.argmax(wrong.any(axis=0)))
            probe = self.netlist.probes[int(np.argmax(wrong[:, column]))]
            raise Diverged(
                f"{self.netlist.names[probe.element]} has no finite value at "
                f"{times[column]:.6g} s (a division by zero, or the root of a negative number)"
            )


def collect(simulation: Simulation, grid: SampleGrid) -> Array:
    """All samples of a run at once, (samples, probes); for runs that fit into memory."""
    samples = np.empty((grid.count, len(simulation.netlist.probes)))
    for block in simulation.run(grid):
        samples[block.start : block.start + len(block.values)] = block.values
    return samples


def _engine(netlist: Netlist, options: SimulationOptions) -> Engine:
    if not netlist.integrators:
        return StaticEngine(netlist)
    # The engines load heavy libraries; whoever only imports this module should not pay for them.
    if _choice(netlist, options) == "heyoka":
        from sim.heyoka_engine import HeyokaEngine

        return HeyokaEngine(netlist, options)
    from sim.scipy_engine import ScipyEngine

    return ScipyEngine(netlist, options)


def _choice(netlist: Netlist, options: SimulationOptions) -> EngineName:
    if options.engine == "scipy":
        return "scipy"
    is_installed = importlib.util.find_spec("heyoka") is not None
    if options.engine == "heyoka" and not is_installed:
        raise Unsupported("heyoka is not installed here; use the engine auto or scipy")
    if options.engine == "heyoka":
        return "heyoka"
    # At the root of zero there is no Taylor series to begin with; other methods may start there.
    start = np.array([integrator.initial for integrator in netlist.integrators])
    return "heyoka" if is_installed and not at_edge(netlist, start) else "scipy"
