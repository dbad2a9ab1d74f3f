"""Tasks in the database: one function per question; SQL lives here and returns records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.errors import IllegalTransition, StoreFailed
from appliance.models import Blob, QueueName, Task, TaskId, TaskState, is_legal
from appliance.store import finding, removal
from appliance.store.clock import wall_us
from appliance.store.creation import admit, create
from appliance.store.removal import Deleted
from appliance.store.rows import SELECT_TASK, history_of, task_of
from appliance.terms import Terms

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence

    from appliance.models import DeviceType, Digest, NewCompile, NewRun, OwnerId
    from appliance.queries import Page, Query, Summary
    from appliance.store.clock import SteadyClock
    from appliance.store.db import Database
    from appliance.store.listening import Listener
    from appliance.store.removal import TooYoung

INTERRUPTED: Final = "the server stopped while this task was in progress; please submit it again"
"""The reason of a task that a crash or a power cut left behind."""
ANY: Final = Terms()


class Tasks:
    """All questions about tasks. Each method is one transaction; what it returns is on disk.

    A caller that is cancelled before the transaction starts has changed nothing; later, the
    transaction is completed. ``listener`` is told of every change. Errors: StorageFull,
    StoreFailed.
    """

    def __init__(self, database: Database, clock: SteadyClock, listener: Listener) -> None:
        self._database = database
        self._clock = clock
        self._listener = listener

    async def create(self, new: NewCompile | NewRun, terms: Terms = ANY) -> Task:
        """Store a task as QUEUED, and count a run. Its id is a new UUIDv4. Raises NotTaken."""
        now_us = self._clock.now_us()
        return await self._database.write(
            lambda connection: _stored(connection, create(connection, new, terms, now_us)),
            self._listener.created,
        )

    async def admit(self, type: DeviceType | None, terms: Terms) -> None:
        """Raises NotTaken where a task would not be taken now; it may yet be refused when it is
        created. ``type`` is the class of a run's device, None for a compile task."""
        now_us = self._clock.now_us()
        await self._database.read(lambda connection: admit(connection, type, terms, now_us))

    async def newest(self, query: Query) -> tuple[Summary, ...]:
        """The page of a query."""
        return await self._database.read(lambda connection: finding.newest(connection, query))

    async def search(self, query: Query) -> Page:
        """The page of a query, and the number of all that match. Searches through the tasks of all
        owners take turns."""
        read = self._database.read_much if query.owners is None else self._database.read
        return await read(lambda connection: finding.search(connection, query))

    async def ahead(self, task: Task) -> Ahead | None:
        """What is before a waiting task in its queue; None where it waits no longer."""
        return await self._database.read(lambda connection: _ahead(connection, task))

    async def delete(
        self, id: TaskId, owners: Sequence[OwnerId], grace_s: float
    ) -> Deleted | TooYoung | None:
        """Delete a task of one of ``owners``; None where there is none. Work that began less than
        ``grace_s`` ago keeps it."""
        return await self._database.write(
            lambda connection: removal.delete(connection, id, owners, grace_s), self._tell_deleted
        )

    async def referenced(self, digests: Collection[Digest]) -> frozenset[Digest]:
        """Those of ``digests`` that a task refers to."""
        return await self._database.read(lambda connection: removal.referenced(connection, digests))

    async def task(self, id: TaskId) -> Task | None:
        """The task, or None where there is none."""
        return await self._database.read(lambda connection: _task(connection, id))

    async def log(self, id: TaskId) -> tuple[str, ...]:
        """All log lines so far, in order; empty for an unknown task."""
        return await self._database.read(lambda connection: _log(connection, id))

    async def log_part(self, id: TaskId, first: int, most: int) -> tuple[str, ...]:
        """At most ``most`` log lines from number ``first`` (from 0) on."""
        return await self._database.read(lambda connection: _log_part(connection, id, first, most))

    async def append_log(self, id: TaskId, lines: Sequence[str]) -> None:
        """Add lines at the end of a task's log. Lines of an unknown task are dropped."""
        if lines:
            await self._database.write(
                lambda connection: _append_log(connection, id, lines), self._tell_appended
            )

    async def claim_next(self, queue: QueueName) -> Task | None:
        """Take the next task of a queue, higher priority first, then first come first served: it
        is INPROGRESS now and nobody else gets it. None where nothing waits."""
        return await self._database.write(
            lambda connection: _claim_next(connection, queue), self._tell_moved
        )

    async def first_of(self, queue: QueueName) -> Task | None:
        """The task that ``claim_next`` would take now; it stays where it is."""
        return await self._database.read(lambda connection: _first_of(connection, queue))

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
        moved = await self._database.write(
            lambda connection: _moved(connection, id, change), self._tell_moved
        )
        return moved is not None

    async def queue_lengths(self) -> Mapping[QueueName, int]:
        """How many tasks wait in each queue; a queue without any is left out."""
        return await self._database.read(_queue_lengths)

    async def recover(self) -> tuple[TaskId, ...]:
        """To be called once at start: what a crash left INPROGRESS becomes FAILED with a reason.

        Returns the ids of those. QUEUED tasks stay as they are.
        """
        return await self._database.write(_recover)

    def _tell_moved(self, task: Task | None) -> None:
        if task is not None:
            self._listener.moved(task)

    def _tell_appended(self, appended: _Appended | None) -> None:
        if appended is not None:
            one = appended
            self._listener.logged(one.task, one.owner, one.first, one.lines)

    def _tell_deleted(self, answer: Deleted | TooYoung | None) -> None:
        if isinstance(answer, Deleted):
            self._listener.deleted(answer.id, answer.owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """Tasks that will be taken before a certain one, and the sum of their op times."""

    tasks: int
    op_time_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Appended:
    """Lines that were added to a log, the first of them as its line ``first``."""

    task: TaskId
    owner: OwnerId
    first: int
    lines: Sequence[str]


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


def _next_id(connection: sqlite3.Connection, queue: QueueName) -> TaskId | None:
    row = connection.execute(
        "SELECT id FROM task WHERE queue = ? AND state = 'queued'"
        " ORDER BY priority DESC, seq LIMIT 1",
        (queue,),
    ).fetchone()
    return None if row is None else TaskId(row[0])


def _first_of(connection: sqlite3.Connection, queue: QueueName) -> Task | None:
    id = _next_id(connection, queue)
    return None if id is None else _stored(connection, id)


def _claim_next(connection: sqlite3.Connection, queue: QueueName) -> Task | None:
    id = _next_id(connection, queue)
    if id is None:
        return None
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
        (change.after, wall_us(), row[0]),
    )
    return True


def _moved(connection: sqlite3.Connection, id: TaskId, change: _Change) -> Task | None:
    """The task after the change, None where this was not its state before."""
    return _stored(connection, id) if _move(connection, id, change) else None


def _log(connection: sqlite3.Connection, id: TaskId) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT line FROM log WHERE task = (SELECT seq FROM task WHERE id = ?) ORDER BY n", (id,)
    )
    return tuple(line for (line,) in rows)


def _log_part(connection: sqlite3.Connection, id: TaskId, first: int, most: int) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT line FROM log WHERE task = (SELECT seq FROM task WHERE id = ?) AND n >= ?"
        " ORDER BY n LIMIT ?",
        (id, first, most),
    )
    return tuple(line for (line,) in rows)


def _append_log(
    connection: sqlite3.Connection, id: TaskId, lines: Sequence[str]
) -> _Appended | None:
    row = connection.execute(
        "SELECT seq, owner, (SELECT coalesce(max(n), -1) FROM log WHERE task = seq)"
        " FROM task WHERE id = ?",
        (id,),
    ).fetchone()
    if row is None:
        return None
    seq, owner, last = row
    connection.executemany(
        "INSERT INTO log (task, n, line) VALUES (?, ?, ?)",
        [(seq, n, line) for n, line in enumerate(lines, last + 1)],
    )
    return _Appended(task=id, owner=owner, first=last + 1, lines=lines)


def _queue_lengths(connection: sqlite3.Connection) -> Mapping[QueueName, int]:
    rows = connection.execute(
        "SELECT queue, count(*) FROM task WHERE state = 'queued' GROUP BY queue"
    )
    return {QueueName(queue): length for queue, length in rows}


def _ahead(connection: sqlite3.Connection, task: Task) -> Ahead | None:
    row = connection.execute(
        "SELECT seq FROM task WHERE id = ? AND state = 'queued'", (task.id,)
    ).fetchone()
    if row is None:
        return None
    tasks, op_time_s = connection.execute(
        "SELECT count(*), total(op_time_s) FROM task INDEXED BY task_waiting"
        " LEFT JOIN run_input ON run_input.task = task.seq"
        " WHERE queue = :queue AND state = 'queued'"
        " AND (priority > :priority OR (priority = :priority AND seq < :seq))",
        {"queue": task.queue, "priority": task.priority, "seq": row[0]},
    ).fetchone()
    return Ahead(tasks=tasks, op_time_s=op_time_s)


def _recover(connection: sqlite3.Connection) -> tuple[TaskId, ...]:
    rows = connection.execute("SELECT id FROM task WHERE state = 'inprogress' ORDER BY seq")
    ids = tuple(TaskId(id) for (id,) in rows)
    change = _Change(before=TaskState.INPROGRESS, after=TaskState.FAILED, error=INTERRUPTED)
    for id in ids:
        _move(connection, id, change)
    return ids
