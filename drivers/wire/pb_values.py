"""Small values of the protobuf dialect, checked on the way in: texts, paths, times, states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.apb import analog_pb2 as apb
from drivers.apb.entities import normalise
from drivers.errors import ProtocolError
from drivers.wire import device_pb2 as pb
from drivers.wire.messages import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_IDENTIFIER: Final = 128
"""Characters of an id or a path; real ids have 36, real paths about 25."""
MAX_TEXT: Final = 2000
"""Characters of a text for the user; what is longer is cut."""
MAX_TIME_NS: Final = 2**63 - 1
"""The longest time, about 292 years; how long a run may really take is for others to say."""

_NANOSECONDS: Final[Mapping[int, int]] = {
    pb.NONE: 1_000_000_000,
    pb.MILLI: 1_000_000,
    pb.MICRO: 1_000,
    pb.NANO: 1,
}


def identifier(text: str, what: str) -> str:
    """``text`` as it is; ProtocolError when it is longer than any real id."""
    if len(text) > MAX_IDENTIFIER:
        raise ProtocolError(
            f"The device sent {what} of {len(text)} characters; at most {MAX_IDENTIFIER} are "
            "accepted."
        )
    return text


def readable(text: str) -> str:
    """A text of the other end that may be shown: one line, printable, not too long."""
    if len(text) > MAX_TEXT:
        text = text[: MAX_TEXT - 1] + "…"
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def path(entity: apb.EntityId) -> str:
    """An entity's path without leading slash, empty when it is absent."""
    return identifier(normalise(entity.path), "an address")


def carrier(entity: apb.EntityId) -> str:
    """The path of the carrier on which an entity sits."""
    return path(entity).partition("/")[0]


def entity(plain: str) -> apb.EntityId | None:
    """A path as a client writes it, None for an empty one."""
    return apb.EntityId(path=plain) if plain else None


def device_entity(plain: str) -> apb.EntityId | None:
    """A path as a device writes it, with a leading slash."""
    return apb.EntityId(path=f"/{plain}") if plain else None


def nanoseconds(time: pb.Time) -> int:
    """A time of any unit; without unit it is in seconds. ProtocolError when it is no time that a
    machine can take."""
    if time.prefix not in _NANOSECONDS:
        raise ProtocolError(f"A time has the unknown unit {time.prefix}.")
    value = time.value * _NANOSECONDS[time.prefix]
    if value > MAX_TIME_NS:
        raise ProtocolError(f"A time of {value} ns is longer than any machine can count.")
    return value


def run_state(number: int) -> RunState:
    try:
        return RunState(number)
    except ValueError:
        raise ProtocolError(f"A run has the unknown state {number}.") from None


def switch(number: int, what: str) -> bool:
    """An enum of the values off and on."""
    if number not in (0, 1):
        raise ProtocolError(f"The setting {what} is {number}; it can be 0 (off) or 1 (on) only.")
    return number == 1
