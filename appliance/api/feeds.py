"""What a stream of events sends, block after block, until it ends."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

import trio

from appliance.api import sse
from appliance.api.render import status
from appliance.events import MAX_LINES, EventKind, Gap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from appliance.events import EventHub, Subscription, TaskEvent
    from appliance.models import Task
    from appliance.store.tasks import Tasks


class _Silence(Enum):
    SILENCE = "nothing happened for a while"


_SILENCE: Final = _Silence.SILENCE
_News: TypeAlias = "TaskEvent | Gap | _Silence | None"


class Ear:
    """A subscription together with what ends it: ``is_allowed`` says whether the key still holds,
    and is asked once in a heartbeat's time."""

    def __init__(
        self,
        hub: EventHub,
        subscription: Subscription,
        is_allowed: Callable[[], bool],
        heartbeat_s: float,
    ) -> None:
        self.subscription = subscription
        self._hub = hub
        self._is_allowed = is_allowed
        self._heartbeat_s = heartbeat_s
        self._ask_at = trio.current_time() + heartbeat_s

    async def next(self) -> _News:
        """An event, a gap, silence for a heartbeat's time, or None at the end."""
        news: _News = _SILENCE
        with trio.move_on_after(self._heartbeat_s):
            news = await self.subscription.next()
        if trio.current_time() >= self._ask_at:
            self._ask_at = trio.current_time() + self._heartbeat_s
            return news if self._is_allowed() else None
        return news

    def position(self, number: int) -> str:
        """The id of what happened up to an event."""
        return self._hub.position(number)


async def own_feed(ear: Ear) -> AsyncIterator[bytes]:
    """All events of a subscription. Gaps are told; what was in them can be asked for."""
    yield sse.opening(ear.position(ear.subscription.start))
    while (news := await ear.next()) is not None:
        if news is _SILENCE:
            yield sse.HEARTBEAT
        elif isinstance(news, Gap):
            yield sse.gap_block(ear.position(news.number))
        else:
            yield sse.event_block(ear.position(news.number), news)


class TaskFeed:
    """One task from its beginning, or from where a client stopped, to its end.

    From the beginning every log line comes once and in order; where events were lost the missing
    lines are read from the store. The last event is the final state, or that the task is gone.
    """

    def __init__(self, ear: Ear, tasks: Tasks, task: Task, is_resumed: bool) -> None:
        self._ear = ear
        self._tasks = tasks
        self._task: Task | None = task
        self._id = task.id
        self._position = ear.position(ear.subscription.start)
        self._is_behind = not is_resumed
        # How many lines a client that comes back has, only the next event tells.
        self._next_line: int | None = None if is_resumed else 0
        self._states_told = 0
        self._is_over = False

    async def blocks(self) -> AsyncIterator[bytes]:
        """Until the task has ended, the key is no longer valid or the appliance stops."""
        yield sse.opening(self._position)
        while not self._is_over:
            if self._is_behind:
                while block := await self._missing_lines():
                    yield block
                yield self._state_as_read()
            elif self._is_late():
                yield self._state_as_read()
            elif (news := await self._ear.next()) is None:
                return
            elif block := await self._told(news):
                yield block

    def _is_late(self) -> bool:
        """Whether the task had ended when the client came back, and no event is left to say so."""
        is_ended = self._task is None or self._task.state.is_terminal
        return is_ended and self._ear.subscription.is_empty

    async def _told(self, news: TaskEvent | Gap | _Silence) -> bytes:
        """The block for what happened; b"" where the client knows it already."""
        if isinstance(news, _Silence):
            return sse.HEARTBEAT
        self._position = self._ear.position(news.number)
        if isinstance(news, Gap):
            self._task = await self._tasks.task(self._id)
            self._is_behind = True
            return sse.gap_block(self._position, self._id)
        return self._new_lines(news) if news.kind is EventKind.LOG else self._change(news)

    def _new_lines(self, event: TaskEvent) -> bytes:
        known = 0 if self._next_line is None else max(0, self._next_line - event.first)
        if known >= len(event.lines):
            return b""
        self._next_line = event.first + len(event.lines)
        return sse.log_block(self._position, self._id, event.first + known, event.lines[known:])

    def _change(self, event: TaskEvent) -> bytes:
        if event.kind is not EventKind.DELETED and len(event.history) <= self._states_told:
            return b""
        self._states_told = len(event.history)
        self._is_over = event.state is None or event.state.is_terminal
        return sse.event_block(self._place(), event)

    async def _missing_lines(self) -> bytes:
        first = self._next_line or 0
        lines = await self._tasks.log_part(self._id, first, MAX_LINES)
        if not lines:
            return b""
        self._next_line = first + len(lines)
        return sse.log_block(self._position, self._id, first, lines)

    def _state_as_read(self) -> bytes:
        self._is_behind = False
        self._is_over = self._task is None or self._task.state.is_terminal
        if self._task is None:
            return sse.deleted_block(self._place(), self._id)
        self._states_told = len(self._task.history)
        return sse.block(EventKind.STATE, self._place(), status(self._task))

    def _place(self) -> str:
        return self._position + (sse.DONE if self._is_over else "")
