"""The data channel: a UDP socket that hears the device of a connection and nobody else."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Final

import trio

from drivers.errors import ConnectError

if TYPE_CHECKING:
    from typing import TypeAlias

    # Any: an address is (host, port), with two more for IPv6.
    Address: TypeAlias = tuple[Any, ...]

MAX_DATAGRAM_BYTES: Final = 65_507
"""The longest datagram that IPv4 knows."""
RECEIVE_BUFFER_BYTES: Final = 1 << 20
"""What the kernel is asked to hold for us; it may give less."""


async def open_udp(family: int, local: Address, peer: str) -> UdpDatagrams:
    """Bind a fresh port at the address ``local`` (its port does not matter) for datagrams of the
    address ``peer``. Raises ConnectError."""
    datagrams = trio.socket.socket(family, socket.SOCK_DGRAM)
    try:
        datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        await datagrams.bind((local[0], 0, *local[2:]))
    except OSError as error:
        datagrams.close()
        raise ConnectError(f"No UDP port could be had for the device's data: {error}") from error
    except BaseException:
        datagrams.close()
        raise
    return UdpDatagrams(datagrams, peer)


class UdpDatagrams:
    """See ``drivers.link.connection.Datagrams``."""

    __slots__ = ("_peer", "_socket", "dropped")

    def __init__(self, bound: trio.socket.SocketType, peer: str) -> None:
        self._socket = bound
        self._peer = _plain(peer)
        self.dropped = 0
        """Datagrams of other senders, and too long ones."""

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    async def receive(self) -> bytes:
        while True:
            data, sender = await self._next()
            if _plain(sender[0]) == self._peer and len(data) <= MAX_DATAGRAM_BYTES:
                return data
            self.dropped += 1

    async def _next(self) -> tuple[bytes, Address]:
        try:
            # One byte more than allowed, to tell too long ones from the longest.
            return await self._socket.recvfrom(MAX_DATAGRAM_BYTES + 1)
        except (OSError, trio.ClosedResourceError) as error:
            raise ConnectError(f"The device's data can no longer be heard: {error}") from error

    def close(self) -> None:
        self._socket.close()


def _plain(host: str) -> str:
    """An address without the interface that link-local ones of IPv6 may name."""
    return host.partition("%")[0].lower()
