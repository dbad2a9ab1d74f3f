"""A result as a table: one row per sample, one column per probe, in the units of its reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from drivers.apb.model import Scaling
    from sim.algebra import Array
    from sim.elements import Netlist
    from sim.engine import SampleBlock
    from sim.grid import SampleGrid


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One probe's samples: value = factor * sample + offset."""

    probe: int
    name: str
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a result's numbers mean: columns in the order of their probes, and the first column,
    which is ``time_name`` = ``time_rate`` * seconds of machine time."""

    columns: tuple[Column, ...]
    grid: SampleGrid
    time_name: str = "t_s"
    time_rate: float = 1.0

    def times(self, start: int, stop: int) -> Array:
        return self.grid.times(start, stop) * self.time_rate

    def values(self, block: SampleBlock) -> Array:
        """A block in the reader's units, (rows, columns)."""
        factors = np.array([column.factor for column in self.columns])
        offsets = np.array([column.offset for column in self.columns])
        return np.asarray(block.values * factors + offsets)


def tabulate(netlist: Netlist, scaling: Scaling | None, grid: SampleGrid) -> Table:
    """The table for a run: in the problem's units where the module carries scaling, else in
    machine units and seconds."""
    known = {p.probe: p for p in scaling.probes} if scaling is not None else {}
    columns = []
    for number in (probe.probe for probe in netlist.probes):
        if number in known:
            one = known[number]
            columns.append(
                Column(probe=number, name=one.name, factor=one.factor, offset=one.offset)
            )
        else:
            columns.append(Column(probe=number, name=f"ch{number}"))
    if scaling is None:
        return Table(columns=tuple(columns), grid=grid)
    return Table(columns=tuple(columns), grid=grid, time_name="t", time_rate=scaling.time_rate)
