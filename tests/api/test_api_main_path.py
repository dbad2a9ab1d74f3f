"""The main path over real sockets: submit, wait, read; every answer in the form of the contract."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

from tests.api.serving import ADA, CONFIG, ENTITY, MODULE, RESULT, ROOT, finished, serving

if TYPE_CHECKING:
    from pathlib import Path

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
RUN = {"device_name": "sim", "module": MODULE, "sample_rate": 1000, "op_time": 0.5}
COMPILE = {"ode_source": "good", "backend": "LUCIDAC", "module": MODULE, "k0": None}


async def test_health_needs_no_key(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client(None) as client:
        answer = await client.get("/health")
        assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})
        assert answer.headers["content-type"] == "application/json"


async def test_system_users_devices(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        status = (await client.get("/api/v1/system/status")).json()
        assert status == {"version": "1.2.3", "domain": "test", "uptime": 0}
        me = (await client.get("/api/v1/users/me")).json()
        none = dict.fromkeys(("hourly_limit", "hourly_remaining", "daily_limit", "daily_remaining"))
        assert me == {
            "name": "Ada",
            "email": "ada@example.org",
            "subscription": "basic",
            "devices": None,
            "priority": 3,
            "rate_limits": {
                "LUCIDAC": none | {"hourly_limit": 5, "hourly_remaining": 5},
                "REDAC": none,
                "SIMULATOR": {
                    "hourly_limit": 20,
                    "hourly_remaining": 20,
                    "daily_limit": 100,
                    "daily_remaining": 100,
                },
            },
        }
        devices = (await client.get("/api/v1/devices")).json()
        assert devices == [
            {"name": "sim", "type": "SIMULATOR", "available": True, "queue_length": 0},
            {"name": "bare", "type": "SIMULATOR", "available": True, "queue_length": 0},
            {"name": "machine", "type": "LUCIDAC", "available": False, "queue_length": 0},
        ]


async def test_entity(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        answer = await client.get("/api/v1/devices/s%69m/entity")
        assert answer.content == ENTITY
        assert answer.headers["content-type"] == "application/octet-stream"
        for name in ("bare", "machine", "nobody"):
            assert (await client.get(f"/api/v1/devices/{name}/entity")).status_code == 404


async def test_a_run_from_submission_to_result(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        answer = await client.post("/api/v1/tasks/run", json=RUN)
        created = answer.json()
        assert answer.status_code == 201
        assert set(created) == {"id", "type", "state", "created_at"}
        assert (created["type"], created["state"]) == ("run", "queued")
        assert UUID(created["id"]).version == 4
        assert TIME.fullmatch(created["created_at"])

        status = await finished(client, created["id"])
        assert set(status) == {"id", "state", "error", "state_history"}
        assert (status["state"], status["error"]) == ("succeeded", None)

        detail = (await client.get(f"/api/v1/tasks/{created['id']}")).json()
        assert [entry["state"] for entry in detail["state_history"]] == [
            "queued",
            "inprogress",
            "succeeded",
        ]
        assert detail["state_history"][0]["timestamp"] == detail["created_at"]
        del detail["state_history"], detail["created_at"]
        assert detail == {
            "id": created["id"],
            "type": "run",
            "state": "succeeded",
            "error": None,
            "device_name": "sim",
            "sample_rate": 1000,
            "op_time": 0.5,
            "has_result": True,
            "has_log": True,
            "queue_position": None,
            "estimated_start": None,
        }
        result = await client.get(f"/api/v1/tasks/{created['id']}/result")
        assert result.content == RESULT
        assert result.headers["content-type"] == "application/json"
        assert result.headers["content-length"] == str(len(RESULT))

        log = (await client.get(f"/api/v1/tasks/{created['id']}/log")).json()
        assert log["id"] == created["id"]
        assert [line.split(" ", 1)[1] for line in log["lines"]] == ["INFO at work"]
        assert all(TIME.match(line) for line in log["lines"])
        me = (await client.get("/api/v1/users/me")).json()
        assert me["rate_limits"]["SIMULATOR"]["hourly_remaining"] == 19


async def test_a_compile_from_submission_to_result(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        answer = await client.post("/api/v1/tasks/compile", json=COMPILE)
        id = answer.json()["id"]
        status = await finished(client, id)
        assert (status["state"], status["error"]) == ("succeeded", None)
        detail = (await client.get(f"/api/v1/tasks/{id}")).json()
        assert (detail["type"], detail["backend"], detail["k0"]) == ("compile", "LUCIDAC", None)
        assert detail["ode_source"] == "good"
        result = await client.get(f"/api/v1/tasks/{id}/result")
        assert result.headers["content-type"] == "application/octet-stream"
        assert result.content == ENTITY
        lines = (await client.get(f"/api/v1/tasks/{id}/log")).json()["lines"]
        assert [line.split(" ", 1)[1] for line in lines] == ["INFO warming up", "INFO ready"]


async def test_a_refused_program_fails_with_one_line_and_a_full_log(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        answer = await client.post("/api/v1/tasks/compile", json=COMPILE | {"ode_source": "wrong"})
        status = await finished(client, answer.json()["id"])
        assert status["state"] == "failed"
        error = "line 1, column 2: syntax: not so (and 1 more, see the log)"
        assert status["error"] == error
        lines = (await client.get(f"/api/v1/tasks/{status['id']}/log")).json()["lines"]
        text = "\n".join(lines)
        assert "ode_source:1:2: error[syntax]: not so" in text
        assert "hint: write more" in text
        result = await client.get(f"/api/v1/tasks/{status['id']}/result")
        assert result.status_code == 404


async def test_a_compile_that_spins_is_killed_at_its_time_limit(tmp_path: Path) -> None:
    config = CONFIG.replace("instance_timeout_s = 30.0", "instance_timeout_s = 0.5")
    async with serving(tmp_path, config=config) as here, here.client() as client:
        answer = await client.post("/api/v1/tasks/compile", json=COMPILE | {"ode_source": "spin"})
        status = await finished(client, answer.json()["id"])
        assert status["state"] == "failed"
        assert str(status["error"]).startswith("compile-timeout: ")


async def test_a_bug_in_a_compile_is_an_internal_error(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        answer = await client.post("/api/v1/tasks/compile", json=COMPILE | {"ode_source": "crash"})
        status = await finished(client, answer.json()["id"])
        assert status["error"] == (
            f"an internal error of the appliance; its log has task={status['id']}"
        )


async def test_someone_elses_task_is_like_none_but_not_for_system_keys(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client(ADA) as ada, here.client(ROOT) as root:
        id = (await ada.post("/api/v1/tasks/run", json=RUN)).json()["id"]
        await finished(ada, id)
        other = (await root.post("/api/v1/tasks/run", json=RUN)).json()["id"]
        unknown = "00000000-0000-4000-8000-000000000000"
        for part in ("", "/status", "/log", "/result"):
            foreign = await ada.get(f"/api/v1/tasks/{other}{part}")
            missing = await ada.get(f"/api/v1/tasks/{unknown}{part}")
            assert (foreign.status_code, foreign.content) == (404, missing.content)
            answer = await root.get(f"/api/v1/tasks/{id}{part}")
            assert answer.status_code == 200, (part, answer.text)
