"""A device whose runs come in parts: the next run is prepared while one measures, results are
stored while the next one measures, and a device that goes away keeps its queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio

from drivers.base import NOBODY_ASKS, LogLine, Milestones, RunRequest, RunResult
from drivers.errors import ConnectError
from tests.api.serving import CONFIG, MODULE, FakeDevice, serving

if TYPE_CHECKING:
    from pathlib import Path

    import httpx


@dataclass
class StepDevice(FakeDevice):
    """Measures when ``turns`` says so; is away while ``is_away``."""

    events: list[str] = field(default_factory=list)
    turns: trio.Semaphore = field(default_factory=lambda: trio.Semaphore(0))
    may_store: trio.Event = field(default_factory=trio.Event)
    is_away: bool = False
    is_served: bool = False

    async def probe(self) -> bool:
        if self.is_away:
            raise ConnectError("nobody is there")
        return True

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        self.is_served = True
        task_status.started()
        try:
            await trio.sleep_forever()
        finally:
            self.is_served = False

    async def prepare(self, request: RunRequest) -> float:
        self.events.append(f"prepare {request.sample_rate_hz:g}")
        return request.sample_rate_hz

    async def measure(
        self, prepared: float, log: LogLine, milestones: Milestones = NOBODY_ASKS
    ) -> int:
        self.events.append(f"measure {prepared:g}")
        milestones.started()
        await self.turns.acquire()
        milestones.ended()
        if self.is_away:
            raise ConnectError("the cable was pulled")
        return int(prepared)

    async def store(self, measured: int, output: Path, log: LogLine) -> RunResult:
        self.events.append(f"store {measured}")
        await self.may_store.wait()
        await trio.Path(output).write_bytes(b"[[0.5]]")
        return RunResult(path=output, samples=1, probes=1)

    async def until(self, event: str) -> None:
        with trio.fail_after(10):
            while event not in self.events:  # noqa: ASYNC110
                await trio.sleep(0.01)


async def submit(client: httpx.AsyncClient, rate: int) -> str:
    body = {"module": MODULE, "device_name": "sim", "op_time": 0.01, "sample_rate": rate}
    answer = await client.post("/api/v1/tasks/run", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def state(client: httpx.AsyncClient, id: str, wanted: str) -> dict[str, object]:
    with trio.fail_after(10):
        while True:
            found: dict[str, object] = (await client.get(f"/api/v1/tasks/{id}")).json()
            if found["state"] == wanted:
                return found
            await trio.sleep(0.02)


async def test_preparing_measuring_and_storing_overlap(tmp_path: Path) -> None:
    device = StepDevice()
    async with serving(tmp_path, devices={"sim": device}) as here, here.client() as client:
        assert device.is_served
        tasks = [await submit(client, rate) for rate in (1, 2, 3)]
        await device.until("prepare 2")
        assert device.events == ["prepare 1", "measure 1", "prepare 2"]
        device.turns.release()
        await device.until("measure 2")
        await device.until("store 1")
        await device.until("prepare 3")
        assert device.events.count("prepare 2") == 1
        device.turns.release()
        await device.until("store 2")
        assert "measure 3" not in device.events  # two results wait to be stored: no more
        device.may_store.set()
        device.turns.release()
        for task in tasks:
            await state(client, task, "succeeded")
    assert not device.is_served


async def test_a_device_that_goes_away_keeps_its_queue(tmp_path: Path) -> None:
    device = StepDevice()
    device.may_store.set()
    async with serving(tmp_path, devices={"sim": device}) as here, here.client() as client:
        first, second = [await submit(client, rate) for rate in (1, 2)]
        await device.until("measure 1")
        device.is_away = True
        device.turns.release()
        failed = await state(client, first, "failed")
        assert failed["error"] == "the cable was pulled"
        assert "measure 2" not in device.events
        refused = await client.post(
            "/api/v1/tasks/run",
            json={"module": MODULE, "device_name": "sim", "op_time": 0.01, "sample_rate": 3},
        )
        assert refused.status_code == 503
        assert "nobody is there" in refused.json()["detail"]
        device.is_away = False
        device.turns.release()
        await state(client, second, "succeeded")


async def test_after_a_deleted_run_the_device_is_looked_at_before_the_next(tmp_path: Path) -> None:
    """Who ends a run by force may leave a device that does not answer: its queue waits."""
    device = StepDevice()
    device.may_store.set()
    config = CONFIG + "[devices.scanner]\ninterval_s = 1.0\n[tasks]\ndelete_grace_s = 0.0\n"
    async with (
        serving(tmp_path, config=config, devices={"sim": device}) as here,
        here.client() as client,
    ):
        first, second = [await submit(client, rate) for rate in (1, 2)]
        await device.until("measure 1")
        device.is_away = True
        assert (await client.delete(f"/api/v1/tasks/{first}")).status_code == 204
        with trio.fail_after(10):
            while (await client.get("/api/v1/devices")).json()[0]["available"]:  # noqa: ASYNC110
                await trio.sleep(0.02)
        assert "measure 2" not in device.events
        device.is_away = False
        device.turns.release()
        await state(client, second, "succeeded")
