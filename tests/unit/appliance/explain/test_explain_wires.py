"""Pieces of wires: all ends reached, nothing drawn twice, dots where more than two pieces meet."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from appliance.explain.wires import Wire


def wire(start: float, *ends: float) -> Wire:
    return Wire(source=0, column=0, track=0, start=start, ends=ends)


CASES = [(start, ends) for start in (0.0, 1.0, 2.0, 3.0) for ends in (
    (0.0,), (1.0,), (0.0, 2.0), (0.0, 1.0, 3.0), (3.0, 2.0),
)]  # fmt: skip


@pytest.mark.parametrize(("start", "ends"), CASES)
def test_pieces_reach_all_ends_and_cover_nothing_twice(
    start: float, ends: tuple[float, ...]
) -> None:
    drawn: Counter[tuple[str, float, float]] = Counter()
    for piece in wire(start, *ends).pieces(0.0, 5.0, 9.0):
        for (x1, y1), (x2, y2) in itertools.pairwise(piece):
            if y1 == y2:
                drawn.update(("h", x + 0.5, y1) for x in range(int(x1), int(x2)))
            else:
                low, high = sorted((y1, y2))
                drawn.update(("v", x1, y + 0.5) for y in range(int(low), int(high)))
    wanted = {("h", x + 0.5, start) for x in range(5)}
    wanted |= {("h", x + 0.5, end) for x in range(5, 9) for end in ends}
    heights = range(int(min(start, *ends)), int(max(start, *ends)))
    wanted |= {("v", 5.0, y + 0.5) for y in heights}
    assert drawn == Counter(wanted)


@pytest.mark.parametrize(
    ("one", "dots"),
    [
        (wire(0, 0), set()),
        (wire(0, 2), set()),
        (wire(1, 0, 2), {1}),
        (wire(0, 1, 2), {1}),
        (wire(0, 0, 2), {0}),
        (wire(1, 0, 1, 2), {1}),
    ],
)
def test_dots(one: Wire, dots: set[float]) -> None:
    assert one.branches == dots
