"""A small time plot as SVG, written by hand.

Samples are thinned while they come in: of all samples that fall into one column of pixels only the
smallest and the largest are kept, which draws the same picture.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree

import numpy as np

if TYPE_CHECKING:
    from sim.algebra import Array
    from sim.engine import SampleBlock
    from sim.table import Table

_WIDTH: Final = 900
_HEIGHT: Final = 480
_LEFT: Final = 72
_RIGHT: Final = 24
_TOP: Final = 40
_BOTTOM: Final = 48
_COLUMNS: Final = 800
_TICKS: Final = 6
_LEGEND_STEP: Final = 110
_LEGEND_ENTRIES: Final = 7
_COLOURS: Final = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#666666", "#8a5a00",
)  # fmt: skip
"""Told apart by most colour-blind readers too."""


class Sketch:
    """Collects the blocks of a run and draws them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._bins = min(_COLUMNS, max(1, table.grid.count))
        shape = (self._bins, len(table.columns))
        self._low = np.full(shape, np.inf)
        self._high = np.full(shape, -np.inf)

    def add(self, block: SampleBlock) -> None:
        """Take a block in; blocks may come in any order."""
        values = self._table.values(block)
        index = np.arange(block.start, block.start + len(values))
        bins = index * self._bins // self._table.grid.count
        starts = np.flatnonzero(np.diff(bins, prepend=-1))
        where = bins[starts]
        lows = np.fmin.reduceat(values, starts, axis=0)
        highs = np.fmax.reduceat(values, starts, axis=0)
        self._low[where] = np.fmin(self._low[where], lows)
        self._high[where] = np.fmax(self._high[where], highs)

    def render(self) -> bytes:
        """The finished picture."""
        across = _Axis(0.0, self._end(), _LEFT, _WIDTH - _RIGHT)
        up = _Axis(*self._range(), _HEIGHT - _BOTTOM, _TOP)
        svg = _root()
        _draw_axes(svg, across, up, self._table.time_name)
        for number, column in enumerate(self._table.columns):
            colour = _COLOURS[number % len(_COLOURS)]
            for line in self._lines(number, across, up):
                _add(svg, "polyline", points=line, fill="none", stroke=colour)
            _draw_legend(svg, number, column.name, colour)
        return bytes(ElementTree.tostring(svg, encoding="utf-8", xml_declaration=True))

    def _end(self) -> float:
        count = self._table.grid.count
        return float(self._table.times(count - 1, count)[0]) if count else 0.0

    def _range(self) -> tuple[float, float]:
        low, high = self._low[np.isfinite(self._low)], self._high[np.isfinite(self._high)]
        if not (low.size and high.size):
            return -1.0, 1.0
        bottom, top = float(low.min()), float(high.max())
        margin = 0.04 * (top - bottom) or max(abs(top), 1.0) * 0.1
        return bottom - margin, top + margin

    def _lines(self, number: int, across: _Axis, up: _Axis) -> list[str]:
        """Point lists of one probe's curve, broken where there are no finite values."""
        times = self._bin_times()
        lows, highs = self._low[:, number], self._high[:, number]
        good = np.isfinite(lows) & np.isfinite(highs)
        lines: list[str] = []
        for run in np.split(np.arange(self._bins), np.flatnonzero(np.diff(good)) + 1):
            if good[run[0]]:
                points = [
                    f"{across.at(times[i]):.1f},{up.at(value):.1f}"
                    for i in run
                    for value in _ends(lows[i], highs[i])
                ]
                lines.append(" ".join(points))
        return lines

    def _bin_times(self) -> Array:
        count = self._table.grid.count
        firsts = -(-np.arange(self._bins) * count // self._bins)
        return np.array([self._table.times(int(i), int(i) + 1)[0] for i in firsts])


def _ends(low: float, high: float) -> tuple[float, ...]:
    return (low,) if low == high else (low, high)


class _Axis:
    """A range of values laid along a range of pixels."""

    def __init__(self, low: float, high: float, first: float, last: float) -> None:
        self.low, self.high = low, high if high > low else low + 1.0
        self.first, self.last = first, last

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.first + share * (self.last - self.first)

    def ticks(self) -> list[float]:
        """About six round values within the range."""
        raw = (self.high - self.low) / _TICKS
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= raw * (1 - 1e-9))
        first, last = math.ceil(self.low / step), math.floor(self.high / step + 1e-9)
        return [i * step for i in range(first, last + 1)]


def _root() -> ElementTree.Element:
    svg = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {_WIDTH} {_HEIGHT}",
            "width": str(_WIDTH),
            "height": str(_HEIGHT),
            "font-family": "sans-serif",
            "font-size": "12",
        },
    )
    _add(svg, "rect", width=str(_WIDTH), height=str(_HEIGHT), fill="white")
    return svg


def _draw_axes(svg: ElementTree.Element, across: _Axis, up: _Axis, time_name: str) -> None:
    for value in across.ticks():
        x = f"{across.at(value):.1f}"
        _draw_grid_line(svg, x, str(_TOP), x, str(_HEIGHT - _BOTTOM))
        _text(svg, f"{value:.6g}", x, str(_HEIGHT - _BOTTOM + 18), "middle")
    for value in up.ticks():
        y = up.at(value)
        _draw_grid_line(svg, str(_LEFT), f"{y:.1f}", str(_WIDTH - _RIGHT), f"{y:.1f}")
        _text(svg, f"{value:.6g}", str(_LEFT - 8), f"{y + 4:.1f}", "end")
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    _text(svg, time_name, f"{middle:.1f}", str(_HEIGHT - 10), "middle")


def _draw_grid_line(svg: ElementTree.Element, x1: str, y1: str, x2: str, y2: str) -> None:
    _add(svg, "line", x1=x1, y1=y1, x2=x2, y2=y2, stroke="#dddddd")


def _draw_legend(svg: ElementTree.Element, number: int, name: str, colour: str) -> None:
    row, place = divmod(number, _LEGEND_ENTRIES)
    x, y = _LEFT + _LEGEND_STEP * place, 14 + 14 * row
    if y < _TOP:
        _add(svg, "line", x1=str(x), y1=str(y), x2=str(x + 20), y2=str(y), stroke=colour)
        _text(svg, name, str(x + 26), str(y + 4), "start")


def _text(svg: ElementTree.Element, text: str, x: str, y: str, anchor: str) -> None:
    _add(svg, "text", x=x, y=y, **{"text-anchor": anchor}).text = _printable(text)


def _printable(text: str) -> str:
    """XML has no place for control characters."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _add(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, attributes)
