"""Which answer fits which request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.errors import ProtocolError, RunRefused
from drivers.wire.messages import (
    Accepted,
    Authenticate,
    Busy,
    Calibrate,
    Calibrated,
    Configure,
    Configured,
    Described,
    Extract,
    Failed,
    GetOverloads,
    Overloads,
    Ping,
    Pong,
    Reply,
    Reset,
    ResetDone,
    RunAccepted,
    StartRun,
    StopRun,
    StreamToUdp,
    UdpRefused,
)

if TYPE_CHECKING:
    from drivers.wire.messages import Body, Request

_LONGEST: Final = 1000
"""Characters of a device's words that are passed on."""

SUCCESS: Final[dict[type[Request], tuple[type[Reply], ...]]] = {
    Ping: (Pong,),
    Extract: (Described,),
    Reset: (ResetDone,),
    Configure: (Configured,),
    Calibrate: (Calibrated,),
    StreamToUdp: (Accepted, UdpRefused),
    StartRun: (RunAccepted,),
    StopRun: (Accepted,),
    GetOverloads: (Overloads,),
    Authenticate: (Accepted,),
}


def fits(request: Request, body: Body) -> bool:
    """Whether ``body`` is a success reply to such a request."""
    return isinstance(body, SUCCESS[type(request)])


def accept(request: Request, reply: Body) -> Reply:
    """The reply, when it is a success or Busy. RunRefused with the device's words when the request
    failed, ProtocolError when the answer is of another kind."""
    if isinstance(reply, Failed):
        raise RunRefused(words(reply.text))
    if isinstance(reply, Reply) and isinstance(reply, (Busy, *SUCCESS[type(request)])):
        return reply
    asked, got = type(request).__name__, type(reply).__name__
    raise ProtocolError(
        f"The device answered a request of the kind {asked} with something of the kind {got}."
    )


def words(text: str) -> str:
    """What a device said, fit for people: one line, of bounded length."""
    plain = "".join(c if c.isprintable() else " " for c in text[:_LONGEST]).strip()
    return plain or "The device gave no reason."
