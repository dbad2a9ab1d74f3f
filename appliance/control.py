"""What is being worked on right now: how to stop it, and how long such work takes.

Workers tell it when they begin and end; the API asks, and stops. It is in memory only.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import trio

from appliance.models import RunInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.models import QueueName, Task, TaskId

REMEMBERED: Final = 20
"""Ended tasks of a queue whose durations count for an estimate."""


STOPPED: Final = 100
"""Tasks that were to be stopped before their worker had told of them."""


@dataclass(slots=True, kw_only=True)
class _Job:
    task: Task
    began: float
    scope: trio.CancelScope
    ended: trio.Event = field(default_factory=trio.Event)


class Control:
    """All work in progress. Workers wrap it in ``at_work``."""

    def __init__(self) -> None:
        self._jobs: dict[TaskId, _Job] = {}
        self._too_late: deque[TaskId] = deque(maxlen=STOPPED)
        self._extra_s: dict[QueueName, deque[float]] = {}

    @contextmanager
    def at_work(self, task: Task) -> Iterator[None]:
        """While a worker works on a task. The block is cancelled, and left, when it is stopped."""
        job = _Job(task=task, began=trio.current_time(), scope=trio.CancelScope())
        self._jobs[task.id] = job
        if task.id in self._too_late:
            job.scope.cancel()
        try:
            with job.scope:
                yield
                self._remember(job)
        finally:
            del self._jobs[task.id]
            job.ended.set()

    async def stop(self, id: TaskId) -> None:
        """End the work on a task, if there is any: when this returns its child process is dead and
        its device idle. That takes as long as the device needs: callers set a limit."""
        job = self._jobs.get(id)
        if job is None:
            self._too_late.append(id)
        else:
            job.scope.cancel()
            await job.ended.wait()

    def wait_s(self, queue: QueueName, tasks: int, op_time_s: float, workers: int) -> float | None:
        """Estimate of the seconds until a worker is free for one more task, after ``tasks`` that
        wait before it with ``op_time_s`` of machine time in all. None where nothing is known."""
        working = [job for job in self._jobs.values() if job.task.queue == queue]
        if not tasks and len(working) < workers:
            return 0.0
        recent = self._extra_s.get(queue)
        if not recent:
            return None
        extra_s = sum(recent) / len(recent)
        now = trio.current_time()
        left_s = sum(max(0.0, job.began + _op_time_s(job.task) + extra_s - now) for job in working)
        return (left_s + op_time_s + tasks * extra_s) / workers

    def _remember(self, job: _Job) -> None:
        """How much longer than its op time the work took."""
        extra_s = max(0.0, trio.current_time() - job.began - _op_time_s(job.task))
        recent = self._extra_s.setdefault(job.task.queue, deque(maxlen=REMEMBERED))
        recent.append(extra_s)


def _op_time_s(task: Task) -> float:
    return task.input.op_time_s if isinstance(task.input, RunInput) else 0.0
