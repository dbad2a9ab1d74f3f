"""The raw protobuf wire format: just enough to walk over bytes that nobody has parsed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

VARINT: Final = 0
FIXED64: Final = 1
LENGTH: Final = 2
FIXED32: Final = 5

_LONGEST_VARINT: Final = 10
_LARGEST_TAG: Final = (1 << 32) - 1


class WireError(Exception):
    """The bytes break the wire format; the text says how."""


def read_varint(data: bytes, pos: int) -> tuple[int, int]:
    """The number at ``pos`` and the position after it; WireError when it is cut off or longer than
    ten bytes."""
    value = 0
    for shift in range(0, 7 * _LONGEST_VARINT, 7):
        try:
            byte = data[pos]
        except IndexError:
            raise WireError("a number is cut off") from None
        pos += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, pos
    raise WireError("a number is longer than ten bytes")


def read_tag(data: bytes, pos: int) -> tuple[int, int]:
    """A field's tag (number and wire type together) and the position after it."""
    tag, pos = read_varint(data, pos)
    if not 8 <= tag <= _LARGEST_TAG:
        raise WireError("a field has an impossible number")
    return tag, pos


def skip_value(data: bytes, pos: int, wire_type: int, end: int) -> tuple[int, int]:
    """Where the value at ``pos`` starts and stops; WireError when it would stop after ``end``."""
    start = pos
    if wire_type == VARINT:
        _, stop = read_varint(data, pos)
    elif wire_type == LENGTH:
        size, start = read_varint(data, pos)
        stop = start + size
    elif wire_type == FIXED32:
        stop = pos + 4
    elif wire_type == FIXED64:
        stop = pos + 8
    else:
        raise WireError(f"a field has wire type {wire_type}, which a circuit file never uses")
    if stop > end:
        raise WireError("a field is longer than what holds it")
    return start, stop


def fields(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Each field of one message, as (tag, where the field starts, where its value starts, where it
    stops). Does not descend."""
    pos = 0
    while pos < len(data):
        tag, value = read_tag(data, pos)
        start, stop = skip_value(data, value, tag & 7, len(data))
        yield tag, pos, start, stop
        pos = stop


def varint(value: int) -> bytes:
    """``value`` (not negative) as the wire writes it."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, payload: bytes) -> bytes:
    """A field of wire type LENGTH."""
    return varint(number << 3 | LENGTH) + varint(len(payload)) + payload
