"""A link that speaks the JSONL dialect (firmware 1.x), by TCP or by USB serial."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import trio

from drivers.errors import RunRefused
from drivers.link.stream_link import BUSY_PAUSE_S, StreamLink
from drivers.wire.jsonl import decode, encode
from drivers.wire.lines import Unliner
from drivers.wire.messages import (
    Calibrate,
    Calibrated,
    Configure,
    Configured,
    Failed,
    Message,
    Reset,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.link.connection import Connection
    from drivers.wire.messages import Body, Request

_ECHOES: Final = 16
"""Lines of ours that are still known when they come back."""


class JsonlWire:
    """Lines of JSON, see ``stream_link.Wire``. Serial ports may repeat what was typed: lines that
    we have sent are dropped. On a noisy connection so are lines that are no JSON object."""

    __slots__ = ("_sent", "_unliner")

    def __init__(self, *, is_noisy: bool) -> None:
        self._unliner = Unliner(tolerant=is_noisy)
        self._sent = deque[bytes](maxlen=_ECHOES)

    def pack(self, message: Message, *, calibrate: bool = False) -> bytes:
        line = encode(message, calibrate=calibrate)
        self._sent.append(line.strip())
        return line

    def unpack(self, data: bytes) -> Iterator[Message]:
        for line in self._unliner.feed(data):
            if line not in self._sent:
                yield decode(line)


class JsonlLink(StreamLink):
    """See ``contract.Link``."""

    def __init__(
        self,
        connection: Connection,
        nursery: trio.Nursery,
        *,
        busy_pause_s: float = BUSY_PAUSE_S,
    ) -> None:
        self._lines = JsonlWire(is_noisy=connection.is_noisy)
        super().__init__(connection, self._lines, busy_pause_s)
        self._configured: Configure | None = None
        self.start(nursery)

    @property
    def dialect(self) -> str:
        return "jsonl"

    @property
    def lane_gain(self) -> float:
        return 10.0

    async def exchange(self, body: Request) -> Body:
        if isinstance(body, Calibrate):
            return await self._calibrate()
        if isinstance(body, Reset | Configure):
            self._configured = body if isinstance(body, Configure) else None
        return await super().exchange(body)

    async def _calibrate(self) -> Body:
        """This firmware calibrates while it takes a circuit, so it is given the last one again."""
        if self._configured is None:
            raise RunRefused("The device calibrates together with a circuit and has none yet.")
        own, body = str(uuid4()), self._configured
        data = self._lines.pack(Message(id=own, body=body), calibrate=True)
        answer = await self._converse(body, own, data)
        return Calibrated() if isinstance(answer, Configured) else answer

    async def stream_by_udp(self) -> bool:
        """This dialect has no data channel."""
        await trio.lowlevel.checkpoint()
        return False

    def _owner(self, message: Message) -> str | None:
        """By id; an answer without one goes to the oldest request of its type. This firmware never
        reports an error unasked, so one without id belongs to the oldest request of all."""
        if message.id is not None:
            return super()._owner(message)
        if isinstance(message.body, Failed):
            return next(iter(self._pending), None)
        return self._oldest(message.body)
