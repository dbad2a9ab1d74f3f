"""Opening a link: which dialect is found, in which order the device is asked, what is refused."""

import pytest
import trio

from drivers.errors import ConnectError
from drivers.link.endpoint import Endpoint
from drivers.link.opening import open_link
from drivers.wire.messages import (
    Accepted,
    Authenticate,
    Busy,
    Extract,
    Failed,
    Ping,
    Pong,
    Request,
    Reset,
    ResetDone,
)
from tests.unit.drivers.link.link_peers import HERE, Bench, Peer, linked

Clock = trio.testing.MockClock


async def silent(peer: Peer) -> None:
    """Reads and never answers."""
    while await peer.stream.receive_some():
        pass


async def hangs_up(peer: Peer) -> None:
    await peer.stream.receive_some()
    await peer.hang_up()


async def answers_ping(peer: Peer) -> None:
    assert isinstance((await peer.hear()).body, Ping)
    await peer.say(Pong(), None)
    await silent(peer)


async def answers_extract_only(peer: Peer) -> None:
    while not isinstance((heard := await peer.hear()).body, Extract):
        pass
    await peer.say(Failed(text="not now"), heard.id)
    await silent(peer)


async def hangs_up_on_ping(peer: Peer) -> None:
    """As the vendor's proxy."""
    heard = await peer.hear()
    if isinstance(heard.body, Ping):
        await peer.hang_up()
    else:
        await peer.say(Busy(), heard.id)
        await silent(peer)


async def answers_jsonl(peer: Peer) -> None:
    line = bytes(await peer.stream.receive_some())
    own = line.split(b'"id":"')[1][:36]
    await peer.raw(b'{"id":"%s","type":"ping","msg":{},"error":"broken","code":-2}\n' % own)
    await silent(peer)


async def garbage(peer: Peer) -> None:
    await peer.stream.receive_some()
    await peer.raw(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
    await peer.stream.receive_some()


async def serve(bench: Bench, *peers: object) -> None:
    for behaviour in peers:
        peer = await bench.peers.receive()
        await behaviour(peer)  # type: ignore[operator]  # each is one of the above


@pytest.mark.parametrize(
    ("peers", "found", "seconds"),
    [
        ([answers_ping], "protobuf", 0),
        ([answers_extract_only], "protobuf", 2),
        ([silent, answers_jsonl], "jsonl", 4),
        ([hangs_up, answers_jsonl], "jsonl", 0),
        ([garbage, answers_jsonl], "jsonl", 0),
        ([hangs_up_on_ping, silent, hangs_up_on_ping], "protobuf", 2),
    ],
)
async def test_dialect_is_found(
    peers: list[object], found: str, seconds: float, autojump_clock: Clock
) -> None:
    bench = Bench(*["protobuf"] * len(peers))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, bench, *peers)
        async with open_link(HERE, opener=bench.open) as link:
            assert link.dialect == found
            assert trio.current_time() == pytest.approx(seconds)
            assert link.fault is None
        assert len(bench.streams) == len(peers)
        assert await bench.is_all_closed()


@pytest.mark.parametrize("peers", [[silent, silent], [hangs_up, silent, silent], [garbage] * 3])
async def test_who_speaks_no_dialect_is_told_so(peers: list[object], autojump_clock: Clock) -> None:
    bench = Bench(*["protobuf"] * len(peers))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, bench, *peers)
        with pytest.raises(ConnectError, match="in none of the devices' dialects"):
            async with open_link(HERE, opener=bench.open):
                raise AssertionError("opened")
        assert len(bench.streams) == len(peers)
        assert await bench.is_all_closed()


async def test_a_device_that_vanishes_while_it_is_probed(autojump_clock: Clock) -> None:
    bench = Bench("protobuf")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, bench, hangs_up)
        with pytest.raises(ConnectError, match="refuses connections"):
            async with open_link(HERE, opener=bench.open):
                raise AssertionError("opened")
    assert await bench.is_all_closed()


@pytest.mark.parametrize("dialect", ["protobuf", "jsonl"])
async def test_a_named_dialect_is_not_probed(dialect: str) -> None:
    async with linked(dialect) as (link, peer):  # type: ignore[arg-type]  # one of the two
        await trio.testing.wait_all_tasks_blocked()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(link.request, Reset())
            assert isinstance((await peer.answer(ResetDone())).body, Reset)


@pytest.mark.parametrize("dialect", ["auto", "protobuf"])
async def test_the_token_comes_first_and_nothing_is_probed(
    dialect: str, autojump_clock: Clock
) -> None:
    bench, heard = Bench("protobuf"), list[Request]()

    async def proxy() -> None:
        peer = await bench.peers.receive()
        for answer in (Busy(), Accepted(), ResetDone()):
            heard.append((await peer.answer(answer)).body)  # type: ignore[arg-type]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(proxy)
        async with open_link(HERE, dialect, "secret", opener=bench.open) as link:  # type: ignore[arg-type]
            await link.request(Reset())
    token = Authenticate(token="secret")
    assert heard == [token, token, Reset()]


async def test_a_wrong_token_is_told_without_showing_it() -> None:
    bench = Bench("protobuf")

    async def proxy() -> None:
        await (await bench.peers.receive()).answer(Failed(text="Authentication failed"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(proxy)
        with pytest.raises(ConnectError, match="token: Authentication failed") as refused:
            async with open_link(HERE, "auto", "secret", opener=bench.open):
                raise AssertionError("opened")
    assert "secret" not in str(refused.value)
    assert await bench.is_all_closed()


@pytest.mark.parametrize(
    ("endpoint", "dialect", "token", "words"),
    [
        (Endpoint(serial="/dev/ttyACM0"), "protobuf", None, "serial ports speak the dialect jsonl"),
        (Endpoint(serial="/dev/ttyACM0"), "auto", "secret", "without a token"),
        (HERE, "jsonl", "secret", "a token is for the dialect protobuf"),
    ],
)
async def test_what_does_not_go_together(
    endpoint: Endpoint, dialect: str, token: str | None, words: str
) -> None:
    bench = Bench("protobuf")
    with pytest.raises(ConnectError, match=words):
        async with open_link(endpoint, dialect, token, opener=bench.open):  # type: ignore[arg-type]
            raise AssertionError("opened")
    assert bench.streams == []


async def test_serial_speaks_jsonl_and_forgives_noise() -> None:
    bench = Bench("jsonl", is_noisy=True)
    async with open_link(Endpoint(serial="/dev/ttyACM0"), opener=bench.open) as link:
        peer = bench.peers.receive_nowait()
        assert link.dialect == "jsonl"

        async def device() -> None:
            line = bytes(await peer.stream.receive_some())
            await peer.raw(b'half a line of before"}\nboot: 3 blocks\n' + line)  # with an echo
            await peer.raw(line.replace(b'"msg":{}', b'"msg":{},"code":0'))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(device)
            assert await link.request(Reset()) == ResetDone()
