"""Wires: which outputs are drawn through to the next column, on tracks in the gap before it.

A wire leaves its output, turns on its own vertical track, and enters the lines that read it. Where
another wire enters at the height at which it leaves, its track has to be the further left one;
wires for which that cannot be arranged are not drawn, the lines carry the name of the signal
instead, as do all lines that read something further away.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from appliance.explain.canvas import Point
    from appliance.explain.columns import Placed

_APART: Final = 13.0
"""Heights nearer than this are too near for two wires side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """From the M output ``source``, leaving at height ``start``, to lines at the heights ``ends``,
    by way of track ``track`` (0 is the leftmost) of the gap after column ``column``."""

    source: int
    column: int
    track: int
    start: float
    ends: tuple[float, ...]

    def pieces(self, left: float, track: float, right: float) -> Iterator[list[Point]]:
        """Corners of what has to be drawn, nothing twice: from x = ``left`` to the track at
        ``track`` and on to ``right``."""
        begin: list[Point] = [(left, self.start)]
        if self.start in self.branches:
            yield [*begin, (right if self.start in self.ends else track, self.start)]
            begin = []
        for end in dict.fromkeys((min(self.ends), max(self.ends))):
            if end == self.start and begin:
                yield [*begin, (right, end)]
            elif end != self.start and not self._is_between(end):
                yield [*begin, (track, self.start), (track, end), (right, end)]
        for end in filter(self._is_between, self.ends):
            if end != self.start:
                yield [(track, end), (right, end)]

    @property
    def branches(self) -> set[float]:
        """Heights at which more than two pieces meet."""
        found = set(filter(self._is_between, (self.start, *self.ends)))
        goes_on = self.start in self.ends and len(self.ends) > 1
        return found | ({self.start} if goes_on else set())

    def _is_between(self, y: float) -> bool:
        heights = (self.start, *self.ends)
        return min(heights) < y < max(heights)


def wires(placed: Iterable[Placed]) -> tuple[Wire, ...]:
    """All wires of a picture."""
    cards = tuple(placed)
    found: list[Wire] = []
    for column in range(max(p.column for p in cards)):
        found += _gap(column, cards)
    return tuple(found)


def _gap(column: int, cards: tuple[Placed, ...]) -> list[Wire]:
    starts = {o.element.output: y for p in cards if p.column == column for o, y in p.outputs}
    ends: dict[int, list[float]] = defaultdict(list)
    for line, y in (pair for p in cards if p.column == column + 1 for pair in p.lines):
        if line.source is not None and line.source in starts:
            ends[line.source].append(y)
    order = _order({source: (starts[source], tuple(heights)) for source, heights in ends.items()})
    return [
        Wire(source=s, column=column, track=n, start=starts[s], ends=tuple(ends[s]))
        for n, s in enumerate(order)
    ]


def _order(nets: dict[int, tuple[float, tuple[float, ...]]]) -> list[int]:
    """Sources from the leftmost track to the rightmost; without those in the way of others."""
    nets = dict(sorted(nets.items(), key=lambda net: net[1]))
    while True:
        before = {
            source: [other for other in nets if other != source and _is_before(nets, other, source)]
            for source in nets
        }
        try:
            return list(TopologicalSorter(before).static_order())
        except CycleError as error:
            circle: list[int] = error.args[1]
            del nets[max(circle, key=lambda source: len(nets[source][1]))]


def _is_before(nets: dict[int, tuple[float, tuple[float, ...]]], left: int, right: int) -> bool:
    """Whether a wire leaves where the other one enters."""
    start, _ = nets[left]
    return any(abs(end - start) < _APART for end in nets[right][1])
