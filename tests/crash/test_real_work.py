"""kill -9 of the real program while its child processes compile and simulate."""

from __future__ import annotations

import base64
import random
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.descriptions import lucidac
from tests.api.process import Process
from tests.api.serving import AUTH, CONFIG, ROOT
from tests.crash.test_kill_nine import check_blobs

PROGRAM = """\
use math;
let diff[x, t](t) = -0.6*x(t);
let x(t: 0) = 0.9;
probe x(t);
"""
TASKS = 4
LONGEST_LIFE_S = 2.0
END_S = 120.0
PATIENT = CONFIG.replace("instance_timeout_s = 30.0", "instance_timeout_s = 600.0")
"""Child processes step back behind everything else that a busy machine does."""


def compile_one(client: httpx.Client) -> str:
    module = base64.b64encode(lucidac()).decode()
    body = {"backend": "LUCIDAC", "ode_source": PROGRAM, "module": module}
    id: str = client.post("/api/v1/tasks/compile", json=body).raise_for_status().json()["id"]
    return id


def run_one(client: httpx.Client, circuit: bytes) -> str:
    module = base64.b64encode(circuit).decode()
    body = {"device_name": "sim", "module": module, "sample_rate": 100_000, "op_time": 0.01}
    id: str = client.post("/api/v1/tasks/run", json=body).raise_for_status().json()["id"]
    return id


def ended(client: httpx.Client, id: str) -> dict[str, Any]:
    end = time.monotonic() + END_S
    while time.monotonic() < end:
        status: dict[str, Any] = client.get(f"/api/v1/tasks/{id}/status").json()
        if status["state"] not in ("queued", "inprogress"):
            return status
        time.sleep(0.02)
    raise AssertionError("it does not end")


def children_of(pid: int) -> set[int]:
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for file in files for child in file.read_text("ascii").split()}


def until_gone(pids: set[int]) -> None:
    """Children notice by themselves that their server is dead."""
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}/cmdline").exists() and _is_alive(pid) for pid in pids):
        assert time.monotonic() < end, "a child outlives its server"
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Life:
    """One process and its client, dead when the block is left."""

    def __init__(self, directory: Path) -> None:
        self._process = Process(directory)
        headers = {"Authorization": f"Bearer {ROOT}"}
        self.client = httpx.Client(base_url=self._process.address(), headers=headers, timeout=END_S)

    def __enter__(self) -> httpx.Client:
        return self.client

    def __exit__(self, *_: object) -> None:
        self.client.close()
        children = children_of(self._process.process.pid)
        self._process.end(signal.SIGKILL)
        until_gone(children)


def lives(directory: Path, seeds: range) -> None:
    (directory / "analogcloud.toml").write_text(PATIENT)
    (directory / "auth.yml").write_text(AUTH)
    with Life(directory) as client:
        compiled = compile_one(client)
        assert ended(client, compiled)["state"] == "succeeded"
        circuit = client.get(f"/api/v1/tasks/{compiled}/result").content
        first = run_one(client, circuit)
        assert ended(client, first)["state"] == "succeeded"
        result = client.get(f"/api/v1/tasks/{first}/result").content
    for seed in seeds:
        with Life(directory) as client:
            ids = [compile_one(client), *(run_one(client, circuit) for _ in range(TASKS))]
            time.sleep(random.Random(seed).uniform(0, LONGEST_LIFE_S))
        with Life(directory) as client:
            for id, right in zip(ids, [circuit] + TASKS * [result], strict=True):
                check_end(client, id, right)
    check_blobs(directory, set())


def check_end(client: httpx.Client, id: str, right: bytes) -> None:
    status = ended(client, id)
    if status["state"] == "failed":
        assert "while this task was in progress" in status["error"]
    else:
        assert client.get(f"/api/v1/tasks/{id}/result").content == right


@pytest.mark.long
def test_real_work_is_interrupted_or_done(tmp_path: Path) -> None:
    lives(tmp_path, range(20))
