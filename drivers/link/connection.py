"""What a link is built on: a stream of bytes and, where the wire has it, datagrams from the peer.

Links know only this, so that they work over sockets, serial ports and streams in memory alike.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import trio

    from drivers.link.endpoint import Endpoint


class Datagrams(Protocol):
    """A bound socket that hears one peer."""

    @property
    def port(self) -> int:
        """Where the peer has to send to."""
        ...

    async def receive(self) -> bytes:
        """The next datagram of the peer; those of others and too long ones are dropped.

        Raises ConnectError when the socket fails. May be cancelled without loss.
        """
        ...

    def close(self) -> None:
        """Give the socket back; twice does no harm."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An open connection, which belongs to whom it was given to: close the stream.

    ``place`` says where to, for messages to people. ``open_datagrams`` binds a fresh socket (raises
    ConnectError); None where there are none. ``is_noisy``: lines of other programs may be mixed in,
    as on a serial port.
    """

    stream: trio.abc.Stream
    place: str
    open_datagrams: Callable[[], Awaitable[Datagrams]] | None = None
    is_noisy: bool = False


Opener: TypeAlias = Callable[["Endpoint"], Awaitable[Connection]]
"""Opens a connection; raises ConnectError and nothing else."""
