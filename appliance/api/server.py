"""Listens and serves: one nursery for all connections, so that a stop is a deadline on it."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.utils import repr_socket_addr

from appliance.api.connection import Connection
from appliance.api.problems import problem_body
from appliance.api.room import Room
from appliance.api.stream import GuardedStream, SendLimit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from typing import Any

    from hypercorn.typing import ASGIFramework

    CurrentTls: TypeAlias = Callable[[], ssl.SSLContext]

    # Hypercorn and we describe ASGI messages in different, equally loose words.
    AsgiApp: TypeAlias = Callable[..., Any]

_log = logging.getLogger("analogcloud.server")

MAX_HEADER_BYTES: Final = 16 * 1024
"""Request line and headers together; a longer request is answered 431."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """``header_s``: from the connection to the end of the first headers; ``keep_alive_s``: the
    same between two requests; ``send_s``: one piece of an answer; ``grace_s``: what open requests
    get when the server stops; ``connections``: how many there may be at a time (``room``)."""

    header_s: float
    keep_alive_s: float
    send_s: float
    grace_s: float
    connections: int


async def serve_http(
    app: AsgiApp,
    bind: str,
    limits: ServerLimits,
    stop: trio.Event,
    tls: CurrentTls | None = None,
    *,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve ``app`` on ``bind`` (``host:port``; port 0 takes a free one) until ``stop`` is set.

    ``tls`` is asked at each connection what to encrypt it with; None: nothing is encrypted.

    Started with the addresses in use, as ``host:port``. After ``stop`` no connection is accepted,
    open requests have ``grace_s`` left, and then this returns whatever clients do. Raises OSError
    where the address cannot be had.
    """
    listeners = await _listen(bind)
    context, sends = WorkerContext(None), SendLimit(limits.send_s)
    handler = _Server(app, limits, context, sends, tls).serve_connection
    async with trio.open_nursery() as connection_nursery:
        async with trio.open_nursery() as accept_nursery:
            serve = partial(trio.serve_listeners, handler_nursery=connection_nursery)
            accept_nursery.start_soon(serve, handler, listeners)
            task_status.started([_address(listener) for listener in listeners])
            await stop.wait()
            accept_nursery.cancel_scope.cancel()
        end = trio.current_time() + limits.grace_s
        connection_nursery.cancel_scope.deadline = end
        sends.end_by(end)
        await context.terminated.set()  # idle connections close by themselves


class _Server:
    def __init__(
        self,
        app: AsgiApp,
        limits: ServerLimits,
        context: WorkerContext,
        sends: SendLimit,
        tls: CurrentTls | None,
    ) -> None:
        self._app = ASGIWrapper(cast("ASGIFramework", app))
        self._limits = limits
        self._config = _hypercorn_config(limits)
        self._context = context
        self._sends = sends
        self._tls = tls
        self._room = Room(limits.connections)

    async def serve_connection(self, stream: trio.SocketStream) -> None:
        guarded = GuardedStream(self._encrypted(stream), self._sends)
        connection = self._connection(guarded)
        try:
            if not self._room.enter(connection):
                await _turn_away(guarded)
            elif await self._is_ready(guarded):
                await connection.run()
        except* Exception:
            # Supervision border: whatever one client provokes, the others are served.
            _log.exception("event=connection_failed")
        finally:
            self._room.exit(connection)

    def _encrypted(
        self, stream: trio.SocketStream
    ) -> trio.SocketStream | trio.SSLStream[trio.SocketStream]:
        if self._tls is None:
            return stream
        return trio.SSLStream(stream, self._tls(), server_side=True)

    async def _is_ready(self, stream: GuardedStream) -> bool:
        """Whether the client has agreed on the encryption in time; else the stream is closed."""
        is_ready = False
        with trio.move_on_after(self._limits.header_s):
            is_ready = await stream.handshake()
        if not is_ready:
            await stream.drop()
        return is_ready

    def _connection(self, stream: GuardedStream) -> Connection:
        return Connection(self._app, self._config, self._context, stream, self._limits.header_s)


_BODY: Final = problem_body("too many connections are open; try again in a moment")
_TOO_MANY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n"
    b"retry-after: 1\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)


async def _turn_away(stream: GuardedStream) -> None:
    if stream.is_encrypted:
        await stream.drop()  # a handshake for a refusal would cost more than serving
    else:
        await stream.send_all(_TOO_MANY)


async def _listen(bind: str) -> list[trio.SocketListener]:
    host, _, port = bind.rpartition(":")
    try:
        return await trio.open_tcp_listeners(int(port), host=host.strip("[]"))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OSError(
            error.errno, f"cannot listen on {bind} (the setting bind): {reason}"
        ) from error


def _address(listener: trio.SocketListener) -> str:
    return repr_socket_addr(listener.socket.family, listener.socket.getsockname())


def _hypercorn_config(limits: ServerLimits) -> Config:
    config = Config()
    config.accesslog = None
    config.errorlog = logging.getLogger("analogcloud.http")
    config.keep_alive_timeout = limits.keep_alive_s
    config.keep_alive_max_requests = 1_000_000
    config.h11_max_incomplete_size = MAX_HEADER_BYTES
    config.include_server_header = False
    return config
