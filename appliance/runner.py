"""One device: looks whether it answers, and runs the tasks that wait for it, one at a time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import trio

from appliance.errors import JobError
from appliance.models import RunInput, device_queue
from appliance.queue_worker import QueueWorker, TaskFailed
from drivers.base import RunRequest
from drivers.errors import DriverError

if TYPE_CHECKING:
    from appliance.board import Bells, DeviceEntry
    from appliance.control import Control
    from appliance.models import Blob, Task
    from appliance.store.opening import Store
    from appliance.task_log import TaskLog
    from drivers.base import Device

_log = logging.getLogger("analogcloud.runner")

PROBE_S: Final = 3.0
"""What one look at a device may take (rest-api reference, section 9)."""
NO_ANSWER: Final = "it does not answer"


class DeviceRunner:
    """Owns one device. While it runs, the device's entry on the board is its to write."""

    def __init__(
        self,
        entry: DeviceEntry,
        device: Device,
        store: Store,
        bells: Bells,
        control: Control,
        interval_s: float,
    ) -> None:
        self._entry = entry
        self._device = device
        self._store = store
        self._bells = bells
        self._control = control
        self._interval_s = interval_s
        self._queue = device_queue(entry.name)
        self._is_busy = False

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled; started after the first look at the device. Raises StoreError
        (in a group) where the store fails."""
        worker = QueueWorker(
            self._store,
            self._bells,
            self._control,
            self._queue,
            self._work,
            lambda: self._entry.is_available,
        )
        async with trio.open_nursery() as nursery:
            await self._look()
            nursery.start_soon(self._watch)
            nursery.start_soon(worker.run)
            task_status.started()

    async def _watch(self) -> None:
        while True:
            await trio.sleep(self._interval_s)
            if not self._is_busy:  # a run is an answer, and must not be disturbed
                await self._look()

    async def _look(self) -> None:
        """Probe, and tell the board what came of it; a description is kept when a device leaves."""
        reason = NO_ANSWER
        try:
            with trio.move_on_after(PROBE_S):
                if await self._device.probe():
                    self._entry.entity = await self._device.describe() or self._entry.entity
                    reason = ""
                else:
                    reason = self._entry.reason or NO_ANSWER
        except DriverError as error:
            reason = str(error)
        if reason != self._entry.reason:
            event = "device_unavailable" if reason else "device_available"
            _log.info("event=%s device=%s reason=%r", event, self._entry.name, reason)
        self._entry.reason = reason
        if not reason:
            self._bells.ring(self._queue)

    async def _work(self, task: Task, log: TaskLog) -> Blob:
        """Run one task's circuit on the device and take the result over."""
        if not isinstance(task.input, RunInput):
            raise TaskFailed("this is no run task, but it waits at a device")
        request = RunRequest(
            module=await self._store.blobs.read(task.module.digest),
            op_time_s=task.input.op_time_s,
            sample_rate_hz=task.input.sample_rate,
        )
        output = self._store.blobs.new_temporary()
        self._is_busy = True
        try:
            result = await self._device.run(request, output, log.info)
            return await self._store.blobs.adopt(result.path)
        except (DriverError, JobError) as error:
            raise TaskFailed(str(error)) from error
        except OSError as error:
            # What fails between driver and device is a DriverError; this is the file of the result.
            raise TaskFailed(f"the result could not be written to disk: {error}") from error
        finally:
            self._is_busy = False
            with trio.move_on_after(PROBE_S, shield=True):
                await self._store.blobs.discard(output)
