"""Symbols of analog computing, each drawn with its left side, its middle or its line given."""

from __future__ import annotations

from typing import Final

from appliance.explain.canvas import NORMAL, SMALL, Canvas, line, points, text_width
from appliance.explain.cards import HALF_SYMBOL, HALF_TAP

SYMBOL: Final = 64.0
"""Width of all symbols."""
_BAR: Final = 14.0
"""The rectangle of an integrator."""
_BOX: Final = 8.0
_TIP: Final = 9.0
"""The point of a tag."""
_HALF_TAG: Final = 10.0
KNOB: Final = 7.0
"""Radius of a coefficient; with gain 8 there is a ring around it."""
_RING: Final = 3.5
SOURCE: Final = 11.0
"""Radius of the constant."""


def integrator(canvas: Canvas, x: float, y: float) -> None:
    """A rectangle and a triangle behind it."""
    top, bottom = y - HALF_SYMBOL, y + HALF_SYMBOL
    canvas.path(points((x + _BAR, top), (x + SYMBOL, y), (x + _BAR, bottom)), "symbol")
    canvas.path(points((x, top), (x + _BAR, top), (x + _BAR, bottom), (x, bottom)), "symbol")


def multiplier(canvas: Canvas, x: float, y: float) -> None:
    """A box with a cross."""
    left, right = x, x + SYMBOL
    top, bottom = y - HALF_SYMBOL, y + HALF_SYMBOL
    canvas.path(points((left, top), (right, top), (right, bottom), (left, bottom)), "symbol")
    middle = (left + right) / 2
    for slope in (1, -1):
        canvas.path(
            line(middle - _BOX, y - slope * _BOX, middle + _BOX, y + slope * _BOX), "line cross"
        )


def inverter(canvas: Canvas, x: float, y: float, *, small: bool = False) -> None:
    """A triangle: its output is minus its input."""
    half = HALF_TAP if small else HALF_SYMBOL
    width = SYMBOL / 2 if small else SYMBOL
    canvas.path(points((x, y - half), (x + width, y), (x, y + half)), "symbol")
    canvas.text("-1", x + 4, y + 4, size=SMALL if small else NORMAL)


def knob(canvas: Canvas, x: float, y: float, *, is_upscaled: bool) -> None:
    """A coefficient."""
    if is_upscaled:
        canvas.circle(x, y, KNOB + _RING, "knob")
    canvas.circle(x, y, KNOB, "knob")


def constant(canvas: Canvas, x: float, y: float, value: float) -> None:
    """The constant giver, its output to the right of ``x``."""
    canvas.circle(x - SOURCE, y, SOURCE, "symbol")
    canvas.text(f"{value:g}".replace("0.", "."), x - SOURCE, y + 4, size=SMALL, at="middle")


def tag(canvas: Canvas, text: str, x: float, y: float, css: str) -> None:
    """A signal's name, its point at (x, y)."""
    left, top, bottom = x - tag_width(text), y - _HALF_TAG, y + _HALF_TAG
    corners = ((left, top), (x - _TIP, top), (x, y), (x - _TIP, bottom), (left, bottom))
    canvas.path(points(*corners), f"tag {css}")
    canvas.text(text, left + 6, y + 4)


def tag_width(text: str) -> float:
    """From the tag's left side to its point."""
    return text_width(text) + 6 + _TIP


def converter(canvas: Canvas, x: float, y: float, text: str) -> None:
    """A channel: a flag that takes its input from the left."""
    right = x + SYMBOL
    top, bottom = y - HALF_TAP, y + HALF_TAP
    corners = ((x, y), (x + _TIP, top), (right, top), (right, bottom), (x + _TIP, bottom))
    canvas.path(points(*corners), "symbol")
    canvas.text(text, x + _TIP + 4, y + 4, size=SMALL)
