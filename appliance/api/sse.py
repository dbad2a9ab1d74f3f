"""Server-sent events: their form on the wire, how many streams there may be, and their headers."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from quart import Response

from appliance.api import schemas, schemas_events
from appliance.api.problems import ApiError
from appliance.api.routedoc import EVENT_STREAM
from appliance.events import EventKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from pydantic import BaseModel

    from appliance.events import TaskEvent
    from appliance.models import OwnerId, TaskId

HEARTBEAT_S: Final = 15.0
"""After this long without an event a comment is sent, so that nobody takes the silence for the end.
A key that is no longer valid is noticed within this time."""
RETRY_MS: Final = 3000
"""After this long a browser comes back to a stream that broke."""
RETRY_AFTER_S: Final = 15
HEARTBEAT: Final = b": still here\n\n"
GAP_TEXT: Final = "some events were left out"
DONE: Final = ".end"
"""Ends the id of a task's last event: who comes back with it has everything."""


def opening(position: str) -> bytes:
    """The first block: how soon to come back, and from where; it carries no event."""
    return b"retry: %d\nid: %s\n\n" % (RETRY_MS, position.encode())


def block(name: str, position: str, data: BaseModel) -> bytes:
    """One event. JSON has no line ends of its own, so the data is one line."""
    return b"event: %s\nid: %s\ndata: %s\n\n" % (
        name.encode(),
        position.encode(),
        data.model_dump_json().encode(),
    )


def gap_block(position: str, task: TaskId | None = None) -> bytes:
    """Tells that events are missing before this place."""
    return block("gap", position, schemas_events.EventGap(id=task, reason=GAP_TEXT))


def log_block(position: str, task: TaskId, first: int, lines: Sequence[str]) -> bytes:
    """Lines of a log, the first of which is its line ``first``."""
    data = schemas_events.TaskLogLines(id=task, first=first, lines=list(lines))
    return block(EventKind.LOG, position, data)


def deleted_block(position: str, task: TaskId) -> bytes:
    """The task is gone."""
    return block(EventKind.DELETED, position, schemas_events.TaskDeleted(id=task))


def event_block(position: str, event: TaskEvent) -> bytes:
    """Any event of the hub."""
    if event.kind is EventKind.LOG:
        return log_block(position, event.task, event.first, event.lines)
    if event.state is None:
        return deleted_block(position, event.task)
    data = schemas.TaskStatus(
        id=event.task,
        state=event.state,
        error=event.error,
        state_history=[
            schemas.TaskStateEntry(state=entry.state, timestamp=entry.at) for entry in event.history
        ],
    )
    return block(event.kind, position, data)


def stream(blocks: AsyncIterator[bytes]) -> Response:
    """The answer that sends blocks as they come."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(blocks, content_type=EVENT_STREAM, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStatistics:
    """How many streams are open, and of how many users."""

    streams: int
    users: int


class StreamSlots:
    """How many streams are open: in all, and for each user."""

    def __init__(self, in_all: int, per_user: int) -> None:
        self._in_all = in_all
        self._per_user = per_user
        self._open: Counter[OwnerId] = Counter()

    @contextmanager
    def one(self, user: OwnerId) -> Iterator[None]:
        """Holds one place. Raises ApiError (429, 503) where there is none."""
        self._check(user)
        self._open[user] += 1
        try:
            yield
        finally:
            self._open[user] -= 1
            if not self._open[user]:
                del self._open[user]

    def statistics(self) -> StreamStatistics:
        """Numbers for the dashboard."""
        return StreamStatistics(streams=self._open.total(), users=len(self._open))

    def _check(self, user: OwnerId) -> None:
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        if self._open[user] >= self._per_user:
            text = f"this key has {self._per_user} event streams open, the most that it may have"
            raise ApiError(429, f"{text}: close one first", headers=headers)
        if self._open.total() >= self._in_all:
            text = f"{self._in_all} event streams are open, the most that this appliance allows"
            raise ApiError(503, f"{text}: try again later, or ask for the status", headers=headers)
