"""Look over the bytes of a circuit file before anything parses them.

A few bytes can ask a parser for a lot of memory or a deep recursion. Here sizes, counts and depths
are found on the raw bytes, at a cost that stays below the limits themselves.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from drivers.apb import analog_pb2 as pb
from drivers.apb.errors import refuse
from drivers.apb.wire import (
    FIXED32,
    FIXED64,
    LENGTH,
    WireError,
    fields,
    read_tag,
    skip_value,
)

MAX_FILE_BYTES: Final = 256 * 1024
MAX_ITEMS: Final = 4096
"""Items of one module; a machine with twelve carriers has about 250."""
MAX_ELEMENTS: Final = 32 * 1024
"""Fields of one file, on all levels together. A message counts twice, because it costs more, a
packed list of whole numbers one per byte. A fully configured mREDAC takes about 1600."""
MAX_DEPTH: Final = 64
"""Messages within messages in one item; the parser itself gives up at 100."""

SCALING_FIELD: Final = pb.Module.ANALOGCLOUD_SCALING_FIELD_NUMBER
_VERSION_TAG: Final = pb.File.VERSION_FIELD_NUMBER << 3 | LENGTH
_MODULE_TAG: Final = pb.File.MODULE_FIELD_NUMBER << 3 | LENGTH
_ITEM_TAG: Final = pb.Module.ITEMS_FIELD_NUMBER << 3 | LENGTH
_SCALING_TAG: Final = SCALING_FIELD << 3 | LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A file taken apart, not parsed: the bytes of its messages, and what we do not know.

    ``module`` says whether there is one; ``file_rest`` and ``module_rest`` are whole fields, tags
    included, that this schema has no name for.
    """

    version: bytes | None
    module: bool
    items: tuple[bytes, ...]
    scaling: bytes | None
    file_rest: bytes
    module_rest: bytes


def scan(data: bytes) -> Parts:
    """Take ``data`` apart and check all limits; CircuitFileError when it breaks one."""
    if len(data) > MAX_FILE_BYTES:
        raise refuse(
            "file-size",
            f"The file has {len(data)} bytes; at most {MAX_FILE_BYTES} are accepted.",
        )
    try:
        outer = _split(data, (_VERSION_TAG, _MODULE_TAG))
        inner = _split(b"".join(outer.known[_MODULE_TAG]), (_ITEM_TAG, _SCALING_TAG), _ITEM_TAG)
    except WireError as error:
        raise refuse("not-a-file", f"This is not a circuit file: {error}.") from error
    items, scalings = inner.known[_ITEM_TAG], inner.known[_SCALING_TAG]
    _measure(items, scalings, outer.count + inner.count)
    return Parts(
        version=_merged(outer.known[_VERSION_TAG]),
        module=bool(outer.known[_MODULE_TAG]),
        items=tuple(items),
        scaling=_merged(scalings),
        file_rest=outer.rest,
        module_rest=inner.rest,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Split:
    known: dict[int, list[bytes]]
    rest: bytes
    count: int


def _split(data: bytes, tags: tuple[int, ...], counted: int | None = None) -> _Split:
    """The values of the fields with these tags; of those tagged ``counted``, no more than there may
    be items."""
    known: dict[int, list[bytes]] = {tag: [] for tag in tags}
    rest: list[bytes] = []
    count = 0
    for tag, begin, start, stop in fields(data):
        count += 1
        if tag in known:
            known[tag].append(data[start:stop])
        else:
            rest.append(data[begin:stop])
        if count > MAX_ELEMENTS:
            raise _too_many_elements(None)
        if counted is not None and len(known[counted]) > MAX_ITEMS:
            raise refuse("item-count", f"The module has more than {MAX_ITEMS} items.")
    return _Split(known=known, rest=b"".join(rest), count=count)


def _merged(payloads: list[bytes]) -> bytes | None:
    """A message that comes in several pieces is the same as the pieces in one (protobuf)."""
    return b"".join(payloads) if payloads else None


def _measure(items: list[bytes], scalings: list[bytes], count: int) -> None:
    for number, item in enumerate(items):
        count = _walk(item, _ITEM, count, number)
    for scaling in scalings:
        count = _walk(scaling, _SCALING, count, None)


def _walk(data: bytes, shape: Shape, count: int, item: int | None) -> int:
    """Go through all levels of one message; the number of fields seen, ``count`` included."""
    try:
        return _descend(data, shape, count, item)
    except WireError as error:
        raise refuse("damaged", f"The file is damaged: {error}.", item=item) from error


def _descend(data: bytes, shape: Shape, count: int, item: int | None) -> int:
    """The hot loop: short tags and lengths, which are nearly all, are read in place."""
    stack: list[tuple[int, Shape]] = []
    pos, end = 0, len(data)
    while True:
        if pos == end:
            if not stack:
                return count
            end, shape = stack.pop()
            continue
        tag, start = data[pos], pos + 1
        if tag >= 0x80 or tag < 8:
            tag, start = read_tag(data, pos)
        start, pos = skip_value(data, start, tag & 7, end)
        count += 1
        entry = shape.entries.get(tag)
        if entry is not None:
            if isinstance(entry, Shape):
                stack.append((end, shape))
                shape, end, pos = entry, pos, start
                count += 1
                if len(stack) > MAX_DEPTH:
                    raise _too_deep(item)
            elif entry == _NUMBERS:
                count += pos - start
            else:
                _check_finite(data[start:pos], entry, item)
                count += (pos - start) >> 2
        if count > MAX_ELEMENTS:
            raise _too_many_elements(item)


_NUMBERS: Final = ""
"""Entry of a packed list of whole numbers; those of floats are struct codes."""


class Shape:
    """What the walk needs to know of a message, by tag: the shape of a message inside, or how to
    read a list of numbers or a float."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: dict[int, Shape | str] = {}


def _too_deep(item: int | None) -> Exception:
    return refuse("depth", f"The item nests deeper than {MAX_DEPTH} levels.", item=item)


def _too_many_elements(item: int | None) -> Exception:
    message = f"The file has more than {MAX_ELEMENTS} fields; no machine needs as many."
    return refuse("element-count", message, item=item)


def _check_finite(raw: bytes, code: str, item: int | None) -> None:
    size = struct.calcsize(code)
    if len(raw) % size:
        raise WireError("a list of numbers is cut off")
    for (value,) in struct.iter_unpack(f"<{code}", raw):
        if not math.isfinite(value):
            raise refuse(
                "not-finite", f"It holds the number {value}; all must be finite.", item=item
            )


# The class of a descriptor depends on which backend of the protobuf runtime is at work.
def _shape(descriptor: Any, known: dict[str, Shape]) -> Shape:  # noqa: ANN401
    if descriptor.full_name in known:
        return known[descriptor.full_name]
    shape = known[descriptor.full_name] = Shape()
    for one in descriptor.fields:
        number = one.number << 3
        if one.type == FieldDescriptor.TYPE_MESSAGE:
            shape.entries[number | LENGTH] = _shape(one.message_type, known)
        elif one.type in _FLOATS:
            wire_type, code = _FLOATS[one.type]
            shape.entries[number | wire_type] = code
            if one.is_repeated:  # packed, as they usually are, or one by one
                shape.entries[number | LENGTH] = code
        elif one.is_repeated and one.type not in _TEXTS:
            shape.entries[number | LENGTH] = _NUMBERS
    return shape


_FLOATS: Final = {
    FieldDescriptor.TYPE_FLOAT: (FIXED32, "f"),
    FieldDescriptor.TYPE_DOUBLE: (FIXED64, "d"),
}
_TEXTS: Final = (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)
_SHAPES: Final[dict[str, Shape]] = {}
_ITEM: Final = _shape(pb.Item.DESCRIPTOR, _SHAPES)
_SCALING: Final = _shape(pb.Scaling.DESCRIPTOR, _SHAPES)
