"""Names that are nearly the one somebody wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_COMPARISONS: Final = 20_000
_DISTANCES: Final = 1_000
"""Work for one program: help for the first mistakes, bounded for a program full of them."""


class Suggester:
    """Finds near names for one program."""

    def __init__(self) -> None:
        self._comparisons = _COMPARISONS
        self._distances = _DISTANCES

    def near(self, name: str, candidates: Iterable[str]) -> str | None:
        """The candidate that differs in the case of its letters only, else one that is one or (in
        long names) two edits away; None if there is none, or after too many questions."""
        best, best_distance = None, 1 + (2 if len(name) > 5 else 1 if len(name) > 2 else 0)
        for candidate in candidates:
            if self._comparisons <= 0 or self._distances <= 0:
                break
            self._comparisons -= 1
            if candidate.casefold() == name.casefold():
                return candidate
            if abs(len(candidate) - len(name)) < best_distance:
                self._distances -= 1
                distance = _distance(name, candidate, best_distance)
                if distance < best_distance:
                    best, best_distance = candidate, distance
        return best


def did_you_mean(name: str | None) -> str | None:
    """The hint for a near name."""
    return None if name is None else f"did you mean {name}?"


def _distance(a: str, b: str, limit: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbours; ``limit`` or more if it is."""
    before: list[int] = []
    above = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        row = [i] + [limit] * len(b)
        for j in range(max(1, i - limit), min(len(b), i + limit) + 1):
            row[j] = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != b[j - 1]))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == b[j - 1]:
                row[j] = min(row[j], before[j - 2] + 1)
        if min(row) >= limit:
            return limit
        before, above = above, row
    return above[-1]
