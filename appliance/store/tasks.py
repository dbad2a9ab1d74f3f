"""Tasks in the database: one function per question; SQL lives here and returns records."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from appliance.models import Blob, NewCompile, NewRun, QueueName, Task, TaskId, TaskState
    from appliance.store.db import Database


class Tasks:
    """All questions about tasks. Each method is one transaction; what it returns is on disk.

    A caller that is cancelled before the transaction starts has changed nothing; later, the
    transaction is completed. Errors: StorageFull, StoreFailed.
    """

    def __init__(self, database: Database) -> None: ...

    async def create_compile(self, new: NewCompile) -> Task:
        """Store a compile task as QUEUED. Its id is a new UUIDv4."""

    async def create_run(self, new: NewRun) -> Task:
        """Store a run task as QUEUED. Its id is a new UUIDv4."""

    async def task(self, id: TaskId) -> Task | None:
        """The task, or None where there is none."""

    async def log(self, id: TaskId) -> tuple[str, ...]:
        """All log lines so far, in order; empty for an unknown task."""

    async def append_log(self, id: TaskId, lines: Sequence[str]) -> None:
        """Add lines at the end of a task's log. Lines of an unknown task are dropped."""

    async def claim_next(self, queue: QueueName) -> Task | None:
        """Take the next task of a queue, higher priority first, then first come first served: it
        is INPROGRESS now and nobody else gets it. None where nothing waits."""

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

    async def queue_lengths(self) -> Mapping[QueueName, int]:
        """How many tasks wait in each queue; a queue without any is left out."""

    async def recover(self) -> tuple[TaskId, ...]:
        """To be called once at start: what a crash left INPROGRESS becomes FAILED with a reason.

        Returns the ids of those. QUEUED tasks stay as they are.
        """
