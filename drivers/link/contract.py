"""The contract between drivers and connections: one open connection to one endpoint, whatever the
dialect and the wire.

Nothing here takes a timeout: time limits belong to the caller, everything can be cancelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import trio

    from drivers.wire.messages import Failed, Notification, Reply, Request


class Link(Protocol):
    """An open connection with its reader at work (see ``drivers.link.opening.open_link``)."""

    @property
    def dialect(self) -> str:
        """``protobuf`` or ``jsonl``."""
        ...

    @property
    def lane_gain(self) -> float:
        """Gain of an upscaled lane on this machine: 8, or 10 on firmware 1.x."""
        ...

    @property
    def notifications(self) -> trio.MemoryReceiveChannel[Notification | Failed]:
        """Run messages in the order in which they arrive, by whatever channel. Failed is an error
        that belongs to no request: what runs has failed. The channel ends when the link breaks.
        """
        ...

    async def request(self, body: Request) -> Reply:
        """Ask and wait for the answer with the same id; Busy is asked again, with a pause, as long
        as the caller's deadline leaves time for it: then DeviceBusy is raised.

        Never returns Failed: raises RunRefused with the device's words. Raises ConnectError at once
        when the link breaks while it waits, ProtocolError when the answer is of the wrong kind.
        """
        ...

    async def stream_by_udp(self) -> bool:
        """Ask for run messages by UDP on a fresh socket; False where the device refuses (they then
        come by this connection). Datagrams of other senders are dropped."""
        ...
