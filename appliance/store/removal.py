"""Deleting a task: its row and all that hangs on it go; its used quota and retry key stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.models import Digest, TaskState
from appliance.store.clock import wall_us

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

    from appliance.models import OwnerId, TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A task is gone. ``digests`` are the contents that it referred to, which other tasks may refer
    to as well; ``was_working``: something may still be working on it."""

    id: TaskId
    owner: OwnerId
    digests: tuple[Digest, ...]
    was_working: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TooYoung:
    """Work on the task began too recently; in ``wait_s`` it may be deleted."""

    wait_s: float


def delete(
    connection: sqlite3.Connection, id: TaskId, owners: Sequence[OwnerId], grace_s: float
) -> Deleted | TooYoung | None:
    """Delete a task of one of ``owners``; None where there is none."""
    row = connection.execute(
        "SELECT seq, owner, state, module, result FROM task"
        f" WHERE id = ? AND owner IN ({', '.join('?' * len(owners))})",
        (id, *owners),
    ).fetchone()
    if row is None:
        return None
    seq, owner, state, module, result = row
    is_working = state == TaskState.INPROGRESS
    if is_working and (wait_s := grace_s - _working_s(connection, seq)) > 0:
        return TooYoung(wait_s=wait_s)
    connection.execute("DELETE FROM task WHERE seq = ?", (seq,))
    digests = (module,) if result is None else (module, result)
    return Deleted(id=id, owner=owner, digests=digests, was_working=is_working)


def _working_s(connection: sqlite3.Connection, seq: int) -> float:
    (began_us,) = connection.execute(
        "SELECT max(at_us) FROM history WHERE task = ? AND state = 'inprogress'", (seq,)
    ).fetchone()
    working_us: int = wall_us() - began_us
    return working_us / 1e6


def referenced(connection: sqlite3.Connection, digests: Collection[Digest]) -> frozenset[Digest]:
    """Those of ``digests`` that a task refers to."""
    marks = ", ".join("?" * len(digests))
    rows = connection.execute(
        f"SELECT module FROM task WHERE module IN ({marks})"
        f" UNION SELECT result FROM task WHERE result IN ({marks})",
        (*digests, *digests),
    )
    return frozenset(Digest(digest) for (digest,) in rows)
