"""Gains of relaxation loops: how much faster than the problem a loop runs.

A loop with gain K lags behind what it computes by about 1/K. It starts well above fifty times the
fastest rate of the problem (analang reference, section 7), and is raised while the simulated
circuit is not well inside the tolerance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from appliance.compiler.solution import Array, Solution

_RATIO: Final = 100.0
"""Rate of a loop over the fastest rate of the problem, to begin with."""
_SLOWEST_PART: Final = 0.1
"""Where a loop's pace falls below this part of its largest one (a root near zero), the gain is not
made for it: the loop is slow there."""


def first_gains(solution: Solution) -> tuple[float, ...]:
    """A gain for each state of the system, in 1 / problem time and the user's units; 1 for those
    that are no loops."""
    system = solution.system
    wanted = [state.pace for state in system.states if state.pace is not None]
    paces = iter(np.abs(solution.values(wanted, solution.times)))
    rate = fastest_rate(solution)
    return tuple(
        _RATIO * rate / _usual_pace(next(paces)) if state.is_loop else 1.0
        for state in system.states
    )


def _usual_pace(pace: Array) -> float:
    """Of a loop at rest, which has none, that of a value of 1."""
    smallest, largest = float(np.min(pace)), float(np.max(pace))
    return max(smallest, _SLOWEST_PART * largest) or 1.0


def fastest_rate(solution: Solution) -> float:
    """The fastest rate of change of any state that is no loop, as a part of its amplitude."""
    steps = np.diff(solution.times)
    moving = steps > 0.0
    rates = [1.0 / solution.horizon]
    for number, state in enumerate(solution.system.states):
        if not state.is_loop and solution.amplitudes[number] > 0.0:
            slopes = np.abs(np.diff(solution.states[number])[moving]) / steps[moving]
            rates.append(float(np.max(slopes)) / float(solution.amplitudes[number]))
    return max(rates)
