"""How much of its quota an owner has used: accepted runs in a window of time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from appliance.models import DeviceType, OwnerId
    from appliance.store.db import Database


class Usage:
    """All questions about used quota. Errors: StoreFailed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def runs(self, owner: OwnerId, type: DeviceType, window_s: int) -> int:
        """Runs on devices of one class that were accepted in the last ``window_s`` seconds,
        whatever became of them."""
        since_us = time.time_ns() // 1000 - window_s * 1_000_000
        return await self._database.read(
            lambda connection: _runs(connection, owner, type, since_us)
        )


def _runs(connection: sqlite3.Connection, owner: OwnerId, type: DeviceType, since_us: int) -> int:
    row = connection.execute(
        "SELECT count(*) FROM task"
        " WHERE owner = ? AND created_us > ? AND device_type = ? AND type = 'run'",
        (owner, since_us, type),
    ).fetchone()
    count: int = row[0]
    return count
