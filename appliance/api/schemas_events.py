"""What server-sent events carry in ``data``. The events ``created`` and ``state`` carry the
TaskStatus that the status route answers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TaskLogLines(_Data):
    """Event ``log``: lines that were added; the first of them is line ``first`` of the log, from
    0."""

    id: str
    first: int
    lines: list[str]


class TaskDeleted(_Data):
    """Event ``deleted``: the task is gone, with its log and result."""

    id: str


class EventGap(_Data):
    """Event ``gap``: some events before this place were left out. In the stream of one task what
    was missed follows; in the stream of all tasks ``id`` is null: list them again."""

    id: str | None
    reason: str
