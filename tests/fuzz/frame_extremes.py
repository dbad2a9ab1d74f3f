"""Envelopes that are made to cost much: as large, deep or numerous as a frame can hold."""

from __future__ import annotations

from typing import Final

from drivers.apb.wire import field, varint

ROOM: Final = 262_000
"""Bytes that are left for the content of a kind in the longest frame, a little less."""

_CHANNEL: Final = b"\x2a\x0b\x11\x00\x00\x00\x00\x00\x00\xf0\x3f\x20\x00"
"""One channel of DaqData with gain 1 and probe 0."""
_F32: Final = field(4, field(1, b"\x10\x20"))


def v1(number: int, content: bytes) -> bytes:
    return field(101, field(number, content))


def data(content: bytes) -> bytes:
    """A chunk of samples."""
    return v1(306, field(3, content))


def filled(piece: bytes) -> bytes:
    return piece * (ROOM // len(piece))


def deep(*tags: int) -> bytes:
    """Messages within messages, thousands of them; ``tags`` from the inside to the outside."""
    inside = b""
    while len(inside) < 10_000:
        for tag in tags:
            inside = field(tag, inside)
    return inside


def hostile() -> dict[str, bytes]:
    return _circuits() | _samples() | _texts() | _structures()


def _module(content: bytes, number: int = 204) -> bytes:
    return v1(number, field(1, content))


def _circuits() -> dict[str, bytes]:
    item = field(1, b"")
    children = filled(b"\x3a\x00")[:-100]
    return {
        "empty items": _module(filled(item)[: ROOM - 10]),
        "items that just fit": _module(item * 4096),
        "empty elements": _module(field(1, field(14, filled(item)[: ROOM - 30]))),
        "deep negations": _module(field(1, field(14, field(1, field(4, deep(1, 3)))))),
        "deep entities": _module(field(1, field(28, field(1, deep(7)))), 301),
        "empty entities": _module(field(1, field(28, field(1, children))), 301),
    }


def _samples() -> dict[str, bytes]:
    samples = bytes(ROOM - 200)
    last = varint(len(samples) // 4)
    endless = varint(2**32 - 1)
    whole = field(1, samples) + _F32 + _CHANNEL
    return {
        "channels": data(filled(field(5, b""))[:-40]),
        "samples": data(whole + b"\x30" + last + b"\x38\x01"),
        "samples without end": data(_F32 + _CHANNEL + b"\x30" + endless + b"\x38\x01"),
        "rows without end": data(_F32 + _CHANNEL + b"\x30\x01\x38" + endless),
        "final samples": v1(307, field(3, whole + b"\x30\x01\x38" + last)),
        "overloads": v1(315, field(1, filled(b"\x12\x02\x18\x01")[:-80])),
        "overloads that just fit": v1(315, field(1, b"\x12\x02\x18\x01" * 4096)),
    }


def _texts() -> dict[str, bytes]:
    return {
        "one long error": v1(101, field(2, b"x" * ROOM)),
        "one long error that cannot be printed": v1(101, field(2, b"\n" * ROOM)),
        "one long id": field(101, field(1, b"x" * ROOM)),
        "one long path": v1(218, field(1, field(1, field(1, b"/" * (ROOM - 50))))),
        "one long token": v1(501, field(1, field(1, b"x" * (ROOM - 50)))),
    }


def _structures() -> dict[str, bytes]:
    return {
        "unknown kinds": field(101, filled(field(209, b""))),
        "unknown fields": filled(field(99, b"")),
        "groups in groups": field(101, b"\xdb\x0c" * (ROOM // 2)),
        "groups": field(101, filled(b"\xdb\x0c\xdc\x0c")),
        "the same message again and again": filled(v1(206, b"")),
        "versions again and again": filled(field(1, b"\x10\x01")),
        "zeros": bytes(ROOM),
        "ones": b"\xff" * ROOM,
    }
