"""What is refused, with which status and in which order; every refusal has the one shape."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from drivers.apb.codec import encode
from drivers.apb.items import CircuitFile
from tests.api.serving import ADA, BOB, EVE, MODULE, serving

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

RUN = {"device_name": "sim", "module": MODULE, "sample_rate": 1000, "op_time": 0.5}
COMPILE = {"ode_source": "good", "backend": "LUCIDAC", "module": MODULE, "k0": None}
MANY_ITEMS = base64.b64encode(b"\x0a\x02\x10\x01\x12\xc0\x9a\x0c" + b"\x0a\x00" * 100_000).decode()
EMPTY_FILE = base64.b64encode(encode(CircuitFile(items=()))).decode()

# name, path, body, status, what the detail has to mention
BODIES: list[tuple[str, dict[str, Any], int, str]] = [
    ("compile", COMPILE | {"extra": 1}, 422, "extra"),
    ("compile", COMPILE | {"ode_source": " \n"}, 422, "ode_source"),
    ("compile", COMPILE | {"ode_source": 5}, 422, "ode_source"),
    ("compile", COMPILE | {"ode_source": "x" * 65_537}, 422, "ode_source"),
    ("compile", COMPILE | {"ode_source": "é" * 32_769}, 422, "ode_source"),
    ("compile", COMPILE | {"k0": 0}, 422, "k0"),
    ("compile", COMPILE | {"k0": True}, 422, "k0"),
    ("compile", COMPILE | {"k0": "5"}, 422, "k0"),
    ("compile", COMPILE | {"k0": 1.5}, 422, "k0"),
    ("compile", COMPILE | {"k0": 10**30}, 422, "k0"),
    ("compile", COMPILE | {"k0": 1e300}, 422, "k0"),
    ("compile", COMPILE | {"k0": 1_000_001}, 422, "k0"),
    ("compile", COMPILE | {"backend": "SIMULATOR"}, 400, "backend"),
    ("compile", COMPILE | {"backend": "SIMULATOR", "module": "%"}, 400, "backend"),
    ("compile", COMPILE | {"backend": "SIMULATOR", "k0": 0}, 422, "k0"),
    ("compile", COMPILE | {"backend": "TOASTER"}, 422, "backend"),
    ("compile", COMPILE | {"backend": "REDAC"}, 422, "backend"),
    ("compile", COMPILE | {"module": ""}, 422, "module"),
    ("compile", COMPILE | {"module": "A"}, 422, "module"),
    ("compile", COMPILE | {"module": MODULE + "\n"}, 422, "module"),
    ("compile", COMPILE | {"module": "-_-_"}, 422, "module"),
    ("compile", COMPILE | {"module": "ä" * 4}, 422, "module"),
    ("compile", COMPILE | {"module": base64.b64encode(b"junk").decode()}, 422, "module"),
    ("compile", COMPILE | {"module": EMPTY_FILE}, 422, "module"),
    ("compile", COMPILE | {"module": "A" * 400_000}, 422, "module"),
    ("compile", {key: COMPILE[key] for key in ("ode_source", "k0")}, 422, "backend"),
    ("run", RUN | {"sample_rate": 0}, 422, "sample_rate"),
    ("run", RUN | {"sample_rate": 100_001}, 422, "sample_rate"),
    ("run", RUN | {"sample_rate": "1000"}, 422, "sample_rate"),
    ("run", RUN | {"sample_rate": None}, 422, "sample_rate"),
    ("run", RUN | {"sample_rate": True}, 422, "sample_rate"),
    ("run", RUN | {"op_time": 0}, 422, "op_time"),
    ("run", RUN | {"op_time": -1}, 422, "op_time"),
    ("run", RUN | {"op_time": 10.5}, 422, "op_time"),
    ("run", RUN | {"op_time": True}, 422, "op_time"),
    ("run", RUN | {"op_time": "0.1"}, 422, "op_time"),
    ("run", RUN | {"op_time": 10.5, "device_name": "nobody"}, 422, "op_time"),
    ("run", RUN | {"device_name": "nobody"}, 404, "device_name"),
    ("run", RUN | {"device_name": "nobody", "module": "%"}, 404, "device_name"),
    ("run", RUN | {"device_name": "machine"}, 503, "machine"),
    ("run", RUN | {"device_name": "machine", "module": "%"}, 503, "machine"),
    ("run", RUN | {"module": "%"}, 422, "module"),
    ("run", RUN | {"module": EMPTY_FILE}, 422, "module"),
    ("run", RUN | {"module": MANY_ITEMS}, 422, "items"),
    ("run", RUN | {"module": "A" * 3_000_000}, 422, "262144"),
    ("run", {"module": MODULE}, 422, "device_name"),
]

RAW = [
    b"",
    b"  \n",
    b"{",
    b"nonsense",
    b"[]",
    b'"text"',
    b"null",
    b'{"device_name": "sim", "module": "x", "op_time": NaN}',
    b'{"device_name": "sim", "module": "x", "op_time": Infinity}',
    b'{"device_name": "sim", "module": "x", "op_time": 1e999}',
    b'{"device_name": "\xff"}',
    b'{"device_name": "\\ud800"}',
    b"[" * 100_000,
    b"{" + b'"a":{' * 5_000,
    b"[" + b"[]," * 400_000 + b"[]]",
]


def check_shape(answer: httpx.Response) -> dict[str, Any]:
    """The body of a refusal, which has the one shape."""
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    assert set(body) <= {"detail", "errors"}
    assert isinstance(body["detail"], str)
    assert 0 < len(body["detail"]) < 2000
    for error in body.get("errors", []):
        assert set(error) == {"loc", "msg", "type"}
    return body


async def test_bodies(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        for name, body, status, word in BODIES:
            answer = await client.post(f"/api/v1/tasks/{name}", json=body)
            told = check_shape(answer)
            shown = {key: str(value)[:40] for key, value in body.items()}
            assert answer.status_code == status, (shown, told)
            assert word in told["detail"], (shown, told)


async def test_unreadable_bodies(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        for body in RAW:
            for name in ("compile", "run"):
                answer = await client.post(f"/api/v1/tasks/{name}", content=body)
                assert answer.status_code == 422, body[:60]
                check_shape(answer)


async def test_what_is_accepted(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        for name, body in (
            ("compile", COMPILE | {"k0": 5.0}),
            ("compile", {key: COMPILE[key] for key in ("ode_source", "backend", "module")}),
            ("run", RUN | {"sample_rate": 5.0, "op_time": 10, "unknown": [1]}),
            ("run", {"device_name": "bare", "module": MODULE}),
        ):
            answer = await client.post(f"/api/v1/tasks/{name}", json=body)
            assert answer.status_code == 201, answer.text
        without_type = await client.post(
            "/api/v1/tasks/run", content=json.dumps(RUN), headers={"content-type": ""}
        )
        assert without_type.status_code == 201


async def test_defaults_of_a_run(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        body = {"device_name": "bare", "module": MODULE}
        id = (await client.post("/api/v1/tasks/run", json=body)).json()["id"]
        detail = (await client.get(f"/api/v1/tasks/{id}")).json()
        assert (detail["sample_rate"], detail["op_time"]) == (10_000, 0.1)


async def test_whitelists_gate_runs_only(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client(BOB) as bob:
        for body in (RUN, RUN | {"module": "%"}):
            answer = await bob.post("/api/v1/tasks/run", json=body)
            assert answer.status_code == 403
            assert "sim" in check_shape(answer)["detail"]
        assert (await bob.post("/api/v1/tasks/run", json=RUN | {"op_time": 0})).status_code == 422
        assert (await bob.post("/api/v1/tasks/compile", json=COMPILE)).status_code == 201
        assert (await bob.get("/api/v1/devices/sim/entity")).status_code == 200
        assert (await bob.get("/api/v1/users/me")).json()["devices"] == []


KEYLESS = [
    {},
    {"Authorization": ADA},
    {"Authorization": f"Basic {ADA}"},
    {"Authorization": f"Bearer  {ADA}"},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer nobody"},
    {"Authorization": f"Bearer {EVE}"},
    {"Authorization": "Bearer " + "x" * 5000},
    {"X-Api-Key": ADA},
]


@pytest.mark.parametrize("path", ["/api/v1/devices", "/api/v1/nothing", "/api/v1", "/api/v1/"])
async def test_without_a_valid_key_everything_is_403(tmp_path: Path, path: str) -> None:
    async with serving(tmp_path) as here, here.client(None) as client:
        answers = [await client.get(path, headers=headers) for headers in KEYLESS]
        assert [answer.status_code for answer in answers] == [403] * len(answers)
        for answer in answers:
            check_shape(answer)
        twice = [("Authorization", f"Bearer {ADA}"), ("Authorization", f"Bearer {ADA}")]
        assert (await client.get(path, headers=twice)).status_code == 403
        posted = await client.post(path, content=b"{")
        assert posted.status_code == 403


async def test_bearer_in_any_case(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client(None) as client:
        for word in ("Bearer", "bearer", "BEARER"):
            answer = await client.get("/api/v1/devices", headers={"Authorization": f"{word} {ADA}"})
            assert answer.status_code == 200


PATHS = [
    ("GET", "/", 404, None),
    ("GET", "/nothing", 404, None),
    ("GET", "/api/v1/nothing", 404, None),
    ("GET", "/api/v1/devices/", 404, None),
    ("GET", "/api//v1/devices", 404, None),
    ("GET", "/api/v1//devices", 404, None),
    ("GET", "/health/", 404, None),
    ("GET", "/static/x", 404, None),
    ("POST", "/health", 405, "GET"),
    ("HEAD", "/health", 405, "GET"),
    ("OPTIONS", "/health", 405, "GET"),
    ("HEAD", "/api/v1/devices", 405, "GET"),
    ("OPTIONS", "/api/v1/devices", 405, "GET"),
    ("PUT", "/api/v1/devices", 405, "GET"),
    ("GET", "/api/v1/tasks/compile", 405, "POST"),
    ("GET", "/api/v1/tasks/run", 405, "POST"),
    ("GET", "/api/v1/tasks/compile/status", 404, None),
    ("GET", "/api/v1/tasks/search", 405, "POST"),
    ("GET", "/api/v1/tasks/not-a-uuid", 422, None),
    ("GET", "/api/v1/tasks/not-a-uuid/status", 422, None),
    ("GET", "/api/v1/tasks/%00/log", 422, None),
    ("GET", "/api/v1/tasks/{00000000-0000-4000-8000-000000000000}/result", 422, None),
    ("GET", "/api/v1/tasks/00000000-0000-4000-8000-000000000000/result", 404, None),
    ("GET", "/api/v1/devices/%ff%fe/entity", 404, None),
    ("GET", "/api/v1/devices/a%2Fb/entity", 404, None),
    ("GET", "/api/v1/devices/%zz/entity", 404, None),
]


async def test_paths_and_methods(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        for method, path, status, allow in PATHS:
            answer = await client.request(method, here.url + path)
            assert answer.status_code == status, (method, path, answer.text)
            assert answer.headers.get("allow") == allow, (method, path)
            if method != "HEAD":
                check_shape(answer)


async def test_leading_slashes_are_one(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        for path in ("//health", "///health", "//api/v1/devices", "/%2Fapi/v1/devices"):
            assert (await client.get(here.url + path)).status_code == 200, path
