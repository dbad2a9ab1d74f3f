"""Connections by TCP, and words for why there is none."""

from __future__ import annotations

import errno
import socket
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from drivers.errors import ConnectError
from drivers.link.connection import Connection
from drivers.link.udp import open_udp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.link.endpoint import Endpoint

_KEEPALIVE: Final = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
"""A peer whose cable is pulled counts as gone after half a minute, not after two hours."""

_WORDS: Final = {
    errno.ECONNREFUSED: "refuses connections. Is the port right, and has the device started?",
    errno.EHOSTUNREACH: "cannot be reached: there is no route to it. Is it switched on, and on "
    "this network?",
    errno.ENETUNREACH: "cannot be reached: this machine has no route to that network.",
    errno.ETIMEDOUT: "did not answer in time. Is it switched on, and the address right?",
    errno.ECONNRESET: "cut the connection off while it was made.",
    errno.EADDRNOTAVAIL: "cannot be reached: this machine has no address in that network.",
    errno.EACCES: "cannot be reached: this machine's firewall forbids it.",
    errno.EPERM: "cannot be reached: this machine's firewall forbids it.",
}


async def open_tcp(endpoint: Endpoint) -> Connection:
    """Connect; raises ConnectError in words for a technician. Waits for as long as the caller does.

    NODELAY and KEEPALIVE are set. The datagrams of the connection are bound to its own local
    address and hear its peer's address only.
    """
    try:
        stream = await trio.open_tcp_stream(endpoint.host, endpoint.port)
    except (OSError, UnicodeError) as error:
        raise ConnectError(_explain(endpoint, error)) from error
    try:
        return _connection(endpoint, stream)
    except OSError as error:  # gone before it could be used
        await trio.aclose_forcefully(stream)
        raise ConnectError(_explain(endpoint, error)) from error


def _connection(endpoint: Endpoint, stream: trio.SocketStream) -> Connection:
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):  # not everywhere
            stream.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    local, peer = stream.socket.getsockname(), stream.socket.getpeername()
    datagrams = partial(open_udp, stream.socket.family, local, peer[0])
    return Connection(stream=stream, place=str(endpoint), open_datagrams=datagrams)


def _explain(endpoint: Endpoint, error: BaseException) -> str:
    causes = list(_causes(error))
    if any(isinstance(cause, socket.gaierror | UnicodeError) for cause in causes):
        return (
            f"{endpoint}: the name {endpoint.host} was not found. Is it spelled right? "
            "The IP address in its place always works."
        )
    numbers = [cause.errno for cause in causes if isinstance(cause, OSError) and cause.errno]
    for number, words in _WORDS.items():
        if number in numbers:
            return f"{endpoint} {words}"
    return f"{endpoint} cannot be reached: {error}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what led to it: each address of a name is tried, so there may be several."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _causes(one)
    elif error is not None:
        yield error
        yield from _causes(error.__cause__)
