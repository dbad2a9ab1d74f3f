"""What tests put into a store, and what must be true of any store at any time."""

from __future__ import annotations

import sqlite3
from itertools import pairwise
from typing import TYPE_CHECKING

from appliance.models import (
    Blob,
    CompileInput,
    DeviceType,
    Digest,
    NewCompile,
    NewRun,
    OwnerId,
    TaskId,
    TaskState,
    is_legal,
)

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.store import Store

OWNER = OwnerId("sha256:" + "a" * 64)
MODULE = Blob(digest=Digest("b" * 64), size=7)


def new_compile(priority: int = 1, *, module: Blob = MODULE) -> NewCompile:
    return NewCompile(
        owner=OWNER,
        priority=priority,
        backend=DeviceType.LUCIDAC,
        module=module,
        ode_source="# \N{GREEK SMALL LETTER PI}\n",
        k0=None,
    )


def new_run(device: str = "sim", priority: int = 1) -> NewRun:
    return NewRun(
        owner=OWNER,
        priority=priority,
        device_name=device,
        device_type=DeviceType.SIMULATOR,
        module=MODULE,
        sample_rate=10_000,
        op_time_s=0.1,
    )


def task_ids(state_dir: Path) -> list[TaskId]:
    with sqlite3.connect(state_dir / "analogcloud.db") as connection:
        rows = connection.execute("SELECT id FROM task ORDER BY seq").fetchall()
    connection.close()
    return [TaskId(id) for (id,) in rows]


async def check_store(store: Store, state_dir: Path) -> None:
    """Every task is whole: input, legal history, and the ending that belongs to its state."""
    for id in task_ids(state_dir):
        task = await store.tasks.task(id)
        assert task is not None
        states = [entry.state for entry in task.history]
        times = [entry.at for entry in task.history]
        assert states[0] is TaskState.QUEUED
        assert times[0] == task.created_at
        assert states[-1] is task.state
        assert all(is_legal(*pair) for pair in pairwise(states))
        assert times == sorted(set(times))
        assert (task.error is not None) is (task.state is TaskState.FAILED)
        assert (task.result is not None) is (task.state is TaskState.SUCCEEDED)
        if isinstance(task.input, CompileInput):
            assert task.input.ode_source
        else:
            assert task.input.sample_rate
