"""The captured sessions, replayed through links: we say what the vendor's client said, byte by
byte, and hear what it heard."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import pytest
import trio

from drivers.wire.frames import Unframer, frame
from drivers.wire.messages import (
    Accepted,
    Failed,
    Message,
    Request,
    Samples,
    StateChanged,
    StreamToUdp,
    UdpRefused,
)
from drivers.wire.protobuf import decode, encode
from tests.unit.drivers.link.link_peers import Bench, linked
from tests.unit.drivers.wire.test_wire_golden import session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drivers.link.opening import AnyLink
    from drivers.wire.messages import Body
    from tests.unit.drivers.link.link_peers import Peer
    from tests.unit.drivers.wire.test_wire_golden import Said


def plain(body: Body) -> bytes:
    """For comparing bodies that hold arrays."""
    return encode(Message(id=None, body=body))


class Replay:
    """One connection of a session. The device's answers bear the ids that we asked with, which are
    as long as those of the session; apart from that all bytes are the session's."""

    def __init__(self, link: AnyLink, peer: Peer, bench: Bench) -> None:
        self._link, self._peer, self._bench = link, peer, bench
        self._unframer = Unframer()
        self._ids = dict[str, str]()
        self._answers, self._answered = trio.open_memory_channel[bytes](10)
        self.heard = list[bytes]()

    async def play(self, said: Sequence[Said]) -> None:
        async with trio.open_nursery() as nursery:
            for one in said:
                if one.sender == "c2d":
                    nursery.start_soon(self._ask, one.message.body)
                    await self._check(one)
                elif isinstance(one.message.body, StateChanged | Samples):
                    await self._notify(one)
                else:
                    await self._peer.raw(frame(self._renamed(one)))
                    self.heard.append(await self._answered.receive())

    async def _ask(self, body: Body) -> None:
        if isinstance(body, StreamToUdp):
            agreed = await self._link.stream_by_udp()
            await self._answers.send(plain(Accepted() if agreed else UdpRefused()))
        else:
            assert isinstance(body, Request)
            await self._answers.send(plain(await self._link.request(body)))

    async def _check(self, said: Said) -> None:
        """What we send is what was sent, but for ids and ports."""
        found = list[bytes]()
        while not found:
            found = self._unframer.feed(bytes(await self._peer.stream.receive_some()))
        (data,) = found
        message = decode(data)
        assert message.id
        assert said.message.id
        self._ids[said.message.id] = message.id
        if isinstance(message.body, StreamToUdp):
            assert message.body.port == self._bench.sockets[0].port
        else:
            assert data.replace(message.id.encode(), said.message.id.encode()) == said.data

    def _renamed(self, said: Said) -> bytes:
        assert said.message.id
        return said.data.replace(said.message.id.encode(), self._ids[said.message.id].encode())

    async def _notify(self, said: Said) -> None:
        if said.by == "udp":
            await self._bench.sockets[0].put.send(said.data)
        else:
            await self._peer.raw(frame(said.data))
        notice = await self._link.notifications.receive()
        assert not isinstance(notice, Failed)
        self.heard.append(plain(notice))


@pytest.mark.parametrize("name", ["udp", "tcp"])
async def test_a_session_comes_through_a_link_as_it_was(name: str) -> None:
    for connection, part in groupby(session(name), key=lambda one: one.connection):
        said, bench = list(part), Bench("protobuf")
        async with linked("protobuf", bench=bench) as (link, peer):
            replay = Replay(link, peer, bench)
            with trio.fail_after(5.0):
                await replay.play(said)
            assert link.fault is None
        wanted = [one.message.body for one in said if one.sender == "d2c"]
        assert len(wanted) == (1 if connection == 1 else 15)
        for heard, body in zip(replay.heard, wanted, strict=True):
            assert heard == plain(body)
