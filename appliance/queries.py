"""What can be asked about many tasks at once, and what comes back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from appliance.models import DeviceType, OwnerId, StateEntry, TaskId, TaskState, TaskType


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which tasks: one of each tuple's members, all fields at once. None: any; empty: none.

    ``since`` and ``until`` bound the creation, both ends included. ``device_names`` matches run
    tasks only. Answers are newest first, ties by id descending.
    """

    owners: tuple[OwnerId, ...] | None = None
    types: tuple[TaskType, ...] | None = None
    states: tuple[TaskState, ...] | None = None
    device_types: tuple[DeviceType, ...] | None = None
    device_names: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What lists show of a task; fields as in Task."""

    id: TaskId
    owner: OwnerId
    type: TaskType
    state: TaskState
    created_at: datetime
    error: str | None
    history: tuple[StateEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of the answer, and how many tasks there are in all."""

    tasks: tuple[Summary, ...]
    total: int
