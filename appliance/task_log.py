"""The log of one task while it works: lines come from a child and go to disk in batches."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import trio

from appliance.patience import patiently

if TYPE_CHECKING:
    from appliance.models import TaskId
    from appliance.store.tasks import Tasks

MAX_LINES: Final = 10_000
MAX_CHARS: Final = 2_000
"""What one task may write; a compile writes some dozen lines."""


class TaskLog:
    """Takes lines from the task's work. ``pump`` stores them as they come, ``flush`` the rest.

    Lines are ``<UTC time> <LEVEL> <message>``, in the order of the calls; none is stored twice.
    """

    def __init__(self, tasks: Tasks, id: TaskId) -> None:
        self._tasks = tasks
        self._id = id
        self._lines: list[str] = []
        self._count = 0
        self._more = trio.Event()
        self._lock = trio.Lock()

    def info(self, message: str) -> None:
        """One message, which may have several lines."""
        self._add("INFO", message)

    def error(self, message: str) -> None:
        self._add("ERROR", message)

    def _add(self, level: str, message: str) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for line in message.splitlines() or [""]:
            self._count += 1
            if self._count > MAX_LINES:
                return
            text = line[:MAX_CHARS] if self._count < MAX_LINES else "further lines are left out"
            self._lines.append(f"{now} {level} {text}")
        self._more.set()

    async def pump(self) -> None:
        """Store lines as they come, until cancelled. Raises StoreError where it cannot."""
        while True:
            await self._more.wait()
            self._more = trio.Event()
            await patiently(self.flush, what=f"task={self._id}")

    async def flush(self) -> None:
        """Store what has come so far. Raises StoreError."""
        async with self._lock:
            batch = tuple(self._lines)
            await self._tasks.append_log(self._id, batch)
            del self._lines[: len(batch)]  # only now: a cancelled flush must lose nothing
