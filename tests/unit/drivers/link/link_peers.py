"""Devices for the tests of links: the other end of a stream in memory, moved by hand."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import numpy as np
import trio
from trio.testing import memory_stream_pair

from drivers.errors import ConnectError
from drivers.link.connection import Connection, Datagrams
from drivers.link.endpoint import Endpoint
from drivers.link.opening import AnyLink, Dialect, Pauses, open_link
from drivers.wire import jsonl, protobuf
from drivers.wire.frames import Unframer, frame
from drivers.wire.lines import Unliner
from drivers.wire.messages import Body, Message, RunState, Samples, StateChanged

HERE = Endpoint(host="device.test")
RUN = "00000000-0000-4000-8000-000000000001"


class Peer:
    """The device's end of one connection."""

    def __init__(self, stream: trio.abc.Stream, dialect: str) -> None:
        self.stream = stream
        self._protobuf = dialect == "protobuf"
        self._unframer, self._unliner = Unframer(), Unliner()
        self._heard = deque[Message]()

    async def hear(self) -> Message:
        """The next request."""
        while not self._heard:
            data = bytes(await self.stream.receive_some())
            if not data:
                raise EOFError
            self.took(data)
        return self._heard.popleft()

    def took(self, data: bytes) -> None:
        """Take in what a test has received by itself."""
        if self._protobuf:
            self._heard += map(protobuf.decode, self._unframer.feed(data))
        else:
            self._heard += map(jsonl.decode, self._unliner.feed(data))

    async def say(self, body: Body, id: str | None = None) -> None:
        message = Message(id=id, body=body)
        if self._protobuf:
            await self.raw(frame(protobuf.encode(message)))
        else:
            await self.raw(jsonl.encode(message))

    async def raw(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def answer(self, body: Body) -> Message:
        """Hear one request and answer it."""
        heard = await self.hear()
        await self.say(body, heard.id)
        return heard

    async def answer_by(self, answers: dict[type, Body]) -> Message:
        """The same with an answer for each kind of request."""
        heard = await self.hear()
        await self.say(answers[type(heard.body)], heard.id)
        return heard

    async def hang_up(self) -> None:
        await self.stream.aclose()


class MemoryDatagrams:
    """A data channel that tests put datagrams into."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.is_closed = False
        self.put, self._get = trio.open_memory_channel[bytes](100)

    async def receive(self) -> bytes:
        try:
            return await self._get.receive()
        except trio.EndOfChannel:
            raise ConnectError("the socket broke") from None

    def close(self) -> None:
        self.is_closed = True


class Bench:
    """Opens connections in memory and hands the other ends to the test, or to ``serve``."""

    def __init__(self, *dialects: str, is_noisy: bool = False, has_udp: bool = True) -> None:
        self._dialects = deque(dialects)
        self._is_noisy, self._has_udp = is_noisy, has_udp
        self.streams: list[trio.abc.Stream] = []
        self.sockets: list[MemoryDatagrams] = []
        self._send, self.peers = trio.open_memory_channel[Peer](10)

    async def open(self, endpoint: Endpoint) -> Connection:
        await trio.lowlevel.checkpoint()
        if not self._dialects:
            raise ConnectError(f"{endpoint} refuses connections")
        ours, theirs = memory_stream_pair()
        self.streams.append(ours)
        self._send.send_nowait(Peer(theirs, self._dialects.popleft()))
        return Connection(
            stream=ours,
            place=str(endpoint),
            open_datagrams=self._datagrams if self._has_udp else None,
            is_noisy=self._is_noisy,
        )

    async def _datagrams(self) -> Datagrams:
        await trio.lowlevel.checkpoint()
        self.sockets.append(MemoryDatagrams(40000 + len(self.sockets)))
        return self.sockets[-1]

    async def is_all_closed(self) -> bool:
        """Whether nothing that was opened is still open."""
        for stream in self.streams:
            try:
                await stream.send_all(b"")
            except trio.ClosedResourceError:
                continue
            return False
        return all(socket.is_closed for socket in self.sockets)


@asynccontextmanager
async def linked(
    dialect: Dialect,
    *,
    bench: Bench | None = None,
    token: str | None = None,
    pauses: Pauses | None = None,
) -> AsyncIterator[tuple[AnyLink, Peer]]:
    """A link on one connection in memory, and its peer."""
    bench = bench or Bench(dialect)
    given = {} if pauses is None else {"pauses": pauses}
    async with open_link(HERE, dialect, token, opener=bench.open, **given) as link:
        yield link, bench.peers.receive_nowait()


async def together(*functions: Callable[[], Awaitable[object]]) -> None:
    """Run side by side until all have ended."""
    async with trio.open_nursery() as nursery:
        for function in functions:
            nursery.start_soon(function)


def chunk(number: int, run: str = RUN, rows: int = 2) -> Samples:
    values = np.full((rows, 1), 0.25)
    return Samples(run_id=run, chunk=number, carrier="00-00", probes=(0,), values=values)


def state(new: RunState, run: str = RUN) -> StateChanged:
    return StateChanged(run_id=run, old=RunState.NEW, new=new)
