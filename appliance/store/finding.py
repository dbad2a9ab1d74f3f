"""Lists and searches over many tasks. SQL that stays fast with a million of them.

Filters, order and counting read one covering index only: ``task_of_owner`` where the owners are
known, ``task_in_time`` else. Rows and histories are read for the page that is shown.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from appliance.models import OwnerId, TaskId, TaskState, TaskType
from appliance.queries import Page, Summary
from appliance.store.rows import EPOCH, MICROSECOND, history_of, time_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from appliance.queries import Query

MAX_MERGED_OWNERS: Final = 16
"""Up to this many owners each one's newest tasks are merged; for more, time is walked instead."""

_ORDER: Final = "ORDER BY created_us DESC, id DESC"

# Any: values for SQLite, which checks them against its STRICT tables.
_Clause = tuple[str, list[Any]]


def newest(connection: sqlite3.Connection, query: Query) -> tuple[Summary, ...]:
    """The page of a query."""
    return _summaries(connection, _page(connection, query))


def search(connection: sqlite3.Connection, query: Query) -> Page:
    """The page of a query, and the number of all tasks that match."""
    total = _total(connection, query)
    tasks = newest(connection, query) if query.offset < total else ()
    return Page(tasks=tasks, total=total)


def _total(connection: sqlite3.Connection, query: Query) -> int:
    total = 0
    for part in _parts(query):
        where, values = _where(part)
        total += connection.execute(f"SELECT count(*) FROM task {where}", values).fetchone()[0]
    return total


def _page(connection: sqlite3.Connection, query: Query) -> list[int]:
    """The sequence numbers of the tasks on the page, in their order."""
    parts = _parts(query)
    if len(parts) == 1:
        where, values = _where(parts[0])
        sql = f"SELECT seq FROM task {where} {_ORDER} LIMIT ? OFFSET ?"
    else:
        sql, values = _merged(parts, query.limit + query.offset)
    rows = connection.execute(sql, [*values, query.limit, query.offset])
    return [seq for (seq,) in rows]


def _merged(parts: Sequence[Query], depth: int) -> _Clause:
    """What each part has at its top is enough for a page of all of them."""
    tops, values = [], []
    for part in parts:
        where, some = _where(part)
        tops.append(
            f"SELECT * FROM (SELECT seq, created_us, id FROM task {where} {_ORDER} LIMIT ?)"
        )
        values += [*some, depth]
    return f"SELECT seq FROM ({' UNION ALL '.join(tops)}) {_ORDER} LIMIT ? OFFSET ?", values


def _parts(query: Query) -> tuple[Query, ...]:
    """Questions about one owner each, where that is the faster way; their answers never overlap."""
    owners = tuple(dict.fromkeys(query.owners or ()))
    if not 1 < len(owners) <= MAX_MERGED_OWNERS:
        return (query,)
    return tuple(replace(query, owners=(owner,)) for owner in owners)


def _where(query: Query) -> _Clause:
    clauses = [
        *_members("owner", query.owners),
        *_members("type", query.types),
        *_members("state", query.states),
        *_members("device_type", query.device_types),
        *_members("device_name", query.device_names),
        *_bound("created_us >= ?", query.since),
        *_bound("created_us <= ?", query.until),
    ]
    where = " AND ".join(clause for clause, _ in clauses) or "true"
    owners = query.owners
    index = "task_of_owner" if owners is not None and len(owners) == 1 else "task_in_time"
    values = [value for _, some in clauses for value in some]
    return f"INDEXED BY {index} WHERE {where}", values


def _members(column: str, wanted: Sequence[str] | None) -> list[_Clause]:
    if wanted is None:
        return []
    if len(wanted) == 1:
        return [(f"{column} = ?", [*wanted])]
    return [(f"{column} IN ({', '.join('?' * len(wanted))})", [*wanted])]


def _bound(clause: str, at: datetime | None) -> list[_Clause]:
    return [] if at is None else [(clause, [(at - EPOCH) // MICROSECOND])]


def _summaries(connection: sqlite3.Connection, seqs: list[int]) -> tuple[Summary, ...]:
    marks = ", ".join("?" * len(seqs))
    steps: dict[int, list[tuple[str, int]]] = {seq: [] for seq in seqs}
    for seq, state, at in connection.execute(
        f"SELECT task, state, at_us FROM history WHERE task IN ({marks}) ORDER BY task, n", seqs
    ):
        steps[seq].append((state, at))
    rows = connection.execute(
        f"SELECT seq, id, owner, type, state, created_us, error FROM task WHERE seq IN ({marks})",
        seqs,
    )
    found = {row[0]: _summary(row[1:], steps[row[0]]) for row in rows}
    return tuple(found[seq] for seq in seqs)


# Any: a row of SQLite, typed by its STRICT table.
def _summary(row: Sequence[Any], steps: list[tuple[str, int]]) -> Summary:
    id, owner, type, state, created, error = row
    return Summary(
        id=TaskId(id),
        owner=OwnerId(owner),
        type=TaskType(type),
        state=TaskState(state),
        created_at=time_of(created),
        error=error,
        history=history_of(steps),
    )
