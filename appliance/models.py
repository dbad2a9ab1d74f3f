"""Tasks and devices: enums, frozen records and the table of legal state changes. Pure.

Spellings of the enums are those of the wire (rest-api reference, section 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NewType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

TaskId = NewType("TaskId", str)
"""A UUIDv4 in its lower-case canonical text."""
OwnerId = NewType("OwnerId", str)
"""``sha256:`` and 64 hex digits: the fingerprint of an API key, never the key itself."""
Digest = NewType("Digest", str)
"""64 hex digits: SHA-256 of stored content, and its name in the blob store."""
QueueName = NewType("QueueName", str)
"""A queue of waiting tasks: one per device, one for all compile tasks."""

COMPILE_QUEUE: Final = QueueName("compile")
MAX_PRIORITY: Final = 10
"""Priorities count from 0 to 10; a higher one in auth.yml counts as 10 (reference, section 8)."""


def device_queue(device_name: str) -> QueueName:
    """The queue of one device; never equal to COMPILE_QUEUE, whatever the device's name."""
    return QueueName(f"device/{device_name}")


class DeviceType(StrEnum):
    """Class of a device."""

    LUCIDAC = "LUCIDAC"
    REDAC = "REDAC"
    SIMULATOR = "SIMULATOR"


class TaskType(StrEnum):
    """What a task does."""

    COMPILE = "compile"
    RUN = "run"


class TaskState(StrEnum):
    """Where a task is in its life; see TRANSITIONS."""

    QUEUED = "queued"
    INPROGRESS = "inprogress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """True where the state never changes again."""
        return not TRANSITIONS[self]


TRANSITIONS: Final[Mapping[TaskState, frozenset[TaskState]]] = {
    TaskState.QUEUED: frozenset({TaskState.INPROGRESS, TaskState.CANCELLED}),
    TaskState.INPROGRESS: frozenset({TaskState.SUCCEEDED, TaskState.FAILED}),
    TaskState.SUCCEEDED: frozenset(),
    TaskState.FAILED: frozenset(),
    TaskState.CANCELLED: frozenset(),
}
"""Every legal state change (reference, section 7). A task starts as QUEUED, by its creation."""


def is_legal(before: TaskState, after: TaskState) -> bool:
    """Whether the table has this change."""
    return after in TRANSITIONS[before]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateEntry:
    """One entry of a task's history; ``at`` is an aware UTC time with microseconds."""

    state: TaskState
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Stored content: its name and its size in bytes."""

    digest: Digest
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileInput:
    """What a compile task was asked for; the target's entity file is the task's input blob."""

    ode_source: str
    k0: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInput:
    """What a run task was asked for; the circuit file is the task's input blob."""

    device_name: str
    sample_rate: int
    op_time_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCompile:
    """A compile task to be stored; ``module`` must be in the blob store already.

    ``priority`` is the key's configured value, clamped to 0..MAX_PRIORITY when it is stored.
    """

    owner: OwnerId
    priority: int
    backend: DeviceType
    module: Blob
    ode_source: str
    k0: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run task to be stored; ``module`` must be in the blob store already."""

    owner: OwnerId
    priority: int
    device_name: str
    device_type: DeviceType
    module: Blob
    sample_rate: int
    op_time_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A stored task. ``history`` is in order of occurrence, strictly increasing in time, starts
    with QUEUED at ``created_at`` and ends with ``state``.

    ``device_type`` is the backend of a compile task and the device's class of a run task.
    ``error`` is None unless the state is FAILED, ``result`` None unless it is SUCCEEDED.
    """

    id: TaskId
    owner: OwnerId
    type: TaskType
    state: TaskState
    created_at: datetime
    history: tuple[StateEntry, ...]
    queue: QueueName
    priority: int
    device_type: DeviceType
    input: CompileInput | RunInput
    module: Blob
    error: str | None = None
    result: Blob | None = None

    @property
    def has_log(self) -> bool:
        """True from the moment that work has started."""
        return any(entry.state is TaskState.INPROGRESS for entry in self.history)

    @property
    def has_result(self) -> bool:
        """True when the task has succeeded."""
        return self.result is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStatus:
    """What is known of one configured device; ``queue_length`` leaves out the task in progress."""

    name: str
    type: DeviceType
    is_available: bool
    queue_length: int
