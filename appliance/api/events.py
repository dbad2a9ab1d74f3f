"""``/api/v1/events`` and ``/api/v1/tasks/{id}/events``: news instead of polling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Response, request

from appliance.api import docs_events as docs
from appliance.api import sse
from appliance.api.feeds import Ear, TaskFeed, own_feed
from appliance.api.identity import caller_key
from appliance.api.parts import Route, caller, lifetime
from appliance.api.task_ids import readable_task

if TYPE_CHECKING:
    from collections.abc import Collection

    from appliance.api.parts import Parts
    from appliance.models import OwnerId, TaskId


class EventRoutes:
    """Streams of server-sent events."""

    def __init__(self, parts: Parts, heartbeat_s: float = sse.HEARTBEAT_S) -> None:
        self._tasks = parts.store.tasks
        self._hub = parts.events
        self._users = parts.users
        self._heartbeat_s = heartbeat_s
        limits = parts.config.limits
        in_all = min(limits.event_streams, limits.connections // 2)
        self._slots = sse.StreamSlots(in_all, limits.event_streams_per_key)

    def routes(self) -> tuple[Route, ...]:
        one = "/api/v1/tasks/<task:id>/events"
        return (
            Route(method="GET", path=one, handler=self.of_task, doc=docs.TASK_EVENTS),
            Route(method="GET", path="/api/v1/events", handler=self.of_all, doc=docs.EVENTS),
        )

    async def of_task(self, id: str) -> Response:
        """The stream of one task, which ends with it."""
        after = _last_event_id()
        task = await readable_task(self._tasks, caller(), id)
        if task.state.is_terminal and after is not None and after.endswith(sse.DONE):
            return Response(b"", status=204)  # tells a browser not to come back
        ear = self._listen([task.id], after)
        # Read again: what happened before the ear was open is in no event.
        task = await readable_task(self._tasks, caller(), id)
        return sse.stream(TaskFeed(ear, self._tasks, task, after is not None).blocks())

    async def of_all(self) -> Response:
        """The stream of all tasks of the caller, which ends with the appliance."""
        return sse.stream(own_feed(self._listen(caller().owners, _last_event_id())))

    def _listen(self, topics: Collection[TaskId] | Collection[OwnerId], after: str | None) -> Ear:
        """Take a place and listen until the answer is over. Raises ApiError (429, 503)."""
        key, end = caller_key(), lifetime()
        end.enter_context(self._slots.one(caller().owner))
        return Ear(
            hub=self._hub,
            subscription=end.enter_context(self._hub.subscribe(topics, after)),
            is_allowed=lambda: self._users.find(key) is not None,
            heartbeat_s=self._heartbeat_s,
        )


def _last_event_id() -> str | None:
    """Where the client stopped, or None; an empty header is what a new client may send."""
    return request.headers.get("Last-Event-ID") or None
