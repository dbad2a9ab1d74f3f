"""What streams send: silence, gaps, lines that are known already, keys that are no longer valid."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing

from appliance.api.feeds import Ear, TaskFeed, own_feed
from appliance.api.problems import ApiError
from appliance.api.sse import HEARTBEAT, StreamSlots
from appliance.events import EventHub, HubLimits
from appliance.models import (
    Blob,
    DeviceType,
    Digest,
    OwnerId,
    RunInput,
    StateEntry,
    Task,
    TaskId,
    TaskState,
    TaskType,
    device_queue,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ADA = OwnerId("sha256:ada")
ID = TaskId("3f1c0d52-8f0e-4b53-9a57-0f5f3a1f6a11")
AT = datetime(2026, 1, 1, tzinfo=UTC)
QUEUED = Task(
    id=ID,
    owner=ADA,
    type=TaskType.RUN,
    state=TaskState.QUEUED,
    created_at=AT,
    history=(StateEntry(state=TaskState.QUEUED, at=AT),),
    queue=device_queue("sim"),
    priority=1,
    device_type=DeviceType.SIMULATOR,
    input=RunInput(device_name="sim", sample_rate=1, op_time_s=1.0),
    module=Blob(digest=Digest("0" * 64), size=1),
)


def moved(task: Task, state: TaskState) -> Task:
    at = task.history[-1].at + timedelta(seconds=1)
    return replace(task, state=state, history=(*task.history, StateEntry(state=state, at=at)))


WORKING = moved(QUEUED, TaskState.INPROGRESS)
DONE = moved(WORKING, TaskState.SUCCEEDED)


@dataclass
class FakeTasks:
    """What the store would say."""

    now: Task | None = QUEUED
    lines: list[str] = field(default_factory=list)

    async def task(self, id: TaskId) -> Task | None:
        return self.now

    async def log_part(self, id: TaskId, first: int, most: int) -> tuple[str, ...]:
        return tuple(self.lines[first : first + most])


@dataclass
class World:
    """A hub, a store, and a key that may be taken away."""

    hub: EventHub = field(default_factory=EventHub)
    tasks: FakeTasks = field(default_factory=FakeTasks)
    is_allowed: bool = True

    @contextmanager
    def task_feed(self, after: str | None = None) -> Iterator[AsyncIterator[bytes]]:
        tasks: Any = self.tasks
        with self.hub.subscribe([ID], after) as subscription:
            ear = Ear(
                hub=self.hub,
                subscription=subscription,
                is_allowed=lambda: self.is_allowed,
                heartbeat_s=15.0,
            )
            yield TaskFeed(ear, tasks, tasks.now, after is not None).blocks()

    def log(self, first: int, *lines: str) -> None:
        self.hub.logged(ID, ADA, first, lines)


def read(block: bytes) -> tuple[str, Any]:
    """Name and what is in the data that matters here."""
    if block == HEARTBEAT:
        return "silence", None
    fields = dict(line.split(": ", 1) for line in block.decode().splitlines() if line)
    data = json.loads(fields.get("data", "{}"))
    return fields.get("event", "opening"), data.get("lines", data.get("state"))


async def all_of(feed: AsyncIterator[bytes]) -> list[tuple[str, Any]]:
    return [read(block) async for block in feed]


async def test_lines_that_were_read_come_only_once() -> None:
    world = World()
    world.tasks.now, world.tasks.lines = WORKING, ["a", "b", "c"]
    with world.task_feed() as feed:
        world.hub.moved(WORKING)  # also what was read is told once only
        world.log(1, "b", "c", "d")
        world.log(0, "a")
        world.hub.moved(DONE)
        assert await all_of(feed) == [
            ("opening", None),
            ("log", ["a", "b", "c"]),
            ("state", "inprogress"),
            ("log", ["d"]),
            ("state", "succeeded"),
        ]


async def test_a_long_log_comes_in_parts() -> None:
    world = World()
    world.tasks.now, world.tasks.lines = DONE, [str(n) for n in range(250)]
    with world.task_feed() as feed:
        blocks = await all_of(feed)
    assert [len(value) for name, value in blocks if name == "log"] == [100, 100, 50]
    assert blocks[-1] == ("state", "succeeded")


async def test_after_a_gap_the_missing_lines_are_read() -> None:
    world = World(hub=EventHub(HubLimits(waiting_events=2)))
    with world.task_feed() as feed:
        assert read(await anext(feed)) == ("opening", None)
        assert read(await anext(feed)) == ("state", "queued")
        world.hub.moved(WORKING)
        world.log(0, "a")
        world.log(1, "b")
        world.log(2, "c")
        world.tasks.now, world.tasks.lines = WORKING, ["a", "b", "c"]
        blocks = [read(await anext(feed)) for _ in range(3)]
        world.hub.moved(DONE)
        blocks += await all_of(feed)
    assert blocks == [
        ("gap", None),
        ("log", ["a", "b", "c"]),
        ("state", "inprogress"),
        ("state", "succeeded"),
    ]


async def test_a_gap_over_the_end_of_the_task() -> None:
    for now, last in ((DONE, ("state", "succeeded")), (None, ("deleted", None))):
        world = World(hub=EventHub(HubLimits(waiting_events=0)))
        with world.task_feed() as feed:
            await anext(feed), await anext(feed)
            world.hub.moved(DONE)
            world.tasks.now = now
            assert await all_of(feed) == [("gap", None), last]


async def test_who_comes_back_too_late_hears_of_the_end() -> None:
    world = World()
    world.hub.moved(DONE)
    world.tasks.now = DONE
    with world.task_feed(after=world.hub.position(1)) as feed:
        assert await all_of(feed) == [("opening", None), ("state", "succeeded")]
    with world.task_feed(after=world.hub.position(0)) as feed:
        assert await all_of(feed) == [("opening", None), ("state", "succeeded")]


async def test_deletion_is_the_last_that_is_heard() -> None:
    world = World()
    with world.task_feed() as feed:
        world.hub.deleted(ID, ADA)
        assert (await all_of(feed))[-1] == ("deleted", None)


async def test_heartbeats_until_the_key_is_taken_away(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    with world.task_feed() as feed:
        await anext(feed), await anext(feed)
        began = trio.current_time()
        for count in (1, 2, 3):
            assert await anext(feed) == HEARTBEAT
            assert trio.current_time() - began == pytest.approx(15.0 * count)
        world.is_allowed = False
        assert await all_of(feed) == []


async def test_a_key_that_was_taken_away_ends_a_busy_stream_too(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World(is_allowed=False)
    heard = 0
    with world.task_feed() as feed:
        with trio.fail_after(16):
            async for _ in feed:
                heard += 1
                world.log(heard, "a line")
                await trio.sleep(1)
    assert heard > 10


async def test_all_tasks_with_a_gap(autojump_clock: trio.testing.MockClock) -> None:
    world = World(hub=EventHub(HubLimits(waiting_events=1)))
    with world.hub.subscribe([ADA]) as subscription:
        ear = Ear(
            hub=world.hub, subscription=subscription, is_allowed=lambda: True, heartbeat_s=15.0
        )
        feed = own_feed(ear)
        assert read(await anext(feed)) == ("opening", None)
        world.hub.created(QUEUED)
        world.hub.moved(WORKING)
        world.log(0, "a")
        assert [read(await anext(feed)) for _ in range(3)] == [
            ("gap", None),
            ("log", ["a"]),
            ("silence", None),
        ]
        world.hub.close()
        assert await all_of(feed) == []


async def test_places_are_counted_by_user_and_in_all() -> None:
    slots = StreamSlots(2, 1)
    with slots.one(ADA):
        with pytest.raises(ApiError, match="1 event streams"), slots.one(ADA):
            pass
        with slots.one(OwnerId("b")), pytest.raises(ApiError) as full, slots.one(OwnerId("c")):
            pass
        assert full.value.status == 503
    assert slots.statistics().streams == slots.statistics().users == 0
