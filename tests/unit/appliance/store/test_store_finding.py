"""Lists and searches against a plain filter in Python, also for users of several fingerprints."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, TypeVar

import pytest
import trio

from appliance.models import (
    COMPILE_QUEUE,
    DeviceType,
    OwnerId,
    RunInput,
    Task,
    TaskId,
    TaskState,
    TaskType,
    device_queue,
)
from appliance.queries import Query
from appliance.store import Store, open_store
from appliance.store.clock import SteadyClock
from appliance.store.finding import MAX_MERGED_OWNERS
from appliance.store.migrations import MIGRATIONS
from appliance.terms import DAY_S, LimitReached, Terms
from tests.stores import new_compile, new_run

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.models import NewCompile, NewRun

T = TypeVar("T")
OWNERS = tuple(OwnerId(f"sha256:{n:064x}") for n in range(MAX_MERGED_OWNERS + 4))


async def stocked(store: Store, random: Random) -> list[Task]:
    """Tasks of all owners, some of them at the very same time, in all states."""
    ids: list[TaskId] = []

    async def one(new: NewCompile | NewRun, is_cancelled: bool) -> None:
        task = await store.tasks.create(new)
        if is_cancelled:
            await store.tasks.transition(task.id, TaskState.QUEUED, TaskState.CANCELLED)
        ids.append(task.id)

    async with trio.open_nursery() as nursery:  # so that they share commits
        for _ in range(150):
            new = random.choice((new_run("one"), new_run("two"), new_compile()))
            new = replace(new, owner=random.choice(OWNERS))
            nursery.start_soon(one, new, random.random() < 0.3)
    for queue in (COMPILE_QUEUE, device_queue("one"), device_queue("one")):
        await store.tasks.claim_next(queue)
    found = [await store.tasks.task(id) for id in ids]
    return [task for task in found if task is not None]


def matches(task: Task, query: Query) -> bool:
    name = task.input.device_name if isinstance(task.input, RunInput) else None
    return all(
        (
            query.owners is None or task.owner in query.owners,
            query.types is None or task.type in query.types,
            query.states is None or task.state in query.states,
            query.device_types is None or task.device_type in query.device_types,
            query.device_names is None or name in query.device_names,
            query.since is None or task.created_at >= query.since,
            query.until is None or task.created_at <= query.until,
        )
    )


def some_query(random: Random, tasks: list[Task]) -> Query:
    def maybe(value: T) -> T | None:
        return value if random.random() < 0.3 else None

    times = [task.created_at for task in tasks]
    return Query(
        owners=maybe(tuple(random.sample(OWNERS, random.choice((0, 1, 2, 5, len(OWNERS)))))),
        types=maybe(tuple(random.sample(tuple(TaskType), random.randrange(3)))),
        states=maybe(tuple(random.sample(tuple(TaskState), random.randrange(4)))),
        device_types=maybe(tuple(random.sample(tuple(DeviceType), random.randrange(4)))),
        device_names=maybe(tuple(random.sample(("one", "two", "three"), random.randrange(4)))),
        since=maybe(random.choice(times)),
        until=maybe(random.choice(times)),
        limit=random.choice((1, 7, 1000)),
        offset=random.choice((0, 0, 3, 500)),
    )


async def test_against_a_plain_filter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(3)
    now = [time.time_ns()]
    monkeypatch.setattr(time, "time_ns", lambda: now[0] + random.randrange(20) * 1000)
    async with open_store(tmp_path) as store:
        tasks = await stocked(store, random)
        newest = sorted(tasks, key=lambda task: (task.created_at, task.id), reverse=True)
        for _ in range(150):
            query = some_query(random, tasks)
            expected = [task for task in newest if matches(task, query)]
            page = await store.tasks.search(query)
            assert page.total == len(expected)
            shown = expected[query.offset : query.offset + query.limit]
            assert [one.id for one in page.tasks] == [task.id for task in shown]
            assert [one.history for one in page.tasks] == [task.history for task in shown]
            assert await store.tasks.newest(query) == page.tasks


async def test_used_quota_comes_along_from_the_first_schema(tmp_path: Path) -> None:
    """What was run before there was a table of usage counts, and only that."""
    path = tmp_path / "analogcloud.db"
    async with open_store(tmp_path):
        pass
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA foreign_keys = OFF")
    for (table,) in connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall():
        connection.execute(f"DROP TABLE {table}")
    for statement in MIGRATIONS[0]:
        connection.execute(statement)
    connection.execute("PRAGMA user_version = 1")
    now_us = time.time_ns() // 1000
    for n, (kind, age_s) in enumerate(
        (("run", 10), ("run", 10), ("run", DAY_S + 60), ("compile", 5), ("run", 7200))
    ):
        connection.execute(
            "INSERT INTO task (id, owner, type, state, created_us, queue, priority, device_type,"
            " module, module_size) VALUES (?, ?, ?, 'cancelled', ?, 'q', 1, 'SIMULATOR', 'm', 1)",
            (f"id-{n}", OWNERS[0], kind, now_us - age_s * 1_000_000 + n),
        )
    connection.commit()
    connection.close()
    async with open_store(tmp_path) as store:
        runs = store.usage.runs
        assert await runs(OWNERS[:1], DeviceType.SIMULATOR, 3600) == 2
        assert await runs(OWNERS[:2], DeviceType.SIMULATOR, DAY_S) == 3
        assert await runs(OWNERS[:1], DeviceType.LUCIDAC, DAY_S) == 0


async def test_limits_hold_for_all_fingerprints_of_a_user_together(tmp_path: Path) -> None:
    terms = Terms(owners=OWNERS[:2], hourly=2)
    async with open_store(tmp_path) as store:
        for owner in OWNERS[:2]:
            await store.tasks.create(replace(new_run(), owner=owner), terms)
        with pytest.raises(LimitReached, match="hourly limit of 2"):
            await store.tasks.create(new_run(), terms)
        await store.tasks.create(new_run(), replace(terms, owners=OWNERS[2:3]))
        assert len(await store.tasks.newest(Query())) == 3
        assert await store.tasks.task(TaskId("none")) is None


def test_a_steady_clock_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [10**18]
    monkeypatch.setattr(time, "time_ns", lambda: now[0])
    monkeypatch.setattr(time, "clock_gettime_ns", lambda _: 5 * 10**9)
    clock = SteadyClock()
    assert clock.now_us() == 10**15
    now[0] -= 10**15
    assert clock.now_us() == 10**15
    monkeypatch.setattr(time, "clock_gettime_ns", lambda _: 6 * 10**9)
    assert clock.now_us() == 10**15 + 10**6  # by the time that has passed
    now[0] += 2 * 10**15
    assert clock.now_us() == 10**15 + 10**12
    assert SteadyClock(2 * 10**15).now_us() == 2 * 10**15
