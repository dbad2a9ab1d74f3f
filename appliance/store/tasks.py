"""Tasks in the database: one function per question; SQL lives here and returns records."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from appliance.errors import IllegalTransition, StoreFailed
from appliance.models import (
    COMPILE_QUEUE,
    MAX_PRIORITY,
    Blob,
    NewCompile,
    NewRun,
    QueueName,
    Task,
    TaskId,
    TaskState,
    TaskType,
    device_queue,
    is_legal,
)
from appliance.store.rows import SELECT_TASK, history_of, task_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from appliance.models import DeviceType
    from appliance.store.db import Database

INTERRUPTED: Final = "the server stopped while this task was in progress; please submit it again"
"""The reason of a task that a crash or a power cut left behind."""


class Tasks:
    """All questions about tasks. Each method is one transaction; what it returns is on disk.

    A caller that is cancelled before the transaction starts has changed nothing; later, the
    transaction is completed. Errors: StorageFull, StoreFailed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create_compile(self, new: NewCompile) -> Task:
        """Store a compile task as QUEUED. Its id is a new UUIDv4."""
        return await self._database.write(lambda connection: _create_compile(connection, new))

    async def create_run(self, new: NewRun) -> Task:
        """Store a run task as QUEUED. Its id is a new UUIDv4."""
        return await self._database.write(lambda connection: _create_run(connection, new))

    async def task(self, id: TaskId) -> Task | None:
        """The task, or None where there is none."""
        return await self._database.read(lambda connection: _task(connection, id))

    async def log(self, id: TaskId) -> tuple[str, ...]:
        """All log lines so far, in order; empty for an unknown task."""
        return await self._database.read(lambda connection: _log(connection, id))

    async def append_log(self, id: TaskId, lines: Sequence[str]) -> None:
        """Add lines at the end of a task's log. Lines of an unknown task are dropped."""
        if lines:
            await self._database.write(lambda connection: _append_log(connection, id, lines))

    async def claim_next(self, queue: QueueName) -> Task | None:
        """Take the next task of a queue, higher priority first, then first come first served: it
        is INPROGRESS now and nobody else gets it. None where nothing waits."""
        return await self._database.write(lambda connection: _claim_next(connection, queue))

    async def transition(
        self,
        id: TaskId,
        before: TaskState,
        after: TaskState,
        *,
        error: str | None = None,
        result: Blob | None = None,
    ) -> bool:
        """Change a task's state if it still is ``before``, and write the history with it.

        Returns whether this call made the change. ``error`` belongs to FAILED and only there,
        ``result`` to SUCCEEDED. Raises IllegalTransition where the table has no such change.
        """
        change = _Change(before=before, after=after, error=error, result=result)
        return await self._database.write(lambda connection: _move(connection, id, change))

    async def queue_lengths(self) -> Mapping[QueueName, int]:
        """How many tasks wait in each queue; a queue without any is left out."""
        return await self._database.read(_queue_lengths)

    async def recover(self) -> tuple[TaskId, ...]:
        """To be called once at start: what a crash left INPROGRESS becomes FAILED with a reason.

        Returns the ids of those. QUEUED tasks stay as they are.
        """
        return await self._database.write(_recover)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    before: TaskState
    after: TaskState
    error: str | None = None
    result: Blob | None = None

    def __post_init__(self) -> None:
        if not is_legal(self.before, self.after):
            raise IllegalTransition(f"a task never goes from {self.before} to {self.after}")
        if (self.error is None) is (self.after is TaskState.FAILED):
            raise IllegalTransition("an error text belongs to a failed task, and only there")
        if (self.result is None) is (self.after is TaskState.SUCCEEDED):
            raise IllegalTransition("a result belongs to a succeeded task, and only there")


def _now_us() -> int:
    return time.time_ns() // 1000


def _create_compile(connection: sqlite3.Connection, new: NewCompile) -> Task:
    seq, id = _insert(connection, new, TaskType.COMPILE, COMPILE_QUEUE, new.backend, None)
    connection.execute(
        "INSERT INTO compile_input (task, ode_source, k0) VALUES (?, ?, ?)",
        (seq, new.ode_source, new.k0),
    )
    return _stored(connection, id)


def _create_run(connection: sqlite3.Connection, new: NewRun) -> Task:
    queue = device_queue(new.device_name)
    seq, id = _insert(connection, new, TaskType.RUN, queue, new.device_type, new.device_name)
    connection.execute(
        "INSERT INTO run_input (task, sample_rate, op_time_s) VALUES (?, ?, ?)",
        (seq, new.sample_rate, new.op_time_s),
    )
    return _stored(connection, id)


def _insert(
    connection: sqlite3.Connection,
    new: NewCompile | NewRun,
    type: TaskType,
    queue: QueueName,
    device_type: DeviceType,
    device_name: str | None,
) -> tuple[int, TaskId]:
    id, now = TaskId(str(uuid4())), _now_us()
    values = {
        "id": id,
        "owner": new.owner,
        "type": type,
        "state": TaskState.QUEUED,
        "created_us": now,
        "queue": queue,
        "priority": min(max(new.priority, 0), MAX_PRIORITY),
        "device_type": device_type,
        "device_name": device_name,
        "module": new.module.digest,
        "module_size": new.module.size,
    }
    seq = connection.execute(
        f"INSERT INTO task ({', '.join(values)}) VALUES (:{', :'.join(values)}) RETURNING seq",
        values,
    ).fetchone()[0]
    connection.execute(
        "INSERT INTO history (task, n, state, at_us) VALUES (?, 0, ?, ?)",
        (seq, TaskState.QUEUED, now),
    )
    return seq, id


def _task(connection: sqlite3.Connection, id: TaskId) -> Task | None:
    row = connection.execute(f"{SELECT_TASK} WHERE task.id = ?", (id,)).fetchone()
    if row is None:
        return None
    history = connection.execute(
        "SELECT state, at_us FROM history WHERE task = ? ORDER BY n", (row[0],)
    ).fetchall()
    return task_of(row, history_of(history))


def _stored(connection: sqlite3.Connection, id: TaskId) -> Task:
    task = _task(connection, id)
    if task is None:
        raise StoreFailed(f"task {id} vanished while it was being written")
    return task


def _claim_next(connection: sqlite3.Connection, queue: QueueName) -> Task | None:
    row = connection.execute(
        "SELECT id FROM task WHERE queue = ? AND state = 'queued'"
        " ORDER BY priority DESC, seq LIMIT 1",
        (queue,),
    ).fetchone()
    if row is None:
        return None
    id = TaskId(row[0])
    _move(connection, id, _Change(before=TaskState.QUEUED, after=TaskState.INPROGRESS))
    return _stored(connection, id)


def _move(connection: sqlite3.Connection, id: TaskId, change: _Change) -> bool:
    """The one place that changes a state: row and history together, compare and set."""
    values = {
        "id": id,
        "before": change.before,
        "after": change.after,
        "error": change.error,
        "result": change.result.digest if change.result else None,
        "size": change.result.size if change.result else None,
    }
    row = connection.execute(
        "UPDATE task SET state = :after, error = :error, result = :result, result_size = :size"
        " WHERE id = :id AND state = :before RETURNING seq",
        values,
    ).fetchone()
    if row is None:
        return False
    connection.execute(
        # A clock that was set back must not turn the order of events round.
        "INSERT INTO history (task, n, state, at_us)"
        " SELECT task, max(n) + 1, ?, max(max(at_us) + 1, ?) FROM history WHERE task = ?",
        (change.after, _now_us(), row[0]),
    )
    return True


def _log(connection: sqlite3.Connection, id: TaskId) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT line FROM log WHERE task = (SELECT seq FROM task WHERE id = ?) ORDER BY n", (id,)
    )
    return tuple(line for (line,) in rows)


def _append_log(connection: sqlite3.Connection, id: TaskId, lines: Sequence[str]) -> None:
    row = connection.execute(
        "SELECT seq, (SELECT coalesce(max(n), -1) FROM log WHERE task = seq)"
        " FROM task WHERE id = ?",
        (id,),
    ).fetchone()
    if row is not None:
        seq, last = row
        connection.executemany(
            "INSERT INTO log (task, n, line) VALUES (?, ?, ?)",
            [(seq, n, line) for n, line in enumerate(lines, last + 1)],
        )


def _queue_lengths(connection: sqlite3.Connection) -> Mapping[QueueName, int]:
    rows = connection.execute(
        "SELECT queue, count(*) FROM task WHERE state = 'queued' GROUP BY queue"
    )
    return {QueueName(queue): length for queue, length in rows}


def _recover(connection: sqlite3.Connection) -> tuple[TaskId, ...]:
    rows = connection.execute("SELECT id FROM task WHERE state = 'inprogress' ORDER BY seq")
    ids = tuple(TaskId(id) for (id,) in rows)
    change = _Change(before=TaskState.INPROGRESS, after=TaskState.FAILED, error=INTERRUPTED)
    for id in ids:
        _move(connection, id, change)
    return ids
