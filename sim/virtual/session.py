"""One client's connection to a virtual device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from sim.virtual.outlet import WELL, Outlet

if TYPE_CHECKING:
    from drivers.wire.messages import Body, Message
    from sim.virtual.dialect import Dialect
    from sim.virtual.outlet import DatagramSender, Manner


class Session:
    """What the device knows of a connection. ``udp_port`` is where the client wants run messages,
    None for this connection."""

    def __init__(
        self, stream: trio.abc.Stream, dialect: Dialect, datagrams: DatagramSender | None
    ) -> None:
        self.stream = stream
        self.wire = dialect.open_wire()
        self.outlet = Outlet(stream)
        self.scope = trio.CancelScope()
        self.is_trusted = False
        self.is_deaf = False
        """Whether nothing that comes is heard."""
        self.udp_port: int | None = None
        self._datagrams = datagrams

    @property
    def can_udp(self) -> bool:
        return self._datagrams is not None

    async def reply(self, message: Message, request: Body, manner: Manner = WELL) -> None:
        """Answer a request."""
        await self.outlet.send(self.wire.pack(message, request), manner)

    async def tell(self, message: Message, manner: Manner = WELL) -> None:
        """Send a message of a run by the channel that the client has chosen. A bad manner of
        sending does to a datagram what can be done to one."""
        if self.udp_port is None or self._datagrams is None:
            await self.outlet.send(self.wire.pack(message), manner)
            return
        data = self.wire.datagram(message)
        if manner.garbage:
            await self._datagrams.send(manner.garbage, self.udp_port)
        if manner.is_half:
            data = data[: len(data) // 2]
        await self._datagrams.send(data, self.udp_port)

    async def throw(self, data: bytes, *, from_elsewhere: bool = False) -> None:
        """Send any bytes as a datagram, if this client hears datagrams at all."""
        if self.udp_port is not None and self._datagrams is not None:
            await self._datagrams.send(data, self.udp_port, from_elsewhere=from_elsewhere)
