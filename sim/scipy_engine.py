"""Integration by scipy's DOP853: everywhere available, slower, and the referee of the other.

Time is counted in units of 1/k of the fastest integrator, as in the other engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import scipy
from scipy.integrate import DOP853
from scipy.optimize import brentq

from sim.algebra import FLOATS, evaluate, input_sum
from sim.elements import Kind
from sim.errors import Diverged
from sim.holding import Holding
from sim.options import DIVERGED
from sim.scan import POINTS, Scan

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sim.algebra import Array
    from sim.elements import Netlist
    from sim.options import SimulationOptions
    from sim.overloads import OverloadLog

    Interpolant = Callable[[Array | float], Array]

_TIGHTEST: Final = 1e-13
"""scipy warns about tolerances much nearer to the resolution of the numbers."""
_SMALLEST_STEP: Final = 1e-13
"""Below this the solver is stuck at an edge. It would notice itself, but not close to time 0, where
the numbers can resolve far smaller steps."""
_SHORT_STEP: Final = 1e-7
_MOST_SHORT_STEPS: Final = 10_000
"""After so many steps as short as this without a longer one, a run is given up: it would take for
ever."""
_CROSSED: Final = -1e-12
"""A margin below this has fallen through zero and not only touched it by rounding."""


class ScipyEngine:
    """One netlist, ready to integrate."""

    name = f"scipy {scipy.__version__} DOP853"
    _solver: DOP853  # there from `start` on

    def __init__(self, netlist: Netlist, options: SimulationOptions) -> None:
        self._netlist = netlist
        self._rate = max(integrator.k for integrator in netlist.integrators)
        self._slopes = np.array([-i.k / self._rate for i in netlist.integrators])
        self._initial = np.array([integrator.initial for integrator in netlist.integrators])
        self._rtol = max(options.rtol, _TIGHTEST)
        self._holding = Holding(netlist, options.limit) if options.with_limits else None
        self._gates = np.ones(len(self._initial))
        self._end = 0.0
        self._interpolant: Interpolant | None = None
        self._short = 0
        self._until = 0.0
        """The time up to which the current step counts: less than the solver's after a change."""
        self._scan: Scan | None = None

    def start(self, log: OverloadLog, end_s: float) -> None:
        """Back to time 0, to go no further than ``end_s``; overloads go to ``log`` from now on."""
        self._end = end_s * self._rate
        self._scan = Scan(self._netlist, log, 1.0 / self._rate)
        states = self._initial.copy()
        self._gates[:] = 1.0
        if self._holding is not None:
            self._holding.reset()
            states = self._holding.clamped(states)
            self._holding.settle(states)
            self._gates = np.where(self._holding.signs == 0.0, 1.0, 0.0)
        self._until, self._interpolant, self._short = 0.0, None, 0
        log.note_start(evaluate(self._netlist, [float(v) for v in states], FLOATS))
        if not np.all(np.isfinite(self._derivative(0.0, states))):
            # The solver would look for a first step for ever.
            raise Diverged(self._without_value(0.0, states))
        self._solver = self._from(0.0, states)

    def advance(self, times_s: Array) -> Array:
        """Integrator outputs at increasing times, (integrators, n)."""
        times = np.minimum(times_s * self._rate, self._end)
        states = np.empty((len(self._initial), len(times)))
        done = 0
        while done < len(times):
            stop = int(np.searchsorted(times, self._until, side="right"))
            if stop > done:
                states[:, done:stop] = self._at(times[done:stop])
                done = stop
            else:
                self._step()
        return states

    def finish(self) -> Array:
        """Go on to the end of the run; integrator outputs there, (integrators, 1)."""
        while self._until < self._end:
            self._step()
        return self._at(np.array([self._until]))

    def _from(self, time: float, states: Array) -> DOP853:
        return DOP853(
            self._derivative, time, states, self._end, rtol=self._rtol, atol=0.1 * self._rtol
        )

    def _at(self, times: Array) -> Array:
        if self._interpolant is None:
            return np.repeat(self._solver.y.reshape(-1, 1), len(times), axis=1)
        return np.asarray(self._interpolant(times))

    def _derivative(self, time: float, states: NDArray[Any]) -> NDArray[Any]:
        # Any: scipy's types also allow complex states, which ours never are.
        outputs = evaluate(self._netlist, states.tolist(), FLOATS)
        sums = [input_sum(i.input, outputs, FLOATS) for i in self._netlist.integrators]
        return np.asarray(self._gates * self._slopes * np.array(sums))

    def _step(self) -> None:
        """One step: overloads are noted, changes of the limits end it early."""
        before = self._solver.t
        self._solver.step()
        self._short = self._short + 1 if self._solver.h_abs < _SHORT_STEP else 0
        is_tiny = self._solver.h_abs < _SMALLEST_STEP or self._short > _MOST_SHORT_STEPS
        if (
            self._solver.status == "failed"
            or is_tiny
            or not np.all(np.abs(self._solver.y) <= DIVERGED)
        ):
            raise Diverged(self._without_value(self._solver.t, self._solver.y))
        interpolant = self._solver.dense_output()
        self._interpolant, self._until = interpolant, float(self._solver.t)
        change = self._first_change(interpolant, before)
        if change is not None:
            self._until = change[1]
        if self._scan is not None:
            self._scan.step(interpolant, before, self._until)
        if change is not None:
            self._change(*change)

    def _without_value(self, time: float, states: Array) -> str:
        seconds = time / self._rate
        sizes = np.nan_to_num(np.abs(states), nan=np.inf)
        edge = self._edge(states)
        if edge is not None and sizes.max() <= DIVERGED:
            return f"{edge} has no value to go on with from {seconds:.6g} s on"
        name = self._netlist.integrators[int(np.argmax(sizes))].name
        return f"{name} grows without bound by {seconds:.6g} s: the circuit diverges"

    def _edge(self, states: Array) -> str | None:
        """The root or divider whose operand is nearest to zero."""
        outputs = evaluate(self._netlist, states.tolist(), FLOATS)
        operands = [
            (abs(input_sum(element.inputs[-1], outputs, FLOATS)), element.name)
            for element in self._netlist.memoryless
            if element.kind in (Kind.ROOT, Kind.QUOTIENT)
        ]
        return min(operands)[1] if operands else None

    def _first_change(self, interpolant: Interpolant, before: float) -> tuple[int, float] | None:
        """The integrator whose limit changes first within the step, and when."""
        if self._holding is None:
            return None
        times = np.linspace(before, self._solver.t, POINTS)
        margins = np.array([self._margins(interpolant(time)) for time in times[1:]])
        found: list[tuple[float, int]] = []
        for i in np.flatnonzero((margins < _CROSSED).any(axis=0)):
            j = int(np.argmax(margins[:, i] < _CROSSED))
            found.append((self._crossing(interpolant, int(i), times[j], times[j + 1]), int(i)))
        return (min(found)[1], min(found)[0]) if found else None

    def _crossing(self, interpolant: Interpolant, i: int, low: float, high: float) -> float:
        def margin(time: float) -> float:
            return float(self._margins(interpolant(time))[i]) - _CROSSED

        if margin(low) <= 0.0:
            return low
        return float(brentq(margin, low, high, xtol=1e-14, rtol=1e-14))

    def _margins(self, states: Array) -> Array:
        """For each integrator what is left to the limit, or how far its input points outward."""
        if self._holding is None:
            return np.ones(len(states))
        signs, limit = self._holding.signs, self._holding.limit
        outward = signs * np.array(self._holding.slopes(states))
        return np.where(signs == 0.0, limit**2 - states**2, outward)

    def _change(self, integrator: int, time: float) -> None:
        """The integrator is held or free from now on; the solver starts anew from here."""
        if self._holding is None or self._interpolant is None:
            return
        states = np.asarray(self._interpolant(time))
        self._holding.toggle(integrator, states)
        self._gates = np.where(self._holding.signs == 0.0, 1.0, 0.0)
        self._solver = self._from(time, states)
