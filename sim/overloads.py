"""Overloads: which element left the machine's range first when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim.options import OVERLOAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.algebra import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Overload:
    """An element's first time beyond 1 machine unit: when, and which way (``value``, signed).

    ``peak`` is the largest magnitude at the samples from then on, where that is more.
    """

    element: str
    time_s: float
    value: float
    peak: float

    def __str__(self) -> str:
        return (
            f"{self.element} passes {'+' if self.value > 0.0 else '-'}1 machine unit at "
            f"{self.time_s:.6g} s and reaches {self.peak:.4g}"
        )


class OverloadLog:
    """Keeps the first overload of each element; times in seconds."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._found: dict[int, Overload] = {}

    def note(self, element: int, time_s: float, value: float) -> None:
        """Element number ``element`` is at ``value`` at this time; later times do not count."""
        known = self._found.get(element)
        if known is None or time_s < known.time_s:
            self._found[element] = Overload(
                element=self._names[element], time_s=time_s, value=value, peak=abs(value)
            )

    def note_start(self, outputs: Sequence[float]) -> None:
        """Note what is out of range before anything moves."""
        for element, value in enumerate(outputs):
            if abs(value) > OVERLOAD:
                self.note(element, 0.0, value)

    def note_peaks(self, outputs: Array) -> None:
        """Raise the peaks by samples of all elements, (elements, n)."""
        for element, known in self._found.items():
            row = outputs[element]
            peak = max(float(row.max()), -float(row.min()))
            if peak > known.peak:
                self._found[element] = replace(known, peak=peak)

    def __contains__(self, element: int) -> bool:
        return element in self._found

    def __len__(self) -> int:
        return len(self._found)

    def in_order(self) -> list[Overload]:
        """All overloads, earliest first."""
        return sorted(self._found.values(), key=lambda overload: overload.time_s)
