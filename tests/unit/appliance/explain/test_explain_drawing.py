"""The drawing: sound, self-contained, the same each time, and nothing over anything else."""

from __future__ import annotations

import itertools
import json
import random
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from appliance.explain.columns import arranged
from appliance.explain.drawing import draw
from appliance.explain.wires import wires
from appliance.explain.zones import weight_words
from tests.shared import fixtures
from tests.unit.appliance.explain.explained import SOURCES, explained, explained_source
from tests.unit.appliance.explain.schematics import chance_schematic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.explain.model import Schematic

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?[\d.]+")
ADVANCE = 0.6021
"""Width of a character of the widest usual typewriter faces, as a part of the font size."""


@dataclass(frozen=True)
class Box:
    what: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def is_in(self, other: Box) -> bool:
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.top <= self.top
            and self.bottom <= other.bottom
        )

    def shrunk(self, by: float) -> Box:
        return Box(self.what, self.left + by, self.top + by, self.right - by, self.bottom - by)


def texts(root: ElementTree.Element) -> list[Box]:
    return [text_box(element) for element in root.iter(f"{SVG}text")]


def text_box(element: ElementTree.Element) -> Box:
    text, size = element.text or "", float(element.get("font-size", ""))
    width, x = ADVANCE * size * len(text), float(element.get("x", ""))
    left = x - width * {"start": 0.0, "middle": 0.5}[element.get("text-anchor", "start")]
    y = float(element.get("y", ""))
    return Box(text, left, y - 0.75 * size, left + width, y + 0.2 * size)


def outline(element: ElementTree.Element) -> Box:
    numbers = [float(n) for n in NUMBER.findall(element.get("d", ""))]
    xs, ys = numbers[::2], numbers[1::2]
    return Box(element.get("class", ""), min(xs), min(ys), max(xs), max(ys))


def paths(root: ElementTree.Element, *classes: str) -> Iterator[ElementTree.Element]:
    for element in root.iter(f"{SVG}path"):
        if set(classes) & set(element.get("class", "").split()):
            yield element


def strokes(root: ElementTree.Element) -> Iterator[Box]:
    """Horizontal and vertical pieces of all lines and wires."""
    for element in root.iter(f"{SVG}path"):
        d = element.get("d", "")
        if d.endswith("Z") or "cross" in element.get("class", ""):
            continue
        ends = [float(n) for n in NUMBER.findall(d)]
        points = list(zip(ends[::2], ends[1::2], strict=True))
        for (x1, y1), (x2, y2) in itertools.pairwise(points):
            yield Box(d, min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def check(schematic: Schematic) -> None:
    root = ElementTree.fromstring(draw(schematic))
    width, height = map(float, root.get("viewBox", "").split()[2:])
    words = texts(root)
    for one in words:
        assert 0 <= one.left < one.right <= width, one
        assert 0 <= one.top < one.bottom <= height, one
    for one, other in itertools.combinations(words, 2):
        assert not one.meets(other), (one, other)
    solid = [outline(element).shrunk(1.0) for element in paths(root, "symbol", "tag")]
    bars = [box for box in solid if box.right - box.left < 13]  # integrators have a part like that
    for one, other in itertools.combinations([box for box in solid if box not in bars], 2):
        assert not one.meets(other), (one, other)
    for word, box in itertools.product(words, solid):
        assert not word.meets(box) or word.is_in(box), (word, box)
    for stroke in strokes(root):
        for box in (*solid, *(word.shrunk(0.5) for word in words)):
            assert not stroke.meets(box), (stroke, box)
    drawn = [word.what for word in words]
    for channel in schematic.channels:
        assert f"ADC {channel.number}" in drawn
        assert channel.label in drawn
    for element in schematic.elements:
        assert drawn.count(f"M output {element.output}") == 1
        for term in (term for total in element.inputs for term in total.terms):
            assert weight_words(term).replace("-", "\N{MINUS SIGN}") in drawn


@pytest.mark.parametrize("name", SOURCES)
def test_nothing_lies_over_anything(name: str) -> None:
    check(explained(name)[0])


@pytest.mark.parametrize("seed", range(24))
def test_nothing_lies_over_anything_by_chance(seed: int) -> None:
    check(chance_schematic(random.Random(seed)))


@pytest.mark.long
def test_nothing_lies_over_anything_by_much_chance() -> None:
    for seed in range(300):
        check(chance_schematic(random.Random(seed)))


@pytest.mark.long
def test_nothing_lies_over_anything_in_the_corpus() -> None:
    folder = fixtures() / "analang"
    for entry in json.loads((folder / "corpus.json").read_text())["programs"]:
        if entry["ok"]:
            source = (folder / entry["file"]).read_text()
            check(explained_source(source, entry["file"], horizon=entry["op_time"])[0])


def test_it_needs_nothing_from_elsewhere_and_is_always_the_same() -> None:
    schematic, _ = explained("lorenz")
    data = draw(schematic)
    assert data == draw(schematic)
    assert data.startswith(b"<?xml")
    for word in (b"<script", b"href", b"url(", b"@import", b"@font-face", b"<image"):
        assert word not in data
    assert data.count(b"http") == 1  # the name space
    assert b"prefers-color-scheme" in data


def test_it_tells_screen_readers_what_it_is() -> None:
    schematic, _ = explained("lorenz")
    root = ElementTree.fromstring(draw(schematic))
    assert root.get("role") == "img"
    named = {e.get("id"): e.text for e in root if e.get("id")}
    assert [*named] == (root.get("aria-labelledby") or "").split()
    assert named["circuit-title"] == "Circuit of lorenz.ana"
    assert "integrators 3 of 8" in (named["circuit-description"] or "")


def test_names_are_text_whatever_is_in_them() -> None:
    hostile = "</text><script>alert(1)</script>&\"'"
    schematic, _ = explained("tank")
    first, *others = schematic.elements
    changed = replace(
        schematic,
        title=hostile,
        elements=(replace(first, name=hostile, words=hostile, remark=hostile), *others),
        channels=tuple(replace(channel, label=hostile) for channel in schematic.channels),
    )
    root = ElementTree.fromstring(draw(changed))
    assert list(root.iter(f"{SVG}script")) == []
    assert hostile in [element.text for element in root.iter(f"{SVG}text")]


def test_neighbours_are_wired_and_the_rest_is_named() -> None:
    """Products go to integrators by wire, integrators back to products by name."""
    schematic, _ = explained("lorenz")
    root = ElementTree.fromstring(draw(schematic))
    tags = [e.text for e in root.iter(f"{SVG}text") if e.text in {"x", "y", "z", "x·y"}]
    assert tags.count("x·y") == 1
    reads = [t.source for e in schematic.elements for i in e.inputs for t in i.terms]
    assert tags.count("x") == 1 + reads.count(0) + 1  # its own, those that read it, the channel


@pytest.mark.parametrize("title", ["a\x00b.ana", "\udce9.ana", "tab\there.ana"])
def test_file_names_of_any_kind(title: str) -> None:
    schematic, _ = explained_source(SOURCES["tank"], title)
    root = ElementTree.fromstring(draw(schematic))
    assert f"Circuit of {schematic.title}" == root.findtext(f"{SVG}title")
    assert "?" in schematic.title


@pytest.mark.parametrize("seed", range(24))
def test_wires_share_no_piece_with_others(seed: int) -> None:
    """On no track are two, and where one leaves to its track no other one has come from its own."""
    drawn = wires(arranged(chance_schematic(random.Random(seed))))
    tracks = [(wire.column, wire.track) for wire in drawn]
    assert len(set(tracks)) == len(tracks)
    for one, other in itertools.permutations(drawn, 2):
        if one.column == other.column and one.track >= other.track:
            assert all(abs(one.start - end) > 10 for end in other.ends)


def test_chance_has_wires_in_each_others_way() -> None:
    """So that the test above sees what it is for."""
    drawn = [wires(arranged(chance_schematic(random.Random(seed)))) for seed in range(24)]
    level = [
        abs(one.start - end) < 1
        for found in drawn
        for one, other in itertools.permutations(found, 2)
        if one.column == other.column
        for end in other.ends
    ]
    assert any(level)
    assert sum(len(found) for found in drawn) > 50
