"""Lane numbers in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def lane_words(lanes: Sequence[int]) -> str:
    """``lane 3`` or ``lanes 3-5+9``; the numbers ascend."""
    runs: list[list[int]] = []
    for lane in lanes:
        if runs and lane == runs[-1][-1] + 1:
            runs[-1].append(lane)
        else:
            runs.append([lane])
    word = "lane" if len(lanes) == 1 else "lanes"
    return f"{word} {'+'.join(_run(run) for run in runs)}"


def _run(run: list[int]) -> str:
    if len(run) < 3:
        return "+".join(map(str, run))
    return f"{run[0]}-{run[-1]}"
