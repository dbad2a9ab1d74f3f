"""Start values of the states that the compiler made: the exact value of the function at time 0."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind
from appliance.compiler.evaluate import initial_state, quantity_function
from appliance.compiler.program import Const, Scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.compiler.diagnostics import Position
    from appliance.compiler.program import Expr
    from appliance.compiler.system import State, System


def started(made: Sequence[State], system: System) -> list[State]:
    """The states with start values, and loops turned so that they relax whatever the sign of their
    pace is.

    Raises CompileError ``amplitude-unbounded`` for every function without value at the start.
    """
    wanted: list[Expr] = [state.value or Const(0.0) for state in made]
    wanted += [state.pace or Const(1.0) for state in made]
    found = quantity_function(system.program, wanted)(0.0, initial_state(system.program))
    values, paces = found[: len(made)], found[len(made) :]
    faults: dict[Position, Diagnostic] = {}  # one for each place, though it made several states
    for state, value in zip(made, values, strict=True):
        if not math.isfinite(value):
            faults.setdefault(state.at, _undefined(state))
    if faults:
        raise CompileError(*(faults[at] for at in sorted(faults)))
    return [
        replace(state, initial=value, derivative=_turned(state.derivative, pace))
        for state, value, pace in zip(made, values, paces, strict=True)
    ]


def _turned(derivative: Expr, pace: float) -> Expr:
    if pace >= 0.0:
        return derivative
    match derivative:
        case Scale(factor, operand):
            return operand if factor == -1.0 else Scale(-factor, operand)
        case Const(value):
            return Const(-value)
        case _:
            return Scale(-1.0, derivative)


def _undefined(state: State) -> Diagnostic:
    return Diagnostic(
        kind=Kind.AMPLITUDE_UNBOUNDED,
        message=f"{state.name} has no finite value at the start",
        at=state.at,
        hint="start values inside the domain of the function",
    )
