"""On which line of a TOML file a key is. For fault messages only: the parser of the standard
library does not tell, and a wrong line would be worse than the line of the section around it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    Location = tuple[int | str, ...]

_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\s-]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=")


def key_lines(text: str) -> Mapping[Location, int]:
    """Line, from 1, of every section header and plain key. Keys inside of inline tables and
    quoted keys are not found."""
    lines: dict[Location, int] = {}
    counts: dict[Location, int] = {}
    section: Location = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            section = _entered(header[1] == "[[", _parts(header[2]), counts)
            lines.setdefault(section, number)
        elif key := _KEY.match(line):
            lines.setdefault((*section, *_parts(key[1])), number)
    return lines


def line_at(lines: Mapping[Location, int], location: Location) -> int | None:
    """The line of a key, or of the closest section around it; None for a key that is nowhere."""
    for length in range(len(location), 0, -1):
        if (line := lines.get(location[:length])) is not None:
            return line
    return None


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in dotted.split("."))


def _entered(is_list: bool, parts: tuple[str, ...], counts: dict[Location, int]) -> Location:
    """The place that a header leads to: parts that are lists get the index of their last entry."""
    place: Location = ()
    for index, part in enumerate(parts):
        place = (*place, part)
        if is_list and index == len(parts) - 1:
            counts[place] = counts.get(place, 0) + 1
        if place in counts:
            place = (*place, counts[place] - 1)
    return place
