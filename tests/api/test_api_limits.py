"""Hourly and daily limits, full queues, results that would be too large, retries by a key."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

import pytest
import trio

from appliance.descriptions import lucidac
from drivers.apb.codec import decode, encode
from drivers.apb.items import AdcConfig, AdcEntry, CircuitFile, Item
from tests.api import serving as house
from tests.api.serving import AUTH, BOB, CONFIG, MODULE, FakeDevice, finished, serving

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

TASKS = "/api/v1/tasks"
RUN = {"device_name": "sim", "module": MODULE, "op_time": 0.001}
COMPILE = {"ode_source": "good", "backend": "LUCIDAC", "module": MODULE}
DAY_S = 86_400


async def statuses(client: httpx.AsyncClient, count: int) -> list[int]:
    """The answers to as many runs at the same time."""
    found: list[int] = []

    async def one() -> None:
        found.append((await client.post(f"{TASKS}/run", json=RUN)).status_code)

    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(one)
    return found


def limited(monkeypatch: pytest.MonkeyPatch, hourly: int, daily: int) -> None:
    text = AUTH.replace("hourly: 20, daily: 100", f"hourly: {hourly}, daily: {daily}")
    monkeypatch.setattr(house, "AUTH", text)


async def left(client: httpx.AsyncClient) -> tuple[int, int]:
    limits = (await client.get("/api/v1/users/me")).json()["rate_limits"]["SIMULATOR"]
    return limits["hourly_remaining"], limits["daily_remaining"]


async def test_exactly_as_many_as_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, 7, 100)
    async with serving(tmp_path) as here, here.client() as ada:
        found = await statuses(ada, 20)
        assert sorted(found) == [201] * 7 + [429] * 13
        assert await left(ada) == (0, 93)
        answer = await ada.post(f"{TASKS}/run", json=RUN)
        assert 3500 < int(answer.headers["retry-after"]) <= 3600
        assert "hourly limit of 7" in answer.json()["detail"]
        assert (await ada.post(f"{TASKS}/compile", json=COMPILE)).status_code == 201
        modules = list((here.state_dir / "blobs").glob("??/*"))
        assert len(modules) <= 2  # what was refused left nothing


async def test_nothing_gives_quota_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, 3, 5)
    for _ in range(2):
        async with serving(tmp_path) as here, here.client() as ada:
            for body, status in [
                (RUN | {"op_time": 0}, 422),
                (RUN | {"device_name": "x"}, 404),
                (RUN | {"module": "%"}, 422),
                (RUN | {"device_name": "machine"}, 503),
            ]:
                assert (await ada.post(f"{TASKS}/run", json=body)).status_code == status
            for id in [task["id"] for task in (await ada.get(TASKS)).json()]:
                await finished(ada, id)
                assert (await ada.delete(f"{TASKS}/{id}")).status_code == 204
            await statuses(ada, 2)
    async with serving(tmp_path) as here, here.client() as ada:
        assert await left(ada) == (0, 2)
        back = time.time_ns() - 7 * DAY_S * 10**9
        monkeypatch.setattr(time, "time_ns", lambda: back)
        assert await left(ada) == (0, 2)
        assert (await ada.post(f"{TASKS}/run", json=RUN)).status_code == 429


async def test_the_window_slides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, 1, 2)
    now = [time.time_ns()]
    monkeypatch.setattr(time, "time_ns", lambda: now[0])
    async with serving(tmp_path) as here, here.client() as ada:
        for advance_s, status, retry_s in [
            (0, 201, None),
            (3500, 429, 100),
            (101, 201, None),
            (3601, 429, DAY_S - 7202),
            (DAY_S - 7203, 429, 1),
            (2, 201, None),
        ]:
            now[0] += advance_s * 10**9
            answer = await ada.post(f"{TASKS}/run", json=RUN)
            assert answer.status_code == status, advance_s
            if retry_s is not None:
                assert abs(int(answer.headers["retry-after"]) - retry_s) <= 2


async def test_a_limit_of_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, 0, 5)
    async with serving(tmp_path) as here, here.client() as ada:
        answer = await ada.post(f"{TASKS}/run", json=RUN)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, str(DAY_S))
        bare = await ada.post(f"{TASKS}/run", json=RUN | {"module": "%"})
        assert bare.status_code == 422  # the module is looked at first


async def test_a_full_queue(tmp_path: Path) -> None:
    config = CONFIG.replace("[limits]", "[limits]\nqueued_per_key = 3")
    device = FakeDevice(gate=trio.Event())
    async with (
        serving(tmp_path, config=config, devices={"sim": device}) as here,
        here.client() as ada,
    ):
        assert await statuses(ada, 1) == [201]
        with trio.fail_after(10):
            await device.started.wait()
        assert sorted(await statuses(ada, 5)) == [201] * 3 + [429] * 2
        for kind, body in (("run", RUN), ("compile", COMPILE)):
            answer = await ada.post(f"{TASKS}/{kind}", json=body)
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) > 0
        assert await left(ada) == (16, 96)
        async with here.client(BOB) as bob:
            assert (await bob.post(f"{TASKS}/compile", json=COMPILE)).status_code == 201
        waiting = (await ada.get(f"{TASKS}?state=queued")).json()[0]["id"]
        await ada.post(f"{TASKS}/{waiting}/cancel")
        assert await statuses(ada, 1) == [201]
        assert device.gate is not None
        device.gate.set()


def probing(channels: int) -> str:
    """A circuit file with as many ADC channels."""
    file = decode(lucidac())
    carrier = file.items[0].entity
    entries = tuple(AdcEntry(output=n, probe=n, gain=1.0, offset=0.0) for n in range(channels))
    item = Item(entity=carrier, config=AdcConfig(channels=entries))
    return base64.b64encode(encode(CircuitFile(items=(*file.items, item)))).decode()


async def test_results_that_would_be_too_large(tmp_path: Path) -> None:
    config = CONFIG.replace("[limits]", "[limits]\nresult_bytes = 2400000")
    async with serving(tmp_path, config=config) as here, here.client() as ada:
        run = RUN | {"sample_rate": 100_000}
        for channels, op_time, status in [
            (0, 9.0, 201),
            (1, 1.0, 201),
            (1, 1.01, 422),
            (4, 0.3, 422),
        ]:
            body = run | {"module": probing(channels), "op_time": op_time}
            answer = await ada.post(f"{TASKS}/run", json=body)
            assert answer.status_code == status, answer.text
        assert "2400000" in answer.json()["detail"]


async def test_a_retry_is_not_carried_out_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, 1, 1)
    key = {"Idempotency-Key": "one"}
    async with serving(tmp_path) as here, here.client() as ada:
        answers: list[httpx.Response] = []

        async def send() -> None:
            answers.append(await ada.post(f"{TASKS}/run", json=RUN, headers=key))

        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(send)
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.text for answer in answers}) == 1
        replayed = [answer.headers.get("idempotency-replayed") for answer in answers]
        assert sorted(str(value) for value in replayed) == ["None"] + ["true"] * 7
        id = answers[0].json()["id"]
        await finished(ada, id)
        assert (await ada.delete(f"{TASKS}/{id}")).status_code == 204
        for path, body in (("run", RUN | {"op_time": 0.5}), ("compile", COMPILE)):
            other = await ada.post(f"{TASKS}/{path}", json=body, headers=key)
            assert other.status_code == 422
            assert "Idempotency-Key" in other.json()["detail"]
    async with serving(tmp_path) as here, here.client() as ada, here.client(BOB) as bob:
        again = await ada.post(f"{TASKS}/run", json=RUN, headers=key)
        assert (again.status_code, again.text) == (201, answers[0].text)
        theirs = await bob.post(f"{TASKS}/compile", json=COMPILE, headers=key)
        assert theirs.status_code == 201
        day = time.time_ns() + (DAY_S + 1) * 10**9
        monkeypatch.setattr(time, "time_ns", lambda: day)
        later = await ada.post(f"{TASKS}/run", json=RUN, headers=key)
        assert later.status_code == 201
        assert later.json()["id"] != id


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "\xe9"])
async def test_keys_that_are_none(tmp_path: Path, key: str) -> None:
    async with serving(tmp_path) as here, here.client() as ada:
        headers: Any = [("Idempotency-Key", key.encode("latin-1"))]
        answer = await ada.post(f"{TASKS}/run", json=RUN, headers=headers)
        assert answer.status_code == 422
        twice: Any = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
        assert (await ada.post(f"{TASKS}/run", json=RUN, headers=twice)).status_code == 422
