"""One worker: whatever its work does, the task ends; a full disk is waited for."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import trio

from appliance.board import Bells
from appliance.control import Control
from appliance.errors import StorageFull, StoreFailed
from appliance.models import (
    COMPILE_QUEUE,
    Blob,
    CompileInput,
    DeviceType,
    Digest,
    OwnerId,
    StateEntry,
    Task,
    TaskId,
    TaskState,
    TaskType,
)
from appliance.patience import FULL_PAUSE_S, PATIENCE_S
from appliance.queue_worker import QueueWorker, TaskFailed
from appliance.task_log import MAX_CHARS, MAX_LINES, TaskLog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from trio.testing import MockClock

BLOB = Blob(digest=Digest("0" * 64), size=1)


class FakeTasks:
    """The store's tasks, as far as a worker needs them, with failures to come."""

    def __init__(self, *names: str) -> None:
        self.waiting = list(names)
        self.ends: dict[str, tuple[TaskState, str | None]] = {}
        self.lines: list[str] = []
        self.failures: list[Exception] = []

    async def claim_next(self, queue: str) -> Task | None:
        await trio.lowlevel.checkpoint()
        return task(self.waiting.pop(0)) if self.waiting else None

    async def append_log(self, id: str, lines: Sequence[str]) -> None:
        await trio.lowlevel.checkpoint()
        self.lines += lines

    async def transition(
        self,
        id: str,
        before: TaskState,
        after: TaskState,
        *,
        error: str | None,
        result: Blob | None,
    ) -> bool:
        await trio.lowlevel.checkpoint()
        if self.failures:
            raise self.failures.pop(0)
        self.ends.setdefault(id, (after, error))
        return True


class FakeStore:
    """``let_go`` are results that a row may name, ``removed`` those that nobody wants."""

    def __init__(self, *names: str) -> None:
        self.tasks = FakeTasks(*names)
        self.blobs = self.orphans = self
        self.let_go: list[Blob] = []
        self.removed: list[Digest] = []

    def release(self, blob: Blob) -> None:
        self.let_go.append(blob)

    async def collect(self, digests: Sequence[Digest]) -> None:
        self.removed += digests


def task(name: str) -> Task:
    now = datetime.now(UTC)
    return Task(
        id=TaskId(name),
        owner=OwnerId("o"),
        type=TaskType.COMPILE,
        state=TaskState.INPROGRESS,
        created_at=now,
        history=(StateEntry(state=TaskState.QUEUED, at=now),),
        queue=COMPILE_QUEUE,
        priority=1,
        device_type=DeviceType.LUCIDAC,
        input=CompileInput(ode_source=name),
        module=BLOB,
    )


async def work(task: Task, log: TaskLog) -> Blob:
    log.info(f"working on {task.id}")
    await trio.sleep(1)
    if task.id == "refused":
        raise TaskFailed("not so")
    if task.id == "bug":
        raise LookupError("inner detail")
    if task.id == "full":
        raise StorageFull("the disk is full")
    if task.id == "long":
        await trio.sleep_forever()
    return BLOB


@asynccontextmanager
async def working(store: Any) -> AsyncIterator[Bells]:  # noqa: ANN401  # a fake
    bells = Bells()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(QueueWorker(store, bells, Control(), COMPILE_QUEUE, work).run)
        yield bells
        nursery.cancel_scope.cancel()


async def test_every_task_ends(autojump_clock: MockClock) -> None:
    store = FakeStore("good", "refused", "bug", "full", "fine")
    async with working(store):
        await trio.sleep(10)
    assert store.tasks.ends == {
        "good": (TaskState.SUCCEEDED, None),
        "refused": (TaskState.FAILED, "not so"),
        "bug": (TaskState.FAILED, "an internal error of the appliance; its log has task=bug"),
        "full": (TaskState.FAILED, "the disk is full"),
        "fine": (TaskState.SUCCEEDED, None),
    }
    assert [line.split(" ", 1)[1] for line in store.tasks.lines[:3]] == [
        "INFO working on good",
        "INFO working on refused",
        "ERROR not so",
    ]


async def test_a_bell_wakes_an_idle_worker(autojump_clock: MockClock) -> None:
    store = FakeStore()
    async with working(store) as bells:
        await trio.sleep(5)
        store.tasks.waiting.append("good")
        bells.ring(COMPILE_QUEUE)
        await trio.sleep(2)
    assert store.tasks.ends == {"good": (TaskState.SUCCEEDED, None)}


async def test_log_lines_are_stored_while_the_work_goes_on(autojump_clock: MockClock) -> None:
    store = FakeStore("good")
    async with working(store):
        await trio.sleep(0.5)
        assert len(store.tasks.lines) == 1
        assert store.tasks.ends == {}


async def test_a_stop_is_written_down(autojump_clock: MockClock) -> None:
    store = FakeStore("long")
    async with working(store):
        await trio.sleep(5)
    state, error = store.tasks.ends["long"]
    assert state is TaskState.FAILED
    assert error is not None
    assert "the server was stopped" in error


async def test_a_full_disk_is_waited_for(autojump_clock: MockClock) -> None:
    store = FakeStore("good", "fine")
    store.tasks.failures = [StorageFull("full"), StorageFull("full")]
    async with working(store):
        await trio.sleep(2 + FULL_PAUSE_S)
        assert store.tasks.ends == {}
        await trio.sleep(5 + FULL_PAUSE_S)
    assert list(store.tasks.ends) == ["good", "fine"]


async def test_a_store_that_fails_for_a_moment_is_tried_again(autojump_clock: MockClock) -> None:
    store = FakeStore("good", "fine")
    store.tasks.failures = [StoreFailed("gone")] * 7
    async with working(store):
        await trio.sleep(PATIENCE_S)
    assert list(store.tasks.ends) == ["good", "fine"]


async def test_a_store_that_goes_on_failing_ends_the_worker(autojump_clock: MockClock) -> None:
    store: Any = FakeStore("good")
    store.tasks.failures = [StoreFailed("gone")] * 1000
    begin = trio.current_time()
    with pytest.RaisesGroup(StoreFailed, flatten_subgroups=True):
        await QueueWorker(store, Bells(), Control(), COMPILE_QUEUE, work).run()
    assert PATIENCE_S <= trio.current_time() - begin < 1.2 * PATIENCE_S


async def test_the_next_task_begins_while_a_result_is_stored(autojump_clock: MockClock) -> None:
    """Work that frees its machine goes on storing; there are never more than two tasks."""
    store: Any = FakeStore("a", "b", "c")
    began: dict[str, float] = {}

    async def measured(task: Task, log: TaskLog) -> Blob:
        began[task.id] = trio.current_time()
        await trio.sleep(1)
        worker.free(task.id)
        await trio.sleep(1.5)
        return BLOB

    worker = QueueWorker(store, Bells(), Control(), COMPILE_QUEUE, measured)
    async with trio.open_nursery() as nursery:
        start = trio.current_time()
        nursery.start_soon(worker.run)
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    assert [began[name] - start for name in "abc"] == pytest.approx([0.0, 1.0, 2.5])
    assert set(store.tasks.ends) == {"a", "b", "c"}


async def test_a_log_has_bounds() -> None:
    tasks: Any = FakeTasks()
    log = TaskLog(tasks, TaskId("x"))
    log.info("one\ntwo\r\nthree")
    log.info("x" * 10_000)
    for _ in range(MAX_LINES):
        log.info("y")
    await log.flush()
    await log.flush()
    assert len(tasks.lines) == MAX_LINES
    assert [line.rsplit(" ", 1)[1] for line in tasks.lines[:3]] == ["one", "two", "three"]
    assert tasks.lines[3].endswith(" " + "x" * MAX_CHARS)
    assert tasks.lines[-1].endswith("further lines are left out")
