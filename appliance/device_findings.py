"""Measured against expected: what a test finds, as records and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from appliance.device_offers import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.device_circuits import Array
    from appliance.device_plan import Plan, PlannedRun, Point

TOLERANCE: Final = 0.02
MDR_TOLERANCE: Final = 0.05
"""What the vendor accepts of an M-MDR block."""
_TITLE: Final = 44
_PLACE: Final = 34


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A probe at its worst sample: values in machine units, ``deviation`` as a share of the largest
    expected value of the run. Without samples it is infinite and ``measured`` is NaN."""

    name: str
    time_s: float
    expected: float
    measured: float
    deviation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One run: its findings, or the ``error`` in the words of the driver."""

    title: str
    advice: str
    tolerance: float
    findings: tuple[Finding, ...] = ()
    overloads: tuple[str, ...] = ()
    error: str = ""

    @property
    def failed(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if not one.deviation <= self.tolerance)

    @property
    def is_passed(self) -> bool:
        return bool(self.findings) and not self.failed and not self.error

    @property
    def worst(self) -> Finding | None:
        return max(self.findings, key=lambda one: one.deviation, default=None)


def tolerance_of(run: PlannedRun, wanted: float | None) -> float:
    """The share of a signal's size that a run may deviate by."""
    if wanted is not None:
        return wanted
    return MDR_TOLERANCE if run.has_mdr else TOLERANCE


def findings(run: PlannedRun, samples: Sequence[Array]) -> tuple[Finding, ...]:
    """Compare the samples of each probe, which may be NaN, with what they must be."""
    nothing = np.empty(0)
    return tuple(
        _finding(point, run.rate_hz, samples[probe] if probe < len(samples) else nothing)
        for probe, point in enumerate(run.points)
    )


def _finding(point: Point, rate_hz: int, samples: Array) -> Finding:
    times = np.arange(max(1, len(samples))) / rate_hz
    expected = point.expected(times)
    if not len(samples):
        samples = np.full(1, math.nan)
    deviations = np.abs(samples - expected) / np.max(np.abs(expected))
    deviations[np.isnan(deviations)] = math.inf
    worst = int(np.argmax(deviations))
    return Finding(
        name=point.name,
        time_s=float(times[worst]),
        expected=float(expected[worst]),
        measured=float(samples[worst]),
        deviation=float(deviations[worst]),
    )


HEAD: Final = (
    f"{'CHECK':{_TITLE}}  {'LARGEST DEVIATION AT':{_PLACE}}  EXPECTED  MEASURED  DEVIATION"
)


def row(outcome: Outcome) -> str:
    """One line of the table."""
    worst = outcome.worst
    verdict = "ok" if outcome.is_passed else "FAILED"
    if worst is None:
        return f"{outcome.title:{_TITLE}}  {verdict}"
    return f"{outcome.title:{_TITLE}}  {_numbers(worst)}  {verdict}"


def _numbers(one: Finding) -> str:
    if math.isnan(one.measured):
        return f"{one.name}: a sample is missing"
    place = f"{one.name}, {1000 * one.time_s:.3g} ms"
    percent = 100 * one.deviation
    return f"{place:{_PLACE}}  {one.expected:+8.4f}  {one.measured:+8.4f}  {percent:7.3f} %"


def verdict(outcomes: Sequence[Outcome], plan: Plan) -> str:
    """What came of all runs, and what to do about those that failed."""
    lines = [f"Not tested, as the machine has no elements for it: {one}" for one in plan.skipped]
    for outcome in outcomes:
        lines += _remarks(outcome)
    left = len(plan.runs) - len(outcomes)
    passed = sum(one.is_passed for one in outcomes)
    if left:
        lines.append(f"{left} checks were left out, as the device cannot be used any more.")
    if passed == len(plan.runs):
        worst = max(one.worst.deviation for one in outcomes if one.worst is not None)
        lines.append(f"Passed: {passed} checks, the largest deviation is {100 * worst:.3g} %.")
    else:
        lines.append(f"FAILED: {passed} of {len(plan.runs)} checks passed.")
        lines.append(
            "Test again first: what stays is a fault, what comes and goes is a contact or noise."
        )
    return "\n".join(lines)


def _remarks(outcome: Outcome) -> list[str]:
    """About one run: why it failed, where, and where to look; elements that were out of range."""
    lines = [f"{outcome.title}: out of range: {printable(one)}" for one in outcome.overloads]
    if outcome.error:
        lines.append(f"{outcome.title}: could not be run: {printable(outcome.error)}")
    elif outcome.failed:
        lines.append(f"{outcome.title}: more than {100 * outcome.tolerance:g} % off:")
        lines += [f"    {_numbers(one)}" for one in outcome.failed]
        lines.append(f"    {outcome.advice}.")
    return lines


def facts(outcomes: Sequence[Outcome], plan: Plan) -> dict[str, object]:
    """All of it for a program; what was not measured is null."""
    return {
        "passed": sum(one.is_passed for one in outcomes) == len(plan.runs),
        "skipped": list(plan.skipped),
        "left_out": [run.title for run in plan.runs[len(outcomes) :]],
        "checks": [_outcome_facts(one) for one in outcomes],
    }


def _outcome_facts(outcome: Outcome) -> dict[str, object]:
    return {
        "title": outcome.title,
        "passed": outcome.is_passed,
        "tolerance": outcome.tolerance,
        "error": outcome.error or None,
        "overloads": list(outcome.overloads),
        "probes": [
            {
                "name": one.name,
                "time_s": one.time_s,
                "expected": one.expected,
                "measured": _finite(one.measured),
                "deviation": _finite(one.deviation),
            }
            for one in outcome.findings
        ],
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
