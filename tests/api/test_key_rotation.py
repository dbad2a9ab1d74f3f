"""A user's key is changed while the appliance runs: everything that was the user's still is."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from appliance import cli
from appliance.auth import fingerprint
from tests.api.process import Process
from tests.api.serving import ADA, AUTH, BOB, CONFIG, MODULE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN = {"device_name": "bare", "module": MODULE}


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    (tmp_path / "analogcloud.toml").write_text(f"reload_check_s = 3600\n{CONFIG}")
    (tmp_path / "auth.yml").write_text(AUTH)
    process = Process(tmp_path)
    yield process
    process.process.kill()
    process.process.communicate()


def client(url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=20)


def submitted(user: httpx.Client) -> str:
    answer = user.post("/api/v1/tasks/run", json=RUN)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


def ended(user: httpx.Client, id: str) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        state: str = user.get(f"/api/v1/tasks/{id}/status").json()["state"]
        if state not in ("queued", "inprogress"):
            return state
        time.sleep(0.02)
    raise AssertionError("the task does not end")


def found(user: httpx.Client, *user_ids: str) -> list[tuple[str, str]]:
    items = user.post("/api/v1/tasks/search", json={"user_id": list(user_ids)}).json()["items"]
    return [(item["id"], item["user_id"]) for item in items]


def remaining(user: httpx.Client) -> int:
    left: int = user.get("/api/v1/users/me").json()["rate_limits"]["SIMULATOR"]["hourly_remaining"]
    return left


def test_rotate_keeps_tasks_and_limits(
    tmp_path: Path, process: Process, capfd: pytest.CaptureFixture[str]
) -> None:
    url, config = process.address(), str(tmp_path / "analogcloud.toml")
    with client(url, ADA) as old:
        first = submitted(old)
        left = remaining(old)
        capfd.readouterr()
        assert cli.run(["keys", "rotate", "ada@example.org", "--json", "--config", config]) == 0
        new_key = json.loads(capfd.readouterr().out)["key"]
        process.process.send_signal(signal.SIGHUP)
        process.line_with("event=reloaded")
        assert old.get(f"/api/v1/tasks/{first}").status_code == 403
    with client(url, new_key) as new, client(url, BOB) as bob, client(url, ROOT) as root:
        assert ended(new, first) in ("succeeded", "failed")
        assert remaining(new) == left
        assert new.get(f"/api/v1/tasks/{first}/log").json()["lines"] != []
        second = submitted(new)
        assert remaining(new) == left - 1
        assert [task["id"] for task in new.get("/api/v1/tasks").json()] == [second, first]
        assert found(new) == [(second, new_key), (first, new_key)]
        both = [(second, fingerprint(new_key)), (first, fingerprint(ADA))]
        for user_id in (new_key, ADA, fingerprint(new_key), fingerprint(ADA)):
            assert found(root, user_id) == both
        assert bob.get(f"/api/v1/tasks/{first}").status_code == 404
        assert new.delete(f"/api/v1/tasks/{first}").status_code == 204
        assert new.get(f"/api/v1/tasks/{first}").status_code == 404
    assert process.end(signal.SIGTERM)[0] == 0


def test_a_removed_user_is_refused_and_the_task_goes_on(tmp_path: Path, process: Process) -> None:
    url, config = process.address(), str(tmp_path / "analogcloud.toml")
    with client(url, ADA) as ada, client(url, ROOT) as root:
        id = submitted(ada)
        assert cli.run(["keys", "remove", "Ada", "--config", config]) == 0
        process.process.send_signal(signal.SIGHUP)
        process.line_with("event=reloaded")
        assert ada.get(f"/api/v1/tasks/{id}").status_code == 403
        assert ended(root, id) in ("succeeded", "failed")
        assert found(root, ADA) == [(id, fingerprint(ADA))]
