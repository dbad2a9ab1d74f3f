"""JSON objects from untrusted lines, and the checks that each field of them needs.

Every function raises ProtocolError and nothing else.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final, TypeAlias

from drivers.errors import ProtocolError

# Any: what a JSON text holds is known at run time only.
Json: TypeAlias = Any
Object: TypeAlias = dict[str, Json]

MAX_LINE_BYTES: Final = 1024 * 1024
"""Longest line of the JSONL dialect, without its end."""
LARGEST_INT: Final = 2**63 - 1
_LARGEST_UNSIGNED: Final = 2**32 - 1
_LONGEST_TEXT: Final = 4096


def parse_object(line: bytes) -> Object:
    """The object that a line holds. Refused: other values, text that is not UTF-8, a key that
    comes twice, NaN and Infinity, nesting that is too deep, and lines that are too long."""
    if len(line) > MAX_LINE_BYTES:
        raise ProtocolError(f"A line from the device is longer than {MAX_LINE_BYTES} bytes.")
    try:
        value = json.loads(
            line.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        # ValueError: wrong JSON, wrong UTF-8, and integers of more than 4300 digits.
        raise ProtocolError(f"A line from the device is no sound JSON: {error}") from error
    return as_object(value, "the line")


def _unique(pairs: list[tuple[str, Json]]) -> Object:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def write_line(value: Object) -> bytes:
    """The object as one line, with its end. ValueError for numbers that are not finite."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii") + b"\n"


def refuse(what: str, wanted: str) -> ProtocolError:
    """The error for a field; ``what`` names it, ``wanted`` says what it should be."""
    return ProtocolError(f"In a message from the device, {what} is not {wanted}.")


def as_object(value: Json, what: str) -> Object:
    """A JSON object; what a key stands for is for the caller to check."""
    if not isinstance(value, dict):
        raise refuse(what, "an object")
    return value


def as_list(value: Json, what: str, longest: int) -> list[Json]:
    """A list of at most ``longest`` values; null is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise refuse(what, "a list")
    if len(value) > longest:
        raise ProtocolError(
            f"In a message from the device, {what} has {len(value)} entries; {longest} is the most."
        )
    return value


def as_int(value: Json, what: str, least: int = 0, most: int = _LARGEST_UNSIGNED) -> int:
    """An integer within the limits; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise refuse(what, f"an integer from {least} to {most}")
    return value


def as_number(value: Json, what: str) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse(what, "a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise refuse(what, "a finite number")
    return number


def as_bool(value: Json, what: str) -> bool:
    if not isinstance(value, bool):
        raise refuse(what, "true or false")
    return value


def as_text(value: Json, what: str, longest: int = _LONGEST_TEXT) -> str:
    """A text of at most ``longest`` characters that can be written as UTF-8."""
    if not isinstance(value, str):
        raise refuse(what, "a text")
    if len(value) > longest:
        raise refuse(what, f"a text of at most {longest} characters")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise refuse(what, "a text of whole characters")
    return value


def quote(value: Json) -> str:
    """Text of unknown content for people: shortened, and free of what UTF-8 cannot hold."""
    try:
        text = value if isinstance(value, str) else json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        text = "unreadable"
    return text[:_LONGEST_TEXT].encode("utf-8", "replace").decode()
