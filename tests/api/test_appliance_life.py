"""Stops, restarts and crashes: what waits survives, what was interrupted says so."""

from __future__ import annotations

import fcntl
import signal
import socket
from typing import TYPE_CHECKING

import httpx
import pytest
import trio

from appliance import cli
from appliance.auth import AuthFile
from appliance.config import load
from appliance.supervisor import serve
from drivers.errors import RunRefused
from tests.api.process import Process
from tests.api.serving import ADA, AUTH, CONFIG, MODULE, FakeDevice, finished, serving

if TYPE_CHECKING:
    from pathlib import Path

RUN = {"device_name": "sim", "module": MODULE}
OTHER = {"device_name": "bare", "module": MODULE}


async def submitted(client: httpx.AsyncClient, body: dict[str, str]) -> str:
    answer = await client.post("/api/v1/tasks/run", json=body)
    assert answer.status_code == 201
    id: str = answer.json()["id"]
    return id


async def test_what_waits_survives_a_stop_and_what_worked_is_interrupted(tmp_path: Path) -> None:
    held = FakeDevice(gate=trio.Event())
    async with serving(tmp_path, devices={"sim": held}) as here, here.client() as client:
        working = await submitted(client, RUN)
        with trio.fail_after(5):
            await held.started.wait()
        waiting = await submitted(client, RUN)
        (sim, *_) = (await client.get("/api/v1/devices")).json()
        assert sim["queue_length"] == 1
        result = await client.get(f"/api/v1/tasks/{working}/result")
        assert result.status_code == 404
        log = (await client.get(f"/api/v1/tasks/{waiting}/log")).json()
        assert log == {"id": waiting, "lines": []}
    async with serving(tmp_path) as here, here.client() as client:
        assert (await finished(client, waiting))["state"] == "succeeded"
        interrupted = await finished(client, working)
        assert interrupted["state"] == "failed"
        assert "while it was in progress" in str(interrupted["error"])


async def test_tasks_of_one_device_run_one_after_the_other(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        ids = [await submitted(client, RUN) for _ in range(5)]
        ends = [await finished(client, id) for id in ids]
        flat = [entry["timestamp"] for end in ends for entry in end["state_history"][1:]]
        assert flat == sorted(flat)


async def test_a_refusal_and_a_bug_of_a_driver_end_the_task_only(tmp_path: Path) -> None:
    refusing = FakeDevice(error=RunRefused("the wires are crossed"))
    buggy = FakeDevice(error=KeyError("surprise"))
    async with (
        serving(tmp_path, devices={"sim": refusing, "bare": buggy}) as here,
        here.client() as client,
    ):
        refused = await finished(client, await submitted(client, RUN))
        assert (refused["state"], refused["error"]) == ("failed", "the wires are crossed")
        log = (await client.get(f"/api/v1/tasks/{refused['id']}/log")).json()["lines"]
        assert log[-1].endswith("ERROR the wires are crossed")
        crashed = await finished(client, await submitted(client, OTHER))
        assert "internal error" in str(crashed["error"])
        assert "surprise" not in str(crashed["error"])
        refusing.error = buggy.error = None
        for body in (RUN, OTHER):
            assert (await finished(client, await submitted(client, body)))["state"] == "succeeded"


class Crashing(FakeDevice):
    """Its driver has a bug that shows at the first look."""

    async def probe(self) -> bool:
        raise ZeroDivisionError


async def test_a_crashing_runner_leaves_the_others_alone(tmp_path: Path) -> None:
    async with (
        serving(tmp_path, devices={"sim": Crashing()}) as here,
        here.client() as client,
    ):
        sim, bare, _ = (await client.get("/api/v1/devices")).json()
        assert (sim["available"], bare["available"]) == (False, True)
        refused = await client.post("/api/v1/tasks/run", json=RUN)
        assert refused.status_code == 503
        assert "crashed" in refused.json()["detail"]
        assert (await finished(client, await submitted(client, OTHER)))["state"] == "succeeded"


class Met(FakeDevice):
    """Answers its first look only once the other device is looked at as well."""

    def __init__(self, own: trio.Event, other: trio.Event) -> None:
        super().__init__()
        self.own, self.other = own, other

    async def probe(self) -> bool:
        self.own.set()
        await self.other.wait()
        return True


async def test_devices_are_looked_at_all_at_once_when_it_starts(tmp_path: Path) -> None:
    first, second = trio.Event(), trio.Event()
    devices: dict[str, FakeDevice] = {"sim": Met(first, second), "bare": Met(second, first)}
    async with serving(tmp_path, devices=devices) as here, here.client() as client:
        sim, bare, _ = (await client.get("/api/v1/devices")).json()
        assert (sim["available"], bare["available"]) == (True, True)


async def test_a_warm_up_that_fails_harms_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = CONFIG.replace("num_instances = 2", "num_instances = 1")
    async with (
        serving(tmp_path, config=config, warm=("tests.api.no_such_module",)) as here,
        here.client() as client,
    ):
        # The only worker process does this after the warm-up.
        body = {"ode_source": "good", "backend": "LUCIDAC", "module": MODULE}
        id = (await client.post("/api/v1/tasks/compile", json=body)).json()["id"]
        assert (await finished(client, id))["state"] == "succeeded"
        assert "event=warm_up_failed" in caplog.text


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "analogcloud.toml").write_text(CONFIG)
    return tmp_path


def test_the_process_ends_cleanly_on_sigterm_and_shows_its_first_key_once(directory: Path) -> None:
    first = Process(directory)
    address = first.address()
    assert httpx.get(f"{address}/health").json() == {"status": "healthy"}
    code, out, err = first.end(signal.SIGTERM)
    assert code == 0, err
    key = out.split("\n\n")[1].strip()
    assert key not in err
    assert key not in (directory / "auth.yml").read_text()
    second = Process(directory)
    answer = httpx.get(
        f"{second.address()}/api/v1/users/me", headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.json()["name"] == "Operator"
    code, out, err = second.end(signal.SIGINT)
    assert (code, out) == (0, ""), err


def test_a_task_is_there_after_kill_9(directory: Path) -> None:
    (directory / "auth.yml").write_text(AUTH)
    first = Process(directory)
    headers = {"Authorization": f"Bearer {ADA}"}
    url = f"{first.address()}/api/v1/tasks/run"
    created = httpx.post(url, json=OTHER | {"op_time": 1.0}, headers=headers).json()
    code, _, _ = first.end(signal.SIGKILL)
    assert code == -signal.SIGKILL
    second = Process(directory)
    found = httpx.get(f"{second.address()}/api/v1/tasks/{created['id']}", headers=headers).json()
    assert found["created_at"] == created["created_at"]
    assert found["state"] in ("queued", "inprogress", "failed")
    assert second.end(signal.SIGTERM)[0] == 0


def test_exit_codes_of_what_cannot_start(
    directory: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = directory / "analogcloud.toml"
    (directory / "auth.yml").write_text(AUTH)
    users = AuthFile.load(directory / "auth.yml")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        path.write_text(CONFIG.replace("127.0.0.1:0", f"127.0.0.1:{taken.getsockname()[1]}"))
        assert serve(load(path), users) == 1
        assert "event=no_start" in caplog.text
        assert "(the setting bind)" in caplog.text
    config = load(path)
    with (config.state_dir / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert serve(config, users) == 3
    assert "already uses the state directory" in caplog.text
    path.write_text(CONFIG + "[unknown]\n")
    assert cli.run(["check-config", str(path)]) == 2
    assert "unknown" in capfd.readouterr().err
