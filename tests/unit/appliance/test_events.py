"""The hub of events: order, bounds, gaps, and that nobody who tells is held up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import trio
import trio.testing

from appliance.events import EventHub, EventKind, Gap, HubLimits, Subscription, TaskEvent
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

ADA, BOB = OwnerId("sha256:ada"), OwnerId("sha256:bob")
AT = datetime(2026, 1, 1, tzinfo=UTC)


def task(id: str, owner: OwnerId = ADA, state: TaskState = TaskState.QUEUED) -> Task:
    return Task(
        id=TaskId(id),
        owner=owner,
        type=TaskType.RUN,
        state=state,
        created_at=AT,
        history=(StateEntry(state=state, at=AT),),
        queue=device_queue("sim"),
        priority=1,
        device_type=DeviceType.SIMULATOR,
        input=RunInput(device_name="sim", sample_rate=1, op_time_s=1.0),
        module=Blob(digest=Digest("0" * 64), size=1),
    )


async def taken(subscription: Subscription) -> list[TaskEvent | Gap]:
    """Everything that waits."""
    news = []
    while not subscription.is_empty:
        one = await subscription.next()
        assert one is not None
        news.append(one)
    return news


def told(news: list[TaskEvent | Gap]) -> list[tuple[int, str]]:
    return [(one.number, "gap" if isinstance(one, Gap) else one.kind) for one in news]


async def test_each_hears_of_its_own_in_order() -> None:
    hub = EventHub()
    with (
        hub.subscribe([TaskId("a")]) as of_a,
        hub.subscribe([ADA]) as of_ada,
        hub.subscribe([BOB, OwnerId("sha256:bob before")]) as of_bob,
    ):
        hub.created(task("a"))
        hub.created(task("b", BOB))
        hub.moved(task("a", state=TaskState.INPROGRESS))
        hub.logged(TaskId("a"), ADA, 5, ["one", "two"])
        hub.deleted(TaskId("b"), BOB)
        assert told(await taken(of_a)) == [(1, "created"), (3, "state"), (4, "log")]
        assert told(await taken(of_ada)) == [(1, "created"), (3, "state"), (4, "log")]
        assert told(await taken(of_bob)) == [(2, "created"), (5, "deleted")]
    assert hub.statistics().subscriptions == 0
    hub.created(task("c"))
    assert of_ada.is_empty


async def test_long_logs_come_in_several_events() -> None:
    hub = EventHub()
    with hub.subscribe([ADA]) as subscription:
        hub.logged(TaskId("a"), ADA, 7, [str(n) for n in range(250)])
        news = [one for one in await taken(subscription) if isinstance(one, TaskEvent)]
    assert [(one.first, len(one.lines)) for one in news] == [(7, 100), (107, 100), (207, 50)]
    assert [line for one in news for line in one.lines] == [str(n) for n in range(250)]


async def test_a_slow_listener_gets_a_gap_and_then_what_came_later() -> None:
    hub = EventHub(HubLimits(waiting_events=3))
    with hub.subscribe([ADA]) as slow, hub.subscribe([ADA]) as quick:
        for _ in range(4):
            hub.created(task("a"))
            assert len(await taken(quick)) == 1
        hub.created(task("b"))
        assert told(await taken(slow)) == [(4, "gap"), (5, "created")]
    assert hub.statistics().gaps == 1


async def test_a_buffer_is_bounded_in_bytes_too() -> None:
    hub = EventHub(HubLimits(waiting_cost=10_000))
    with hub.subscribe([ADA]) as slow:
        hub.logged(TaskId("a"), ADA, 0, ["x" * 8000])
        hub.logged(TaskId("a"), ADA, 1, ["x" * 8000])
        assert told(await taken(slow)) == [(2, "gap")]


async def test_who_comes_back_goes_on_where_he_stopped() -> None:
    hub = EventHub()
    with hub.subscribe([ADA]) as first:
        hub.created(task("a"))
        hub.created(task("b", BOB))
        (seen,) = await taken(first)
    hub.created(task("c"))
    with hub.subscribe([ADA], hub.position(seen.number)) as second:
        hub.created(task("d"))
        news = await taken(second)
    assert [one.task for one in news if isinstance(one, TaskEvent)] == ["c", "d"]


async def test_what_is_forgotten_or_unknown_is_a_gap() -> None:
    hub = EventHub(HubLimits(past_events=2))
    for _ in range(5):
        hub.created(task("a"))
    for number, expected in ((3, [4, 5]), (5, []), (2, [5])):
        with hub.subscribe([ADA], hub.position(number)) as subscription:
            news = await taken(subscription)
        assert [one.number for one in news] == expected
        assert isinstance(news[0], Gap) is (number == 2) if news else True
    elsewhere = EventHub().position(4)
    for after in ("", "5", "nonsense", hub.position(6), elsewhere, hub.position(5) + "x" * 10_000):
        with hub.subscribe([ADA], after) as subscription:
            assert told(await taken(subscription)) == [(5, "gap")]


async def test_the_past_is_bounded_in_bytes() -> None:
    hub = EventHub(HubLimits(past_cost=20_000))
    for _ in range(20):
        hub.logged(TaskId("a"), ADA, 0, ["x" * 3000])
    statistics = hub.statistics()
    assert 0 < statistics.past_cost <= 20_000
    assert statistics.past_events < 20 == statistics.events


async def test_closing_ends_every_listener_now_and_later(
    autojump_clock: trio.testing.MockClock,
) -> None:
    hub = EventHub()
    ended = []

    async def listen() -> None:
        with hub.subscribe([ADA]) as subscription:
            ended.append(await subscription.next())

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(listen)
            await trio.testing.wait_all_tasks_blocked()
            hub.close()
        await listen()
    assert ended == [None] * 4


async def test_a_cancelled_listener_loses_nothing(autojump_clock: trio.testing.MockClock) -> None:
    hub = EventHub()
    with hub.subscribe([ADA]) as subscription:
        with trio.move_on_after(1):
            await subscription.next()
        hub.created(replace(task("a")))
        assert told(await taken(subscription)) == [(1, EventKind.CREATED)]
