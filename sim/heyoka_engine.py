"""Integration by heyoka: an adaptive Taylor method whose equations are compiled to machine code.

heyoka is heavy (a few hundred megabytes of libraries, a second or two to load), so this module is
imported only when a simulation needs it. Time is counted in units of 1/k of the fastest integrator,
so that all numbers are of the order of one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import heyoka as hy
import numpy as np

from sim.algebra import FLOATS, Arithmetic, evaluate, input_sum
from sim.elements import Kind
from sim.errors import Diverged
from sim.holding import Holding
from sim.options import OVERLOAD

if TYPE_CHECKING:
    from sim.algebra import Array
    from sim.elements import Memoryless, Netlist
    from sim.options import SimulationOptions
    from sim.overloads import OverloadLog

Expression: TypeAlias = Any  # heyoka carries no types; these names say what is meant
Event: TypeAlias = Any
Callback: TypeAlias = Any
Solver: TypeAlias = Any
_COMPACT_FROM: Final = 40
"""From so many elements on, loops instead of straight code: compile time would get out of hand."""
_COOLDOWN: Final = 1e-9
"""Nothing that happens so soon (in time units of ours) after a change of mode is a new event."""
_ROOT_MARGIN: Final = 1e-9
_ROOT_FLOOR: Final = 1e-14
"""A root that only a probe sees may dip below zero by the rounding of its operand. One that feeds
an integrator must stay above zero: from there on the equations have no unique solution."""

EXPRESSIONS: Arithmetic[Expression] = Arithmetic(
    constant=hy.expression,
    total=hy.sum,
    quotient=lambda a, b: a / b,
    root=hy.sqrt,
)


# heyoka would keep compiled equations in files under the user's home: state that nobody backs up,
# limits or checks, for a tenth of a second. Within a process it remembers them anyway.
hy.llvm_state.set_diskcache_enabled(False)


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
        self._solver: Solver = hy.taylor_adaptive(
            self._equations(states, outputs),
            self._initial.copy(),
            tol=options.rtol,
            nt_events=[*self._overload_events(outputs), *self._root_events(outputs)],
            t_events=self._limit_events(outputs),
            compact_mode=len(outputs) >= _COMPACT_FROM,
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
            raise Diverged(self._without_value())
        return np.asarray(states)

    def _without_value(self) -> str:
        state = np.array(self._solver.state)
        worst = int(np.argmax(np.where(np.isfinite(state), np.abs(state), np.inf)))
        name = self._netlist.integrators[worst].name
        seconds = self._solver.time / self._rate
        return f"{name} has no finite value any more at {seconds:.6g} s: the circuit diverges"

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

    def _root_events(self, outputs: list[Expression]) -> list[Event]:
        feeding = _feeding(self._netlist)
        events = []
        for i, element in enumerate(self._netlist.memoryless, len(self._netlist.integrators)):
            if element.kind is Kind.ROOT:
                operand = -input_sum(element.inputs[0], outputs, EXPRESSIONS)
                floor = _ROOT_FLOOR if i in feeding else -_ROOT_MARGIN
                if _depends_on_state(operand):
                    events.append(self._falling(operand - floor, self._root_callback(element.name)))
        return events

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

    def _root_callback(self, name: str) -> Callback:
        def note(solver: Solver, time: float, sign: int) -> None:
            if self._fault is None:
                self._fault = (
                    f"{name}: its operand falls to zero or below at {time / self._rate:.6g} s, "
                    "where the square root has no value to go on with"
                )

        return note

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


def _feeding(netlist: Netlist) -> set[int]:
    """Elements on which some integrator's input depends."""
    first = len(netlist.integrators)
    found: set[int] = set()
    pending = [s for i in netlist.integrators for s, _ in i.input.terms]
    while pending:
        element = pending.pop()
        if element not in found:
            found.add(element)
            if element >= first:
                inputs = netlist.memoryless[element - first].inputs
                pending.extend(source for row in inputs for source, _ in row.terms)
    return found
