"""The drawing of a schematic: columns of cards, wires in the gaps, words above and below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from appliance.explain import symbols
from appliance.explain.canvas import COLOURS, LARGE, SMALL, Canvas, line, text_width
from appliance.explain.cards import CAPTION, HALF_SYMBOL, HALF_TAP
from appliance.explain.columns import arranged
from appliance.explain.lanes import lane_words
from appliance.explain.model import Shape
from appliance.explain.text import element_lines, overview, reading
from appliance.explain.wires import wires
from appliance.explain.zones import KNOB_AT, LABEL_AT, LEAD, TRACK, unit_words, weight_words, zones

if TYPE_CHECKING:
    from appliance.explain.cards import Line, Output, Rail
    from appliance.explain.columns import Placed
    from appliance.explain.model import Channel, Schematic, Term
    from appliance.explain.wires import Wire
    from appliance.explain.zones import Zone

_MARGIN: Final = 28.0
_HEAD: Final = 122.0
_STEP: Final = 17.0
"""From one line of the head or foot to the next."""
_FOOT: Final = (
    "circle: coefficient, its weight above the line, its lanes below; with a ring: gain 8",
    "bar and triangle: integrator, output' = -k * sum, from its start on",
    "box: product of the upper and the lower sum; triangle with -1: output = -sum",
    "equal tags are connected; MU: machine unit, what an output may reach",
)


def draw(schematic: Schematic) -> bytes:
    """The schematic as SVG."""
    return _Drawing(schematic).render()


class _Drawing:
    def __init__(self, schematic: Schematic) -> None:
        self._schematic = schematic
        self._placed = arranged(schematic)
        self._wires = wires(self._placed)
        self._wired = {(wire.column + 1, wire.source) for wire in self._wires}
        self._zones = zones(schematic, self._placed, self._wires, _MARGIN)
        self._canvas = Canvas(f"Circuit of {schematic.title}", "\n".join(overview(schematic)))
        states = [e.output for e in schematic.elements if e.shape is Shape.INTEGRATOR]
        self._css = {output: f"s{n % COLOURS}" for n, output in enumerate(states)}

    def render(self) -> bytes:
        for wire in self._wires:
            self._wire(wire)
        for placed in self._placed:
            self._card(placed, self._zones[placed.column])
        bottom = _HEAD + max(p.top + p.card.height for p in self._placed)
        right = max(self._zones[-1].right, self._words(bottom + _MARGIN))
        return self._canvas.finished(
            right + _MARGIN, bottom + _MARGIN + _STEP * len(_FOOT) + _MARGIN / 2
        )

    def _words(self, foot: float) -> float:
        """Head and foot; where the longest line ends."""
        canvas, head = self._canvas, overview(self._schematic)
        canvas.text(self._schematic.title, _MARGIN, 38, "bold", size=LARGE)
        for number, text in enumerate(head):
            canvas.text(text, _MARGIN, 60 + _STEP * number, "faint", size=SMALL)
        for number, text in enumerate(_FOOT):
            canvas.text(text, _MARGIN, foot + _STEP * number, "faint", size=SMALL)
        widths = [text_width(text, SMALL) for text in (*head, *_FOOT)]
        return _MARGIN + max(*widths, text_width(self._schematic.title, LARGE))

    def _wire(self, wire: Wire) -> None:
        """From the output's tag along its track into each line, with dots where it branches."""
        zone, following = self._zones[wire.column], self._zones[wire.column + 1]
        element, css = self._schematic.element(wire.source), self._colour(wire.source)
        tip = zone.out + LEAD + symbols.tag_width(element.name)
        track = zone.track + TRACK * wire.track
        for piece in wire.pieces(tip, track, following.tip):
            self._canvas.wire([(x, _HEAD + y) for x, y in piece], css)
        for y in sorted(wire.branches):
            self._canvas.circle(track, _HEAD + y, 2.5, f"dot {css}")

    def _colour(self, source: int | None) -> str:
        return "line" if source is None else self._css.get(source, "line")

    def _card(self, placed: Placed, zone: Zone) -> None:
        card, top = placed.card, _HEAD + placed.top
        if card.channel is not None:
            self._canvas.group(f"{card.channel.label} = {reading(card.channel)}")
        else:
            lines = (element_lines(o.element, self._schematic) for o in card.outputs)
            self._canvas.group("\n".join(text.strip() for part in lines for text in part))
        for rail in card.rails:
            self._rail(rail, top, placed.column, zone)
        if card.channel is not None:
            self._channel(card.channel, top + card.y, zone)
        for output in card.outputs:
            self._output(output, top, zone)
        for number, note in enumerate(card.notes):
            y = top + card.notes_y + CAPTION * number
            self._canvas.text(note, zone.left, y, "faint", size=SMALL)
        self._canvas.end_group()

    def _rail(self, rail: Rail, top: float, column: int, zone: Zone) -> None:
        for item in rail.lines:
            self._line(item, top + item.y, column, zone)
        self._canvas.path(line(zone.rail, top + rail.y, zone.symbol + LEAD, top + rail.y), "line")
        first, last = rail.span
        if len(rail.lines) > 1:
            self._canvas.path(line(zone.rail, top + first, zone.rail, top + last), "rail")

    def _line(self, item: Line, y: float, column: int, zone: Zone) -> None:
        """Where it comes from, and its coefficient."""
        canvas, css = self._canvas, self._colour(item.source)
        canvas.path(line(zone.tip, y, zone.rail, y), css)
        if item.source is None:
            symbols.constant(canvas, zone.tip, y, self._schematic.constant or 0.0)
        elif (column, item.source) not in self._wired:
            symbols.tag(canvas, self._schematic.words(item.source), zone.tip, y, css)
        if item.term is not None:
            self._coefficient(item.term, y, zone)

    def _coefficient(self, term: Term, y: float, zone: Zone) -> None:
        canvas, x = self._canvas, zone.tip + LABEL_AT
        symbols.knob(canvas, zone.tip + KNOB_AT, y, is_upscaled=term.is_upscaled)
        canvas.text(weight_words(term), x, y - 4)
        canvas.text(lane_words(term.lanes), x, y + 11, "faint", size=SMALL)

    def _channel(self, channel: Channel, y: float, zone: Zone) -> None:
        symbols.converter(self._canvas, zone.symbol + LEAD, y, f"ADC {channel.number}")
        x = zone.out + LEAD
        self._canvas.text(channel.label, x, y, "bold")
        self._canvas.text(f"= {reading(channel)}", x, y + 13, "faint", size=SMALL)

    def _output(self, output: Output, top: float, zone: Zone) -> None:
        """The symbol and the tag behind it."""
        element, y = output.element, top + output.y
        symbol = zone.symbol + LEAD
        width = self._symbol(output, top, symbol, zone)
        css = self._colour(element.output)
        left = zone.out + LEAD
        self._canvas.path(line(symbol + width, y, left, y), css)
        symbols.tag(self._canvas, element.name, left + symbols.tag_width(element.name), y, css)
        self._canvas.text(unit_words(element.unit), left, y + 22, "faint", size=SMALL)

    def _symbol(self, output: Output, top: float, x: float, zone: Zone) -> float:
        """Draw it with its captions; its width."""
        element, y, canvas = output.element, top + output.y, self._canvas
        if output.rail is not None:
            self._tap(output, output.rail, top, x, zone)
            return symbols.SYMBOL / 2
        {
            Shape.INTEGRATOR: symbols.integrator,
            Shape.MULTIPLIER: symbols.multiplier,
            Shape.PASS: symbols.inverter,
        }[element.shape](canvas, x, y)
        captions = [f"M output {element.output}"]
        if element.start is not None:
            self._caption(captions.pop(), x, y - HALF_SYMBOL - 5)
            captions = [f"k {element.start.rate}", f"start {element.start.machine:.4g}"]
        for number, text in enumerate(captions):
            self._caption(text, x, y + HALF_SYMBOL + 12 + 12 * number)
        return symbols.SYMBOL

    def _caption(self, text: str, x: float, y: float) -> None:
        middle = x + symbols.SYMBOL / 2
        self._canvas.text(text, middle, y, "faint", size=SMALL, at="middle")

    def _tap(self, output: Output, rail: Rail, top: float, x: float, zone: Zone) -> None:
        """A small pass-through element, fed from the end of a rail."""
        y = top + output.y
        is_above = output.y < rail.y
        end = top + rail.span[0 if is_above else 1]
        self._canvas.wire([(zone.rail, end), (zone.rail, y), (x, y)], "line")
        if len(rail.lines) == 1:
            self._canvas.circle(zone.rail, end, 2.5, "dot line")
        symbols.inverter(self._canvas, x, y, small=True)
        caption = y - HALF_TAP - 4 if is_above else y + HALF_TAP + 12
        self._canvas.text(f"M output {output.element.output}", x, caption, "faint", size=SMALL)
