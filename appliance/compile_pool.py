"""The compile workers: each takes compile tasks from the one queue and does them in a child."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from appliance.compile_child import SOURCE_NAME, Refused
from appliance.compiler.diagnostics import Kind
from appliance.compiler.render import one_line, render_all
from appliance.errors import JobError, JobMemory, JobTimeout
from appliance.models import COMPILE_QUEUE, CompileInput
from appliance.queue_worker import QueueWorker, TaskFailed

if TYPE_CHECKING:
    from appliance.board import Bells
    from appliance.compile_child import CompileFunction
    from appliance.control import Control
    from appliance.models import Blob, Task
    from appliance.store.opening import Store
    from appliance.task_log import TaskLog
    from drivers.base import JobRunner


class CompilePool:
    """``workers`` compile workers at the compile queue."""

    def __init__(
        self,
        store: Store,
        bells: Bells,
        control: Control,
        jobs: JobRunner,
        compile: CompileFunction,
        workers: int,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._compile = compile
        self._workers = [
            QueueWorker(store, bells, control, COMPILE_QUEUE, self._work) for _ in range(workers)
        ]

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Compile until cancelled. Raises StoreError (in a group) where the store fails."""
        async with trio.open_nursery() as nursery:
            for worker in self._workers:
                nursery.start_soon(worker.run)
            task_status.started()

    async def _work(self, task: Task, log: TaskLog) -> Blob:
        asked = task.input
        if not isinstance(asked, CompileInput):
            raise TaskFailed("this is no compile task, but it waits for the compiler")
        target = await self._store.blobs.read(task.module.digest)
        try:
            answer = await self._jobs.run(
                self._compile, asked.ode_source, target, asked.k0, log=log.info
            )
        except JobError as error:
            raise TaskFailed(f"{_kind(error)}: {error}") from error
        if isinstance(answer, Refused):
            log.error(render_all(answer.diagnostics, asked.ode_source, SOURCE_NAME))
            raise TaskFailed(one_line(answer.diagnostics))
        return await self._store.blobs.put_bytes(answer.module)


def _kind(error: JobError) -> str:
    if isinstance(error, JobTimeout):
        return Kind.COMPILE_TIMEOUT
    return Kind.COMPILE_MEMORY if isinstance(error, JobMemory) else "compile-crashed"
