"""One worker at one queue: claim a task, do it, store its result, then its state. Forever.

Whatever happens to the work, the task ends: as succeeded, or as failed with a text for its owner.
Work may say that the next task can begin while its own result is still being stored.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import trio

from appliance.errors import ApplianceError, BlobMissing, StorageFull, StoreError, StoreFailed
from appliance.models import Blob, Task, TaskState
from appliance.patience import patiently
from appliance.task_log import TaskLog

if TYPE_CHECKING:
    from appliance.board import Bells
    from appliance.control import Control
    from appliance.models import QueueName, TaskId
    from appliance.store.opening import Store

_log = logging.getLogger("analogcloud.worker")

STOP_S: Final = 2.0
"""What a cancelled worker may still take to write down that its task was interrupted."""
MAX_ERROR_CHARS: Final = 500
_UNSETTLED: Final = 2
"""Tasks of one worker at once: one at work, and one whose result is being stored."""
INTERRUPTED: Final = (
    "interrupted: the server was stopped, or the service that worked on it crashed, while it was in"
    " progress; please submit it again"
)

Work: TypeAlias = Callable[[Task, TaskLog], Awaitable[Blob]]
"""Does one task and gives its stored result; raises TaskFailed or StoreError."""


class TaskFailed(ApplianceError):
    """The task ends without a result; the text is its error, for its owner."""


@dataclass(slots=True, kw_only=True)
class _End:
    """How a task ends: with a result or with an error, never both. It is filled in as soon as that
    is known, so that a worker that is stopped at the next moment still knows."""

    result: Blob | None = None
    error: str | None = INTERRUPTED

    def succeed(self, result: Blob) -> None:
        self.result, self.error = result, None

    def fail(self, error: str) -> None:
        self.result, self.error = None, error


class QueueWorker:
    """Serves one queue, one task at a time; several workers may share a queue."""

    def __init__(
        self,
        store: Store,
        bells: Bells,
        control: Control,
        queue: QueueName,
        work: Work,
        is_ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._bells = bells
        self._control = control
        self._queue = queue
        self._work = work
        self._is_ready = is_ready
        self._unsettled = trio.Semaphore(_UNSETTLED)
        self._freed: dict[TaskId, trio.Event] = {}

    async def run(self) -> None:
        """Work until cancelled. While ``is_ready`` says no, tasks stay queued; who changes its
        answer rings the queue's bell. Raises StoreError (in a group) where the store goes on
        failing."""
        async with trio.open_nursery() as nursery:
            while True:
                await self._unsettled.acquire()
                task = await self._next()
                self._freed[task.id] = freed = trio.Event()
                nursery.start_soon(self._serve, task)
                await freed.wait()

    def free(self, id: TaskId) -> None:
        """To be called by work that needs its machine no more: the next task may begin while this
        one's result is stored."""
        self._freed[id].set()

    async def _next(self) -> Task:
        while True:
            bell = self._bells.listen(self._queue)
            task = await self._claim() if self._is_ready() else None
            if task is not None:
                return task
            await bell.wait()

    async def _serve(self, task: Task) -> None:
        try:
            with self._control.at_work(task):
                await self._do(task)
        finally:
            self._freed.pop(task.id).set()
            self._unsettled.release()

    async def _claim(self) -> Task | None:
        claim = partial(self._store.tasks.claim_next, self._queue)
        return await patiently(claim, what=f"queue={self._queue}")

    async def _do(self, task: Task) -> None:
        _log.info("event=task_started task=%s queue=%s", task.id, self._queue)
        log = TaskLog(self._store.tasks, task.id)
        end, is_settled = _End(), False
        try:
            await self._attempt(task, log, end)
            await self._settle(task, log, end)
            is_settled = True
        finally:
            if not is_settled:  # the appliance stops, the task was deleted, or the store failed
                with trio.move_on_after(STOP_S, shield=True):
                    await self._store_end(task, end)

    async def _attempt(self, task: Task, log: TaskLog, end: _End) -> None:
        """Do the work while its log lines are stored."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(log.pump)
            await self._try_work(task, log, end)
            nursery.cancel_scope.cancel()

    async def _try_work(self, task: Task, log: TaskLog, end: _End) -> None:
        try:
            end.succeed(await self._work(task, log))
        except TaskFailed as error:
            end.fail(str(error)[:MAX_ERROR_CHARS])
        except (StorageFull, StoreFailed, BlobMissing) as error:
            end.fail(str(error))
        except StoreError:
            raise
        except Exception:
            # Supervision border: a bug in one task's work must not end the worker. The owner
            # cannot do anything about it, so the text stays general and the log has the rest.
            _log.exception("event=task_crashed task=%s queue=%s", task.id, self._queue)
            end.fail(f"an internal error of the appliance; its log has task={task.id}")

    async def _settle(self, task: Task, log: TaskLog, end: _End) -> None:
        """Write the end of a task, log first; again where the disk is full or fails."""
        if end.error is not None:
            log.error(end.error)
        await patiently(log.flush, what=f"task={task.id}")
        await patiently(partial(self._store_end, task, end), what=f"task={task.id}")

    async def _store_end(self, task: Task, end: _End) -> None:
        after = TaskState.FAILED if end.result is None else TaskState.SUCCEEDED
        is_ours = await self._store.tasks.transition(
            task.id, TaskState.INPROGRESS, after, error=end.error, result=end.result
        )
        if end.result is not None:
            await self._let_go(end.result, is_kept=is_ours)
        state = after if is_ours else "gone"
        _log.info("event=task_ended task=%s queue=%s state=%s", task.id, self._queue, state)

    async def _let_go(self, result: Blob, *, is_kept: bool) -> None:
        """The row names the result, or the task was deleted and nobody wants it."""
        self._store.blobs.release(result)
        if not is_kept:
            await self._store.orphans.collect([result.digest])
