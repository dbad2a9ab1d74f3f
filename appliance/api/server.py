"""Listens and serves: one nursery for all connections, so that a stop is a deadline on it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, cast

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.utils import repr_socket_addr

from appliance.api.connection import Connection, GuardedStream, SendLimit

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hypercorn.typing import ASGIFramework

    # Hypercorn and we describe ASGI messages in different, equally loose words.
    AsgiApp: TypeAlias = Callable[..., Any]

_log = logging.getLogger("analogcloud.server")

MAX_HEADER_BYTES = 16 * 1024
"""Request line and headers together; a longer request is answered 431."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """``idle_s`` also bounds how long a client may take to send its headers; ``send_s`` is for one
    piece of an answer; ``grace_s`` is what open requests get when the server stops."""

    idle_s: float = 20.0
    send_s: float = 20.0
    grace_s: float = 3.0


async def serve_http(
    app: AsgiApp,
    bind: str,
    limits: ServerLimits,
    stop: trio.Event,
    *,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve ``app`` on ``bind`` (``host:port``; port 0 takes a free one) until ``stop`` is set.

    Started with the addresses in use, as ``host:port``. After ``stop`` no connection is accepted,
    open requests have ``grace_s`` left, and then this returns whatever clients do. Raises OSError
    where the address cannot be had.
    """
    listeners = await _listen(bind)
    config, context = _hypercorn_config(limits), WorkerContext(None)
    sends = SendLimit(limits.send_s)
    handler = partial(_serve_connection, cast("ASGIFramework", app), config, context, sends)
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


async def _serve_connection(
    app: ASGIFramework,
    config: Config,
    context: WorkerContext,
    sends: SendLimit,
    stream: trio.SocketStream,
) -> None:
    try:
        await Connection(ASGIWrapper(app), config, context, GuardedStream(stream, sends)).run()
    except* Exception:
        # Supervision border: whatever one client provokes, the others are served.
        _log.exception("event=connection_failed")


async def _listen(bind: str) -> list[trio.SocketListener]:
    host, _, port = bind.rpartition(":")
    return await trio.open_tcp_listeners(int(port), host=host.strip("[]"))


def _address(listener: trio.SocketListener) -> str:
    return repr_socket_addr(listener.socket.family, listener.socket.getsockname())


def _hypercorn_config(limits: ServerLimits) -> Config:
    config = Config()
    config.accesslog = None
    config.errorlog = logging.getLogger("analogcloud.http")
    config.keep_alive_timeout = limits.idle_s
    config.keep_alive_max_requests = 1_000_000
    config.h11_max_incomplete_size = MAX_HEADER_BYTES
    config.include_server_header = False
    return config
