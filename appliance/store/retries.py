"""Requests that must not be carried out twice: remembered by their client's own key, for a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.models import TaskId, TaskType
from appliance.store.rows import EPOCH, MICROSECOND, time_of
from appliance.terms import KEPT_S, KeyReused, Receipt, Repeated

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from appliance.models import OwnerId
    from appliance.terms import Once


def check_once(
    connection: sqlite3.Connection, owners: Sequence[OwnerId], once: Once, now_us: int
) -> None:
    """Raises Repeated for a request that was taken before, KeyReused for another with its key."""
    row = connection.execute(
        "SELECT request, id, type, created_us FROM retry"
        f" WHERE owner IN ({', '.join('?' * len(owners))}) AND key = ? AND at_us > ?",
        (*owners, once.key, now_us - KEPT_S * 1_000_000),
    ).fetchone()
    if row is None:
        return
    request, id, type, created_us = row
    if request != once.request:
        raise KeyReused("the key in Idempotency-Key was used for another request: take a new one")
    raise Repeated(Receipt(id=TaskId(id), type=TaskType(type), created_at=time_of(created_us)))


def remember(
    connection: sqlite3.Connection, owner: OwnerId, once: Once, receipt: Receipt, now_us: int
) -> None:
    """Note an accepted request, and forget what is too old to be asked for again."""
    connection.execute("DELETE FROM retry WHERE at_us <= ?", (now_us - KEPT_S * 1_000_000,))
    connection.execute(
        "INSERT INTO retry (owner, key, request, id, type, created_us, at_us)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            owner,
            once.key,
            once.request,
            receipt.id,
            receipt.type,
            (receipt.created_at - EPOCH) // MICROSECOND,
            now_us,
        ),
    )
