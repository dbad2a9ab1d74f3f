"""Every route x own task, other's task, unknown id x every kind of key.

Walks the table of routes: a new route without a line in ROUTES fails.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import Enum
from itertools import product
from typing import TYPE_CHECKING

import httpx

from appliance.api.app import all_routes, build_app
from appliance.models import TaskId, TaskState, device_queue
from appliance.store import Store, open_store
from appliance.users import fingerprint
from tests.api.parts import parts_over
from tests.api.serving import ADA, AUTH, BOB, CONFIG, EVE, MODULE, ROOT
from tests.stores import new_run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from appliance.api.parts import Route

LIMITED, UNKNOWN = "limited-key", "nobodys-key"
USERS = (
    AUTH + f"  {LIMITED}: {{enabled: true, name: L, email: l@example.org, subscription: none}}\n"
)
NOBODY = TaskId("00000000-0000-4000-8000-000000000000")
BODIES: dict[str, dict[str, object]] = {
    "/api/v1/tasks/compile": {"ode_source": "x", "backend": "LUCIDAC", "module": MODULE},
    "/api/v1/tasks/run": {"device_name": "sim", "module": MODULE, "op_time": 0.001},
    "/api/v1/tasks/search": {},
}


class Key(Enum):
    """Who asks."""

    ORDINARY = ADA
    DISABLED = EVE
    LIMITED = LIMITED
    SYSTEM = ROOT
    UNKNOWN = UNKNOWN
    NONE = None

    @property
    def counts(self) -> bool:
        return self in (Key.ORDINARY, Key.LIMITED, Key.SYSTEM)


class Whose(Enum):
    """What about."""

    OWN = "own"
    OTHERS = "other's"
    NOBODYS = "unknown"


@dataclass(frozen=True)
class Line:
    """One route: the status when all is well, for whom it is another, and the task that it needs.

    ``is_open``: needs no key. ``is_change``: also a system key may do it to its own tasks only."""

    success: int = 200
    is_open: bool = False
    is_change: bool = False
    limited: int | None = None
    state: TaskState = TaskState.SUCCEEDED

    def expected(self, key: Key, whose: Whose | None) -> int:
        if self.is_open:
            return self.success
        if not key.counts:
            return 403
        if whose is Whose.NOBODYS:
            return 404
        if whose is Whose.OTHERS and (self.is_change or key is not Key.SYSTEM):
            return 404
        return self.limited if self.limited and key is Key.LIMITED else self.success


OPEN = Line(is_open=True)
ONE = "/api/v1/tasks/<task:id>"
ROUTES: dict[tuple[str, str], Line] = {
    ("GET", "/health"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/api/docs"): OPEN,
    ("GET", "/api/docs/<file>"): OPEN,
    ("GET", "/api/redoc"): OPEN,
    ("GET", "/api/v1/system/status"): Line(),
    ("GET", "/api/v1/users/me"): Line(),
    ("GET", "/api/v1/devices"): Line(),
    ("GET", "/api/v1/devices/<device_name>/entity"): Line(),
    ("GET", "/api/v1/events"): Line(),
    ("GET", "/api/v1/tasks"): Line(),
    ("POST", "/api/v1/tasks/search"): Line(),
    ("POST", "/api/v1/tasks/compile"): Line(201),
    ("POST", "/api/v1/tasks/run"): Line(201, limited=429),
    ("GET", ONE): Line(),
    ("GET", f"{ONE}/status"): Line(),
    ("GET", f"{ONE}/log"): Line(),
    ("GET", f"{ONE}/result"): Line(),
    ("GET", f"{ONE}/events"): Line(),
    ("POST", f"{ONE}/cancel"): Line(is_change=True, state=TaskState.QUEUED),
    ("DELETE", ONE): Line(204, is_change=True),
}


class Office:
    """An application over a real store, and tasks in it as they are needed."""

    def __init__(self, directory: Path, store: Store) -> None:
        self.store = store
        self.parts = parts_over(store, directory, config=CONFIG, auth=_users())
        self.transport = httpx.ASGITransport(app=build_app(self.parts))

    async def ask(self, route: Route, key: Key, whose: Whose | None) -> httpx.Response:
        id = NOBODY
        if whose in (Whose.OWN, Whose.OTHERS):
            owner = key.value if whose is Whose.OWN and key.value else BOB
            id = await self.task(owner, ROUTES[route.method, route.path].state)
        path = route.path.replace("<task:id>", id).replace("<device_name>", "sim")
        path = path.replace("<file>", "start.js")
        headers = {"Authorization": f"Bearer {key.value}"} if key.value else {}
        async with httpx.AsyncClient(transport=self.transport, base_url="http://x") as client:
            body = BODIES.get(route.path)
            return await client.request(route.method, path, json=body, headers=headers)

    async def task(self, key: str, state: TaskState) -> TaskId:
        """A new task of a key's holder that is in this state, the only one at its device."""
        tasks = self.store.tasks
        new = replace(new_run(f"device {state}"), owner=fingerprint(key))
        task = await tasks.create(new)
        if state is TaskState.SUCCEEDED:
            await tasks.claim_next(device_queue(new.device_name))
            result = await self.store.blobs.put_bytes(b"[]")
            await tasks.transition(task.id, TaskState.INPROGRESS, state, result=result)
        return task.id


def _users() -> str:
    none = "  none: {limits: {SIMULATOR: {hourly: 0}}}\n"
    return USERS.replace("subscriptions:\n", "subscriptions:\n" + none)


@asynccontextmanager
async def office(directory: Path) -> AsyncIterator[Office]:
    async with open_store(directory / "state") as store:
        yield Office(directory, store)


async def test_every_route_has_its_line(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        assert {(one.method, one.path) for one in all_routes(here.parts)} == set(ROUTES)


async def test_the_matrix(tmp_path: Path) -> None:
    wrong, count = [], 0
    async with office(tmp_path) as here:
        for route in all_routes(here.parts):
            line = ROUTES[route.method, route.path]
            targets = tuple(Whose) if "<task:id>" in route.path else (None,)
            for key, whose in product(Key, targets):
                answer = await here.ask(route, key, whose)
                expected, count = line.expected(key, whose), count + 1
                if answer.status_code != expected:
                    wrong.append((route.path, key, whose, answer.status_code, expected))
                elif expected >= 400:
                    assert isinstance(answer.json()["detail"], str)
    assert wrong == []
    assert count == 6 * (14 + 3 * 7)


async def test_others_and_nobodys_tasks_are_told_apart_by_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        for route in all_routes(here.parts):
            if "<task:id>" in route.path:
                others = await here.ask(route, Key.ORDINARY, Whose.OTHERS)
                nobodys = await here.ask(route, Key.ORDINARY, Whose.NOBODYS)
                assert others.content == nobodys.content
                assert others.headers == nobodys.headers
