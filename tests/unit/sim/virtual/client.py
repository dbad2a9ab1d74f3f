"""A plain client of a virtual device: the codecs, and nothing that helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import trio

from drivers.wire.messages import (
    Message,
    Ping,
    RunState,
    Samples,
    StartRun,
    StateChanged,
    StreamToUdp,
)
from drivers.wire.protobuf import decode_datagram
from sim.virtual.dialect import PROTOBUF, Dialect

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from drivers.wire.messages import Body, Request
    from tests.virtual_network import MemoryDatagrams, Network

RUN_ID = "0" * 36


class Client:
    """Sends requests and collects what comes; never waits longer than a minute of its clock."""

    def __init__(self, stream: trio.abc.Stream, dialect: Dialect) -> None:
        self.stream = stream
        self.wire = dialect.open_wire()
        self.inbox: list[Message] = []
        self.has_ids = True
        self._asked = 0

    @classmethod
    async def connect(cls, network: Network, dialect: Dialect = PROTOBUF) -> Client:
        return cls(await network.connect(), dialect)

    async def send(self, body: Request) -> str:
        self._asked += 1
        own = str(self._asked)
        is_bare = isinstance(body, Ping) or not self.has_ids
        data = self.wire.pack(Message(id=None if is_bare else own, body=body))
        await self.stream.send_all(data)
        return own

    async def next(self) -> Message:
        """The next message. EOFError at the end of the connection."""
        while not self.inbox:
            with trio.fail_after(60):
                data = await self.stream.receive_some(65536)
            if not data:
                raise EOFError
            self.inbox += self.wire.receive(bytes(data))
        return self.inbox.pop(0)

    async def collect(self, heard: list[Body]) -> None:
        """Take all messages. Ends with EOFError only."""
        while True:
            heard.append((await self.next()).body)

    async def ask(self, body: Request) -> Body:
        """Send a request and take the next message for its answer."""
        own = await self.send(body)
        answer = await self.next()
        assert answer.id in (own, None)
        return answer.body

    async def run(self, start: StartRun) -> Story:
        """Start a run and listen until it has ended."""
        story = Story()
        await self.send(start)
        while not story.is_over:
            story.add((await self.next()).body)
        return story


class Story:
    """What was told of a run, in order."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []

    def add(self, body: Body) -> None:
        self.bodies.append(body)

    @property
    def is_over(self) -> bool:
        return bool({RunState.DONE, RunState.ERROR} & set(self.states()))

    def states(self, carrier: str = "") -> list[RunState]:
        changes = (body for body in self.bodies if isinstance(body, StateChanged))
        return [one.new for one in changes if carrier in ("", one.carrier)]

    def reason(self) -> str:
        changes = (body for body in self.bodies if isinstance(body, StateChanged))
        return next(one.reason for one in changes if one.new is RunState.ERROR)

    def chunks(self, carrier: str = "") -> list[Samples]:
        samples = (body for body in self.bodies if isinstance(body, Samples))
        return [one for one in samples if not one.is_final and carrier in ("", one.carrier)]

    def samples(self, carrier: str = "") -> NDArray[np.float64]:
        """All chunks as they came, joined."""
        return np.concatenate([chunk.values for chunk in self.chunks(carrier)])

    def final(self) -> Samples:
        (found,) = (b for b in self.bodies if isinstance(b, Samples) and b.is_final)
        return found


def start(
    op_time_s: float = 0.01,
    rate: int = 50_000,
    *,
    channels: int = 2,
    run_id: str = RUN_ID,
    halts: bool = False,
) -> StartRun:
    return StartRun(
        run_id=run_id,
        ic_time_ns=100_000,
        op_time_ns=round(op_time_s * 1e9),
        channels=channels,
        sample_rate=rate,
        halt_on_overload=halts,
    )


async def listen_to_udp(client: Client, network: Network) -> MemoryDatagrams:
    datagrams = await network.bind()
    await client.send(StreamToUdp(port=datagrams.port))
    return datagrams


async def hear(datagrams: MemoryDatagrams) -> Body:
    """What the next datagram says."""
    with trio.fail_after(60):
        return decode_datagram(await datagrams.receive()).body
