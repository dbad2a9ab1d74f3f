"""How much of its quota an owner has used: accepted runs in sliding windows of time.

Each accepted run has a row here that outlives the task. Times are those of a SteadyClock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from appliance.terms import DAY_S, HOUR_S, LimitReached

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from appliance.models import DeviceType, OwnerId
    from appliance.store.clock import SteadyClock
    from appliance.store.db import Database
    from appliance.terms import Terms

_SECOND_US: Final = 1_000_000


class Usage:
    """All questions about used quota. Errors: StoreFailed."""

    def __init__(self, database: Database, clock: SteadyClock) -> None:
        self._database = database
        self._clock = clock

    async def runs(self, owners: Sequence[OwnerId], type: DeviceType, window_s: int) -> int:
        """Runs on devices of one class that were accepted in the last ``window_s`` seconds, for
        all of ``owners`` together, whatever became of them."""
        since_us = self._clock.now_us() - window_s * _SECOND_US
        return await self._database.read(
            lambda connection: _runs(connection, owners, type, since_us)
        )


def latest_us(connection: sqlite3.Connection) -> int:
    """The latest time that counts for quotas or retries; 0 where there is none."""
    row = connection.execute(
        "SELECT max(coalesce((SELECT max(at_us) FROM usage), 0),"
        " coalesce((SELECT max(at_us) FROM retry), 0))"
    ).fetchone()
    latest: int = row[0]
    return latest


def check_limits(
    connection: sqlite3.Connection, terms: Terms, type: DeviceType, now_us: int
) -> None:
    """Raises LimitReached where another run would be one too many, now."""
    waits = (
        _wait_s(connection, terms.owners, type, terms.hourly, HOUR_S, now_us),
        _wait_s(connection, terms.owners, type, terms.daily, DAY_S, now_us),
    )
    if any(waits):
        which = "daily" if waits[1] else "hourly"
        limit = terms.daily if waits[1] else terms.hourly
        raise LimitReached(
            f"the {which} limit of {limit} runs on {type} devices is used up: try again in"
            f" {max(waits)} s",
            max(waits),
        )


def count_run(
    connection: sqlite3.Connection, owner: OwnerId, type: DeviceType, now_us: int
) -> None:
    """Note an accepted run, and forget what no window reaches any more."""
    connection.execute(
        "INSERT INTO usage (owner, device_type, at_us)"
        " SELECT :owner, :type, max(coalesce(max(at_us) + 1, 0), :now) FROM usage"
        " WHERE owner = :owner AND device_type = :type",
        {"owner": owner, "type": type, "now": now_us},
    )
    connection.execute("DELETE FROM usage WHERE at_us <= ?", (now_us - DAY_S * _SECOND_US,))


def _runs(
    connection: sqlite3.Connection, owners: Sequence[OwnerId], type: DeviceType, since_us: int
) -> int:
    row = connection.execute(
        f"SELECT count(*) FROM usage WHERE owner IN ({_marks(owners)})"
        " AND device_type = ? AND at_us > ?",
        (*owners, type, since_us),
    ).fetchone()
    count: int = row[0]
    return count


def _wait_s(
    connection: sqlite3.Connection,
    owners: Sequence[OwnerId],
    type: DeviceType,
    limit: int | None,
    window_s: int,
    now_us: int,
) -> int:
    """Whole seconds until the window has room; 0 where it has. The run that stands in the way is
    the ``limit``-th newest: there is room as soon as the window has left it behind."""
    if limit is None:
        return 0
    if limit == 0:
        return DAY_S
    row = connection.execute(
        f"SELECT at_us FROM usage WHERE owner IN ({_marks(owners)})"
        " AND device_type = ? AND at_us > ? ORDER BY at_us DESC LIMIT 1 OFFSET ?",
        (*owners, type, now_us - window_s * _SECOND_US, limit - 1),
    ).fetchone()
    return 0 if row is None else -((now_us - window_s * _SECOND_US - row[0]) // _SECOND_US)


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
