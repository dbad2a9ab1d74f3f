"""What a program's mathematics gives, by scipy alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

if TYPE_CHECKING:
    from tests.unit.appliance.compiler.lowered_cases import Case

Array = NDArray[np.float64]


def reference(case: Case, times: Array) -> tuple[Array, int]:
    """Probes (times, probes), and how many times can be predicted: where start values off by 0.1 %
    of the amplitudes move no state by 5 % of its amplitude."""
    start = np.array(case.start)
    states = _solved(case, start, times)
    amplitudes = np.max(np.abs(states), axis=1)
    moved = _solved(case, start + 1e-3 * amplitudes, times)
    beyond = np.any(np.abs(moved - states) > 0.05 * amplitudes[:, None], axis=0)
    shown = [case.shown(t, y) for t, y in zip(times.tolist(), states.T, strict=True)]
    return np.array(shown), int(np.argmax(beyond)) if np.any(beyond) else len(times)


def _solved(case: Case, start: Array, times: Array) -> Array:
    """States (states, times)."""

    def right(t: float, y: Array) -> Array:
        return np.array(case.right(t, y.tolist()))

    end = float(times[-1])
    found = solve_ivp(right, (0.0, end), start, "DOP853", times, rtol=1e-10, atol=1e-13)
    assert found.success
    return np.asarray(found.y)
