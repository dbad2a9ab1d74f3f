"""What is said between a client and a device, in either dialect and direction.

Bodies are plain records; the dialects' codecs turn them into bytes and back. Times are in
nanoseconds of machine time, entity paths without leading slash, samples in machine units.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from drivers.apb.items import CircuitFile


class RunState(IntEnum):
    """States of a run, by the protobuf dialect's numbers, which are not in order of time."""

    NEW = 0
    ERROR = 1
    DONE = 2
    QUEUED = 3
    TAKE_OFF = 4
    IC = 5
    OP = 6
    OP_END = 7
    TMP_HALT = 8


# Requests.


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """Is somebody there? (In the protobuf dialect without id.)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """Describe yourself; answered by Described."""

    specification: bool = True
    recursive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """Back to a known state; answered by ResetDone."""

    keep_calibration: bool = True
    sync: bool = True
    overload_reset: bool = True
    circuit_reset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Configure:
    """Take a circuit (its items only, no scaling); answered by Configured."""

    circuit: CircuitFile
    reset_before: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrate:
    """Calibrate; ``leader`` is the first carrier's path. Answered by Calibrated."""

    leader: str = ""
    math: bool = False
    gain: bool = True
    offset: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamToUdp:
    """Send run messages to this UDP port of my address; answered by Accepted, UdpRefused or
    Failed."""

    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRun:
    """Run; answered by RunAccepted, then notifications. ``master`` is the first carrier's path."""

    run_id: str
    ic_time_ns: int
    op_time_ns: int
    channels: int
    sample_rate: int
    master: str = ""
    sample_op: bool = True
    sample_op_end: bool = True
    halt_on_overload: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRun:
    """Stop what runs; many devices do not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetOverloads:
    """Which elements left their range; answered by Overloads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    """Bearer token for a proxy; answered by Accepted or Failed."""

    token: str


# Replies.


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """The device's hardware (specification items)."""

    description: CircuitFile


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetDone:
    """Reset was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """The circuit was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """Calibration was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A success without further content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UdpRefused:
    """Run messages will come by the control connection."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAccepted:
    """The run will start; that it ends is told by notifications."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overloads:
    """``elements`` as (entity path, index) of those that left their range since the last reset."""

    any_overload: bool = False
    elements: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An error in the device's words. With a request's id that request failed; else whatever
    runs."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Somebody else uses the device; ask again later with a new id."""


# Notifications: they have no id, or one that was never asked.


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged:
    """``carrier`` is the carrier's path where the device says it, else empty."""

    run_id: str
    old: RunState
    new: RunState
    reason: str = ""
    carrier: str = ""
    time_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """One chunk of a carrier: ``values`` (samples, channels) float64 in machine units, gain and
    offset of the channels applied; ``probes`` has the probe number of each column. ``chunk`` counts
    from 0 per carrier and run (None: the dialect does not count). ``is_final`` marks the one sample
    taken after OP."""

    run_id: str
    chunk: int | None
    carrier: str
    probes: tuple[int, ...]
    values: NDArray[np.float64] = field(compare=False)
    is_final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Something that we have no record for; never an error by itself."""

    kind: str


Request: TypeAlias = (
    Ping
    | Extract
    | Reset
    | Configure
    | Calibrate
    | StreamToUdp
    | StartRun
    | StopRun
    | GetOverloads
    | Authenticate
)
Reply: TypeAlias = (
    Pong
    | Described
    | ResetDone
    | Configured
    | Calibrated
    | Accepted
    | UdpRefused
    | RunAccepted
    | Overloads
    | Failed
    | Busy
)
Notification: TypeAlias = StateChanged | Samples
Body: TypeAlias = Request | Reply | Notification | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A body and the id that links a reply to its request (opaque text, None: none)."""

    id: str | None = None
    body: Body
