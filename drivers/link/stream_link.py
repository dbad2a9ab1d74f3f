"""What the links of both dialects have in common: who asked what, and what comes unasked.

One task reads and one writes, so that a cancelled request never cuts a message in half. Neither
raises: whatever ends the connection becomes its fault, wakes everybody who waits and is told to
everybody who asks later.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol
from uuid import uuid4

import trio

from drivers.errors import ConnectError, DeviceBusy, DriverError, RunRefused
from drivers.link.notices import Notices
from drivers.link.replies import accept, fits, words
from drivers.wire.messages import Busy, Failed, Message, Request, Samples, StateChanged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.link.connection import Connection
    from drivers.wire.messages import Body, Notification, Reply

_log = logging.getLogger("analogcloud.link")

BUSY_PAUSE_S: Final = 2.0
"""Between two attempts at a busy device, as the vendor's client has it."""

_GIVEN_UP: Final = 256
"""Ids of given-up requests that are remembered; an answer that is later still is only logged."""

_CLOSED: Final = (OSError, trio.BrokenResourceError, trio.ClosedResourceError)


class Wire(Protocol):
    """One dialect's bytes and messages, for one connection."""

    def pack(self, message: Message) -> bytes:
        """The bytes to send. RunRefused when the device could not take them, ValueError when the
        dialect has no words for it."""
        ...

    def unpack(self, data: bytes) -> Iterator[Message]:
        """The messages that ``data`` completes. ProtocolError when it makes no sense."""
        ...


class _Pending:
    """A request that waits for its answer."""

    __slots__ = ("answer", "body", "done")

    def __init__(self, body: Request) -> None:
        self.body = body
        self.answer: Body | None = None
        self.done = trio.Event()


class StreamLink:
    """The base of ``ProtobufLink`` and ``JsonlLink``: implements all of ``contract.Link`` that does
    not depend on the dialect. Belongs to the block that started it (``start``, ``shut``)."""

    def __init__(self, connection: Connection, wire: Wire, busy_pause_s: float) -> None:
        self._connection = connection
        self._wire = wire
        self._busy_pause_s = busy_pause_s
        self._notices = Notices()
        self._pending = dict[str, _Pending]()
        self._given_up = deque[str](maxlen=_GIVEN_UP)
        self._fault: DriverError | None = None
        self._last_words = ""
        self._outgoing, self._to_write = trio.open_memory_channel[bytes](0)

    # Life.

    def start(self, nursery: trio.Nursery) -> None:
        """Set the reader and the writer to work; they end with the connection, without errors."""
        nursery.start_soon(self._read)
        nursery.start_soon(self._write)

    async def shut(self) -> None:
        """Close the connection at once, also under cancellation; everybody who waits is told."""
        await self._end(ConnectError(f"The connection to {self._connection.place} was closed."))

    @property
    def fault(self) -> DriverError | None:
        """Why the link has ended, None while it works."""
        return self._fault

    @property
    def notifications(self) -> trio.MemoryReceiveChannel[Notification | Failed]:
        return self._notices.receive

    # Asking.

    async def request(self, body: Request) -> Reply:
        """See ``contract.Link``."""
        while True:
            reply = accept(body, await self.exchange(body))
            if not isinstance(reply, Busy):
                return reply
            if trio.current_effective_deadline() - trio.current_time() <= self._busy_pause_s:
                raise DeviceBusy("the device is busy: somebody else is using it")
            await trio.sleep(self._busy_pause_s)

    async def exchange(self, body: Request) -> Body:
        """Ask once and give whatever comes back with the request's id, Failed and Busy as well.
        Raises the link's fault, RunRefused when the request cannot be sent at all."""
        own = str(uuid4())
        return await self._converse(body, own, self._pack(Message(id=own, body=body)))

    async def _converse(self, body: Request, own: str, data: bytes) -> Body:
        """Send a packed request and wait for what answers it."""
        pending = self._pending[own] = _Pending(body)
        try:
            await self._send(data)
            await pending.done.wait()
        finally:
            if self._pending.pop(own, None) and pending.answer is None:
                self._given_up.append(own)
        if pending.answer is None:
            raise self._why()
        return pending.answer

    def _pack(self, message: Message) -> bytes:
        try:
            return self._wire.pack(message)
        except ValueError as error:
            raise RunRefused(f"The device cannot be asked for this: {error}") from error

    async def _send(self, data: bytes) -> None:
        try:
            await self._outgoing.send(data)
        except trio.BrokenResourceError:
            raise self._why() from None

    def _why(self) -> DriverError:
        """The fault as a fresh error: each waiter raises its own."""
        fault = self._fault or ConnectError(f"{self._connection.place} is not connected.")
        fresh = type(fault)(*fault.args)
        fresh.__cause__ = fault.__cause__
        return fresh

    # At work.

    async def _write(self) -> None:
        try:
            async for data in self._to_write:
                await self._connection.stream.send_all(data)
        except _CLOSED as error:
            await self._end(self._lost(error))

    async def _read(self) -> None:
        try:
            while data := await self._connection.stream.receive_some():
                for message in self._wire.unpack(bytes(data)):
                    self.dispatch(message)
            fault: DriverError = self._hung_up()
        except DriverError as error:
            fault = error
        except _CLOSED as error:
            fault = self._lost(error)
        await self._end(fault)

    def _hung_up(self) -> ConnectError:
        said = f" Its last words: {self._last_words}" if self._last_words else ""
        return ConnectError(f"{self._connection.place} closed the connection.{said}")

    def _lost(self, error: Exception) -> ConnectError:
        lost = ConnectError(f"The connection to {self._connection.place} broke: {error}")
        lost.__cause__ = error
        return lost

    async def _end(self, fault: DriverError) -> None:
        """The first fault counts. Waiters are woken before anything can be awaited."""
        if self._fault is None:
            self._fault = fault
            _log.debug("event=link_ended place=%s reason=%r", self._connection.place, str(fault))
            for pending in self._pending.values():
                pending.done.set()
            self._notices.close()
            self._to_write.close()
        await trio.aclose_forcefully(self._connection.stream)

    # Sorting what comes.

    def dispatch(self, message: Message) -> None:
        """Give a message to whom it belongs. ConnectError when notifications pile up.

        Notifications go by their kind, whatever id they bear: some devices stamp them.
        """
        body = message.body
        if isinstance(body, StateChanged | Samples):
            self._notices.put(body)
        elif isinstance(body, Request):
            _log.debug("event=echo place=%s", self._connection.place)
        elif (own := self._owner(message)) is not None:
            pending = self._pending.pop(own)
            pending.answer = body
            pending.done.set()
        else:
            self._unasked(message)

    def _owner(self, message: Message) -> str | None:
        """The id of the request that the message answers."""
        return message.id if message.id in self._pending else None

    def _oldest(self, body: Body) -> str | None:
        """The first request that waits for an answer of this kind."""
        waiting = (own for own, one in self._pending.items() if fits(one.body, body))
        return next(waiting, None)

    def _unasked(self, message: Message) -> None:
        """An error is news for whoever runs something; other answers to nobody are late ones."""
        body = message.body
        if isinstance(body, Failed) and message.id not in self._given_up:
            self._last_words = words(body.text)
            self._notices.put(Failed(text=self._last_words))
        else:
            kind = type(body).__name__
            _log.debug("event=ignored place=%s kind=%s", self._connection.place, kind)
