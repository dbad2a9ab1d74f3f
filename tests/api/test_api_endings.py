"""Cancel and delete: who may, when, what is left; a running task is stopped, its result dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio

from tests.api.serving import BOB, CONFIG, MODULE, ROOT, FakeDevice, finished, serving

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

TASKS = "/api/v1/tasks"
RUN = {"device_name": "sim", "module": MODULE}
SPIN = {"ode_source": "spin", "backend": "LUCIDAC", "module": MODULE}
NO_GRACE = CONFIG + "\n[tasks]\ndelete_grace_s = 0\n"


async def submit(client: httpx.AsyncClient, kind: str, body: dict[str, Any]) -> str:
    answer = await client.post(f"{TASKS}/{kind}", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def state(client: httpx.AsyncClient, id: str) -> str | int:
    answer = await client.get(f"{TASKS}/{id}/status")
    return answer.json()["state"] if answer.status_code == 200 else answer.status_code


def contents(state_dir: Path) -> list[Path]:
    return list((state_dir / "blobs").glob("??/*"))


async def started(device: FakeDevice) -> None:
    with trio.fail_after(10):
        await device.started.wait()


async def test_cancel(tmp_path: Path) -> None:
    device = FakeDevice(gate=trio.Event())
    async with serving(tmp_path, devices={"sim": device}) as here, here.client() as ada:
        working, waiting = await submit(ada, "run", RUN), await submit(ada, "run", RUN)
        await started(device)
        for key in (BOB, ROOT):
            async with here.client(key) as other:
                assert (await other.post(f"{TASKS}/{waiting}/cancel")).status_code == 404
                assert (await other.delete(f"{TASKS}/{waiting}")).status_code == 404
        answer = await ada.post(f"{TASKS}/{waiting}/cancel")
        assert answer.status_code == 200
        assert answer.json() == (await ada.get(f"{TASKS}/{waiting}/status")).json()
        assert [one["state"] for one in answer.json()["state_history"]] == ["queued", "cancelled"]
        for id in (waiting, working):
            again = await ada.post(f"{TASKS}/{id}/cancel")
            assert again.status_code == 409
            assert await state(ada, id) in again.json()["detail"]
        log = await ada.get(f"{TASKS}/{waiting}/log")
        assert log.json() == {"id": waiting, "lines": []}


async def test_delete_leaves_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as ada:
        ids = [await submit(ada, "run", RUN) for _ in range(2)]
        for id in ids:
            await finished(ada, id)
        assert len(contents(here.state_dir)) == 2  # shared: one module, one result
        first = await ada.delete(f"{TASKS}/{ids[0]}")
        assert (first.status_code, first.content) == (204, b"")
        assert len(contents(here.state_dir)) == 2
        assert (await ada.get(f"{TASKS}/{ids[1]}/result")).status_code == 200
        for path in ("", "/status", "/log", "/result"):
            assert (await ada.get(f"{TASKS}/{ids[0]}{path}")).status_code == 404
        assert (await ada.delete(f"{TASKS}/{ids[0]}")).status_code == 404
        assert (await ada.delete(f"{TASKS}/{ids[1]}")).status_code == 204
        assert contents(here.state_dir) == []
        assert (await ada.get(TASKS)).json() == []


async def test_a_task_in_its_grace_is_not_deleted(tmp_path: Path) -> None:
    device = FakeDevice(gate=trio.Event())
    async with serving(tmp_path, devices={"sim": device}) as here, here.client() as ada:
        working, waiting = await submit(ada, "run", RUN), await submit(ada, "run", RUN)
        await started(device)
        answer = await ada.delete(f"{TASKS}/{working}")
        assert answer.status_code == 409
        assert 118 <= int(answer.headers["retry-after"]) <= 120
        assert "120 s" in answer.json()["detail"]
        assert (await ada.delete(f"{TASKS}/{waiting}")).status_code == 204
        assert device.gate is not None
        device.gate.set()
        assert (await finished(ada, working))["state"] == "succeeded"
        assert (await ada.delete(f"{TASKS}/{working}")).status_code == 204


async def test_a_run_is_stopped_and_the_device_goes_on(tmp_path: Path) -> None:
    device = FakeDevice(gate=trio.Event())
    async with (
        serving(tmp_path, config=NO_GRACE, devices={"sim": device}) as here,
        here.client() as ada,
    ):
        doomed, next = await submit(ada, "run", RUN), await submit(ada, "run", RUN)
        await started(device)
        gate, device.gate = device.gate, None
        assert gate is not None
        assert (await ada.delete(f"{TASKS}/{doomed}")).status_code == 204
        assert (await finished(ada, next))["state"] == "succeeded"
        gate.set()
        assert await state(ada, doomed) == 404
        assert len(contents(here.state_dir)) == 2


async def test_a_late_result_is_dropped(tmp_path: Path) -> None:
    """The device does not let itself be stopped: its result comes after the task has gone."""

    class Stubborn(FakeDevice):
        async def run(self, *args: Any) -> Any:  # noqa: ANN401  # as its base class
            with trio.CancelScope(shield=True):
                return await super().run(*args)

    device = Stubborn(gate=trio.Event())
    async with (
        serving(tmp_path, config=NO_GRACE, devices={"sim": device}) as here,
        here.client() as ada,
    ):
        id = await submit(ada, "run", RUN)
        await started(device)
        assert device.gate is not None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ada.delete, f"{TASKS}/{id}")
            with trio.fail_after(10):
                while await state(ada, id) != 404:  # noqa: ASYNC110  # as a client does
                    await trio.sleep(0.01)
            device.gate.set()
        assert contents(here.state_dir) == []


async def test_a_compile_is_killed(tmp_path: Path) -> None:
    async with serving(tmp_path, config=NO_GRACE) as here, here.client() as ada:
        ids = [await submit(ada, "compile", SPIN) for _ in range(2)]
        with trio.fail_after(20):
            for id in ids:
                # As a client does.
                while not (await ada.get(f"{TASKS}/{id}/log")).json()["lines"]:  # noqa: ASYNC110
                    await trio.sleep(0.02)
            for id in ids:
                assert (await ada.delete(f"{TASKS}/{id}")).status_code == 204
        good = await submit(ada, "compile", SPIN | {"ode_source": "good"})
        assert (await finished(ada, good))["state"] == "succeeded"


async def test_places_in_the_queue(tmp_path: Path) -> None:
    device = FakeDevice(gate=trio.Event())
    async with serving(tmp_path, devices={"sim": device}) as here, here.client() as ada:
        ids = [await submit(ada, "run", RUN | {"op_time": 2.0}) for _ in range(3)]
        await started(device)
        async with here.client(ROOT) as root:  # of lower priority
            ids.append(await submit(root, "run", RUN))
            details = [(await root.get(f"{TASKS}/{id}")).json() for id in ids]
        assert [one["queue_position"] for one in details] == [None, 0, 1, 2]
        assert [one["estimated_start"] for one in details] == [None] * 4  # nothing is known yet
        assert device.gate is not None
        device.gate.set()
        async with here.client(ROOT) as root:
            await finished(root, ids[3])
        device.gate, device.started = trio.Event(), trio.Event()
        working, waiting = [await submit(ada, "run", RUN | {"op_time": 5.0}) for _ in range(2)]
        await started(device)
        detail = (await ada.get(f"{TASKS}/{waiting}")).json()
        assert detail["estimated_start"] > detail["created_at"]
        await ada.post(f"{TASKS}/{waiting}/cancel")
        device.gate.set()
        await finished(ada, working)
