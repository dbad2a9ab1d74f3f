"""What the store tells of tasks: after each commit, in its order, and all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from appliance.events import EventHub, EventKind, Gap, Subscription, TaskEvent
from appliance.models import Task, TaskId, TaskState, device_queue
from appliance.store import open_store
from tests.stores import OWNER, new_run

if TYPE_CHECKING:
    from pathlib import Path

QUEUE = device_queue("sim")


async def taken(subscription: Subscription) -> list[TaskEvent]:
    news = []
    while not subscription.is_empty:
        one = await subscription.next()
        assert one is not None
        assert not isinstance(one, Gap)
        news.append(one)
    return news


async def test_a_whole_life_is_told(tmp_path: Path) -> None:
    hub = EventHub()
    with hub.subscribe([OWNER]) as subscription:
        async with open_store(tmp_path, listener=hub) as store:
            task = await store.tasks.create(new_run())
            assert await store.tasks.claim_next(QUEUE) is not None
            assert await store.tasks.claim_next(QUEUE) is None
            await store.tasks.append_log(task.id, ["a", "b"])
            await store.tasks.append_log(task.id, ["c"])
            await store.tasks.append_log(TaskId("unknown"), ["d"])
            end = (task.id, TaskState.INPROGRESS, TaskState.FAILED)
            assert await store.tasks.transition(*end, error="no")
            assert not await store.tasks.transition(*end, error="again")
            ended = await store.tasks.task(task.id)
            await store.tasks.delete(task.id, [OWNER], 0.0)
            await store.tasks.delete(task.id, [OWNER], 0.0)
            assert await store.tasks.log_part(task.id, 0, 9) == ()
    news = await taken(subscription)
    assert [one.kind for one in news] == ["created", "state", "log", "log", "state", "deleted"]
    assert {(one.task, one.owner) for one in news} == {(task.id, OWNER)}
    assert [(one.first, one.lines) for one in news[2:4]] == [(0, ("a", "b")), (2, ("c",))]
    assert news[0].history == task.history
    assert isinstance(ended, Task)
    assert (news[4].state, news[4].error, news[4].history) == ("failed", "no", ended.history)


async def test_parts_of_a_log(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        task = await store.tasks.create(new_run())
        await store.tasks.append_log(task.id, [str(n) for n in range(10)])
        assert await store.tasks.log_part(task.id, 0, 3) == ("0", "1", "2")
        assert await store.tasks.log_part(task.id, 8, 3) == ("8", "9")
        assert await store.tasks.log_part(task.id, 10, 3) == ()


async def test_a_claim_is_never_told_before_the_creation(tmp_path: Path) -> None:
    hub = EventHub()
    async with open_store(tmp_path, listener=hub) as store:
        with hub.subscribe([OWNER]) as subscription:
            async with trio.open_nursery() as nursery:
                for _ in range(30):
                    nursery.start_soon(store.tasks.create, new_run())
                    nursery.start_soon(store.tasks.claim_next, QUEUE)
            lengths: dict[TaskId, int] = {}
            for one in await taken(subscription):
                assert len(one.history) == lengths.get(one.task, 0) + 1
                lengths[one.task] = len(one.history)
    assert len(lengths) == 30


async def test_what_is_on_disk_is_told_though_the_caller_was_cancelled(tmp_path: Path) -> None:
    hub = EventHub()
    async with open_store(tmp_path, listener=hub) as store:
        with hub.subscribe([OWNER]) as subscription:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(store.tasks.create, new_run())
                await trio.lowlevel.checkpoint()
                await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()
            waiting = (await store.tasks.queue_lengths()).get(QUEUE, 0)
            kinds = [one.kind for one in await taken(subscription)]
    assert kinds == [EventKind.CREATED] * waiting
