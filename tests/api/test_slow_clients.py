"""Twice as many slow clients as there are places: the others are served, and the slow ones go.

The sizes of the real world are in ``tests/bench/slow_clients.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from tests.api.serving import ADA, CONFIG, ROOT, serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.serving import Serving

PLACES = 20
SLOW = 2 * PLACES
HOST = b"Host: x\r\n"
ATTACKS = {
    "header": b"GET /health HTTP/1.1\r\n" + HOST + b"X: ",
    "body": b"POST /api/v1/tasks/run HTTP/1.1\r\nContent-Length: 100000\r\n"
    + HOST
    + f"Authorization: Bearer {ADA}\r\n\r\n".encode(),
    "reading": (b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n") * 50,
}
BUSY = CONFIG.replace("_timeout_s = 5.0", "_timeout_s = 1.0").replace(
    "[workers.compile]", f"connections = {PLACES}\n[workers.compile]"
)


async def attack(here: Serving, kind: str) -> None:
    """Until the server has had enough."""
    stream = await trio.open_tcp_stream(*here.address)
    try:
        await stream.send_all(ATTACKS[kind])
        while True:
            await trio.sleep(0.05)
            if kind == "reading":
                await stream.send_all(b"\r\n")
            else:
                await stream.send_all(b"x")
    except trio.BrokenResourceError:
        await trio.aclose_forcefully(stream)


async def be_served(here: Serving) -> None:
    """Honest requests, half of them over new connections. One that comes while all places have
    just been taken is refused and asks again."""
    refused = 0
    for _ in range(10):
        async with here.client(ROOT) as client:
            for _ in range(2):
                answer = await client.get("/api/v1/users/me")
                refused += answer.status_code == 503
                await trio.sleep(0.02)
    assert refused < 10


@pytest.mark.parametrize("kind", ATTACKS)
async def test_the_others_are_served_and_slow_clients_go(tmp_path: Path, kind: str) -> None:
    async with serving(tmp_path, config=BUSY) as here:
        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                for _ in range(SLOW):
                    nursery.start_soon(attack, here, kind)
                await trio.sleep(0.4)
                await be_served(here)


@pytest.mark.parametrize("kind", ATTACKS)
async def test_they_do_not_hold_up_a_stop(tmp_path: Path, kind: str) -> None:
    async with serving(tmp_path, config=BUSY) as here, trio.open_nursery() as nursery:
        for _ in range(PLACES):
            nursery.start_soon(attack, here, kind)
        await trio.sleep(0.1)
        await here.end()  # within 10 s
