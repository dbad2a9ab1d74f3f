"""Server-sent events over real sockets."""

from __future__ import annotations

import re
import signal
import socket
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import trio

from drivers.errors import RunRefused
from tests.api.event_stream import Event, following
from tests.api.process import Process
from tests.api.serving import (
    ADA,
    AUTH,
    BOB,
    CONFIG,
    EVE,
    MODULE,
    ROOT,
    FakeDevice,
    finished,
    serving,
)

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

RUN = {"device_name": "sim", "module": MODULE}


async def submitted(client: httpx.AsyncClient) -> str:
    answer = await client.post("/api/v1/tasks/run", json=RUN)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


def of(id: str) -> str:
    return f"/api/v1/tasks/{id}/events"


def states(events: list[Event]) -> list[str]:
    return [one.data["state"] for one in events if one.name in ("created", "state")]


def lines(events: list[Event]) -> list[str]:
    logs = [one.data for one in events if one.name == "log"]
    for before, after in pairwise(logs):
        assert after["first"] == before["first"] + len(before["lines"])
    return [line for log in logs for line in log["lines"]]


async def test_one_task_from_the_queue_to_its_end(tmp_path: Path) -> None:
    held = FakeDevice(gate=trio.Event())
    async with serving(tmp_path, devices={"sim": held}) as here, here.client() as client:
        first, second = await submitted(client), await submitted(client)
        await held.started.wait()
        async with following(here, of(second)) as stream:
            queued = await stream.next()
            assert queued is not None
            assert (queued.name, queued.data["state"]) == ("state", "queued")
            assert held.gate is not None
            held.gate.set()
            events = await stream.rest()
        assert states(events) == ["inprogress", "succeeded"]
        log = (await client.get(f"/api/v1/tasks/{second}/log")).json()
        assert lines(events) == log["lines"] != []
        status = (await client.get(f"/api/v1/tasks/{second}/status")).json()
        assert events[-1].data == status
        numbers = [int(one.id.removesuffix(".end").split("-")[1]) for one in events]
        assert numbers == sorted(set(numbers))
        assert (await finished(client, first))["state"] == "succeeded"


async def test_a_task_that_has_ended_tells_all_and_ends(tmp_path: Path) -> None:
    device = FakeDevice(error=RunRefused("the wires are crossed"))
    async with serving(tmp_path, devices={"sim": device}) as here, here.client() as client:
        id = await submitted(client)
        status = await finished(client, id)
        async with following(here, of(id)) as stream:
            events = await stream.rest()
        assert events[-1].data == status
        assert states(events) == ["failed"]
        assert lines(events) == (await client.get(f"/api/v1/tasks/{id}/log")).json()["lines"]
        # A browser comes back with the last id until it is told that there is nothing more.
        again = await client.get(of(id), headers={"Last-Event-ID": events[-1].id})
        assert (again.status_code, again.content) == (204, b"")
        async with following(here, of(id), last=events[0].id) as stream:
            assert states(await stream.rest()) == ["failed"]
        # What another process has told is not known: all of it again, after a gap.
        async with following(here, of(id), last="00000000-7") as stream:
            once_more = await stream.rest()
        assert [one.name for one in once_more] == ["gap", *(one.name for one in events)]


async def test_all_of_ones_own_tasks_and_no_others(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as ada, here.client(ROOT) as root:
        async with following(here) as stream:
            theirs = await submitted(root)
            mine = await submitted(ada)
            events: list[Event] = []
            while "succeeded" not in states(events):
                event = await stream.next()
                assert event is not None
                events.append(event)
        assert {one.data["id"] for one in events} == {mine}
        assert states(events) == ["queued", "inprogress", "succeeded"]
        assert events[0].name == "created"
        assert (await finished(root, theirs))["state"] == "succeeded"
        # Nobody was there: it goes on where it stopped.
        later = await submitted(ada)
        await finished(ada, later)
        async with following(here, last=events[-1].id) as stream:
            event = await stream.next()
        assert event is not None
        assert (event.name, event.data["id"]) == ("created", later)


async def test_who_may_listen(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as ada:
        id = await submitted(ada)
        for key, status in ((BOB, 404), (EVE, 403), (None, 403)):
            async with here.client(key) as other:
                assert (await other.get(of(id))).status_code == status
        for path in ("/api/v1/events", of("not-an-id")):
            async with here.client(None) as nobody:
                assert (await nobody.get(path)).status_code == 403
        assert (await ada.get(of("not-an-id"))).status_code == 422
        await finished(ada, id)
        async with following(here, of(id), key=ROOT) as stream:
            assert states(await stream.rest()) == ["succeeded"]


async def test_deleting_ends_the_stream(tmp_path: Path) -> None:
    held = FakeDevice(gate=trio.Event())
    async with serving(tmp_path, devices={"sim": held}) as here, here.client() as client:
        await submitted(client)
        await held.started.wait()
        id = await submitted(client)
        async with following(here, of(id)) as stream:
            queued = await stream.next()
            assert queued is not None
            assert queued.data["state"] == "queued"
            deleted = await client.delete(f"/api/v1/tasks/{id}")
            assert deleted.status_code == 204
            assert [one.name for one in await stream.rest()] == ["deleted"]


async def test_cancelling_ends_the_stream(tmp_path: Path) -> None:
    held = FakeDevice(gate=trio.Event())
    async with serving(tmp_path, devices={"sim": held}) as here, here.client() as client:
        await submitted(client)
        await held.started.wait()
        id = await submitted(client)
        async with following(here, of(id)) as stream:
            assert await stream.next() is not None
            assert (await client.post(f"/api/v1/tasks/{id}/cancel")).status_code == 200
            assert states(await stream.rest()) == ["cancelled"]


async def test_a_cap_for_each_key_and_one_for_all(tmp_path: Path) -> None:
    limits = "[limits]\nevent_streams = 3\nevent_streams_per_key = 2\n"
    async with (
        serving(tmp_path, config=CONFIG.replace("[limits]\n", limits)) as here,
        here.client(ADA) as ada,
        here.client(BOB) as bob,
    ):
        async with following(here), following(here):
            refused = await ada.get("/api/v1/events")
            assert (refused.status_code, "2 event streams" in refused.text) == (429, True)
            assert int(refused.headers["retry-after"]) > 0
            async with following(here, key=BOB):
                refused = await bob.get("/api/v1/events")
                assert (refused.status_code, "3 event streams" in refused.text) == (503, True)
        await places_free(ada)


async def places_free(client: httpx.AsyncClient) -> None:
    """Until the server has noticed that the clients before have left."""
    with trio.fail_after(5):
        while True:
            async with (
                client.stream("GET", "/api/v1/events") as one,
                client.stream("GET", "/api/v1/events") as two,
            ):
                if (one.status_code, two.status_code) == (200, 200):
                    break
            await trio.sleep(0.01)


def asking(path: str = "/api/v1/events") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADA}\r\n\r\n".encode()


async def test_200_streams_hear_the_same_and_a_stop_ends_them_at_once(tmp_path: Path) -> None:
    limits = "[limits]\nevent_streams = 200\nevent_streams_per_key = 200\n"
    heard: list[list[str]] = []
    opened = 0
    ready = trio.Event()

    async def listen() -> None:
        nonlocal opened
        async with await trio.open_tcp_stream(*here.address) as stream:
            await stream.send_all(asking())
            text = b""
            async for piece in stream:
                opened += b"retry: " in piece and b"retry: " not in text
                text += piece
                if opened == 200:
                    ready.set()
            heard.append(
                re.findall(r"event: created\r?\n.*\r?\ndata: {\"id\":\"(.*?)\"", text.decode())
            )

    async with (
        serving(tmp_path, config=CONFIG.replace("[limits]\n", limits)) as here,
        trio.open_nursery() as nursery,
    ):
        for _ in range(200):
            nursery.start_soon(listen)
        await ready.wait()
        async with here.client() as client:
            ids = [await submitted(client) for _ in range(3)]
            for id in ids:
                await finished(client, id)
        began = time.monotonic()
        await here.end()
        assert time.monotonic() - began < 3
    assert heard == [ids] * 200


def test_a_signal_ends_streams_and_the_process(tmp_path: Path) -> None:
    for name, text in (("analogcloud.toml", CONFIG), ("auth.yml", AUTH)):
        (tmp_path / name).write_text(text)
    program = Process(tmp_path)
    host, _, port = program.address().removeprefix("http://").rpartition(":")
    streams = [socket.create_connection((host, int(port)), timeout=10) for _ in range(10)]
    for stream in streams:
        stream.sendall(asking())
        assert stream.recv(1000).startswith(b"HTTP/1.1 200")
    began = time.monotonic()
    code, _, _ = program.end(signal.SIGTERM)
    assert code == 0
    assert time.monotonic() - began < 5
    for stream in streams:
        with stream:
            while stream.recv(1000):
                pass


async def test_a_client_that_does_not_read_harms_nobody(tmp_path: Path) -> None:
    async with serving(tmp_path) as here:
        stream = await trio.open_tcp_stream(*here.address)
        async with stream, here.client() as client:
            await stream.send_all(asking())
            ids = [await submitted(client) for _ in range(20)]
            for id in ids:
                assert (await finished(client, id))["state"] == "succeeded"


async def test_streams_outlive_the_time_for_idle_connections(tmp_path: Path) -> None:
    config = CONFIG.replace("header_timeout_s = 5.0", "header_timeout_s = 0.1\nkeep_alive_s = 0.1")
    async with (
        serving(tmp_path, config=config) as here,
        following(here) as stream,
    ):
        await trio.sleep(0.4)
        async with here.client() as other:
            await submitted(other)
        event = await stream.next()
        assert event is not None
        assert event.name == "created"
