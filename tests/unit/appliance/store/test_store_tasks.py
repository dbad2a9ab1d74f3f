from __future__ import annotations

import itertools
import sqlite3
import time
import uuid
from typing import TYPE_CHECKING

import pytest
import trio

from appliance.errors import IllegalTransition, SchemaTooNew, StorageFull, StoreFailed, StoreLocked
from appliance.models import (
    COMPILE_QUEUE,
    CompileInput,
    RunInput,
    TaskId,
    TaskState,
    TaskType,
    device_queue,
    is_legal,
)
from appliance.store import Store, open_store
from appliance.store.migrations import MIGRATIONS
from appliance.store.tasks import INTERRUPTED
from tests.stores import MODULE, OWNER, check_store, new_compile, new_run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

UNKNOWN = TaskId(str(uuid.UUID(int=0)))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path) as store:
        yield store
        await check_store(store, tmp_path)


async def test_create_compile(store: Store) -> None:
    task = await store.tasks.create(new_compile())
    assert uuid.UUID(task.id).version == 4
    assert str(uuid.UUID(task.id)) == task.id
    assert (task.type, task.state, task.queue) == (
        TaskType.COMPILE,
        TaskState.QUEUED,
        COMPILE_QUEUE,
    )
    assert task.input == CompileInput(ode_source="# π\n", k0=None)
    assert (task.owner, task.module, task.error, task.result) == (OWNER, MODULE, None, None)
    assert not task.has_log
    assert not task.has_result
    assert [entry.at for entry in task.history] == [task.created_at]
    assert task.created_at.utcoffset() is not None
    assert await store.tasks.task(task.id) == task


async def test_create_run(store: Store) -> None:
    task = await store.tasks.create(new_run())
    assert (task.type, task.queue) == (TaskType.RUN, device_queue("sim"))
    assert task.input == RunInput(device_name="sim", sample_rate=10_000, op_time_s=0.1)
    assert await store.tasks.task(task.id) == task


async def test_unknown_task(store: Store) -> None:
    assert await store.tasks.task(UNKNOWN) is None
    assert await store.tasks.log(UNKNOWN) == ()
    await store.tasks.append_log(UNKNOWN, ["lost"])
    assert await store.tasks.log(UNKNOWN) == ()
    assert not await store.tasks.transition(UNKNOWN, TaskState.QUEUED, TaskState.CANCELLED)


async def test_the_log_grows_at_its_end(store: Store) -> None:
    task = await store.tasks.create(new_run())
    other = await store.tasks.create(new_run())
    for lines in (["a", ""], [], ["b"]):
        await store.tasks.append_log(task.id, lines)
    assert await store.tasks.log(task.id) == ("a", "", "b")
    assert await store.tasks.log(other.id) == ()


async def test_claims_by_priority_then_first_come(store: Store) -> None:
    priorities = [1, 11, 5, 10, 1, 0, 99]
    ids = [(await store.tasks.create(new_run(priority=p))).id for p in priorities]
    await store.tasks.create(new_run("other", priority=10))
    await store.tasks.create(new_compile(10))
    claimed = []
    while task := await store.tasks.claim_next(device_queue("sim")):
        assert task.state is TaskState.INPROGRESS
        assert task.has_log
        claimed.append(task.id)
    assert claimed == [ids[n] for n in (1, 3, 6, 2, 0, 4, 5)]
    assert await store.tasks.queue_lengths() == {device_queue("other"): 1, COMPILE_QUEUE: 1}


async def test_many_claims_at_once_get_different_tasks(store: Store) -> None:
    ids = [(await store.tasks.create(new_run())).id for _ in range(10)]
    claimed: list[TaskId] = []

    async def claim() -> None:
        if task := await store.tasks.claim_next(device_queue("sim")):
            claimed.append(task.id)

    async with trio.open_nursery() as nursery:
        for _ in range(15):
            nursery.start_soon(claim)
    assert sorted(claimed) == sorted(ids)


async def test_claim_and_cancel_race_and_one_wins(store: Store) -> None:
    for _ in range(10):
        task = await store.tasks.create(new_run())
        won: list[str] = []

        async def claim(won: list[str]) -> None:
            if await store.tasks.claim_next(device_queue("sim")):
                won.append("claim")

        async def cancel(won: list[str], id: TaskId) -> None:
            if await store.tasks.transition(id, TaskState.QUEUED, TaskState.CANCELLED):
                won.append("cancel")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(claim, won)
            nursery.start_soon(cancel, won, task.id)
        assert len(won) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    list(itertools.product(TaskState, TaskState)),
    ids=lambda state: state.value,
)
async def test_transitions_exhaustively(store: Store, before: TaskState, after: TaskState) -> None:
    """From every real state, every change that names every ``before``."""
    error = "why" if after is TaskState.FAILED else None
    result = MODULE if after is TaskState.SUCCEEDED else None
    for real in TaskState:
        id = await in_state(store, real)
        task = await store.tasks.task(id)
        if is_legal(before, after):
            won = await store.tasks.transition(id, before, after, error=error, result=result)
            assert won is (real is before)
        else:
            with pytest.raises(IllegalTransition):
                await store.tasks.transition(id, before, after, error=error, result=result)
            won = False
        changed = await store.tasks.task(id)
        assert changed is not None
        assert (changed == task) is not won
        assert changed.state is (after if won else real)


async def in_state(store: Store, state: TaskState) -> TaskId:
    tasks = store.tasks
    id = (await tasks.create(new_run(state.value))).id
    if state is TaskState.CANCELLED:
        assert await tasks.transition(id, TaskState.QUEUED, state)
    elif state is not TaskState.QUEUED:
        assert await tasks.claim_next(device_queue(state.value))
    if state is TaskState.FAILED:
        assert await tasks.transition(id, TaskState.INPROGRESS, state, error="earlier")
    if state is TaskState.SUCCEEDED:
        assert await tasks.transition(id, TaskState.INPROGRESS, state, result=MODULE)
    return id


async def test_an_ending_needs_its_reason_or_result(store: Store) -> None:
    id = await in_state(store, TaskState.INPROGRESS)
    for after, error, result in [
        (TaskState.FAILED, None, None),
        (TaskState.FAILED, "x", MODULE),
        (TaskState.SUCCEEDED, None, None),
        (TaskState.SUCCEEDED, "x", MODULE),
    ]:
        with pytest.raises(IllegalTransition):
            await store.tasks.transition(
                id, TaskState.INPROGRESS, after, error=error, result=result
            )


async def test_a_clock_set_back_keeps_the_order(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await store.tasks.create(new_run())
    monkeypatch.setattr(time, "time_ns", lambda: 10**18)
    claimed = await store.tasks.claim_next(device_queue("sim"))
    assert claimed is not None
    first, second = (entry.at for entry in claimed.history)
    assert (second - first).total_seconds() == 1e-6
    assert first == task.created_at


async def test_waiting_tasks_survive_and_interrupted_ones_fail(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        working = await in_state(store, TaskState.INPROGRESS)
        waiting = await in_state(store, TaskState.QUEUED)
    async with open_store(tmp_path) as store:
        assert await store.tasks.recover() == (working,)
        failed, queued = await store.tasks.task(working), await store.tasks.task(waiting)
        assert failed is not None
        assert (failed.state, failed.error) == (TaskState.FAILED, INTERRUPTED)
        assert queued is not None
        assert queued.state is TaskState.QUEUED
        assert await store.tasks.recover() == ()
        await check_store(store, tmp_path)


async def test_a_caller_that_is_cancelled_harms_nothing(store: Store, tmp_path: Path) -> None:
    for _ in range(20):
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(store.tasks.create, new_run())
            await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
    await check_store(store, tmp_path)
    assert await store.tasks.create(new_run())


async def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StoreFailed, match="readonly"):
        await store.tasks._database.read(lambda c: c.execute("DELETE FROM task").fetchall())


async def test_a_second_process_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreLocked, match=r"another analogcloud \(process \d+\).*stop it first"):
        async with open_store(tmp_path):
            pass


async def test_the_lock_is_given_back(tmp_path: Path) -> None:
    for _ in range(2):
        async with open_store(tmp_path / "new" / "state"):
            pass


async def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    async with open_store(tmp_path):
        pass
    change(tmp_path, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = (tmp_path / "analogcloud.db").read_bytes()
    with pytest.raises(SchemaTooNew, match="install the newer version again"):
        async with open_store(tmp_path):
            pass
    assert (tmp_path / "analogcloud.db").read_bytes() == before


async def test_a_foreign_database_is_refused(tmp_path: Path) -> None:
    change(tmp_path, "CREATE TABLE mine (x)")
    with pytest.raises(StoreFailed, match="another program"):
        async with open_store(tmp_path):
            pass
    (tmp_path / "analogcloud.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreFailed, match="not a database"):
        async with open_store(tmp_path):
            pass


def change(state_dir: Path, statement: str) -> None:
    connection = sqlite3.connect(state_dir / "analogcloud.db")
    connection.execute(statement)
    connection.commit()
    connection.close()


async def test_the_database_is_as_safe_as_it_can_be(store: Store) -> None:
    def settings(connection: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await store.tasks._database.write(settings) == ["wal", 2, 1]


async def test_a_full_disk_is_named_and_passes(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        database = store.tasks._database

        def pages(count: int) -> None:
            database._writer.execute(f"PRAGMA max_page_count = {count}")

        pages(1)
        with pytest.raises(StorageFull, match="disk is full"):
            await create_many(store, 200)
        await check_store(store, tmp_path)
        pages(10**6)
        assert await store.tasks.create(new_compile())


async def create_many(store: Store, count: int) -> None:
    for _ in range(count):
        await store.tasks.create(new_compile())
