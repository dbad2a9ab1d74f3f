"""When samples are taken."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sim.errors import Unusable

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_SAMPLES: Final = 1_000_000_000
"""Samples per probe, at most. A caller with less room sets a lower limit of its own."""
_WHOLE: Final = 1e-6
"""How near a number of samples must be to a whole one to be meant as such."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleGrid:
    """``count`` sampling times from 0 on; sample i is taken at ``i * numerator / denominator``
    seconds. The run itself lasts ``end_s`` seconds, at least up to the last sample."""

    count: int
    numerator: float
    denominator: float
    end_s: float

    @classmethod
    def at_rate(cls, op_time_s: float, sample_rate_hz: float) -> SampleGrid:
        """Samples at i / rate from the start on, for ``op_time_s`` seconds.

        Their number is op_time * rate where that is within 1e-6 of a whole number, else its floor.
        Raises Unusable for times, rates or counts out of range.
        """
        _positive(op_time_s, "op time", "s")
        _positive(sample_rate_hz, "sample rate", "Hz")
        product = op_time_s * sample_rate_hz
        _countable(product)
        nearest = round(product)
        count = nearest if abs(product - nearest) <= _WHOLE else math.floor(product)
        return cls(count=count, numerator=1.0, denominator=sample_rate_hz, end_s=op_time_s)

    @classmethod
    def evenly(cls, end_s: float, points: int) -> SampleGrid:
        """``points`` times from 0 to ``end_s``, both included (two at least).

        Raises Unusable for times or counts out of range.
        """
        _positive(end_s, "op time", "s")
        if points < 2:
            raise Unusable(f"{points} points: at least 2 are needed, one at each end")
        _countable(points)
        return cls(count=points, numerator=end_s, denominator=float(points - 1), end_s=end_s)

    def times(self, start: int, stop: int) -> NDArray[np.float64]:
        """Sampling times of samples start..stop-1 in seconds."""
        index = np.arange(start, stop, dtype=np.float64)
        return np.asarray(index * self.numerator / self.denominator)


def _positive(value: float, name: str, unit: str) -> None:
    if not (math.isfinite(value) and value > 0.0):
        raise Unusable(f"{name} is {value!r} {unit}: must be a positive number")


def _countable(count: float) -> None:
    if not count <= MAX_SAMPLES:
        raise Unusable(
            f"{count:.6g} samples per probe are more than {MAX_SAMPLES}: lower the sample rate or "
            "shorten the run"
        )
