"""Columns: cards from left to right as the signals run, each column from top to bottom.

Multipliers and pass-through elements first, those that feed others further left; then integrators,
the highest derivatives first, the integrators of one equation side by side; then the channels.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

from appliance.explain.cards import ROW, Card, Line, Output, cards
from appliance.explain.model import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from appliance.explain.model import Schematic

_BETWEEN: Final = 18.0
"""Space between cards."""
_GRID: Final = ROW / 2
"""All lines and outputs are at multiples of it, so that they are at one height or well apart."""
_NEARLY: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A card in column ``column``, its top at height ``top``."""

    card: Card
    column: int
    top: float

    @property
    def lines(self) -> Iterator[tuple[Line, float]]:
        """Input lines with their heights in the picture."""
        return ((line, round(self.top + line.y, 3)) for line in self.card.lines)

    @property
    def outputs(self) -> Iterator[tuple[Output, float]]:
        """Outputs with their heights in the picture."""
        return ((output, round(self.top + output.y, 3)) for output in self.card.outputs)


def arranged(schematic: Schematic) -> tuple[Placed, ...]:
    """All cards of a schematic, none higher than 0."""
    memoryless, integrators, channels = _sorted(schematic)
    depth = max(memoryless, default=0)
    chains = list(_chains(schematic.chains, integrators, depth))
    height = max(
        _height([p.card for p in chains if p.column == depth]),
        *(_height(column) for column in (*memoryless.values(), channels)),
    )
    down = max(0.0, height - max(p.top + p.card.height for p in chains)) / 2
    placed = [replace(p, top=p.top + _GRID * round(down / _GRID)) for p in chains]
    for level in range(1, depth + 1):
        column = memoryless[level]
        placed += _stacked(column, depth - level, _reader_height(placed), height)
    last = max(p.column for p in placed) + 1
    placed += _stacked(channels, last, _source_height(placed), height)
    return tuple(placed)


def _sorted(schematic: Schematic) -> tuple[dict[int, list[Card]], dict[int, Card], list[Card]]:
    """Multipliers and passes by level, integrators by output, channels."""
    levels = _levels(schematic)
    memoryless: dict[int, list[Card]] = defaultdict(list)
    integrators: dict[int, Card] = {}
    channels: list[Card] = []
    for card in cards(schematic):
        outputs = [output.element.output for output in card.outputs]
        if card.channel is not None:
            channels.append(card)
        elif card.outputs[0].element.shape is Shape.INTEGRATOR:
            integrators[outputs[0]] = card
        else:
            memoryless[max(levels[output] for output in outputs)].append(card)
    return memoryless, integrators, channels


def _height(column: list[Card]) -> float:
    return sum(card.height + _BETWEEN for card in column) - _BETWEEN


def _levels(schematic: Schematic) -> dict[int, int]:
    """Of each multiplier and pass: 1 if only integrators and channels read it, else one more than
    the highest level that does."""
    memoryless = {e.output: e for e in schematic.elements if e.shape is not Shape.INTEGRATOR}
    sums = {total.number: total for e in schematic.elements for total in e.inputs}
    readers: dict[int, set[int]] = defaultdict(set)
    for output, element in memoryless.items():
        inputs = element.inputs if element.tapped is None else (sums[element.tapped],)
        for term in (term for total in inputs for term in total.terms):
            if term.source in memoryless:
                readers[term.source].add(output)

    @cache
    def level(output: int) -> int:
        return 1 + max((level(reader) for reader in readers[output]), default=0)

    return {output: level(output) for output in memoryless}


def _chains(
    chains: tuple[tuple[int, ...], ...], integrators: dict[int, Card], first: int
) -> Iterator[Placed]:
    """Rows of integrators, symbols of one row at one height."""
    top = 0.0
    for chain in chains:
        row = [integrators[output] for output in chain]
        y = _GRID * math.ceil((top + max(card.y for card in row)) / _GRID)
        for number, card in enumerate(row):
            yield Placed(card=card, column=first + number, top=y - card.y)
        top = y + max(card.height - card.y for card in row) + _BETWEEN


def _reader_height(placed: list[Placed]) -> Callable[[Card], float]:
    """The mean height of the lines that read a card."""

    def height(card: Card) -> float:
        own = {output.element.output for output in card.outputs}
        found = [y for p in placed for line, y in p.lines if line.source in own]
        return sum(found) / len(found) if found else 0.0

    return height


def _source_height(placed: list[Placed]) -> Callable[[Card], float]:
    """The height of the output that a channel reads."""
    heights = {output.element.output: y for p in placed for output, y in p.outputs}
    return lambda card: next(heights[line.source] for line in card.lines if line.source is not None)


def _stacked(
    column: list[Card], number: int, wanted: Callable[[Card], float], height: float
) -> list[Placed]:
    """Cards near the heights where they are wanted, none over another, all about within
    ``height``."""
    cards = sorted(column, key=wanted)
    tops = [wanted(card) - card.y for card in cards]
    bottom = height + 2 * _GRID
    for i, card in reversed(list(enumerate(cards))):
        y = min(tops[i], bottom - card.height) + card.y
        tops[i] = _GRID * math.floor(y / _GRID + _NEARLY) - card.y
        bottom = tops[i] - _BETWEEN
    least = 0.0
    for i, card in enumerate(cards):
        y = max(tops[i], least) + card.y
        tops[i] = _GRID * math.ceil(y / _GRID - _NEARLY) - card.y
        least = tops[i] + card.height + _BETWEEN
    return [Placed(card=c, column=number, top=top) for c, top in zip(cards, tops, strict=True)]
