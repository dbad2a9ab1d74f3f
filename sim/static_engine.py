"""Circuits without integrators: nothing moves, all outputs follow the constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.algebra import FLOATS, evaluate

if TYPE_CHECKING:
    from sim.algebra import Array
    from sim.elements import Netlist
    from sim.overloads import OverloadLog


class StaticEngine:
    """An engine with nothing to integrate: its states have no rows."""

    name = "no integration"

    def __init__(self, netlist: Netlist) -> None:
        self._netlist = netlist

    def start(self, log: OverloadLog, end_s: float) -> None:
        log.note_start(evaluate(self._netlist, [], FLOATS))

    def advance(self, times_s: Array) -> Array:
        return np.empty((0, len(times_s)))

    def finish(self) -> Array:
        return np.empty((0, 1))
