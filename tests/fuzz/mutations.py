"""Damaged circuit files: seeded changes of sound ones, in their bytes and in their structure."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from drivers.apb import analog_pb2 as pb
from drivers.apb.wire import field, varint

# Any: the messages of the schema are told apart at run time only.
Message = Any

_BYTES: Final = (
    b"\x00",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\x80" * 11,
    b"\x0b",
    b"\x0a\x00",
    b"\xff" * 9,
)
_INTEGERS: Final = (0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 95, 96, 99, 100, 10_000, 2**31, 2**32 - 1)
_FLOATS: Final = (0.0, -0.0, 1.0, -1.0, 1.5, 1e-40, 3e38, float("inf"), float("-inf"), float("nan"))
_TEXTS: Final = ("", "/", "X", "0", "00-00-00-00-00-00", "M0", "a:b", "//", "FP", "é" * 40)


def mutate(rng: random.Random, seeds: list[bytes]) -> bytes:
    """One damaged file."""
    data = rng.choice(seeds)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        data = rng.choice(_MUTATIONS)(rng, data, seeds)
    return data


def _cut(rng: random.Random, data: bytes) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 2, 4, 16, 64, 1024)))


def _flip(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    damaged = bytearray(data)
    for _n in range(rng.randint(1, 8) if damaged else 0):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def _truncate(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _splice(rng: random.Random, data: bytes, seeds: list[bytes]) -> bytes:
    other = rng.choice(seeds)
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def _duplicate(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    start, stop = _cut(rng, data)
    return data[:stop] + data[start:stop] * rng.choice((1, 1, 2, 100)) + data[stop:]


def _delete(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    start, stop = _cut(rng, data)
    return data[:start] + data[stop:]


def _insert(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice((*_BYTES, rng.randbytes(6))) + data[at:]


def _nudge(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    """A length, most likely: a byte a little larger or smaller."""
    damaged = bytearray(data)
    if damaged:
        at = rng.randrange(len(damaged))
        damaged[at] = (damaged[at] + rng.choice((-2, -1, 1, 2))) % 256
    return bytes(damaged)


def _wrap(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    """A whole module more, or the file inside of itself."""
    return rng.choice((data + data, data + field(2, data), field(2, data), field(1, data)))


def _restructure(rng: random.Random, data: bytes, _: list[bytes]) -> bytes:
    return restructured(rng, data, pb.File())


def restructured(rng: random.Random, data: bytes, file: Message) -> bytes:
    """Fields changed where ``data`` still parse as the empty message ``file``, so that what comes
    after parsing is reached."""
    try:
        file.ParseFromString(data)
    except ValueError:
        return data
    except Exception as error:  # the runtime's DecodeError has no stable base class
        if type(error).__name__ != "DecodeError":
            raise
        return data
    for _n in range(rng.randint(1, 4)):
        _change(rng, _descend(rng, file))
    changed: bytes = file.SerializeToString()
    return changed


def _descend(rng: random.Random, message: Message) -> Message:
    """A random message at some depth below."""
    while rng.random() < 0.85:
        below = [
            child
            for one, value in message.ListFields()
            if one.type == FieldDescriptor.TYPE_MESSAGE
            for child in (value if one.is_repeated else [value])
        ]
        if not below:
            break
        message = rng.choice(below)
    return message


def _change(rng: random.Random, message: Message) -> None:
    """Set, add, drop or repeat one field."""
    fields = list(message.DESCRIPTOR.fields)
    if not fields:
        return
    one = rng.choice(fields)
    if rng.random() < 0.15:
        message.ClearField(one.name)
    elif one.is_repeated:
        _change_list(rng, getattr(message, one.name), one)
    elif one.type == FieldDescriptor.TYPE_MESSAGE:
        getattr(message, one.name).SetInParent()
    else:
        setattr(message, one.name, _value(rng, one))


def _change_list(rng: random.Random, values: Message, one: Message) -> None:
    if one.type == FieldDescriptor.TYPE_MESSAGE:
        if not values or rng.random() < 0.2:
            values.add()
        elif rng.random() < 0.3:
            del values[rng.randrange(len(values))]
        else:
            values.extend([rng.choice(values)] * rng.choice((1, 1, 3, 40)))
    else:
        values.extend(_value(rng, one) for _ in range(rng.choice((1, 2, 40))))


def _value(rng: random.Random, one: Message) -> object:
    if one.type in (FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE):
        return rng.choice((*_FLOATS, rng.uniform(-1.2, 1.2)))
    if one.type == FieldDescriptor.TYPE_STRING:
        return rng.choice(_TEXTS)
    if one.type == FieldDescriptor.TYPE_BYTES:
        return rng.randbytes(3)
    if one.type == FieldDescriptor.TYPE_BOOL:
        return rng.random() < 0.5
    if one.type == FieldDescriptor.TYPE_ENUM:
        return rng.choice((0, 1, 2, 3, 4, 5, 12, 30, 77))
    return rng.choice(_INTEGERS)


Mutation = Callable[[random.Random, bytes, list[bytes]], bytes]
OF_BYTES: Final[tuple[Mutation, ...]] = (
    _flip,
    _truncate,
    _splice,
    _duplicate,
    _delete,
    _insert,
    _nudge,
)
_MUTATIONS: Final[tuple[Mutation, ...]] = (*OF_BYTES, _wrap, *(_restructure,) * 8)


def _module(*items: bytes) -> bytes:
    return field(2, b"".join(field(1, item) for item in items))


def _nested(tags: tuple[int, ...], depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        for tag in tags:
            data = field(tag, data)
    return data


def hostile() -> dict[str, bytes]:
    """Files made to cost much: by count, by depth, by length, by what they claim."""
    entity = field(1, b"\x0a\x02/X\x10\x01\x18\x01")
    children = field(1, b"\x0a\x02/X\x10\x01\x18\x01" + field(7, b"\x0a\x02/Y") * 7_000)
    path = field(1, field(1, b"X"))
    empty = field(1, b"")
    return {
        "a million items": field(2, empty * 1_000_000),
        "a million items, cut to size": field(2, empty * 1_000_000)[: 256 * 1024],
        "items that just fit": _module(*[b""] * 4096),
        "one item too many": _module(*[b""] * 4097),
        "130000 empty elements": _module(field(14, field(1, b"") * 130_000)),
        "elements that just fit": _module(field(14, field(1, b"") * 16_000)),
        "full elements that just fit": _module(
            field(14, field(1, b"\x08\x01\x15\0\0\0\0") * 8_000)
        ),
        "adc channels that just fit": _module(
            field(28, entity), path + field(10, field(1, b"") * 16_000)
        ),
        "a packed list of 250000": _module(field(17, field(1, field(1, bytes(250_000))))),
        "a packed list that just fits": _module(field(17, field(1, field(1, bytes(32_000))))),
        "many packed lists": _module(field(17, field(1, field(1, bytes(9))) * 2_400)),
        "deep negations": _module(field(14, field(1, field(4, _nested((1, 3), 5_000))))),
        "negations that just fit": _module(
            *[field(14, field(1, field(4, _nested((1, 3), 29)) * 1)) for _ in range(240)]
        ),
        "deep entities": _module(field(28, field(1, _nested((7,), 10_000)))),
        "many children": _module(field(28, children)),
        "many boards": _module(*[field(28, entity)] * 4_000),
        "many parameters": _module(field(34, field(1, b"\x08\x01") * 10_000)),
        "many unknown fields": _module(field(99, b"") * 80_000),
        "one long text": _module(field(1, field(1, b"X" * 250_000))),
        "one long name of a board": _module(field(28, field(1, field(1, b"X" * 250_000)))),
        "a length beyond the end": field(2, b"")[:-1] + varint(2**40),
        "a huge length inside": _module(b"\x72" + varint(2**62) + b"\x00"),
        "a number without end": b"\x80" * (256 * 1024),
        "groups in groups": _module(b"\x0b" * 200_000),
        "zeros": bytes(256 * 1024),
        "ones": b"\xff" * (256 * 1024),
        "same module ten thousand times": _module(b"") * 10_000,
        "version ten thousand times": field(1, b"\x10\x01") * 10_000 + _module(b""),
    }
