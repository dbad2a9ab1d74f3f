"""Run messages by UDP: agreement, refusal in each form, and what arrives then."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from drivers.errors import ConnectError, ProtocolError
from drivers.link.opening import AnyLink
from drivers.wire import protobuf
from drivers.wire.messages import (
    Accepted,
    Body,
    Busy,
    Failed,
    Message,
    ResetDone,
    RunState,
    StreamToUdp,
    UdpRefused,
)
from tests.unit.drivers.link.link_peers import Bench, Peer, chunk, linked, state

Clock = trio.testing.MockClock


@asynccontextmanager
async def agreed() -> AsyncIterator[tuple[AnyLink, Peer, Bench]]:
    """A link whose device has agreed to UDP."""
    bench = Bench("protobuf")
    async with linked("protobuf", bench=bench) as (link, peer):
        assert await asked(link, peer, Accepted())
        yield link, peer, bench
    assert await bench.is_all_closed()


async def asked(link: AnyLink, peer: Peer, *answers: Body) -> bool:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(answer_all, peer, answers)
        return await link.stream_by_udp()
    raise AssertionError("not reached")


async def answer_all(peer: Peer, answers: tuple[Body, ...]) -> None:
    for answer in answers:
        heard = await peer.answer(answer)
        assert isinstance(heard.body, StreamToUdp)
        assert heard.body.port >= 40000


def datagram(body: Body, id: str | None = None) -> bytes:
    return protobuf.encode(Message(id=id, body=body))


async def test_run_messages_come_by_either_channel() -> None:
    async with agreed() as (link, peer, bench):
        await bench.sockets[0].put.send(datagram(state(RunState.OP), "some-id"))
        assert await link.notifications.receive() == state(RunState.OP)
        await peer.say(state(RunState.DONE))
        assert await link.notifications.receive() == state(RunState.DONE)


async def test_a_datagram_that_makes_no_sense_is_dropped() -> None:
    async with agreed() as (link, _, bench):
        for data in (b"", b"\xff" * 40, datagram(ResetDone(), "no-id"), datagram(chunk(3))):
            await bench.sockets[0].put.send(data)
        assert await link.notifications.receive() == chunk(3)
        assert link.fault is None


@pytest.mark.parametrize("refusal", [UdpRefused(reason="no"), Failed(text="not with a proxy")])
async def test_refusal_leaves_it_to_the_connection(refusal: Body) -> None:
    bench = Bench("protobuf")
    async with linked("protobuf", bench=bench) as (link, peer):
        assert await asked(link, peer, refusal) is False
        await trio.testing.wait_all_tasks_blocked()
        assert bench.sockets[0].is_closed
        await peer.say(chunk(0))
        assert await link.notifications.receive() == chunk(0)


async def test_busy_is_asked_again(autojump_clock: Clock) -> None:
    async with linked("protobuf") as (link, peer):
        assert await asked(link, peer, Busy(), Busy(), Accepted()) is True
        assert trio.current_time() == pytest.approx(4)


async def test_silence_counts_as_no_but_late_agreement_is_no_loss(autojump_clock: Clock) -> None:
    bench = Bench("protobuf")
    async with linked("protobuf", bench=bench) as (link, peer):
        assert await link.stream_by_udp() is False
        assert trio.current_time() == pytest.approx(2)
        await peer.say(Accepted(), (await peer.hear()).id)
        await bench.sockets[0].put.send(datagram(chunk(0)))
        assert await link.notifications.receive() == chunk(0)


@pytest.mark.parametrize("by_udp", [True, False])
async def test_refusal_that_comes_later_is_no_loss(by_udp: bool) -> None:
    async with agreed() as (link, peer, bench):
        refusal = UdpRefused(reason="cannot after all")
        if by_udp:
            await bench.sockets[0].put.send(datagram(refusal, "new-id"))
        else:
            await peer.say(refusal, "new-id")
        await peer.say(chunk(0))
        assert await link.notifications.receive() == chunk(0)
        assert link.fault is None


async def test_refusal_by_udp_is_heard() -> None:
    bench = Bench("protobuf")
    async with linked("protobuf", bench=bench) as (link, peer):

        async def device() -> None:
            own = (await peer.hear()).id
            await bench.sockets[0].put.send(datagram(UdpRefused(), own))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(device)
            assert await link.stream_by_udp() is False


async def test_an_answer_of_the_wrong_kind() -> None:
    async with linked("protobuf") as (link, peer), trio.open_nursery() as nursery:
        nursery.start_soon(answer_all, peer, (ResetDone(),))
        with pytest.raises(ProtocolError, match="StreamToUdp"):
            await link.stream_by_udp()


async def test_each_agreement_has_a_fresh_socket() -> None:
    async with agreed() as (link, peer, bench):
        await bench.sockets[0].put.send(datagram(state(RunState.OP)))
        assert await link.notifications.receive() == state(RunState.OP)
        assert await asked(link, peer, Accepted()) is True
        await trio.testing.wait_all_tasks_blocked()
        assert [socket.is_closed for socket in bench.sockets] == [True, False]
        await bench.sockets[0].put.send(datagram(chunk(7)))  # stale
        await bench.sockets[1].put.send(datagram(chunk(8)))
        assert await link.notifications.receive() == chunk(8)


async def test_a_broken_socket_ends_the_link() -> None:
    async with agreed() as (link, _, bench):
        await bench.sockets[0].put.aclose()
        assert [n async for n in link.notifications] == []
        assert isinstance(link.fault, ConnectError)


async def test_the_end_of_the_connection_ends_the_agreement() -> None:
    async with agreed() as (link, peer, _):
        await peer.hang_up()
        assert [n async for n in link.notifications] == []
        with pytest.raises(ConnectError, match="closed the connection"):
            await link.stream_by_udp()


async def test_a_wire_without_datagrams_has_no_such_channel() -> None:
    bench = Bench("protobuf", has_udp=False)
    async with linked("protobuf", bench=bench) as (link, peer):
        assert await link.stream_by_udp() is False
        await peer.say(chunk(0))
        assert await link.notifications.receive() == chunk(0)
