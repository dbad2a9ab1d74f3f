"""Cards: each element with all that belongs to its symbol, and where in it things are.

Heights are in pixels from the card's top; what is left and right of what is for the columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from appliance.explain.model import Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.explain.model import Channel, Element, Input, Schematic, Term

ROW: Final = 34.0
"""From one input line to the next. All lines and outputs of a card are at whole multiples of half
of that from the height of its symbol."""
HALF_SYMBOL: Final = 26.0
"""Symbols are twice as high."""
TAP_STEP: Final = 1.5 * ROW
"""From an input line of a multiplier to the pass-through element that taps it."""
HALF_TAP: Final = 14.0
"""Half the height of that one."""
_HEADROOM: Final = ROW / 2
"""Of a line: its weight is written above it, its lanes below."""
CAPTION: Final = 14.0
"""A line of small text."""
_CHANNEL: Final = 32.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An input line: the M output that it comes from (None: the constant), its height, and the
    weight on it (None: a plain wire)."""

    source: int | None
    y: float
    term: Term | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rail:
    """Lines that are summed, and the height at which the sum goes on to the right."""

    lines: tuple[Line, ...]
    y: float

    @property
    def span(self) -> tuple[float, float]:
        """Top and bottom."""
        heights = [line.y for line in self.lines]
        return min(self.y, *heights), max(self.y, *heights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where an element's output leaves the card; ``rail`` is the one that a pass-through element
    on a multiplier's card listens to."""

    element: Element
    y: float
    rail: Rail | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An element or a channel: its rails, the height of its symbol, the outputs (first its own),
    and the height at which its notes begin."""

    rails: tuple[Rail, ...]
    y: float
    height: float
    notes_y: float
    outputs: tuple[Output, ...] = ()
    channel: Channel | None = None

    @property
    def lines(self) -> Iterator[Line]:
        """All input lines."""
        return (line for rail in self.rails for line in rail.lines)

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say below the symbol: long names, what a loop follows."""
        elements = [output.element for output in self.outputs]
        named = [f"{e.name} is {e.words}" for e in elements if e.words != e.name]
        return (*named, *(e.remark for e in elements if e.remark))


def cards(schematic: Schematic) -> Iterator[Card]:
    """A card for each element and channel, but pass-through elements that tap a multiplier are on
    the multiplier's card."""
    taps = {e.tapped: e for e in schematic.elements if e.tapped is not None}
    for element in schematic.elements:
        if element.shape is Shape.MULTIPLIER:
            yield _multiplier(element, taps)
        elif element.tapped is None:
            yield _summer(element)
    yield from map(_channel, schematic.channels)


def _summer(element: Element) -> Card:
    """An integrator, or a pass-through element with lanes of its own."""
    (total,) = element.inputs
    half = max(len(total.terms) - 1, 0) * ROW / 2
    y = max(HALF_SYMBOL + CAPTION, half + _HEADROOM)
    rail = Rail(lines=_lines(total, y - half), y=y)
    captions = 1 if element.start is None else 2
    bottom = y + max(half + _HEADROOM, HALF_SYMBOL + captions * CAPTION)
    return _finished((rail,), y, bottom, (Output(element=element, y=y),))


def _multiplier(element: Element, taps: dict[int, Element]) -> Card:
    """The symbol is where the left rail ends and the right one begins."""
    left, right = element.inputs
    over, under = (taps.get(total.number) for total in element.inputs)
    above, below = (len(total.terms) * ROW - ROW / 2 for total in element.inputs)
    y = max(above + _HEADROOM, HALF_SYMBOL)
    if over is not None:
        y += TAP_STEP + HALF_TAP
    upper = Rail(lines=_lines(left, y - above), y=y - ROW / 2)
    lower = Rail(lines=_lines(right, y + ROW / 2), y=y + ROW / 2)
    outputs = [Output(element=element, y=y)]
    bottom = y + max(below + _HEADROOM, HALF_SYMBOL + CAPTION)
    if over is not None:
        outputs.append(Output(element=over, y=upper.span[0] - TAP_STEP, rail=upper))
    if under is not None:
        outputs.append(Output(element=under, y=lower.span[1] + TAP_STEP, rail=lower))
        bottom = outputs[-1].y + HALF_TAP + CAPTION
    return _finished((upper, lower), y, bottom, tuple(outputs))


def _lines(total: Input, first: float) -> tuple[Line, ...]:
    return tuple(
        Line(source=term.source, y=first + number * ROW, term=term)
        for number, term in enumerate(total.terms)
    )


def _finished(
    rails: tuple[Rail, ...], y: float, bottom: float, outputs: tuple[Output, ...]
) -> Card:
    """With room for the notes."""
    card = Card(rails=rails, y=y, height=bottom, notes_y=bottom + CAPTION, outputs=outputs)
    return replace(card, height=bottom + CAPTION * len(card.notes) + CAPTION / 2)


def _channel(channel: Channel) -> Card:
    y = _CHANNEL / 2
    rail = Rail(lines=(Line(source=channel.output, y=y),), y=y)
    return Card(rails=(rail,), y=y, height=_CHANNEL, notes_y=_CHANNEL, channel=channel)
