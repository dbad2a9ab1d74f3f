"""The outgoing side of one connection, which may be made to send badly."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import trio

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from sim.virtual.faults import Fault

PATIENCE_S: Final = 5.0
"""A client that reads nothing for so long is let go."""
_LINGER_NOT: Final = struct.pack("ii", 1, 0)
"""A socket that is closed like this sends a reset."""
GONE: Final = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)


class DatagramSender(Protocol):
    """Sends datagrams to the host at the other end of a connection."""

    async def send(self, data: bytes, port: int, *, from_elsewhere: bool = False) -> None:
        """Send to a port of the client's; ``from_elsewhere`` as another machine would. Datagrams
        may be lost, and errors are."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a message is sent: after ``garbage``, byte by byte with a pause, or only half of it (and
    then nothing any more on this connection, which may be closed)."""

    garbage: bytes = b""
    pause_s: float | None = None
    is_half: bool = False
    closes: bool = False


WELL: Final = Manner()


def manner_of(faults: Iterable[Fault], random: random.Random) -> Manner:
    """What a message's faults say about the way of sending it."""
    garbage, pause_s, is_half, closes = b"", None, False, False
    for fault in faults:
        match fault.what:
            case "garbage":
                garbage += random.randbytes(int(fault.number("bytes")))
            case "slow_bytes":
                pause_s = fault.number("pause_s")
            case "half_frame":
                is_half, closes = True, fault.text("then") == "close"
    return Manner(garbage=garbage, pause_s=pause_s, is_half=is_half, closes=closes)


class Outlet:
    """Sends whole messages one after the other, also when who sends them is cancelled: half a
    message would spoil what follows. Errors of the connection are not raised: whoever reads from
    it will notice."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._lock = trio.Lock()  # replies and run messages come from several tasks
        self._is_mute = False

    async def send(self, data: bytes, manner: Manner = WELL) -> None:
        async with self._lock:
            if not self._is_mute:
                await self._send(data, manner)

    async def _send(self, data: bytes, manner: Manner) -> None:
        if manner.is_half:
            self._is_mute = True
            data = data[: len(data) // 2]
        data = manner.garbage + data
        if manner.pause_s is None:
            await self._put(data)
        else:
            await self._trickle(data, manner.pause_s)
        if manner.closes:
            await trio.aclose_forcefully(self._stream)

    async def _trickle(self, data: bytes, pause_s: float) -> None:
        """This may take long: when it is cancelled, the connection is of no use any more."""
        rest = len(data)
        try:
            for at in range(len(data)):
                await self._put(data[at : at + 1])
                rest -= 1
                await trio.sleep(pause_s)
        finally:
            if rest:
                await self._give_up()

    async def _put(self, data: bytes) -> None:
        try:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + PATIENCE_S) as scope:
                await self._stream.send_all(data)
        except GONE:
            self._is_mute = True
        if scope.cancelled_caught:
            await self._give_up()

    async def _give_up(self) -> None:
        self._is_mute = True
        await trio.aclose_forcefully(self._stream)

    async def reset(self) -> None:
        """Close the connection as a crash would."""
        if isinstance(self._stream, trio.SocketStream):
            try:
                self._stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            except GONE:
                self._is_mute = True
        await trio.aclose_forcefully(self._stream)
