"""What the next task of a device needs, made ready while the device is busy with another."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import trio

from appliance.errors import StoreError
from appliance.models import RunInput
from drivers.base import RunRequest
from drivers.errors import DriverError

if TYPE_CHECKING:
    from appliance.board import Bells
    from appliance.models import QueueName, Task, TaskId
    from appliance.store.opening import Store
    from drivers.base import Prepared, Stepwise

_log = logging.getLogger("analogcloud.runner")


class Ahead:
    """Prepares whatever is next in a queue, one task at most. Nothing is claimed: should another
    task come first in the end, what was prepared is forgotten."""

    def __init__(self, store: Store, bells: Bells, queue: QueueName, device: Stepwise) -> None:
        self._store = store
        self._bells = bells
        self._queue = queue
        self._device = device
        self._prepared: tuple[TaskId, Prepared] | None = None
        self._turn = trio.Lock()

    async def run(self) -> None:
        """Look at each ring of the queue's bell, until cancelled."""
        while True:
            bell = self._bells.listen(self._queue)
            async with self._turn:
                await self._look()
            await bell.wait()

    async def take(self, task: Task) -> Prepared:
        """What the task needs, prepared now where it was not before. Raises DriverError,
        StoreError."""
        async with self._turn:  # it may be in the making
            prepared, self._prepared = self._prepared, None
            if prepared is None or prepared[0] != task.id:
                prepared = task.id, await self._device.prepare(await request_of(task, self._store))
            return prepared[1]

    def look(self) -> None:
        """There is time now to prepare what is next."""
        self._bells.ring(self._queue)

    async def _look(self) -> None:
        """What fails here will fail again when the task is worked on, and be told then."""
        try:
            task = await self._store.tasks.first_of(self._queue)
            if task is None or (self._prepared is not None and self._prepared[0] == task.id):
                return
            request = await request_of(task, self._store)
            self._prepared = task.id, await self._device.prepare(request)
        except (DriverError, StoreError) as error:
            _log.debug("event=not_prepared queue=%s reason=%r", self._queue, str(error))


async def request_of(task: Task, store: Store) -> RunRequest:
    """The run that a task asks for. Raises StoreError; TypeError for a task that is no run."""
    if not isinstance(task.input, RunInput):
        message = f"task {task.id} is no run, but waits at a device"
        raise TypeError(message)
    return RunRequest(
        module=await store.blobs.read(task.module.digest),
        op_time_s=task.input.op_time_s,
        sample_rate_hz=task.input.sample_rate,
    )
