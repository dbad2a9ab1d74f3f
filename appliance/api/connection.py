"""One HTTP/1.1 connection: Hypercorn's protocol with what it lacks for strangers on the network.

Hypercorn shields a send without a time limit, so that a client that stops reading would hold up the
shutdown; it answers a request that it cannot read with an empty body; it lets any client switch to
HTTP/2 or a web socket, which nobody here speaks; it keeps a connection that its client has closed
until the idle time is over; and Quart-Trio cancels it while it still closes a connection or
restarts the timer of an idle one. The classes below change just that, and know what a connection
is doing, for when its place is needed (``room``).
"""

from __future__ import annotations

from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Final

import h11
import trio
from hypercorn.events import RawData, Updated
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Request, Response, StreamClosed
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr

from appliance.api.problems import problem_body
from appliance.api.room import Phase

if TYPE_CHECKING:
    from hypercorn.config import Config
    from hypercorn.events import Event
    from hypercorn.trio.worker_context import WorkerContext
    from hypercorn.typing import AppWrapper

    from appliance.api.stream import GuardedStream

    _Sendable = h11.InformationalResponse | h11.Response | h11.Data | h11.EndOfMessage

CLOSE_S: Final = 5.0
"""The longest that tidying up after an answer may take; it normally waits for nothing."""


class HttpProtocol(H11Protocol):
    """HTTP/1.1 only, and JSON also where a request cannot be read."""

    _head = b""
    """Headers that go out together with the first piece of their body."""

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
        if isinstance(event, Response) and self._has_more():
            event.headers.append((b"connection", b"close"))
        if not isinstance(event, StreamClosed):
            return await super().stream_send(event)
        # The news that the answer is complete makes Quart-Trio cancel the task that brings it: the
        # connection would be neither closed nor ready for its next request.
        with trio.move_on_after(CLOSE_S, shield=True):
            await super().stream_send(event)

    def _has_more(self) -> bool:
        """Whether the next request is here before the answer to this one. There will be no further
        answer on such a connection: a thousand clients with fifty requests each would be fifty
        thousand requests that everybody else stands behind. HTTP lets a server do so, and the
        client asks again on a new connection."""
        more, _ = self.connection.trailing_data
        return bool(more) and self.connection.their_state is h11.DONE

    async def _send_h11_event(self, event: _Sendable) -> None:
        try:
            data = self.connection.send(event) or b""
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        data, self._head = self._head + data, b""
        if isinstance(event, h11.Response) and _is_followed(event):
            self._head = data
        elif data:
            await self.send(RawData(data=data))

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


def _is_followed(response: h11.Response) -> bool:
    """Whether a body of known length comes right behind the headers: of a stream of events, say,
    the headers must not wait for the first one."""
    return any(name == b"content-length" and value != b"0" for name, value in response.headers)


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
        self._http: HttpProtocol | None = None
        self._since = trio.current_time()
        self._has_left = False

    def standing(self) -> tuple[Phase, float]:
        """What the connection is doing, and since when; see ``room``. Bytes that trickle in do not
        make it any younger."""
        if self._http is None or self._http.connection.their_state is h11.IDLE:
            is_new = self._http is None or self._http.keep_alive_requests == 0
            return (Phase.UNPROVEN if is_new else Phase.IDLE), self._since
        is_arriving = self._http.connection.their_state is h11.SEND_BODY
        is_slow = is_arriving or self._guarded.is_sending
        return (Phase.SLOW if is_slow else Phase.WORKING), self._since

    def leave(self) -> None:
        """Close the connection at once; ``run`` then ends."""
        self._guarded.drop_now()

    async def run(self) -> None:
        socket = self._guarded.socket
        try:
            async with TaskGroup() as task_group:
                self._task_group = task_group
                self._http = HttpProtocol(
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
                self.protocol = self._http  # type: ignore[assignment]  # same calls
                await self.idle_task.restart(self._task_group, self._header_timeout)
                await self._read_data()
        except OSError:
            # The client left between the accept and the first look at its address.
            return
        finally:
            await self._close()

    async def _read_data(self) -> None:
        await super()._read_data()
        self._has_left = True
        await self.idle_task.stop()

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, Updated):
            self._since = trio.current_time()
            self._guarded.begin_answer()
            if self._has_left:
                return
        await super().protocol_send(event)

    async def _header_timeout(self) -> None:
        """For the first request; between requests Hypercorn's own timer does the same."""
        with trio.move_on_after(self._header_s):
            await self.context.terminated.wait()
        with trio.CancelScope(shield=True):  # short: it closes, and waits for nobody
            await self._initiate_server_close()
