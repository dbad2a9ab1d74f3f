"""Zones: how wide the parts of each column have to be for their texts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.explain.canvas import SMALL, text_width
from appliance.explain.lanes import lane_words
from appliance.explain.symbols import SOURCE, SYMBOL, tag_width
from appliance.explain.text import reading

if TYPE_CHECKING:
    from appliance.explain.cards import Card
    from appliance.explain.columns import Placed
    from appliance.explain.model import Schematic, Term
    from appliance.explain.wires import Wire

TRACK: Final = 13.0
"""From one vertical wire to the next."""
LEAD: Final = 14.0
"""A straight piece of wire."""
KNOB_AT: Final = 17.0
"""From the beginning of a line to its coefficient."""
LABEL_AT: Final = 32.0
"""And to what is written beside it."""
_ROOM: Final = 96.0
"""For a symbol and its captions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A column from left to right: from ``left`` on, names of signals; at ``tip`` lines begin; at
    ``rail`` they are summed; from ``symbol`` on, symbols; from ``out`` on, names of outputs (of
    channels: what they record); at ``right`` the gap begins, its first track at ``track``."""

    left: float
    tip: float
    rail: float
    symbol: float
    out: float
    right: float

    @property
    def track(self) -> float:
        return self.right + LEAD


def zones(
    schematic: Schematic, placed: tuple[Placed, ...], drawn: tuple[Wire, ...], left: float
) -> tuple[Zone, ...]:
    """A zone for each column, the first one from ``left`` on."""
    tracks = Counter(wire.column for wire in drawn)
    wired = {(wire.column + 1, wire.source) for wire in drawn}
    found: list[Zone] = []
    for column in range(max(p.column for p in placed) + 1):
        cards = [p.card for p in placed if p.column == column]
        named = {
            line.source
            for card in cards
            for line in card.lines
            if (column, line.source) not in wired
        }
        tags = max((_source_width(source, schematic) for source in named), default=0.0)
        zone = _zone(left, tags, cards)
        found.append(zone)
        left = zone.track + max(tracks[column] - 1, 0) * TRACK + LEAD
    return tuple(found)


def _zone(left: float, tags: float, cards: list[Card]) -> Zone:
    terms = [line.term for card in cards for line in card.lines if line.term is not None]
    labels = max((_label_width(term) for term in terms), default=0.0)
    tip = left + tags
    rail = tip + (LABEL_AT + labels + LEAD / 2 if terms else LEAD)
    symbol = rail + LEAD
    out = symbol + (_ROOM if terms else LEAD + SYMBOL)
    right = out + LEAD + max((_out_width(card) for card in cards), default=0.0)
    notes = max((text_width(note, SMALL) for card in cards for note in card.notes), default=0.0)
    return Zone(
        left=left, tip=tip, rail=rail, symbol=symbol, out=out, right=max(right, left + notes)
    )


def _source_width(source: int | None, schematic: Schematic) -> float:
    return 2 * SOURCE if source is None else tag_width(schematic.words(source))


def _label_width(term: Term) -> float:
    return max(text_width(weight_words(term)), text_width(lane_words(term.lanes), SMALL))


def weight_words(term: Term) -> str:
    """Weight of all lanes of a term, as written beside its coefficient."""
    return f"{term.weight:.4g}"


def unit_words(unit: float) -> str:
    """What is written below an output."""
    return f"1 MU = {unit:.4g}"


def _out_width(card: Card) -> float:
    if card.channel is not None:
        label = text_width(card.channel.label)
        return max(label, text_width(f"= {reading(card.channel)}", SMALL))
    return max(
        max(tag_width(o.element.name), text_width(unit_words(o.element.unit), SMALL))
        for o in card.outputs
    )
