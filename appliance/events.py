"""What happens to tasks, told to everyone who listens: in order, bounded, and never waited for.

The store tells the hub after each commit, in the order of the commits. The hub keeps the latest
events, so that a listener that was away for a moment goes on where it stopped, and one bounded
buffer per listener. A listener that does not keep up loses its buffer and gets a ``Gap`` instead:
whoever tells is never held up, and the store remains the place that knows.
"""

from __future__ import annotations

import re
import secrets
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import trio

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from appliance.models import OwnerId, StateEntry, Task, TaskId, TaskState

MAX_LINES: Final = 100
"""Log lines in one event; a longer batch becomes several events."""
_OVERHEAD: Final = 600
"""What an event costs beside its texts, in bytes, roughly."""
_POSITION: Final = re.compile(r"([0-9a-f]{8})-([0-9]{1,18})\Z")


class EventKind(StrEnum):
    """What happened to a task."""

    CREATED = "created"
    STATE = "state"
    LOG = "log"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaskEvent:
    """One event; ``number`` grows by one with each, over all tasks.

    ``state``, ``error`` and ``history`` are those after a CREATED or STATE event; ``lines`` are the
    log's lines from number ``first`` (from 0) on of a LOG event.
    """

    number: int
    kind: EventKind
    task: TaskId
    owner: OwnerId
    state: TaskState | None = None
    error: str | None = None
    history: tuple[StateEntry, ...] = ()
    first: int = 0
    lines: tuple[str, ...] = ()

    @property
    def cost(self) -> int:
        """About how many bytes it keeps in memory."""
        return _OVERHEAD + len(self.error or "") + sum(map(len, self.lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Events up to ``number`` were left out; what they told is in the store."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HubLimits:
    """How much is kept: of the past for all, and for each listener that is slow."""

    past_events: int = 4096
    past_cost: int = 4 * 2**20
    waiting_events: int = 256
    waiting_cost: int = 512 * 2**10


@dataclass(frozen=True, slots=True, kw_only=True)
class HubStatistics:
    """Numbers for the dashboard: open subscriptions, events and gaps since the start, and what is
    kept of the past."""

    subscriptions: int
    events: int
    gaps: int
    past_events: int
    past_cost: int


class Subscription:
    """One listener's bounded buffer; made by ``EventHub.subscribe``."""

    def __init__(self, limits: HubLimits, start: int) -> None:
        self._limits = limits
        self._waiting: deque[TaskEvent] = deque()
        self._cost = 0
        self._gap: Gap | None = None
        self._is_closed = False
        self._news = trio.Event()
        self.start = start
        """Number of the last event before the first that this gets."""
        self.gaps = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be taken."""
        return self._gap is None and not self._waiting

    async def next(self) -> TaskEvent | Gap | None:
        """The next event, or the gap before it; None from the moment that the hub is closed.

        Waits without a limit. A caller that is cancelled loses nothing.
        """
        while not self._is_closed:
            if self._gap is not None:
                gap, self._gap = self._gap, None
                return gap
            if self._waiting:
                event = self._waiting.popleft()
                self._cost -= event.cost
                return event
            self._news = trio.Event()
            await self._news.wait()
        return None

    def offer(self, event: TaskEvent) -> None:
        """Put an event into the buffer, or its number into the gap where there is no room."""
        self._waiting.append(event)
        self._cost += event.cost
        if (
            len(self._waiting) > self._limits.waiting_events
            or self._cost > self._limits.waiting_cost
        ):
            self.leave_out(event.number)
        self._news.set()

    def leave_out(self, number: int) -> None:
        """Forget what waits: events up to ``number`` are a gap."""
        self._waiting.clear()
        self._cost = 0
        self._gap = Gap(number=number)
        self.gaps += 1

    def close(self) -> None:
        """Let ``next`` answer None from now on."""
        self._is_closed = True
        self._news.set()


class EventHub:
    """Takes what the store tells and hands it on; belongs to one event loop."""

    def __init__(self, limits: HubLimits | None = None) -> None:
        self._limits = limits or HubLimits()
        # Positions of an earlier process must not be taken for ours.
        self._process = secrets.token_hex(4)
        self._number = 0
        self._past: deque[TaskEvent] = deque()
        self._past_cost = 0
        self._forgotten = 0
        # By task and by owner: their texts never look alike.
        self._listeners: dict[TaskId | OwnerId, set[Subscription]] = {}
        self._open: set[Subscription] = set()
        self._is_closed = False
        self._gaps = 0

    def created(self, task: Task) -> None:
        """A task was stored."""
        self._tell_state(EventKind.CREATED, task)

    def moved(self, task: Task) -> None:
        """A task's state has changed."""
        self._tell_state(EventKind.STATE, task)

    def logged(self, task: TaskId, owner: OwnerId, first: int, lines: Sequence[str]) -> None:
        """Lines were added to a task's log; the first of them is its line ``first``, from 0."""
        for start in range(0, len(lines), MAX_LINES):
            self._tell(
                TaskEvent(
                    number=self._number + 1,
                    kind=EventKind.LOG,
                    task=task,
                    owner=owner,
                    first=first + start,
                    lines=tuple(lines[start : start + MAX_LINES]),
                )
            )

    def deleted(self, task: TaskId, owner: OwnerId) -> None:
        """A task is gone."""
        number = self._number + 1
        self._tell(TaskEvent(number=number, kind=EventKind.DELETED, task=task, owner=owner))

    @contextmanager
    def subscribe(
        self, topics: Collection[TaskId] | Collection[OwnerId], after: str | None = None
    ) -> Iterator[Subscription]:
        """Listen to all events of some tasks, or of the tasks of some owners, from now on.

        With ``after``, a position, from there on: a gap comes first where that is not known here
        any more.
        """
        wanted: frozenset[TaskId | OwnerId] = frozenset(topics)
        start = self._number if after is None else self._known(after)
        subscription = Subscription(self._limits, self._number if start is None else start)
        if start is None:
            subscription.leave_out(self._number)
        elif start < self._number:
            self._catch_up(subscription, wanted, start)
        self._add(subscription, wanted)
        try:
            yield subscription
        finally:
            self._remove(subscription, wanted)

    def position(self, number: int) -> str:
        """What a listener hands in as ``after`` to go on behind event ``number``."""
        return f"{self._process}-{number}"

    def close(self) -> None:
        """End all subscriptions, also those that are still to come: the appliance stops."""
        self._is_closed = True
        for subscription in self._open:
            subscription.close()

    def statistics(self) -> HubStatistics:
        """Numbers for the dashboard."""
        return HubStatistics(
            subscriptions=len(self._open),
            events=self._number,
            gaps=self._gaps + sum(one.gaps for one in self._open),
            past_events=len(self._past),
            past_cost=self._past_cost,
        )

    def _tell_state(self, kind: EventKind, task: Task) -> None:
        self._tell(
            TaskEvent(
                number=self._number + 1,
                kind=kind,
                task=task.id,
                owner=task.owner,
                state=task.state,
                error=task.error,
                history=task.history,
            )
        )

    def _tell(self, event: TaskEvent) -> None:
        self._number = event.number
        self._remember(event)
        for topic in (event.task, event.owner):
            for subscription in self._listeners.get(topic, ()):
                subscription.offer(event)

    def _remember(self, event: TaskEvent) -> None:
        self._past.append(event)
        self._past_cost += event.cost
        limits = self._limits
        while len(self._past) > limits.past_events or self._past_cost > limits.past_cost:
            oldest = self._past.popleft()
            self._past_cost -= oldest.cost
            self._forgotten = oldest.number

    def _known(self, after: str) -> int | None:
        """The event number of a position behind which nothing is forgotten, else None."""
        match = _POSITION.match(after)
        if match is None or match[1] != self._process:
            return None
        number = int(match[2])
        return number if self._forgotten <= number <= self._number else None

    def _catch_up(
        self, subscription: Subscription, wanted: frozenset[TaskId | OwnerId], start: int
    ) -> None:
        for event in self._past:
            if event.number > start and (event.task in wanted or event.owner in wanted):
                subscription.offer(event)

    def _add(self, subscription: Subscription, wanted: frozenset[TaskId | OwnerId]) -> None:
        self._open.add(subscription)
        for topic in wanted:
            self._listeners.setdefault(topic, set()).add(subscription)
        if self._is_closed:
            subscription.close()

    def _remove(self, subscription: Subscription, wanted: frozenset[TaskId | OwnerId]) -> None:
        self._open.discard(subscription)
        self._gaps += subscription.gaps
        for topic in wanted:
            listeners = self._listeners[topic]
            listeners.discard(subscription)
            if not listeners:
                del self._listeners[topic]
