"""Rows to records. Only ``store`` imports this: the rest of the program never sees a row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from appliance.models import (
    Blob,
    CompileInput,
    DeviceType,
    OwnerId,
    QueueName,
    RunInput,
    StateEntry,
    Task,
    TaskId,
    TaskState,
    TaskType,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Row = tuple[Any, ...]  # what SQLite gives: its types are those of the STRICT tables

SELECT_TASK: Final = (
    "SELECT task.seq, id, owner, type, state, created_us, queue, priority, device_type,"
    " device_name, module, module_size, result, result_size, error,"
    " ode_source, k0, sample_rate, op_time_s FROM task"
    " LEFT JOIN compile_input ON compile_input.task = task.seq"
    " LEFT JOIN run_input ON run_input.task = task.seq"
)
"""The columns that ``task_of`` reads, in its order; add WHERE and what follows."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def time_of(microseconds: int) -> datetime:
    """Aware UTC time of whole microseconds since 1970, exactly."""
    return EPOCH + timedelta(microseconds=microseconds)


def history_of(rows: Iterable[Row]) -> tuple[StateEntry, ...]:
    """Rows of (state, at_us), in their order."""
    return tuple(StateEntry(state=TaskState(state), at=time_of(at)) for state, at in rows)


def task_of(row: Row, history: tuple[StateEntry, ...]) -> Task:
    """One row of SELECT_TASK and its history."""
    _, id, owner, type, state, created, queue, priority, device_type, *rest = row
    device_name, module, module_size, result, result_size, error, *asked = rest
    return Task(
        id=TaskId(id),
        owner=OwnerId(owner),
        type=TaskType(type),
        state=TaskState(state),
        created_at=time_of(created),
        history=history,
        queue=QueueName(queue),
        priority=priority,
        device_type=DeviceType(device_type),
        input=_input_of(TaskType(type), device_name, asked),
        module=Blob(digest=module, size=module_size),
        error=error,
        result=None if result is None else Blob(digest=result, size=result_size),
    )


def _input_of(type: TaskType, device_name: str, asked: list[Any]) -> CompileInput | RunInput:
    ode_source, k0, sample_rate, op_time_s = asked
    if type is TaskType.COMPILE:
        return CompileInput(ode_source=ode_source, k0=k0)
    return RunInput(device_name=device_name, sample_rate=sample_rate, op_time_s=op_time_s)
