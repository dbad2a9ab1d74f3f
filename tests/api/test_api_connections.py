"""What strangers do to a socket: malformed, huge, slow, silent. Others are served meanwhile."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import trio

from tests.api.serving import ADA, CONFIG, MODULE, FakeDevice, Serving, finished, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = f"Authorization: Bearer {ADA}\r\n".encode()
HOST = b"Host: x\r\n"


@asynccontextmanager
async def connected(here: Serving) -> AsyncIterator[trio.SocketStream]:
    stream = await trio.open_tcp_stream(*here.address)
    async with stream:
        yield stream


async def everything(stream: trio.SocketStream) -> bytes:
    """All until the server closes."""
    data = b""
    with trio.fail_after(15):
        try:
            async for piece in stream:
                data += piece
        except trio.BrokenResourceError:
            pass  # closed with something of ours unread
    return data


async def ask(here: Serving, request: bytes) -> tuple[int, bytes]:
    """Status and body of one request on a connection of its own."""
    async with connected(here) as stream:
        await stream.send_all(request)
        head, _, body = (await everything(stream)).partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), body


UNREADABLE = [
    (b"nonsense\r\n\r\n", 400),
    (b"GET /health HTTP/1.1\r\n\r\n", 400),  # no Host
    (b"GET /\xc3\xa4 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET /health HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n", 400),
    (b"GET /health HTTP/1.1\r\nContent-Length: -5\r\n" + HOST + b"\r\n", 400),
    (b"GET /health HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n" + HOST + b"\r\n", 400),
    (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431),
    (b"GET / HTTP/1.1\r\n" + HOST + b"X-A: b\r\n" * 20_000 + b"\r\n", 431),
]


async def test_what_is_no_http_is_answered_in_json(tmp_path: Path) -> None:
    async with serving(tmp_path) as here:
        for request, status in UNREADABLE:
            answered, body = await ask(here, request)
            assert answered == status, request[:60]
            assert isinstance(json.loads(body)["detail"], str)


async def test_no_other_protocol_is_spoken(tmp_path: Path) -> None:
    async with serving(tmp_path) as here:
        for wish in (
            b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAMAAABk\r\n",
            b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        ):
            request = b"GET /health HTTP/1.1\r\n" + HOST + wish + b"\r\n"
            assert await ask(here, request) == (200, b'{"status":"healthy"}')
        status, _ = await ask(here, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert status == 404


async def test_full_urls_and_old_clients(tmp_path: Path) -> None:
    async with serving(tmp_path) as here:
        full = b"GET http://x/api/v1/devices HTTP/1.1\r\nConnection: close\r\n" + HOST
        assert (await ask(here, full + b"\r\n"))[0] == 403
        assert (await ask(here, full + KEY + b"\r\n"))[0] == 200
        assert (await ask(here, b"GET /health HTTP/1.0\r\n\r\n"))[0] == 200


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_body_of_100_mb_is_refused_while_others_are_served(
    tmp_path: Path, is_chunked: bool
) -> None:
    config = CONFIG.replace("body_bytes = 4194304", "body_bytes = 16777216")
    async with serving(tmp_path, config=config) as here, trio.open_nursery() as nursery:
        answers: list[bytes] = []

        async def send_it() -> None:
            length = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: 100000000"
            head = b"POST /api/v1/tasks/run HTTP/1.1\r\n" + HOST + KEY + length + b"\r\n\r\n"
            piece = b"x" * 100_000
            async with connected(here) as stream:
                await stream.send_all(head)
                for _ in range(1000):
                    await stream.send_all(b"186a0\r\n" + piece + b"\r\n" if is_chunked else piece)
                if is_chunked:
                    await stream.send_all(b"0\r\n\r\n")
                answers.append(await everything(stream))
            nursery.cancel_scope.cancel()

        nursery.start_soon(send_it)
        async with here.client() as client:
            while True:
                assert (await client.get("/api/v1/devices")).status_code == 200
    assert answers[0].startswith(b"HTTP/1.1 413 ")
    assert b'{"detail":"the request body is larger than 16777216 bytes"}' in answers[0]


async def test_a_stranger_with_a_large_body_sees_403(tmp_path: Path) -> None:
    async with serving(tmp_path) as here:
        head = b"POST /api/v1/tasks/run HTTP/1.1\r\n" + HOST + b"Content-Length: 500000\r\n\r\n"
        assert (await ask(here, head + b"x" * 500_000))[0] == 403


async def test_a_body_in_single_bytes_counts_more(tmp_path: Path) -> None:
    config = CONFIG.replace("body_bytes = 4194304", "body_bytes = 65536")
    async with serving(tmp_path, config=config) as here:
        head = b"POST /api/v1/tasks/run HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + HOST + KEY
        status, _ = await ask(here, head + b"\r\n" + b"1\r\nx\r\n" * 2000 + b"0\r\n\r\n")
        assert status == 413


async def test_slow_headers_and_slow_bodies_are_cut_off(tmp_path: Path) -> None:
    config = CONFIG.replace("_timeout_s = 5.0", "_timeout_s = 0.2")
    async with serving(tmp_path, config=config) as here:
        assert await ask_nothing(here, b"GET /health HT") == b""
        head = b"POST /api/v1/tasks/run HTTP/1.1\r\n" + HOST + KEY + b"Content-Length: 9\r\n\r\nx"
        assert (await ask(here, head))[0] == 408


async def send_for_ever(stream: trio.SocketStream) -> None:
    while True:
        await stream.send_all(b"x" * 65_536)


async def ask_nothing(here: Serving, request: bytes) -> bytes:
    async with connected(here) as stream:
        await stream.send_all(request)
        return await everything(stream)


FEW = CONFIG.replace("[workers.compile]", "connections = 2\n[workers.compile]")
HEALTH = b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n"
HALF_A_BODY = (
    b"POST /api/v1/tasks/run HTTP/1.1\r\n" + HOST + KEY + b"Content-Length: 9\r\n\r\n" + b"x"
)


async def is_healthy(stream: trio.SocketStream) -> bool:
    """Whether a request is answered, on a connection that stays open."""
    await stream.send_all(HEALTH)
    data = b""
    with trio.fail_after(5):
        while not data.endswith(b"}"):
            data += bytes(await stream.receive_some(65_536))
    return b" 200 " in data


async def test_more_connections_than_allowed_are_told(tmp_path: Path) -> None:
    async with serving(tmp_path, config=FEW) as here, connected(here) as a, connected(here) as b:
        for stream in (a, b):
            assert await is_healthy(stream)
            await stream.send_all(HALF_A_BODY)
        async with connected(here) as third:
            answer = await everything(third)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert isinstance(json.loads(answer.partition(b"\r\n\r\n")[2])["detail"], str)


async def test_who_says_nothing_makes_room(tmp_path: Path) -> None:
    async with serving(tmp_path, config=FEW) as here, connected(here) as silent:
        await silent.send_all(b"GET /health HTTP/1.1\r\n")
        async with connected(here) as first, connected(here) as second:
            assert await is_healthy(first)
            assert await is_healthy(second)
            assert await everything(silent) == b""
            async with connected(here) as third:
                assert await is_healthy(third)
                assert await everything(first) == b""  # idle, and for longer than the second


async def test_a_connection_ends_with_its_client(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, connected(here) as stream:
        assert await is_healthy(stream)
        await stream.send_eof()
        assert await everything(stream) == b""  # long before the idle time is over


async def test_a_client_that_reads_a_drop_at_a_time_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Large(FakeDevice):
        result = b"[[" + b"0.123456789," * 500_000 + b"0]]"

    monkeypatch.setattr("appliance.api.stream.MIN_RATE", 2**23)
    config = CONFIG.replace("send_timeout_s = 5.0", "send_timeout_s = 0.3")
    async with serving(tmp_path, devices={"sim": Large()}, config=config) as here:
        async with here.client() as client:
            run = {"device_name": "sim", "module": MODULE}
            id = (await client.post("/api/v1/tasks/run", json=run)).json()["id"]
            assert (await finished(client, id))["state"] == "succeeded"
        async with connected(here) as stream:
            stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, 4096)
            path = f"/api/v1/tasks/{id}/result".encode()
            await stream.send_all(b"GET " + path + b" HTTP/1.1\r\n" + HOST + KEY + b"\r\n")
            received = 0
            with trio.fail_after(10), suppress(trio.BrokenResourceError):
                while piece := await stream.receive_some(16_384):
                    received += len(piece)
                    await trio.sleep(0.05)
            assert 0 < received < len(Large.result) / 2


async def test_a_client_that_stops_reading_does_not_hold_the_stop(tmp_path: Path) -> None:
    class Large(FakeDevice):
        result = b"[[" + b"0.123456789," * 2_000_000 + b"0]]"

    devices: dict[str, FakeDevice] = {"sim": Large()}
    async with serving(tmp_path, devices=devices) as here:
        async with here.client() as client:
            run = {"device_name": "sim", "module": MODULE}
            id = (await client.post("/api/v1/tasks/run", json=run)).json()["id"]
            assert (await finished(client, id))["state"] == "succeeded"
            whole = await client.get(f"/api/v1/tasks/{id}/result")
            assert whole.content == Large.result
        async with connected(here) as stream:
            request = f"GET /api/v1/tasks/{id}/result HTTP/1.1\r\n".encode() + HOST + KEY + b"\r\n"
            await stream.send_all(request)
            assert (await stream.receive_some(1000)).startswith(b"HTTP/1.1 200 ")
            await here.end()


async def test_a_refused_body_without_end_is_cut_off(tmp_path: Path) -> None:
    config = CONFIG.replace("body_bytes = 4194304", "body_bytes = 65536")
    async with serving(tmp_path, config=config) as here, connected(here) as stream:
        length = b"Content-Length: 1000000000000\r\n\r\n"
        await stream.send_all(b"POST /api/v1/tasks/run HTTP/1.1\r\n" + HOST + KEY + length)
        with trio.fail_after(5), pytest.raises(trio.BrokenResourceError):
            await send_for_ever(stream)


async def test_a_connection_serves_again_and_again_until_it_idles(tmp_path: Path) -> None:
    config = CONFIG.replace("[workers.compile]", "keep_alive_s = 0.3\n[workers.compile]")
    async with serving(tmp_path, config=config) as here, connected(here) as stream:
        for _ in range(3):
            await stream.send_all(b"GET /api/v1/devices HTTP/1.1\r\n" + HOST + KEY + b"\r\n")
            data = b""
            while not data.endswith(b"}]"):
                data += await stream.receive_some(65_536)
            assert data.startswith(b"HTTP/1.1 200 ")
        assert await everything(stream) == b""


async def test_who_asks_again_before_the_answer_gets_one_answer(tmp_path: Path) -> None:
    """Otherwise few clients with many requests in one piece would keep everybody else waiting."""
    request = b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n"
    async with serving(tmp_path) as here, connected(here) as stream:
        await stream.send_all(3 * request)
        answers = await everything(stream)
    head, _, body = answers.partition(b"\r\n\r\n")
    assert body == b'{"status":"healthy"}'
    assert b"connection: close" in head.lower()
