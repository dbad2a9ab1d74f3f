"""Overloads within one step of an integrator that offers a dense output.

The step is looked at in a few points, and between them where a parabola through three neighbours
rises above the limit: so a peak between two points is not missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from sim.algebra import outputs_of
from sim.options import OVERLOAD

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.algebra import Array
    from sim.elements import Netlist
    from sim.overloads import OverloadLog

    Interpolant = Callable[[Array | float], Array]

POINTS: Final = 9
"""Points of one step, both ends included: a step of a method of high order is a small part of the
fastest oscillation."""


class Scan:
    """Notes the overloads of a netlist step by step; ``unit_s`` is the solver's time unit."""

    def __init__(self, netlist: Netlist, log: OverloadLog, unit_s: float) -> None:
        self._netlist = netlist
        self._log = log
        self._unit_s = unit_s

    def step(self, interpolant: Interpolant, before: float, after: float) -> None:
        """Look at the step from ``before`` to ``after``."""
        times = np.linspace(before, after, POINTS)
        sizes = np.abs(outputs_of(self._netlist, np.asarray(interpolant(times))))
        suspects = (sizes > OVERLOAD).any(axis=1) | (_vertices(sizes) > OVERLOAD).any(axis=1)
        for element in np.flatnonzero(suspects):
            if int(element) not in self._log:
                self._refine(interpolant, int(element), times, sizes[element])

    def _refine(
        self,
        interpolant: Interpolant,
        element: int,
        times: Array,
        sizes: Array,
    ) -> None:
        def output(time: float) -> float:
            states = np.asarray(interpolant(np.array([time])))
            return float(outputs_of(self._netlist, states)[element, 0])

        def excess(time: float) -> float:
            return abs(output(time)) - OVERLOAD

        above = self._first_above(excess, times, sizes)
        if above is None:
            return
        low, high = above
        time = brentq(excess, low, high, xtol=1e-13) if excess(low) < 0.0 else low
        self._log.note(element, float(time) * self._unit_s, output(float(time)))

    def _first_above(
        self, excess: Callable[[float], float], times: Array, sizes: Array
    ) -> tuple[float, float] | None:
        """An interval at whose end the element is overloaded and at whose start not yet."""
        peaks = _vertices(sizes.reshape(1, -1))[0]
        for j in range(len(times) - 1):
            low, high = float(times[j]), float(times[j + 1])
            if sizes[j + 1] > OVERLOAD:
                return low, high
            if peaks[max(j - 1, 0) : j + 1].max(initial=0.0) > OVERLOAD:
                best = minimize_scalar(lambda t: -excess(t), bounds=(low, high), method="bounded")
                if excess(float(best.x)) > 0.0:
                    return low, float(best.x)
        return None


def _vertices(sizes: Array) -> Array:
    """Heights of parabolas through each three neighbours, where they have their top there;
    otherwise 0. (elements, n) to (elements, n - 2)."""
    left, middle, right = sizes[:, :-2], sizes[:, 1:-1], sizes[:, 2:]
    with np.errstate(invalid="ignore"):  # infinite ones are above the limit anyway
        slope = 0.5 * (right - left)
        bend = left - 2.0 * middle + right
    is_top = (bend < 0.0) & (np.abs(slope) <= -bend)
    height = middle - slope**2 / (2.0 * np.where(is_top, bend, -1.0))
    return np.where(is_top, height, 0.0)
