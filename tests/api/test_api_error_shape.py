"""One shape of error on every route, whatever goes wrong: walks the table of routes."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from appliance.api.app import all_routes, build_app
from appliance.api.parts import Parts, Route
from appliance.auth import AuthFile
from appliance.board import Bells, DeviceBoard, DeviceEntry
from appliance.config import load
from appliance.control import Control
from appliance.errors import BlobMissing, StorageFull, StoreFailed
from appliance.events import EventHub
from appliance.models import DeviceType
from tests.api.serving import ADA, AUTH, CONFIG, MODULE

if TYPE_CHECKING:
    from pathlib import Path

OPEN = {"/health", "/openapi.json", "/api/docs", "/api/docs/<file>", "/api/redoc"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ID = "00000000-0000-4000-8000-000000000000"
BODIES: dict[str, dict[str, object]] = {
    "/api/v1/tasks/compile": {"ode_source": "x", "backend": "LUCIDAC", "module": MODULE},
    "/api/v1/tasks/run": {"device_name": "sim", "module": MODULE},
    "/api/v1/tasks/search": {},
}
FAULTS = [
    (StorageFull("secret"), 507),
    (StoreFailed("secret"), 500),
    (BlobMissing("secret"), 500),
    (RuntimeError("secret"), 500),
    (ExceptionGroup("secret", [RuntimeError("secret")]), 500),
]


class Failing:
    """A store in which everything fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever is asked for
        async def fail(*_: object) -> None:
            raise self._error

        return fail


def parts(directory: Path, error: Exception) -> Parts:
    for name, text in (("analogcloud.toml", CONFIG), ("auth.yml", AUTH)):
        (directory / name).write_text(text)
    sim = DeviceEntry(name="sim", type=DeviceType.SIMULATOR, max_sample_rate=10**6, reason="")
    failing: Any = Failing(error)
    events = EventHub()
    events.close()  # streams end at once
    return Parts(
        config=load(directory / "analogcloud.toml"),
        users=AuthFile.load(directory / "auth.yml"),
        store=SimpleNamespace(  # type: ignore[arg-type]
            tasks=failing, blobs=failing, usage=failing, orphans=failing
        ),
        board=DeviceBoard([sim]),
        bells=Bells(),
        control=Control(),
        events=events,
        conversions=failing,
        started_at=0.0,
    )


def client(parts: Parts, key: str | None = ADA) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    transport = httpx.ASGITransport(app=build_app(parts))
    return httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers)


def path_of(route: Route) -> str:
    return (
        re.sub(r"<task:id>", ID, route.path)
        .replace("<device_name>", "sim")
        .replace("<file>", "start.js")
    )


def check(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status, answer.request.url
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert isinstance(body["detail"], str)
    assert "secret" not in answer.text


async def test_every_route_wants_a_key_but_those_that_are_open(tmp_path: Path) -> None:
    all = parts(tmp_path, RuntimeError())
    async with client(all, None) as stranger:
        for route in all_routes(all):
            answer = await stranger.request(route.method, path_of(route))
            if route.path in OPEN:
                assert answer.status_code == 200
            else:
                check(answer, 403)


async def test_every_other_method_is_405(tmp_path: Path) -> None:
    all = parts(tmp_path, RuntimeError())
    async with client(all) as ada:
        routes = all_routes(all)
        for route in routes:
            allowed = sorted(one.method for one in routes if one.path == route.path)
            for method in METHODS:
                if method not in allowed:
                    answer = await ada.request(method, path_of(route))
                    check(answer, 405)
                    assert answer.headers["allow"] == ", ".join(allowed)
            head = await ada.head(path_of(route))
            assert head.status_code == 405


@pytest.mark.parametrize(("error", "status"), FAULTS)
async def test_faults_of_ours_are_answered_without_detail(
    tmp_path: Path, error: Exception, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    all = parts(tmp_path, error)
    failed = 0
    async with client(all) as ada:
        for route in all_routes(all):
            body = BODIES.get(route.path)
            answer = await ada.request(route.method, path_of(route), json=body)
            if answer.status_code >= 400:
                failed += 1
                expected = 404 if route.path.endswith("/entity") else status
                check(answer, expected)
    assert failed >= 8
    assert caplog.text.count("event=request_failed") >= 7
