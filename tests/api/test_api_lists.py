"""GET /tasks and POST /tasks/search: filters, windows, pages, whose tasks, whose names."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from appliance.api.filters import TaskSearchResponse
from appliance.api.lists import MAX_WINDOW, window
from appliance.api.problems import ApiError
from appliance.users import fingerprint
from tests.api.serving import ADA, BOB, MODULE, ROOT, Serving, finished, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LIST, SEARCH = "/api/v1/tasks", "/api/v1/tasks/search"
COMPILE = {"ode_source": "good", "backend": "LUCIDAC", "module": MODULE}
WRONG = COMPILE | {"ode_source": "wrong"}
RUN = {"device_name": "sim", "module": MODULE}


@asynccontextmanager
async def stocked(directory: Path) -> AsyncIterator[tuple[Serving, list[str], str]]:
    """Ada has a compile task that succeeded, one that failed and a run; Bob has a compile task."""
    async with serving(directory) as here, here.client() as ada, here.client(BOB) as bob:
        ids = []
        for path, body in (("compile", COMPILE), ("compile", WRONG), ("run", RUN)):
            ids.append((await ada.post(f"{LIST}/{path}", json=body)).json()["id"])
        other = (await bob.post(f"{LIST}/compile", json=COMPILE)).json()["id"]
        for client, id in [*((ada, id) for id in ids), (bob, other)]:
            await finished(client, id)
        yield here, ids, other


def ids_of(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return [one["id"] for one in (body if isinstance(body, list) else body["items"])]


async def test_lists(tmp_path: Path) -> None:
    async with stocked(tmp_path) as (here, ids, other), here.client() as ada:
        compiled, refused, ran = ids
        for query, expected in [
            ("", [ran, refused, compiled]),
            ("?unknown=1&limit=2", [ran, refused]),
            ("?limit=2&offset=2", [compiled]),
            ("?offset=9007199254740992", []),
            ("?state=FAILED", [refused]),
            ("?type=Run&state=succeeded", [ran]),
            ("?limit=9&limit=1", [ran]),
            ("?state=queued", []),
        ]:
            assert ids_of(await ada.get(LIST + query)) == expected, query
        first = (await ada.get(LIST)).json()[1]
        assert set(first) == {"id", "type", "state", "created_at", "error", "state_history"}
        assert [one["state"] for one in first["state_history"]] == [
            "queued",
            "inprogress",
            "failed",
        ]
        assert first["state_history"][0]["timestamp"] == first["created_at"]
        async with here.client(ROOT) as root:
            assert ids_of(await root.get(LIST)) == []
        async with here.client(BOB) as bob:
            assert ids_of(await bob.get(LIST)) == [other]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=",
        "limit=1.0",
        "limit=-1",
        "offset=-1",
        "state=",
        "state=done",
        "type=x",
        "limit=" + "9" * 5000,
        "offset=9007199254740993",
        "limit=%D9%A1",
    ],
)
async def test_bad_parameters(tmp_path: Path, query: str) -> None:
    async with serving(tmp_path) as here, here.client() as ada:
        answer = await ada.get(f"{LIST}?{query}")
        assert answer.status_code == 422
        assert query.split("=")[0] in answer.json()["detail"]


async def test_searches(tmp_path: Path) -> None:
    async with stocked(tmp_path) as (here, ids, other), here.client(ROOT) as root:
        compiled, refused, ran = ids
        everything = [other, ran, refused, compiled]
        far = {"from": "2027-01-01", "to": "2027-01-02"}
        for body, expected in [
            ({}, everything),
            ({"user_id": None, "state": None, "from": None, "to": None}, everything),
            ({"user_id": []}, []),
            ({"user_id": [ADA]}, [ran, refused, compiled]),
            ({"user_id": [fingerprint(ADA), ADA]}, [ran, refused, compiled]),
            ({"user_id": [ADA, BOB, "nobody"]}, everything),
            ({"user_id": [f"n{n}" for n in range(50)] + [BOB]}, [other]),
            ({"user_id": [ROOT]}, []),
            ({"device_name": ["sim"]}, [ran]),
            ({"device_name": []}, []),
            ({"device_class": ["simulator"]}, [ran]),
            ({"device_class": ["LUCIDAC", "redac"]}, [other, refused, compiled]),
            ({"type": ["COMPILE", "compile"], "state": ["Failed", "queued"]}, [refused]),
            ({"state": ["failed"], "type": ["run"]}, []),
            (far, []),
            ({"limit": 2}, [other, ran]),
            ({"limit": 2.0, "offset": 2}, [refused, compiled]),
            ({"offset": 4}, []),
        ]:
            answer = await root.post(SEARCH, json=body)
            assert ids_of(answer) == expected, body
            TaskSearchResponse.model_validate_json(answer.text)


async def test_pages(tmp_path: Path) -> None:
    async with stocked(tmp_path) as (here, _, _), here.client() as ada:
        for limit, offset, next_offset in [(1, 0, 1), (2, 1, None), (3, 0, None), (5, 9, None)]:
            body = (await ada.post(SEARCH, json={"limit": limit, "offset": offset})).json()
            assert (body["total"], body["limit"], body["offset"]) == (3, limit, offset)
            assert body["next_offset"] == next_offset
            assert len(body["items"]) == min(limit, max(0, 3 - offset))


async def test_whose_tasks_and_whose_names(tmp_path: Path) -> None:
    async with stocked(tmp_path) as (here, ids, other):
        async with here.client() as ada:
            for wanted in ([], [BOB], [ADA], ["x"]):  # no matter: Ada sees what is hers
                items = (await ada.post(SEARCH, json={"user_id": wanted})).json()["items"]
                assert {item["user_id"] for item in items} == {ADA}
                assert sorted(item["id"] for item in items) == sorted(ids)
        async with here.client(ROOT) as root:
            answer = await root.post(SEARCH, json={})
            owners = {item["id"]: item["user_id"] for item in answer.json()["items"]}
            assert owners[other] == fingerprint(BOB)
            assert ADA not in answer.text
        raw = b"".join(path.read_bytes() for path in here.state_dir.glob("analogcloud.db*"))
        assert not any(key.encode() in raw for key in (ADA, BOB, ROOT))


BAD: list[dict[str, Any]] = [
    {"extra": 1},
    {"from_": "2026-01-01"},
    {"limit": None},
    {"offset": None},
    {"limit": 0},
    {"limit": 1001},
    {"limit": "5"},
    {"limit": True},
    {"offset": -1},
    {"state": "queued"},
    {"state": ["done"]},
    {"state": [None]},
    {"device_class": ["TOASTER"]},
    {"user_id": [5]},
    {"user_id": ["x"] * 1001},
    {"from": 1},
    {"to": True},
    {"from": ""},
    {"from": "yesterday"},
    {"from": "2026-02-30"},
    {"from": "2026-W01-1"},
    {"from": "20260101"},
    {"from": "1700000000"},
    {"from": "2026-01-01T25:00:00"},
    {"from": "2026-01-01T24:00:00"},
    {"from": "2026-01-01T10:00:00+99:00"},
    {"to": "0001-01-01T00:00:00+10:00"},
    {"from": "2000-01-01"},
    {"from": "2026-01-02", "to": "2026-01-01"},
    {"from": "9999-01-01"},
    {"from": "2026-01-01", "to": "2026-04-01T00:00:00.000001"},
]  # fmt: skip


async def test_bad_searches(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client(ROOT) as root:
        for body in BAD:
            answer = await root.post(SEARCH, json=body)
            assert answer.status_code == 422, body
            assert next(iter(body)) in answer.json()["detail"]
        for times in [
            {"from": "2026-01-01", "to": "2026-04-01"},
            {"from": "2026-01-01T00:00", "to": "2026-01-01 00:00:00z"},
            {"from": "2026-01-01T01:00:00+01:00", "to": "2026-01-01T00:00:00"},
            {"to": "0001-01-01"},
            {"from": "9999-12-31", "to": "9999-12-31T23:59:59,999999Z"},
        ]:
            assert (await root.post(SEARCH, json=times)).status_code == 200, times
        assert (await root.get(SEARCH)).status_code == 405


def test_windows() -> None:
    assert window(None, None, NOW) == (NOW - DAY, NOW)
    assert window(None, NOW - DAY, NOW) == (NOW - 2 * DAY, NOW - DAY)
    assert window(NOW - DAY, None, NOW) == (NOW - DAY, NOW)
    assert window(NOW - MAX_WINDOW, None, NOW) == (NOW - MAX_WINDOW, NOW)
    assert window(NOW, NOW, NOW) == (NOW, NOW)
    first = datetime.min.replace(tzinfo=UTC)
    assert window(None, first, NOW) == (first, first)
    for since, until in [(NOW + DAY, None), (NOW, NOW - DAY), (NOW - MAX_WINDOW - DAY, None)]:
        with pytest.raises(ApiError):
            window(since, until, NOW)
