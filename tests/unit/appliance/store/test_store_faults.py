"""The store when its disk or its process fails: what was acknowledged is there, and whole."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from appliance.errors import StoreFailed
from appliance.models import COMPILE_QUEUE, TaskId, TaskState
from appliance.store import Store, open_store
from tests.stores import MODULE, check_store, new_compile, new_run, task_ids

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ROOT = Path(__file__).parents[4]


class Failing(sqlite3.Connection):
    """A connection whose n-th statement fails, counted from ``left``."""

    left = 0

    def _count(self) -> None:
        Failing.left -= 1
        if Failing.left == 0:
            raise sqlite3.OperationalError("disk I/O error")

    def execute(self, *args: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as its base class
        self._count()
        return super().execute(*args)

    def executemany(self, *args: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as its base class
        self._count()
        return super().executemany(*args)


async def one_life(store: Store, retry: Callable[[Callable[[], Awaitable[object]]], Any]) -> None:
    """A task from its creation to its end; every step goes through ``retry``."""
    tasks = store.tasks
    await retry(lambda: tasks.create(new_compile()))
    task = await retry(lambda: tasks.claim_next(COMPILE_QUEUE))
    await retry(lambda: tasks.append_log(task.id, ["one", "two"]))
    move = TaskState.INPROGRESS, TaskState.SUCCEEDED
    await retry(lambda: tasks.transition(task.id, *move, result=MODULE))
    await retry(lambda: tasks.create(new_run()))
    await retry(tasks.recover)


async def test_every_statement_may_fail(tmp_path: Path) -> None:
    failures = []
    async with open_store(tmp_path, connect=Failing) as store:

        async def retry(step: Callable[[], Awaitable[object]]) -> object:
            try:
                return await step()
            except StoreFailed as error:
                failures.append(error)
                await check_store(store, tmp_path)
                return await step()

        number = 0
        while len(failures) == number:
            number += 1
            Failing.left = number
            await one_life(store, retry)
        await check_store(store, tmp_path)
        assert len(task_ids(tmp_path)) == 2 * number
    assert number > 20


async def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    for number in range(1, 40):
        state_dir = tmp_path / str(number)
        Failing.left = number
        try:
            async with open_store(state_dir, connect=Failing):
                break
        except StoreFailed:
            pass
        async with open_store(state_dir) as store:
            assert await store.tasks.create(new_run())
    assert number > 10


_WRITER = """
import pathlib, sys, trio
from appliance.models import COMPILE_QUEUE
from appliance.store import open_store
from tests.stores import new_compile

async def main():
    async with open_store(pathlib.Path(sys.argv[1])) as store:
        while True:
            blob = await store.blobs.put_bytes(repr(trio.current_time()).encode())
            task = await store.tasks.create(new_compile(module=blob))
            print(task.id, blob.digest, flush=True)
            await store.tasks.claim_next(COMPILE_QUEUE)

trio.run(main)
"""


def write_and_kill(state_dir: Path, acknowledged: int) -> set[str]:
    """Kill a process in the middle of its writing; what it acknowledged, one line each."""
    command = [sys.executable, "-c", _WRITER, str(state_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
        assert writer.stdout is not None
        lines = {writer.stdout.readline() for _ in range(acknowledged)}
        writer.kill()
        # What else was printed was acknowledged too; a line that was cut was not.
        return lines | {line for line in writer.stdout if line.endswith("\n")}


async def kill_and_look(state_dir: Path, acknowledged: int, ledger: set[str]) -> None:
    """Another round of writing and killing; then the store is held against all of the ledger."""
    ledger |= write_and_kill(state_dir, acknowledged)
    async with open_store(state_dir) as store:
        await store.tasks.recover()
        await check_store(store, state_dir)
        for line in ledger:
            id, digest = line.split()
            task = await store.tasks.task(TaskId(id))
            assert task is not None
            assert task.module.digest == digest
            assert await store.blobs.read(task.module.digest)
            assert task.state in (TaskState.QUEUED, TaskState.FAILED)
    with sqlite3.connect(state_dir / "analogcloud.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


async def test_kill_minus_nine_loses_nothing_acknowledged(tmp_path: Path) -> None:
    ledger: set[str] = set()
    for acknowledged in (1, 14):
        await kill_and_look(tmp_path, acknowledged, ledger)
    assert len(ledger) >= 15


@pytest.mark.long
async def test_kill_minus_nine_many_times(tmp_path: Path) -> None:
    ledger: set[str] = set()
    for round in range(50):
        await kill_and_look(tmp_path, 1 + round % 23, ledger)
