"""A link that speaks the protobuf dialect (firmware 2.x, the vendor's proxy and simulator)."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import trio

from drivers.errors import DriverError, ProtocolError
from drivers.link.replies import accept
from drivers.link.stream_link import BUSY_PAUSE_S, StreamLink
from drivers.wire.frames import Unframer, frame
from drivers.wire.messages import Accepted, Busy, Failed, Message, Ping, Pong, StreamToUdp
from drivers.wire.protobuf import decode, decode_datagram, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.link.connection import Connection, Datagrams
    from drivers.wire.messages import Body, Request

_log = logging.getLogger("analogcloud.link")

UDP_PATIENCE_S: Final = 2.0
"""For the answer to the wish for UDP. Where none comes, run messages come by TCP; should the device
agree later after all, they are heard as well."""


class ProtobufWire:
    """Frames around envelopes, see ``stream_link.Wire``."""

    __slots__ = ("_unframer",)

    def __init__(self) -> None:
        self._unframer = Unframer()

    def pack(self, message: Message) -> bytes:
        if isinstance(message.body, Ping):
            message = replace(message, id=None)  # no place for it
        return frame(encode(message))

    def unpack(self, data: bytes) -> Iterator[Message]:
        for payload in self._unframer.feed(data):
            if payload:  # an empty envelope says nothing
                yield decode(payload)


class ProtobufLink(StreamLink):
    """See ``contract.Link``. ``dropped`` counts datagrams that made no sense."""

    def __init__(
        self,
        connection: Connection,
        nursery: trio.Nursery,
        *,
        busy_pause_s: float = BUSY_PAUSE_S,
        udp_patience_s: float = UDP_PATIENCE_S,
    ) -> None:
        super().__init__(connection, ProtobufWire(), busy_pause_s)
        self._nursery = nursery
        self._udp_patience_s = udp_patience_s
        self._udp_scope: trio.CancelScope | None = None
        self._pinging = trio.Lock()  # a pong has no id, so one ping at a time
        self.dropped = 0
        self.start(nursery)

    @property
    def dialect(self) -> str:
        return "protobuf"

    @property
    def lane_gain(self) -> float:
        return 8.0

    async def exchange(self, body: Request) -> Body:
        if not isinstance(body, Ping):
            return await super().exchange(body)
        async with self._pinging:
            return await super().exchange(body)

    def _owner(self, message: Message) -> str | None:
        if isinstance(message.body, Pong) and message.id is None:
            return self._oldest(message.body)
        return super()._owner(message)

    # The data channel.

    async def stream_by_udp(self) -> bool:
        """See ``contract.Link``. Takes a few seconds at most, unless the device is busy. The socket
        of an earlier call is closed; ``udp_patience_s`` of silence count as no."""
        if self._connection.open_datagrams is None:
            await trio.lowlevel.checkpoint()
            return False
        datagrams = await self._connection.open_datagrams()
        scope = self._hear_only(datagrams)
        answer = await self._ask_for_udp(StreamToUdp(port=datagrams.port))
        if answer is not None and not isinstance(answer, Accepted):
            scope.cancel()
        return isinstance(answer, Accepted)

    def _hear_only(self, datagrams: Datagrams) -> trio.CancelScope:
        """The new socket was bound while the old one was open, so it has another port: what is
        still under way to the old one is lost, as it should be."""
        if self._udp_scope is not None:
            self._udp_scope.cancel()
        self._udp_scope = trio.CancelScope()
        self._nursery.start_soon(self._hear, datagrams, self._udp_scope)
        return self._udp_scope

    async def _ask_for_udp(self, wish: StreamToUdp) -> Body | None:
        """Agreement, or refusal in one of its two forms; None for silence."""
        while True:
            answer: Body | None = None
            with trio.move_on_after(self._udp_patience_s):
                answer = await self.exchange(wish)
            if answer is None or isinstance(answer, Failed):
                return answer
            if not isinstance(answer, Busy):
                return accept(wish, answer)
            await trio.sleep(self._busy_pause_s)

    async def _hear(self, datagrams: Datagrams, scope: trio.CancelScope) -> None:
        try:
            with scope:
                while True:
                    self._take(await datagrams.receive())
        except DriverError as error:
            await self._end(error)
        finally:
            datagrams.close()

    def _take(self, data: bytes) -> None:
        try:
            message = decode_datagram(data)
        except ProtocolError as error:
            # Anybody can send a datagram: a bad one is no reason to give up the connection.
            self.dropped += 1
            _log.debug("event=datagram_dropped bytes=%d reason=%r", len(data), str(error))
        else:
            self.dispatch(message)
