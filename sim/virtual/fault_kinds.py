"""Which misbehaviours there are, where each can happen, and its settings with their limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Value: TypeAlias = bool | int | float | str

CONNECT: Final = "connect"
"""The point at which a connection is opened."""
REQUESTS: Final = (
    "ping",
    "extract",
    "reset",
    "configure",
    "calibrate",
    "udp",
    "start",
    "stop",
    "overloads",
    "authenticate",
)
"""A request has arrived; faults concern it and its answer."""
STATES: Final = ("take_off", "ic", "op", "op_end", "done")
"""A state of a run is about to be told, once for each carrier."""
CHUNK: Final = "chunk"
FINAL: Final = "final"
RUN: Final = (*STATES, CHUNK, FINAL)
"""A message of a run is about to be sent."""
GROUPS: Final = {"request": frozenset(REQUESTS), "run": frozenset(RUN), "state": frozenset(STATES)}
POINTS: Final = (CONNECT, *REQUESTS, *RUN, *GROUPS)
"""What ``at`` may name."""


def points_named(name: str) -> frozenset[str]:
    """The points that a name in a script stands for; none for an unknown one."""
    if name in GROUPS:
        return GROUPS[name]
    return frozenset({name}) if name in POINTS else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A setting: what it is when it is left out, and how large it may be (a text: how long)."""

    default: Value
    least: float = 0.0
    most: float = 0.0
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A misbehaviour: the points where it is possible, those where it happens unless the script
    says more, and its settings."""

    points: frozenset[str]
    default: frozenset[str]
    settings: Mapping[str, Limits] = field(default_factory=dict)


CHANCE: Final = Limits(default=1.0, least=0.0, most=1.0)
_SECONDS: Final = 3600.0
_ASKED: Final = frozenset(REQUESTS)
_TOLD: Final = frozenset(RUN)
_SENT: Final = _ASKED | _TOLD
_ANY: Final = _SENT | {CONNECT}
_CHUNKS: Final = frozenset({CHUNK})
_START: Final = frozenset({"start"})


def _kind(points: frozenset[str], default: frozenset[str], **settings: Limits) -> Kind:
    return Kind(points=points, default=default, settings=settings)


def _seconds(default: float) -> Limits:
    return Limits(default=default, least=0.0, most=_SECONDS)


KINDS: Final[Mapping[str, Kind]] = {
    "silence": _kind(_ANY, _ASKED),
    "half_frame": _kind(
        _SENT, _ASKED, then=Limits(default="silence", most=20, choices=("silence", "close"))
    ),
    "wrong_id": _kind(_ASKED, _ASKED),
    "duplicate_chunk": _kind(_CHUNKS, _CHUNKS),
    "missing_chunk": _kind(_CHUNKS, _CHUNKS),
    "reorder_udp": _kind(_CHUNKS, _CHUNKS, distance=Limits(default=1, least=1, most=1000)),
    "foreign_udp": _kind(
        _TOLD,
        _CHUNKS,
        form=Limits(default="run", most=20, choices=("run", "carrier", "garbage", "sender")),
    ),
    "slow_bytes": _kind(_SENT, _ASKED, pause_s=_seconds(0.01)),
    "garbage": _kind(_ANY, _ASKED, bytes=Limits(default=64, least=1, most=65_536)),
    "busy": _kind(_ASKED, _ASKED),
    "refuse_udp": _kind(frozenset({"udp"}), frozenset({"udp"}), as_error=Limits(default=False)),
    "reset_connection": _kind(_ANY, _CHUNKS),
    "reboot": _kind(_ANY, _CHUNKS, down_s=_seconds(2.0)),
    "hang": _kind(_ANY, _CHUNKS, for_s=_seconds(60.0)),
    "error": _kind(
        _SENT,
        _START,
        text=Limits(default="a scripted error", most=1000),
        unasked=Limits(default=False),
    ),
    "fewer_samples": _kind(_START, _START, part=Limits(default=0.5, least=0.0, most=1.0)),
    "drop_state": _kind(frozenset(STATES), frozenset({"done"})),
    "late_data": _kind(_CHUNKS, _CHUNKS, by_s=_seconds(0.05)),
    "overload": _kind(
        _START,
        _START,
        element=Limits(default="0/M0", most=100),
        index=Limits(default=0, least=0, most=63),
    ),
}
