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

from sim.algebra import FLOATS, Arithmetic, evaluate, input_sum
from sim.elements import Kind
from sim.errors import Diverged
from sim.holding import Holding
from sim.options import DIVERGED, OVERLOAD

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.algebra import Array
    from sim.elements import Memoryless, Netlist
    from sim.options import SimulationOptions
    from sim.overloads import OverloadLog

Expression: TypeAlias = Any  # heyoka carries no types; these names say what is meant
Event: TypeAlias = Any
Callback: TypeAlias = Any
Solver: TypeAlias = Any
_COMPACT_FROM: Final = 25
"""From so many formulas on, they are compiled to loops instead of straight code. That takes twice
the time to run, and straight code of three full clusters takes seconds to compile instead of half a
one."""
_MEMORY_CACHE_BYTES: Final = 64 * 2**20
_COOLDOWN: Final = 1e-9
"""Nothing that happens so soon (in time units of ours) after a change of mode is a new event."""
_ROOT_MARGIN: Final = 1e-9
_ROOT_FLOOR: Final = 1e-14
_DIVISOR_FLOOR: Final = 1e-12
"""A root that only a probe sees may dip below zero by the rounding of its operand. One that feeds
other elements must stay above zero, and so must the size of a divisor: there the Taylor series has
no value, and often the equations have none either."""

EXPRESSIONS: Arithmetic[Expression] = Arithmetic(
    constant=hy.expression,
    total=hy.sum,
    quotient=lambda a, b: a / b,
    root=hy.sqrt,
)


# heyoka would keep compiled equations in files under the user's home: state that nobody backs up,
# limits or checks, for a tenth of a second. What it remembers within a process may grow to some
# gigabytes, and this process may be a worker that serves many circuits.
hy.llvm_state.set_diskcache_enabled(False)
hy.llvm_state.set_memcache_limit(_MEMORY_CACHE_BYTES)


class HeyokaEngine:
    """One netlist, compiled. Not to be shared between threads."""

    name = f"heyoka {hy.__version__}"

    def __init__(self, netlist: Netlist, options: SimulationOptions) -> None:
        self._netlist = netlist
        self._rate = max(integrator.k for integrator in netlist.integrators)
        self._holding = Holding(netlist, options.limit) if options.with_limits else None
        self._log: OverloadLog | None = None
        self._fault: str | None = None
        self._end = 0.0
        states = [hy.expression(f"x{i}") for i in range(len(netlist.integrators))]
        outputs = evaluate(netlist, states, EXPRESSIONS)
        self._initial = np.array([integrator.initial for integrator in netlist.integrators])
        equations = self._equations(states, outputs)
        watches = self._overload_events(outputs)
        changes = [self._divergence_event(states), *self._edge_events(outputs)]
        changes += self._limit_events(outputs)
        self._solver: Solver = hy.taylor_adaptive(
            equations,
            self._initial.copy(),
            tol=options.rtol,
            nt_events=watches,
            t_events=changes,
            compact_mode=len(equations) + len(watches) + len(changes) >= _COMPACT_FROM,
        )

    def start(self, log: OverloadLog, end_s: float) -> None:
        """Back to time 0, to go no further than ``end_s``; overloads go to ``log`` from now on."""
        self._end = end_s * self._rate
        self._log, self._fault = log, None
        self._solver.time = 0.0
        self._solver.state[:] = self._initial
        self._solver.reset_cooldowns()
        if self._holding is not None:
            self._holding.reset()
            self._solver.state[:] = self._holding.clamped(self._initial)
            self._holding.settle(self._solver.state)
            self._solver.pars[:] = self._holding.parameters
        self._check_start()
        log.note_start(evaluate(self._netlist, [float(v) for v in self._solver.state], FLOATS))

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
        outcome, *_, states = self._solver.propagate_grid(grid)
        if self._fault is not None:
            raise Diverged(self._fault)
        if outcome != hy.taylor_outcome.time_limit:
            raise Diverged(self._without_value(self._solver.time))
        return np.asarray(states)

    def _without_value(self, time: float) -> str:
        state = np.array(self._solver.state)
        worst = int(np.argmax(np.where(np.isfinite(state), np.abs(state), np.inf)))
        name = self._netlist.integrators[worst].name
        return f"{name} grows without bound by {time / self._rate:.6g} s: the circuit diverges"

    def _check_start(self) -> None:
        """Refuse a start at an edge: there is no Taylor series to begin with."""
        start = evaluate(self._netlist, [float(v) for v in self._solver.state], FLOATS)
        read = _read(self._netlist)
        for i, element in enumerate(self._netlist.memoryless, len(self._netlist.integrators)):
            operand = input_sum(element.inputs[-1], start, FLOATS)
            is_off = (element.kind is Kind.ROOT and -operand <= _ROOT_FLOOR) or (
                element.kind is Kind.QUOTIENT and abs(operand) <= _DIVISOR_FLOOR
            )
            if is_off and i in read:
                raise Diverged(self._at_edge(element, 0.0))

    def _equations(
        self, states: list[Expression], outputs: list[Expression]
    ) -> list[tuple[Expression, Expression]]:
        found = []
        for i, integrator in enumerate(self._netlist.integrators):
            slope = (-integrator.k / self._rate) * input_sum(integrator.input, outputs, EXPRESSIONS)
            found.append((states[i], slope if self._holding is None else hy.par[2 * i] * slope))
        return found

    def _overload_events(self, outputs: list[Expression]) -> list[Event]:
        """One event for each element that can be overloaded, without division or root: at the
        edge of those, the Taylor series has no value while the machine has one."""
        square = OVERLOAD * OVERLOAD
        integrators = len(self._netlist.integrators)
        events = []
        for i, output in enumerate(outputs):
            margin = square - output * output
            if i >= integrators:
                margin = self._margin(self._netlist.memoryless[i - integrators], output, outputs)
            if _depends_on_state(margin):
                events.append(self._falling(margin, self._overload_callback(i)))
        return events

    def _margin(
        self, element: Memoryless, output: Expression, outputs: list[Expression]
    ) -> Expression:
        square = OVERLOAD * OVERLOAD
        inputs = [input_sum(row, outputs, EXPRESSIONS) for row in element.inputs]
        if element.kind is Kind.QUOTIENT:
            return square * inputs[1] * inputs[1] - inputs[0] * inputs[0]
        if element.kind is Kind.ROOT:
            return square + inputs[0]
        return square - output * output

    def _divergence_event(self, states: list[Expression]) -> Event:
        """Ends a run before its numbers overflow: events do not survive infinity.

        All margins are of the order of one, as heyoka takes the largest of them for the scale of
        the error that a step may make.
        """
        size = hy.sum([state * state for state in states])
        return self._last(1.0 - DIVERGED**-2 * size, self._without_value)

    def _edge_events(self, outputs: list[Expression]) -> list[Event]:
        """End a run where a root or a quotient ceases to have a value."""
        read = _read(self._netlist)
        start = evaluate(self._netlist, self._initial.tolist(), FLOATS)
        events = []
        for i, element in enumerate(self._netlist.memoryless, len(self._netlist.integrators)):
            is_read = i in read
            operand = input_sum(element.inputs[-1], outputs, EXPRESSIONS)
            if element.kind is Kind.ROOT:
                edge = -operand - (_ROOT_FLOOR if is_read else -_ROOT_MARGIN)
            elif element.kind is Kind.QUOTIENT and is_read:
                sign = np.sign(input_sum(element.inputs[-1], start, FLOATS))
                edge = float(sign) * operand - _DIVISOR_FLOOR
            else:
                continue
            if _depends_on_state(edge):
                events.append(self._last(edge, partial(self._at_edge, element)))
        return events

    def _at_edge(self, element: Memoryless, time: float) -> str:
        what = "divisor" if element.kind is Kind.QUOTIENT else "operand"
        return (
            f"{element.name}: its {what} falls to zero at {time / self._rate:.6g} s, from where it "
            "has no value to go on with"
        )

    def _limit_events(self, outputs: list[Expression]) -> list[Event]:
        """One event for each integrator: it reaches the limit, or its input turns back inward.

        Parameter 2i is 1 while integrator i is free and 0 while it is held, parameter 2i + 1 the
        sign of the limit it is held at.
        """
        if self._holding is None:
            return []
        square = self._holding.limit**2
        events = []
        for i, integrator in enumerate(self._netlist.integrators):
            is_free, sign = hy.par[2 * i], hy.par[2 * i + 1]
            outward = -sign * input_sum(integrator.input, outputs, EXPRESSIONS)
            margin = is_free * (square - outputs[i] * outputs[i]) + (1.0 - is_free) * outward
            events.append(
                hy.t_event(
                    margin,
                    callback=self._limit_callback(i),
                    direction=hy.event_direction.negative,
                    cooldown=_COOLDOWN,
                )
            )
        return events

    def _falling(self, margin: Expression, callback: Callback) -> Event:
        return hy.nt_event(margin, callback=callback, direction=hy.event_direction.negative)

    def _overload_callback(self, element: int) -> Callback:
        def note(solver: Solver, time: float, sign: int) -> None:
            if self._log is not None and element not in self._log:
                solver.update_d_output(time)
                outputs = evaluate(self._netlist, [float(v) for v in solver.d_output], FLOATS)
                self._log.note(element, time / self._rate, outputs[element])

        return note

    def _last(self, margin: Expression, reason: Callable[[float], str]) -> Event:
        """An event that ends the run."""

        def stop(solver: Solver, sign: int) -> bool:
            self._fault = reason(solver.time)
            return False

        return hy.t_event(margin, callback=stop, direction=hy.event_direction.negative)

    def _limit_callback(self, integrator: int) -> Callback:
        def change(solver: Solver, sign: int) -> bool:
            if self._holding is None:
                return True
            self._holding.toggle(integrator, solver.state)
            solver.pars[:] = self._holding.parameters
            return True

        return change


def _depends_on_state(formula: Expression) -> bool:
    return bool(hy.get_variables(formula))


def _read(netlist: Netlist) -> set[int]:
    """Elements whose outputs other elements take."""
    rows = [integrator.input for integrator in netlist.integrators]
    rows += [row for element in netlist.memoryless for row in element.inputs]
    return {source for row in rows for source, _ in row.terms}
