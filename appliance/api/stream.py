"""What a connection reads from and writes to: a socket, with TLS or without, with limited sends."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import trio

from appliance.api.problems import problem_body

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_RATE: Final = 16 * 1024
"""Bytes per second at which an answer must be taken, beyond the time that one piece may take: a
client that reads a little now and then would otherwise hold a large one for hours."""
BUFFER_BYTES: Final = 64 * 1024
"""What the kernel (which doubles it) keeps for a client that does not read. By itself it would take
megabytes each, and we would work for seconds to fill them."""

_BODY: Final = problem_body("this port speaks https: put https:// in front of the address")
_NOT_ENCRYPTED: Final = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)
"""For who speaks plain HTTP where TLS is expected."""


class SendLimit:
    """The time that one piece of an answer may take on its way to a client.

    ``end_by`` brings all limits forward, so that a stop has a known end.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end_s = float("inf")
        self._open: set[trio.CancelScope] = set()

    @contextmanager
    def scope(self, left_s: float = float("inf")) -> Iterator[trio.CancelScope]:
        """A cancel scope with the limit as its deadline, or with ``left_s`` where that is less."""
        deadline = min(trio.current_time() + min(self.seconds, left_s), self._end_s)
        with trio.CancelScope(deadline=deadline) as scope:
            self._open.add(scope)
            try:
                yield scope
            finally:
                self._open.discard(scope)

    def end_by(self, deadline: float) -> None:
        """No send lasts beyond ``deadline`` (trio time) from now on."""
        self._end_s = min(self._end_s, deadline)
        for scope in self._open:
            scope.deadline = min(scope.deadline, deadline)


class GuardedStream:
    """A socket stream, with TLS or without, whose sends end within a limit; a send that does not
    closes the stream."""

    def __init__(
        self, stream: trio.SocketStream | trio.SSLStream[trio.SocketStream], limit: SendLimit
    ) -> None:
        self._stream = stream
        self._limit = limit
        self.is_encrypted = isinstance(stream, trio.SSLStream)
        plain = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
        self.socket = plain.socket
        self.socket.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_SNDBUF, BUFFER_BYTES)
        self.is_sending = False
        self._sent = 0
        self._waited_s = 0.0

    async def handshake(self) -> bool:
        """Agree with the client on the encryption, where there is one. False: it will not."""
        if isinstance(self._stream, trio.SSLStream):
            try:
                await self._stream.do_handshake()
            except trio.BrokenResourceError as error:
                if getattr(error.__cause__, "reason", None) == "HTTP_REQUEST":
                    await self._tell_of_https(self._stream.transport_stream)
                return False
            except trio.ClosedResourceError:
                return False
        return True

    async def _tell_of_https(self, plain: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError), self._limit.scope():
            await plain.send_all(_NOT_ENCRYPTED)

    def begin_answer(self) -> None:
        """The next bytes belong to another answer, with a time of its own."""
        self._sent, self._waited_s = 0, 0.0

    async def send_all(self, data: bytes) -> None:
        left_s = self._limit.seconds + self._sent / MIN_RATE - self._waited_s
        begin, self.is_sending = trio.current_time(), True
        try:
            with self._limit.scope(left_s) as scope:
                await self._stream.send_all(data)
        finally:
            self.is_sending = False
            self._waited_s += trio.current_time() - begin
        self._sent += len(data)
        if scope.cancelled_caught:
            await self.drop()
            raise trio.BrokenResourceError("the client does not read")

    async def receive_some(self, max_bytes: int) -> bytes:
        return bytes(await self._stream.receive_some(max_bytes))

    async def send_eof(self) -> None:
        if isinstance(self._stream, trio.SocketStream):
            await self._stream.send_eof()

    async def aclose(self) -> None:
        with self._limit.scope() as scope:  # with TLS, closing begins with a last message
            await self._stream.aclose()
        if scope.cancelled_caught:
            await self.drop()

    async def drop(self) -> None:
        """Close without a word."""
        await trio.aclose_forcefully(self._stream)

    def drop_now(self) -> None:
        """The same for who cannot wait: whatever is being done with the stream fails."""
        self.socket.close()
