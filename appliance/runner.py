"""One device: looks whether it answers, and runs the tasks that wait for it, one at a time."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from appliance.ahead import Ahead, request_of
from appliance.errors import JobError
from appliance.models import RunInput, device_queue
from appliance.queue_worker import QueueWorker, TaskFailed
from drivers.base import Milestones, RunResult, Stepwise
from drivers.errors import Advice, DriverError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.board import Bells, DeviceEntry
    from appliance.control import Control
    from appliance.models import Blob, Task
    from appliance.store.opening import Store
    from appliance.task_log import TaskLog
    from drivers.base import Device, LogLine, Measured

_log = logging.getLogger("analogcloud.runner")

PROBE_S: Final = 3.0
"""What one look at a device may take (rest-api reference, section 9)."""
PATIENT_PROBE_S: Final = 12.0
"""The same where nobody waits and the device may first have to be asked what it speaks."""
FIRST_RETRY_S: Final = 1.0
"""After a device went away it is looked at so soon, then each time after twice as long, until that
is the usual interval."""
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
        self._interval_s = interval_s
        self._queue = device_queue(entry.name)
        self._users = 0
        self._is_doubtful = False
        self._worker = QueueWorker(store, bells, control, self._queue, self._work, self._is_ready)
        self._lost = trio.Event()
        self._stepwise = device if isinstance(device, Stepwise) else None
        self._ahead: Ahead | None = None
        if self._stepwise is not None:
            self._ahead = Ahead(store, bells, self._queue, self._stepwise)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled; started after the first look at the device. Raises StoreError
        (in a group) where the store fails."""
        async with trio.open_nursery() as connections, trio.open_nursery() as nursery:
            if self._ahead is not None and self._stepwise is not None:
                await connections.start(self._stepwise.serve)
                nursery.start_soon(self._ahead.run)
            await self._look()
            nursery.start_soon(self._watch)
            nursery.start_soon(self._worker.run)
            task_status.started()

    def _is_ready(self) -> bool:
        return self._entry.is_available and not self._is_doubtful

    async def _watch(self) -> None:
        """Look again after a while: soon, and then ever later, at a device that went away."""
        first_s = min(FIRST_RETRY_S, self._interval_s)
        pause_s = self._interval_s if self._entry.is_available else first_s
        while True:
            self._lost = trio.Event()
            with trio.move_on_after(pause_s):
                await self._lost.wait()
                pause_s = FIRST_RETRY_S
                if not self._is_doubtful:
                    continue
            if self._users:  # a run is an answer, and must not be disturbed
                continue
            is_there = self._entry.is_available
            await self._look(PROBE_S if is_there else PATIENT_PROBE_S)
            pause_s = self._pause_s(pause_s, was_there=is_there)

    def _pause_s(self, last_s: float, *, was_there: bool) -> float:
        if self._entry.is_available:
            return self._interval_s
        return min(FIRST_RETRY_S if was_there else 2 * last_s, self._interval_s)

    async def _look(self, limit_s: float = PROBE_S) -> None:
        """Probe, and tell the board what came of it; a description is kept when a device leaves."""
        reason = self._entry.reason or NO_ANSWER
        try:
            with trio.move_on_after(limit_s):
                if await self._device.probe():
                    self._entry.entity = await self._device.describe() or self._entry.entity
                    reason = ""
        except DriverError as error:
            reason = str(error)
        if reason != self._entry.reason:
            event = "device_unavailable" if reason else "device_available"
            _log.info("event=%s device=%s reason=%r", event, self._entry.name, reason)
        self._entry.reason, self._is_doubtful = reason, False
        if not reason:
            self._bells.ring(self._queue)

    async def _work(self, task: Task, log: TaskLog) -> Blob:
        """Run one task's circuit on the device and take the result over."""
        if not isinstance(task.input, RunInput):
            raise TaskFailed("this is no run task, but it waits at a device")
        output = self._store.blobs.new_temporary()
        try:
            result = await self._run(task, output, log.info)
            return await self._store.blobs.adopt(result.path)
        except (DriverError, JobError) as error:
            raise TaskFailed(str(error)) from error
        except OSError as error:
            # What fails between driver and device is a DriverError; this is the file of the result.
            raise TaskFailed(f"the result could not be written to disk: {error}") from error
        finally:
            with trio.move_on_after(PROBE_S, shield=True):
                await self._store.blobs.discard(output)

    async def _run(self, task: Task, output: Path, log: LogLine) -> RunResult:
        with self._busy():
            try:
                measured = await self._measure(task, output, log)
            except DriverError as error:
                if error.advice is not Advice.GIVE_UP and self._users == 1:
                    await self._doubt()  # otherwise the next task will find out
                raise
        if self._stepwise is None:
            result: RunResult = measured
            return result
        self._worker.free(task.id)
        return await self._stepwise.store(measured, output, log)

    async def _doubt(self) -> None:
        """Something is wrong with the device or the way to it: the next task waits until it
        answers."""
        await self._look()
        if not self._entry.is_available:
            self._lost.set()

    async def _measure(self, task: Task, output: Path, log: LogLine) -> RunResult | Measured:
        """The result, or what is still to be stored while the device is free again."""
        if self._ahead is None or self._stepwise is None:
            return await self._device.run(await request_of(task, self._store), output, log)
        milestones = Milestones(started=self._ahead.look, ended=partial(self._worker.free, task.id))
        return await self._stepwise.measure(await self._ahead.take(task), log, milestones)

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """While a task uses the device; another one may wait for it already."""
        self._users += 1
        is_doubtful = True
        try:
            yield
            is_doubtful = False
        except DriverError:
            is_doubtful = False
            raise
        finally:
            self._users -= 1
            self._settle(is_doubtful=is_doubtful)

    def _settle(self, *, is_doubtful: bool) -> None:
        """After a run that was cancelled nobody knows what state the device is in: it is looked at
        before the next task. Any other end tells."""
        was_doubtful, self._is_doubtful = self._is_doubtful, is_doubtful
        if is_doubtful:
            self._lost.set()
        elif was_doubtful:
            self._bells.ring(self._queue)
