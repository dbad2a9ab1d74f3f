"""The demo's result: shown, and compared with the equations' own solution without any machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import orjson
from scipy.integrate import solve_ivp

from appliance.demo_program import NAMES, START, say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

TOLERANCE: Final = 1e-2
"""The result is wrong where it is off by more than this part of the amplitude."""
SAME: Final = 1e-5
"""Two machines agree when they are no further apart than this part of the amplitude."""
WIDTH: Final = 72
_BARS: Final = "▁▂▃▄▅▆▇█"
_PLAIN_BARS: Final = "_.,-=+*#"

SMALLEST: Final = 2.0**-24
"""Relative step of the numbers in a circuit file (float32): no machine knows its start better."""
PREDICTABLE: Final = 1e-3
"""Two solutions of starts that close agree within this part of the amplitude for so long."""


def show_result(result: bytes, step: float) -> bool:
    """Print table, curves and deviation of a run result (three probes, ``step`` of problem time
    between samples). Returns whether it agrees with the equations."""
    values: Array = np.array(orjson.loads(result), dtype=np.float64)
    times: Array = np.arange(values.shape[1]) * np.float64(step)
    _show_table(times, values)
    _show_curves(values)
    return _show_deviation(times, values, solve(times))


def show_difference(name: str, simulated: bytes, measured: bytes) -> bool:
    """Print how far the results of two machines for the same run are apart. Returns whether they
    are the same but for the rounding of samples on their way."""
    one, other = (np.array(orjson.loads(text), dtype=np.float64) for text in (simulated, measured))
    if one.shape != other.shape:
        say(f"{name} gave {other.shape[1]} samples, the simulator {one.shape[1]}.")
        return False
    apart = float((np.abs(one - other).max(axis=1) / np.abs(one).max(axis=1)).max())
    say(f"{name} ran the same module over TCP and UDP; its {other.size} samples differ from the")
    say(f"simulator's by at most {100 * apart:.2g} % of the amplitude (they travel as float32).")
    return apart <= SAME


def _show_table(times: Array, values: Array) -> None:
    say("        t" + "".join(f"{name:>12}" for name in NAMES))
    step = max(1, len(times) // 8)
    for i in range(0, len(times), step):
        say(f"{times[i]:9.3f}" + "".join(f"{value:12.5f}" for value in values[:, i]))
    say("")


def _show_curves(values: Array) -> None:
    for name, row in zip(NAMES, values, strict=True):
        low, high = row.min(), row.max()
        points = row[np.linspace(0, len(row) - 1, WIDTH).astype(int)]
        levels = ((points - low) / (high - low) * (len(_BARS) - 1)).round().astype(int)
        bars = "".join(_bars()[level] for level in levels)
        say(f"{name}  {bars}  {low:.1f} to {high:.1f}")
    say("")


def _show_deviation(times: Array, values: Array, truth: Truth) -> bool:
    """Compare with the equations' own solution, as long as that can be predicted."""
    n = truth.predictable
    worst = np.abs(values[:, :n] - truth.values[:, :n]).max(axis=1) / truth.amplitudes
    shown = ", ".join(f"{name} {part:.2g} %" for name, part in zip(NAMES, 100 * worst, strict=True))
    say("Largest deviation from the equations' own solution (scipy DOP853), in parts of the")
    say(f"amplitude, up to t = {times[n - 1]:.3g}: {shown}.")
    if n < len(times):
        say("(Beyond, the last digit of the start values decides: nobody can predict chaos.)")
    return bool((worst <= TOLERANCE).all())


def _bars() -> str:
    try:
        _BARS.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return _PLAIN_BARS
    return _BARS


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The equations' own solution at the wanted times (3, n), its amplitudes (3), and how many of
    the times can be predicted at all: the system is chaotic."""

    values: Array
    amplitudes: Array
    predictable: int


def solve(times: Array) -> Truth:
    """Solve the equations with scipy's DOP853 at ascending ``times`` from 0."""
    values = _solution(np.array(START), times)
    moved = _solution(np.array(START) * (1.0 + SMALLEST), times)
    amplitudes = np.abs(values).max(axis=1)
    apart = (np.abs(values - moved) / amplitudes[:, None]).max(axis=0) > PREDICTABLE
    predictable = int(np.argmax(apart)) if apart.any() else len(times)
    return Truth(values=values, amplitudes=amplitudes, predictable=predictable)


def _solution(start: Array, times: Array) -> Array:
    found = solve_ivp(
        _right_side, (0.0, float(times[-1])), start, "DOP853", times, rtol=1e-11, atol=1e-11
    )
    return np.asarray(found.y, dtype=np.float64)


def _right_side(_: float, state: Array) -> Array:
    x, y, z = state
    return np.array((10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z))
