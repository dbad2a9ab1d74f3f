"""Integration by heyoka: an adaptive Taylor method whose equations are compiled to machine code.

heyoka is heavy (a few hundred megabytes of libraries, a second or two to load), so this module is
imported only when a simulation needs it. Time is counted in units of 1/k of the fastest integrator,
so that all numbers are of the order of one.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import heyoka as hy
import numpy as np

from sim.algebra import FLOATS, evaluate
from sim.edges import at_edge
from sim.errors import Diverged
from sim.formulas import Expression, Formulas
from sim.holding import Holding
from sim.options import OVERLOAD

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.algebra import Array
    from sim.elements import Netlist
    from sim.options import SimulationOptions
    from sim.overloads import OverloadLog

Event: TypeAlias = Any  # heyoka carries no types; these names say what is meant
Solver: TypeAlias = Any
_COMPACT_FROM: Final = 25
"""From so many formulas on, they are compiled to loops instead of straight code. That takes twice
the time to run, and straight code of three full clusters takes seconds to compile instead of half a
one."""
_MOST_STEPS: Final = 100_000
_SLOWEST: Final = 1e-8
"""After so many steps that were shorter than this on average (in time units of ours), a run is
given up: it would take for ever."""
_MEMORY_CACHE_BYTES: Final = 64 * 2**20
_COOLDOWN: Final = 1e-9
"""Nothing that happens so soon (in time units of ours) after an event is the same event again."""
_NEAR: Final = 1e-12
"""So near to the edge, another element has left the range in the same moment."""

# heyoka would keep compiled equations in files under the user's home: state that nobody backs up,
# limits or checks, for a tenth of a second. What it remembers within a process may grow to some
# gigabytes, and this process may be a worker that serves many circuits.
hy.llvm_state.set_diskcache_enabled(False)
hy.llvm_state.set_memcache_limit(_MEMORY_CACHE_BYTES)


class HeyokaEngine:
    """One netlist, compiled. Not to be shared between threads."""

    name = f"heyoka {hy.__version__}"
    _log: OverloadLog  # there from `start` on

    def __init__(self, netlist: Netlist, options: SimulationOptions) -> None:
        self._netlist = netlist
        self._rate = max(integrator.k for integrator in netlist.integrators)
        self._holding = Holding(netlist, options.limit) if options.with_limits else None
        self._initial = np.array([integrator.initial for integrator in netlist.integrators])
        self._watched = np.ones(len(netlist.names))
        self._fault: str | None = None
        self._end = 0.0
        formulas = Formulas(netlist, options.limit if options.with_limits else None)
        equations, events = formulas.equations(), self._events(formulas)
        self._solver: Solver = hy.taylor_adaptive(
            equations,
            self._initial.copy(),
            tol=options.rtol,
            t_events=events,
            compact_mode=len(equations) + len(events) >= _COMPACT_FROM,
        )

    def start(self, log: OverloadLog, end_s: float) -> None:
        """Back to time 0, to go no further than ``end_s``; overloads go to ``log`` from now on."""
        self._end = end_s * self._rate
        self._log, self._fault = log, None
        self._watched[:] = 1.0
        self._solver.time = 0.0
        self._solver.state[:] = self._initial
        self._solver.reset_cooldowns()
        if self._holding is not None:
            self._holding.reset()
            self._solver.state[:] = self._holding.clamped(self._initial)
        for element in at_edge(self._netlist, self._solver.state):
            raise Diverged(self._at_edge(element.name, 0.0))  # no series to begin with
        self._catch_up()

    def advance(self, times_s: Array) -> Array:
        """Integrator outputs at increasing times, (integrators, n)."""
        times = np.minimum(times_s * self._rate, self._end)  # the last may round beyond
        here = self._solver.time
        if times[0] > here:
            states = self._propagate(np.concatenate(([here], times)))[1:]
        else:
            states = self._propagate(times)
        return np.asarray(states.T)

    def finish(self) -> Array:
        """Go on to the end of the run; integrator outputs there, (integrators, 1)."""
        here = self._solver.time
        if self._end > here:
            self._propagate(np.array([here, self._end]))
        return np.array(self._solver.state).reshape(-1, 1)

    def _propagate(self, grid: Array) -> Array:
        """States at the times of a grid that starts here and now, (n, integrators)."""
        parts: list[Array] = []
        while True:
            before = self._solver.time
            outcome, *_, states = self._solver.propagate_grid(grid, max_steps=_MOST_STEPS)
            if self._fault is not None:
                raise Diverged(self._fault)
            parts.append(states[1:] if parts else states)
            if outcome == hy.taylor_outcome.time_limit:
                return np.concatenate(parts)
            if outcome != hy.taylor_outcome.step_limit:
                raise Diverged(self._without_bound(self._solver.time))
            if self._solver.time - before < _MOST_STEPS * _SLOWEST:
                raise Diverged(self._too_slow())
            grid = np.concatenate(([self._solver.time], grid[len(states) :]))

    def _too_slow(self) -> str:
        seconds = self._solver.time / self._rate
        return (
            f"something moves ever faster at {seconds:.6g} s, and the simulation does not get on: "
            "the circuit is near a point where its signals have no value"
        )

    def _events(self, formulas: Formulas) -> list[Event]:
        # Callbacks are functions within functions on purpose: heyoka keeps deep copies of them, and
        # the copy of a method would have a copy of this object.
        events = [_last(formulas.divergence(), self._end_at(self._without_bound))]
        for edge in formulas.edges(self._initial):
            name = self._netlist.names[edge.element]
            events.append(_last(edge.formula, self._end_at(partial(self._at_edge, name))))
        events += [_change(limit.formula, self._turn(limit.element)) for limit in formulas.limits()]
        events += [_change(margin.formula, self._overload()) for margin in formulas.overloads()]
        return events

    def _end_at(self, reason: Callable[[float], str]) -> Callable[[Solver, int], bool]:
        def end(solver: Solver, sign: int) -> bool:
            self._fault = reason(solver.time)
            return False

        return end

    def _turn(self, integrator: int) -> Callable[[Solver, int], bool]:
        def turn(solver: Solver, sign: int) -> bool:
            if self._holding is not None:
                self._holding.toggle(integrator, solver.state)
            self._catch_up(integrator)
            return True

        return turn

    def _overload(self) -> Callable[[Solver, int], bool]:
        def overload(solver: Solver, sign: int) -> bool:
            self._catch_up()
            return True

        return overload

    def _catch_up(self, turned: int = -1) -> None:
        """Hold, free and note whatever is due now. An event only tells of the first of several
        that come together; the others would then start beyond their edge and never cross it."""
        state = self._solver.state
        if self._holding is not None:
            self._holding.settle(state, skip=turned)
        outputs = evaluate(self._netlist, [float(v) for v in state], FLOATS)
        for element in np.flatnonzero(self._watched):
            if abs(outputs[element]) > OVERLOAD - _NEAR:
                self._watched[element] = 0.0
                self._log.note(int(element), self._solver.time / self._rate, outputs[element])
        parameters = [self._watched]
        if self._holding is not None:
            parameters.append(self._holding.parameters)
        values = np.concatenate(parameters)[: len(self._solver.pars)]
        self._solver.pars[:] = values

    def _without_bound(self, time: float) -> str:
        state = np.array(self._solver.state)
        worst = int(np.argmax(np.where(np.isfinite(state), np.abs(state), np.inf)))
        name = self._netlist.integrators[worst].name
        return f"{name} grows without bound by {time / self._rate:.6g} s: the circuit diverges"

    def _at_edge(self, name: str, time: float) -> str:
        return (
            f"{name}: its operand falls to zero at {time / self._rate:.6g} s, from where it has no "
            "value to go on with"
        )


def _last(margin: Expression, callback: Callable[[Solver, int], bool]) -> Event:
    """An event that ends the run."""
    return hy.t_event(margin, callback=callback, direction=hy.event_direction.negative)


def _change(margin: Expression, callback: Callable[[Solver, int], bool]) -> Event:
    """An event after which the run goes on with other parameters."""
    return hy.t_event(
        margin, callback=callback, direction=hy.event_direction.negative, cooldown=_COOLDOWN
    )
