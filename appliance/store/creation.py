"""A new task: taken on terms, with its row, its count and its retry key in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from appliance.models import (
    COMPILE_QUEUE,
    MAX_PRIORITY,
    NewCompile,
    NewRun,
    TaskId,
    TaskState,
    TaskType,
    device_queue,
)
from appliance.store.clock import wall_us
from appliance.store.retries import check_once, remember
from appliance.store.rows import time_of
from appliance.store.usage import check_limits, count_run
from appliance.terms import QueueFull, Receipt

if TYPE_CHECKING:
    import sqlite3

    from appliance.models import DeviceType
    from appliance.terms import Terms


def admit(
    connection: sqlite3.Connection, type: DeviceType | None, terms: Terms, now_us: int
) -> None:
    """Raises NotTaken where a task may not be taken now. ``type`` is the class of a run's device,
    None for a compile task, which no hourly or daily limit counts."""
    if terms.once is not None:
        check_once(connection, terms.owners, terms.once, now_us)
    if terms.queued is not None:
        _check_queued(connection, terms, terms.queued)
    if type is not None:
        check_limits(connection, terms, type, now_us)


def create(
    connection: sqlite3.Connection, new: NewCompile | NewRun, terms: Terms, now_us: int
) -> TaskId:
    """Store a task as QUEUED under a new UUIDv4. Raises NotTaken."""
    is_run = isinstance(new, NewRun)
    admit(connection, new.device_type if isinstance(new, NewRun) else None, terms, now_us)
    id, created_us = TaskId(str(uuid4())), wall_us()
    _insert(connection, new, id, created_us)
    if isinstance(new, NewRun):
        count_run(connection, new.owner, new.device_type, now_us)
    if terms.once is not None:
        type = TaskType.RUN if is_run else TaskType.COMPILE
        receipt = Receipt(id=id, type=type, created_at=time_of(created_us))
        remember(connection, new.owner, terms.once, receipt, now_us)
    return id


def _check_queued(connection: sqlite3.Connection, terms: Terms, limit: int) -> None:
    (waiting,) = connection.execute(
        "SELECT count(*) FROM task INDEXED BY task_waiting_of_owner"
        f" WHERE owner IN ({', '.join('?' * len(terms.owners))}) AND state = 'queued'",
        terms.owners,
    ).fetchone()
    if waiting >= limit:
        raise QueueFull(
            f"{waiting} of your tasks are waiting already, and no more than {limit} may: wait until"
            " some are done, or cancel some"
        )


def _insert(
    connection: sqlite3.Connection, new: NewCompile | NewRun, id: TaskId, created_us: int
) -> None:
    values = {
        "id": id,
        "owner": new.owner,
        "state": TaskState.QUEUED,
        "created_us": created_us,
        "priority": min(max(new.priority, 0), MAX_PRIORITY),
        "module": new.module.digest,
        "module_size": new.module.size,
        **_place(new),
    }
    (seq,) = connection.execute(
        f"INSERT INTO task ({', '.join(values)}) VALUES (:{', :'.join(values)}) RETURNING seq",
        values,
    ).fetchone()
    connection.execute(
        "INSERT INTO history (task, n, state, at_us) VALUES (?, 0, ?, ?)",
        (seq, TaskState.QUEUED, created_us),
    )
    _insert_input(connection, new, seq)


def _place(new: NewCompile | NewRun) -> dict[str, str | None]:
    """What a task is, and where it waits."""
    if isinstance(new, NewCompile):
        return {
            "type": TaskType.COMPILE,
            "queue": COMPILE_QUEUE,
            "device_type": new.backend,
            "device_name": None,
        }
    return {
        "type": TaskType.RUN,
        "queue": device_queue(new.device_name),
        "device_type": new.device_type,
        "device_name": new.device_name,
    }


def _insert_input(connection: sqlite3.Connection, new: NewCompile | NewRun, seq: int) -> None:
    if isinstance(new, NewCompile):
        connection.execute(
            "INSERT INTO compile_input (task, ode_source, k0) VALUES (?, ?, ?)",
            (seq, new.ode_source, new.k0),
        )
    else:
        connection.execute(
            "INSERT INTO run_input (task, sample_rate, op_time_s) VALUES (?, ?, ?)",
            (seq, new.sample_rate, new.op_time_s),
        )
