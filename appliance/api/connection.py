"""One HTTP/1.1 connection: Hypercorn's protocol with what it lacks for strangers on the network.

Hypercorn shields a send without a time limit, so that a client that stops reading would hold up the
shutdown; it answers a request that it cannot read with an empty body; it lets any client switch to
HTTP/2 or a web socket, which nobody here speaks; and Quart-Trio cancels it while it still closes a
connection or restarts the timer of an idle one. The classes below change just that.
"""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Final

import h11
import trio
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Request, StreamClosed
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr

from appliance.api.problems import problem_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypercorn.config import Config
    from hypercorn.trio.worker_context import WorkerContext
    from hypercorn.typing import AppWrapper


CLOSE_S: Final = 5.0
"""The longest that tidying up after an answer may take; it normally waits for nothing."""


class SendLimit:
    """The time that one piece of an answer may take on its way to a client.

    ``end_by`` brings all limits forward, so that a stop has a known end.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end_s = float("inf")
        self._open: set[trio.CancelScope] = set()

    @contextmanager
    def scope(self) -> Iterator[trio.CancelScope]:
        """A cancel scope with the limit as its deadline."""
        deadline = min(trio.current_time() + self._seconds, self._end_s)
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

    async def handshake(self) -> bool:
        """Agree with the client on the encryption, where there is one. False: it will not."""
        if isinstance(self._stream, trio.SSLStream):
            try:
                await self._stream.do_handshake()
            except trio.BrokenResourceError:
                return False
        return True

    async def send_all(self, data: bytes) -> None:
        with self._limit.scope() as scope:
            await self._stream.send_all(data)
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


class HttpProtocol(H11Protocol):
    """HTTP/1.1 only, and JSON also where a request cannot be read."""

    async def _check_protocol(self, event: h11.Request) -> None:
        """Wishes to switch to another protocol are ignored, as RFC 9110 allows."""

    async def _create_stream(self, request: h11.Request) -> None:
        self.stream = HTTPStream(
            self.app,
            self.config,
            self.context,
            self.task_group,
            self.ssl,
            self.client,
            self.server,
            self.stream_send,
            STREAM_ID,
        )
        await self.stream.handle(
            Request(
                stream_id=STREAM_ID,
                headers=list(request.headers),
                http_version=request.http_version.decode(),
                method=request.method.decode("ascii"),
                raw_path=request.target,
                state=self.connection_state,
            )
        )
        self.keep_alive_requests += 1

    async def stream_send(self, event: StreamEvent) -> None:
        if not isinstance(event, StreamClosed):
            return await super().stream_send(event)
        # The news that the answer is complete makes Quart-Trio cancel the task that brings it: the
        # connection would be neither closed nor ready for its next request.
        with trio.move_on_after(CLOSE_S, shield=True):
            await super().stream_send(event)

    async def _send_error_response(self, status_code: int) -> None:
        body = problem_body(_READING_FAULTS.get(status_code, HTTPStatus(status_code).phrase))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        ours = self.config.response_headers("h11")
        response = h11.Response(status_code=status_code, headers=list(chain(headers, ours)))
        await self._send_h11_event(response)
        await self._send_h11_event(h11.Data(data=body))
        await self._send_h11_event(h11.EndOfMessage())


_READING_FAULTS = {
    400: "this is not a request that HTTP/1.1 allows",
    431: "the request line and headers are too long",
}


class Connection(TCPServer):
    """Serves one client until it leaves, idles too long or the server stops."""

    def __init__(
        self,
        app: AppWrapper,
        config: Config,
        context: WorkerContext,
        stream: GuardedStream,
        header_s: float,
    ) -> None:
        # Hypercorn only calls the five things that GuardedStream has.
        super().__init__(app, config, context, {}, stream)  # type: ignore[arg-type]
        self._guarded = stream
        self._header_s = header_s

    async def run(self) -> None:
        socket = self._guarded.socket
        try:
            async with TaskGroup() as task_group:
                self._task_group = task_group
                self.protocol = HttpProtocol(  # type: ignore[assignment]  # same calls
                    self.app,
                    self.config,
                    self.context,
                    task_group,
                    ConnectionState({}),
                    self._guarded.is_encrypted,
                    parse_socket_addr(socket.family, socket.getpeername()),
                    parse_socket_addr(socket.family, socket.getsockname()),
                    self.protocol_send,
                )
                await self.idle_task.restart(self._task_group, self._header_timeout)
                await self._read_data()
        except OSError:
            # The client left between the accept and the first look at its address.
            return
        finally:
            await self._close()

    async def _header_timeout(self) -> None:
        """For the first request; between requests Hypercorn's own timer does the same."""
        with trio.move_on_after(self._header_s):
            await self.context.terminated.wait()
        with trio.CancelScope(shield=True):  # short: it closes, and waits for nobody
            await self._initiate_server_close()
