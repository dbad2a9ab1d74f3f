"""Canvas: strokes and texts that become an SVG, in colours for light and dark.

All texts are in a typewriter face, so that how wide they are is known without a font at hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias
from xml.etree import ElementTree

from appliance.explain.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

Point: TypeAlias = tuple[float, float]

WIDTH: Final = 0.62
"""Width of a character as a part of the font size, rather too much than too little."""
NORMAL: Final = 12
SMALL: Final = 10
LARGE: Final = 18
_ROUND: Final = 7.0
"""Radius of a wire's corners."""
_FACE: Final = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
_LIGHT: Final = {
    "paper": "#fdfcf8", "ink": "#1f2328", "faint": "#5c636b", "fill": "#f1eee4",
    "s0": "#0072b2", "s1": "#c04d00", "s2": "#007a59", "s3": "#b0578a",
    "s4": "#2a7fb8", "s5": "#9a6a00", "s6": "#5f5f5f", "s7": "#8a5a00",
}  # fmt: skip
_DARK: Final = {
    "paper": "#15181c", "ink": "#e8e6e1", "faint": "#a3a9b0", "fill": "#22272d",
    "s0": "#5cb3e6", "s1": "#ff9a57", "s2": "#3fd0a4", "s3": "#e79cc4",
    "s4": "#8fcdf2", "s5": "#f0bf4c", "s6": "#bdbdbd", "s7": "#d6a45c",
}  # fmt: skip
COLOURS: Final = 8
"""Colours for signals: s0 to s7, near those of the time plots (``sim/svg.py``)."""


def text_width(text: str, size: float = NORMAL) -> float:
    """At most so many pixels."""
    return WIDTH * size * len(text)


class Canvas:
    """Collects what is drawn. ``css`` are class names of the style sheet below."""

    def __init__(self, title: str, description: str) -> None:
        self._root = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "class": "circuit",
                "role": "img",
                "aria-labelledby": "circuit-title circuit-description",
            },
        )
        _add(self._root, "title", id="circuit-title").text = title
        _add(self._root, "desc", id="circuit-description").text = description
        _add(self._root, "style").text = _style()
        self._paper = _add(self._root, "rect", **{"class": "paper"})
        self._parent = self._root

    def group(self, title: str) -> None:
        """What follows belongs together; ``title`` is shown when a mouse rests on it."""
        self._parent = _add(self._root, "g")
        _add(self._parent, "title").text = title

    def end_group(self) -> None:
        self._parent = self._root

    def path(self, d: str, css: str) -> None:
        """``d`` as in SVG."""
        _add(self._parent, "path", d=d, **{"class": css})

    def wire(self, points: Iterable[Point], css: str) -> None:
        """A line through horizontal and vertical pieces, with round corners."""
        self.path(_rounded(list(points)), css)

    def circle(self, x: float, y: float, radius: float, css: str) -> None:
        _add(self._parent, "circle", cx=_n(x), cy=_n(y), r=_n(radius), **{"class": css})

    def text(
        self, text: str, x: float, y: float, css: str = "", *, size: int = NORMAL, at: str = "start"
    ) -> None:
        """``y`` is the base line; ``at`` tells which part of the text is at ``x``: start, middle,
        end."""
        element = _add(self._parent, "text", x=_n(x), y=_n(y))
        element.set("font-size", str(size))
        if at != "start":
            element.set("text-anchor", at)
        if css:
            element.set("class", css)
        element.text = typeset(text)

    def finished(self, width: float, height: float) -> bytes:
        """The picture as a file."""
        for element in (self._root, self._paper):
            element.set("width", _n(width))
            element.set("height", _n(height))
        self._root.set("viewBox", f"0 0 {_n(width)} {_n(height)}")
        ElementTree.indent(self._root)
        return bytes(ElementTree.tostring(self._root, encoding="utf-8", xml_declaration=True))


def typeset(text: str) -> str:
    """Signs as in print, and nothing that XML has no place for."""
    return printable(text).replace("*", "\N{MIDDLE DOT}").replace("-", "\N{MINUS SIGN}")


def points(*corners: Point) -> str:
    """A closed outline as path."""
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in corners) + "Z"


def line(x1: float, y1: float, x2: float, y2: float) -> str:
    """A straight line as path."""
    return f"M{_n(x1)} {_n(y1)}L{_n(x2)} {_n(y2)}"


def _rounded(corners: list[Point]) -> str:
    """Each inner corner becomes a quarter of a circle, or as much as there is room for."""
    d = f"M{_n(corners[0][0])} {_n(corners[0][1])}"
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        radius = min(_ROUND, _length(before, corner) / 2, _length(corner, after) / 2)
        x1, y1 = _towards(corner, before, radius)
        x2, y2 = _towards(corner, after, radius)
        d += f"L{_n(x1)} {_n(y1)}Q{_n(corner[0])} {_n(corner[1])} {_n(x2)} {_n(y2)}"
    return d + f"L{_n(corners[-1][0])} {_n(corners[-1][1])}"


def _length(one: Point, other: Point) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(corner: Point, other: Point, distance: float) -> Point:
    share = distance / (_length(corner, other) or 1.0)
    return (
        corner[0] + share * (other[0] - corner[0]),
        corner[1] + share * (other[1] - corner[1]),
    )


def _n(value: float) -> str:
    """A coordinate."""
    return f"{value:.1f}".removesuffix(".0")


def _style() -> str:
    """For readers that know no variables, each colour comes plain first."""
    rules = [
        f".circuit{{{_variables(_LIGHT)}font-family:{_FACE}}}",
        f"@media (prefers-color-scheme:dark){{.circuit{{{_variables(_DARK)}}}}}",
        ".circuit path,.circuit circle{fill:none;stroke-width:1.5}",
        f".circuit text{{{_colour('fill', 'ink')}}}",
        f".circuit .paper{{{_colour('fill', 'paper')}}}",
        f".circuit .faint{{{_colour('fill', 'faint')}}}",
        f".circuit .line{{{_colour('stroke', 'ink')}}}",
        f".circuit .rail{{{_colour('stroke', 'ink')}stroke-width:3;stroke-linecap:round}}",
        f".circuit .symbol{{{_colour('stroke', 'ink')}{_colour('fill', 'fill')}}}",
        f".circuit .knob{{{_colour('stroke', 'ink')}{_colour('fill', 'paper')}}}",
        ".circuit .bold{font-weight:bold}",
    ]
    for number in range(COLOURS):
        name = f"s{number}"
        rules.append(f".circuit .{name}{{{_colour('stroke', name)}}}")
        rules.append(f".circuit .tag.{name}{{{_colour('fill', 'paper')}}}")
        rules.append(f".circuit .dot.{name}{{{_colour('fill', name)}}}")
    rules.append(f".circuit .tag.line{{{_colour('fill', 'paper')}}}")
    rules.append(f".circuit .dot.line{{{_colour('fill', 'ink')}}}")
    return "\n" + "\n".join(rules) + "\n"


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def _colour(what: str, name: str) -> str:
    return f"{what}:{_LIGHT[name]};{what}:var(--{name});"


def _add(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, attributes)
