"""Amplitude scaling: how many of the user's units one machine unit stands for, signal by signal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind
from appliance.compiler.digits import LARGEST, SMALLEST, round_up
from appliance.compiler.wiring import LANE_WEIGHT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.compiler.elements import Elements, Sum
    from appliance.compiler.program import Bound
    from appliance.compiler.solution import Solution

MARGIN: Final = 1.2
"""Room above the largest value that the digital solution shows."""
_UNIT: Final = 1.0 + 1e-9
_SMALLEST_AS_WRITTEN: Final = 1e-30
_SMALLEST_START: Final = 1.2e-38
"""The smallest float32 of full precision, in machine units."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amplitudes:
    """Amplitudes in the user's units: of each signal (states, products, passes), and of the two
    input sums of each product."""

    signals: tuple[float, ...]
    operands: tuple[tuple[float, float], ...]


_Peaks: TypeAlias = "dict[int, tuple[float, ...]]"
"""Largest absolute values over the horizon: of the operands of each product and pass."""


def choose_amplitudes(
    elements: Elements, solution: Solution, margin: float = MARGIN
) -> tuple[Amplitudes, ...]:
    """Candidates in order of preference: no scaling where all of the user's states stay within
    one machine unit as written, then scaling to the bounds: those of the pragmas, or ``margin``
    times the largest value of the solution.

    Raises CompileError ``amplitude-unbounded`` where the solution passes a ``bound`` pragma.
    """
    bounds = _bounds(elements, solution)
    peaks = _peaks(elements, solution)
    scaled = [
        _state_amplitude(bounds.get(i), margin * size) for i, size in enumerate(solution.sizes)
    ]
    own = elements.system.own
    candidates = [_with_states(scaled, elements, peaks, margin)]
    if _fit_as_written(solution.amplitudes[:own]) and all(b.value <= 1.0 for b in bounds.values()):
        unscaled = [1.0] * own + scaled[own:]
        candidates.insert(0, _with_states(unscaled, elements, peaks, margin))
    for candidate in candidates:
        _check_sizes(candidate)
        _check_starts(candidate, solution)
    return tuple(candidates)


def _fit_as_written(peaks: Array) -> bool:
    """Within one machine unit, and not so small that a start value is no float32 any more."""
    return bool(np.all((peaks <= _UNIT) & ((peaks == 0.0) | (peaks >= _SMALLEST_AS_WRITTEN))))


def _check_sizes(amplitudes: Amplitudes) -> None:
    sizes = (*amplitudes.signals, *chain(*amplitudes.operands))
    for size in sizes:
        if not SMALLEST <= size <= LARGEST:
            message = f"a quantity of the program is as large or small as {size:.3g}"
            hint = f"choose units in which all of them are within {SMALLEST:g} and {LARGEST:g}"
            raise CompileError(
                Diagnostic(kind=Kind.AMPLITUDE_UNBOUNDED, message=message, hint=hint)
            )


def _check_starts(amplitudes: Amplitudes, solution: Solution) -> None:
    """A start value must not vanish beside what the state grows to."""
    faults = [
        Diagnostic(
            kind=Kind.AMPLITUDE_UNBOUNDED,
            message=(
                f"{state.label} starts at {state.initial:g} and one machine unit stands for "
                f"{size:g}: the start value is lost"
            ),
            at=state.at,
            hint="a shorter horizon, or a smaller bound",
        )
        for state, size in zip(solution.system.states, amplitudes.signals, strict=False)
        if 0.0 < abs(state.initial) < _SMALLEST_START * size
    ]
    if faults:
        raise CompileError(*faults)


def _bounds(elements: Elements, solution: Solution) -> dict[int, Bound]:
    numbers = {(s.name, s.order): i for i, s in enumerate(elements.system.states)}
    bounds = {numbers[b.name, b.order]: b for b in elements.system.program.bounds}
    faults = [
        _bound_passed(bound, solution, state)
        for state, bound in bounds.items()
        if solution.amplitudes[state] > bound.value * _UNIT
    ]
    if faults:
        raise CompileError(*faults)
    return bounds


def _bound_passed(bound: Bound, solution: Solution, state: int) -> Diagnostic:
    sizes = np.abs(solution.states[state])
    after = int(np.argmax(sizes > bound.value))
    around = slice(max(after - 1, 0), after + 1)
    first = float(np.interp(bound.value, sizes[around], solution.times[around]))
    label = bound.name + "'" * bound.order
    return Diagnostic(
        kind=Kind.AMPLITUDE_UNBOUNDED,
        message=(
            f"{label} passes its bound {bound.value:g} at "
            f"{solution.system.program.variable} = {first:.4g} and reaches "
            f"{solution.amplitudes[state]:.6g} within the horizon {solution.horizon:g}"
        ),
        at=bound.at,
        hint="a larger bound, a shorter horizon, or no bound pragma at all",
    )


def _state_amplitude(bound: Bound | None, size: float) -> float:
    if bound is not None:
        return bound.value
    return round_up(float(size))


def _with_states(
    states: list[float], elements: Elements, peaks: _Peaks, margin: float
) -> Amplitudes:
    signals = dict(enumerate(states))
    operands: dict[int, tuple[float, float]] = {}
    for signal in elements.order():
        sizes = [
            _sum_amplitude(operand, peak, signals, margin)
            for operand, peak in zip(elements.operands(signal), peaks[signal], strict=True)
        ]
        signals[signal] = math.prod(sizes)
        if len(sizes) > 1:
            operands[signal] = (sizes[0], sizes[1])
    return Amplitudes(
        signals=tuple(size for _, size in sorted(signals.items())),
        operands=tuple(sizes for _, sizes in sorted(operands.items())),
    )


def _sum_amplitude(operand: Sum, peak: float, signals: Mapping[int, float], margin: float) -> float:
    """A lone signal goes in at full size; a sum within one machine unit in an unscaled program too.

    A sum whose terms nearly cancel is not blown up to the full range: no term takes more than one
    lane, and what the coefficients' rounding leaves of the terms stays small.
    """
    if operand.is_single:
        signal, coefficient = operand.terms[0]
        return abs(coefficient) * signals[signal]
    is_as_written = peak <= _UNIT and all(signals[signal] == 1.0 for signal, _ in operand.terms)
    size = 1.0 if is_as_written else round_up(margin * peak)
    largest = max(abs(operand.constant), *(abs(c) * signals[signal] for signal, c in operand.terms))
    return max(size, round_up(largest / LANE_WEIGHT))


def _peaks(elements: Elements, solution: Solution) -> _Peaks:
    rows: dict[int, Array] = dict(enumerate(solution.states))
    found: _Peaks = {}
    with np.errstate(all="ignore"):  # sizes out of range are refused later
        for signal in elements.order():
            operands = [_values(operand, rows) for operand in elements.operands(signal)]
            found[signal] = tuple(_peak(values) for values in operands)
            rows[signal] = operands[0] * operands[1] if len(operands) > 1 else -operands[0]
    return found


def _values(operand: Sum, rows: Mapping[int, Array]) -> Array:
    total = np.full_like(rows[0], operand.constant)
    for signal, coefficient in operand.terms:
        total += coefficient * rows[signal]
    return total


def _peak(values: Array) -> float:
    return float(np.max(np.abs(values)))
