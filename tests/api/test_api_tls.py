"""HTTPS: the same server behind TLS, and what strangers do during the handshake."""

from __future__ import annotations

import shutil
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trio

from appliance.api.server import ServerLimits, serve_http
from appliance.config_models import Tls
from appliance.tls import ServerTls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FILES = Path(__file__).parents[1] / "tls"
LARGE = b"x" * 3_000_000
HELLO = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401  # ASGI
    """Answers the body of the request, the scheme, or much."""
    if scope["type"] != "http":
        return
    body, message = b"", {"more_body": True}
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    body = body or scope["scheme"].encode()
    body = LARGE if scope["path"] == "/large" else body
    length = str(len(body)).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]}
    )
    await send({"type": "http.response.body", "body": body})


def trusting(name: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=FILES / f"test-only-{name}.crt")


@dataclass
class Served:
    """Where it is, the files in use, and the end."""

    port: int
    tls: ServerTls
    directory: Path
    stop: trio.Event

    def client(self, context: ssl.SSLContext) -> httpx.AsyncClient:
        url = f"https://localhost:{self.port}"
        return httpx.AsyncClient(base_url=url, verify=context, timeout=10)

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    async def encrypted(self, context: ssl.SSLContext) -> trio.SSLStream[trio.SocketStream]:
        stream = trio.SSLStream(await self.connect(), context, server_hostname="localhost")
        try:
            await stream.do_handshake()
        except trio.BrokenResourceError:
            await trio.aclose_forcefully(stream)
            raise
        return stream


def put(directory: Path, name: str) -> None:
    shutil.copy(FILES / f"test-only-{name}.crt", directory / "c.pem")
    shutil.copy(FILES / f"test-only-{name}.key", directory / "k.pem")


@asynccontextmanager
async def served(
    directory: Path, *, header_s: float = 5.0, connections: int = 64, send_s: float = 5.0
) -> AsyncIterator[Served]:
    put(directory, "one")
    section = Tls(certificate=directory / "c.pem", key=directory / "k.pem")
    tls, stop = ServerTls(section, directory / "analogcloud.toml"), trio.Event()
    limits = ServerLimits(
        header_s=header_s, keep_alive_s=5, send_s=send_s, grace_s=1, connections=connections
    )
    serve = partial(serve_http, app, "127.0.0.1:0", limits, stop, lambda: tls.context)
    async with trio.open_nursery() as nursery:
        (address,) = await nursery.start(serve)
        yield Served(int(address.rpartition(":")[2]), tls, directory, stop)
        stop.set()
        nursery.cancel_scope.deadline = trio.current_time() + 5
    assert not nursery.cancel_scope.cancelled_caught


async def ended(stream: trio.abc.ReceiveStream) -> bytes:
    """All until the server closes."""
    data = b""
    with trio.fail_after(5):
        try:
            async for piece in stream:
                data += piece
        except trio.BrokenResourceError:
            pass
    return data


async def test_requests_over_tls(tmp_path: Path) -> None:
    async with served(tmp_path) as here, here.client(trusting("one")) as client:
        assert (await client.get("/")).text == "https"
        for _ in range(3):
            assert (await client.post("/", content=b"y" * 200_000)).content == b"y" * 200_000
        assert (await client.get("/large")).content == LARGE


async def test_only_who_trusts_the_certificate_gets_through(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(tmp_path) as here, here.client(trusting("other")) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/")
    assert caplog.records == []


async def test_versions_and_protocols(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = trusting("one")
            context.minimum_version = context.maximum_version = version
            context.set_alpn_protocols(["h2", "http/1.1"])
            async with await here.encrypted(context) as stream:
                assert stream.selected_alpn_protocol() == "http/1.1"
        old = trusting("one")
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLS"):
            old.minimum_version = ssl.TLSVersion.TLSv1
        with pytest.warns(DeprecationWarning, match="TLS"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(trio.BrokenResourceError):
            await here.encrypted(old)


async def test_what_is_no_handshake(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with served(tmp_path) as here:
        for nonsense in (b"\x16\x03\x01\x40\x00" + b"\x00" * 70_000, b"\x00"):
            async with await here.connect() as stream:
                try:
                    await stream.send_all(nonsense)
                    await stream.send_eof()
                except trio.BrokenResourceError:
                    continue  # closed already
                assert b"HTTP" not in await ended(stream)
        async with here.client(trusting("one")) as client:
            assert (await client.get("/")).text == "https"
    assert caplog.records == []


@asynccontextmanager
async def unfinished(here: Served) -> AsyncIterator[list[trio.SocketStream]]:
    """Clients that begin a handshake, or not even that."""
    streams = [await here.connect() for _ in range(30)]
    for stream in streams[:10]:
        await stream.send_all(b"\x16\x03\x01")
    yield streams
    for stream in streams:
        await trio.aclose_forcefully(stream)


async def test_plain_http_is_told_to_use_https(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(tmp_path) as here:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{here.port}/api/v1/devices")
        assert answer.status_code == 400
        assert "https://" in answer.json()["detail"]
    assert caplog.records == []


async def test_slow_handshakes_hold_up_nobody(tmp_path: Path) -> None:
    async with (
        served(tmp_path, header_s=30) as here,
        unfinished(here),
        here.client(trusting("one")) as client,
    ):
        assert (await client.get("/")).text == "https"


async def test_slow_handshakes_end(tmp_path: Path) -> None:
    async with served(tmp_path, header_s=0.2) as here, unfinished(here) as streams:
        for stream in streams:
            assert await ended(stream) == b""


async def test_silence_after_the_handshake_ends_too(tmp_path: Path) -> None:
    async with served(tmp_path, header_s=0.2) as here:
        stream = await here.encrypted(trusting("one"))
        assert await ended(stream) == b""
        await stream.aclose()


async def test_a_client_that_does_not_read_is_left(tmp_path: Path) -> None:
    async with served(tmp_path, send_s=0.2) as here:
        stream = await here.encrypted(trusting("one"))
        await stream.send_all(HELLO.replace(b"/ ", b"/large ") * 5)
        await trio.sleep(0.5)
        assert len(await ended(stream)) < 5 * len(LARGE)
        await trio.aclose_forcefully(stream)


async def test_who_does_not_speak_makes_room(tmp_path: Path) -> None:
    async with served(tmp_path, connections=1) as here, await here.connect() as silent:
        async with await here.encrypted(trusting("one")) as stream:
            await stream.send_all(HELLO)
            assert await stream.receive_some()
        assert await ended(silent) == b""


async def test_a_stop_with_open_connections(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        idle, silent = await here.encrypted(trusting("one")), await here.connect()
        await idle.send_all(HELLO)
        assert await idle.receive_some()
        here.stop.set()
        assert await ended(idle) in (b"", b"https")
        assert await ended(silent) == b""
        await idle.aclose()
        await silent.aclose()


async def test_another_certificate_while_serving(tmp_path: Path) -> None:
    async with (
        served(tmp_path) as here,
        here.client(trusting("one")) as old,
        here.client(trusting("other")) as new,
    ):
        assert (await old.get("/")).text == "https"
        put(tmp_path, "other")
        here.tls.reload()
        assert (await new.get("/")).text == "https"
        assert (await old.get("/")).text == "https"  # on its open connection
        async with here.client(trusting("one")) as late:
            with pytest.raises(httpx.ConnectError):
                await late.get("/")
