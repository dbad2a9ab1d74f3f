"""Cancelled at any of its steps, a link leaves nothing open and takes no time for it."""

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import lockstep_stream_pair

from drivers.errors import ConnectError
from drivers.link.background import background
from drivers.link.connection import Connection
from drivers.link.endpoint import Endpoint
from drivers.link.opening import Dialect, open_link
from drivers.wire.messages import (
    Accepted,
    Body,
    Calibrate,
    Calibrated,
    Ping,
    Pong,
    Reset,
    ResetDone,
    RunState,
    StreamToUdp,
)
from tests.unit.drivers.link.link_peers import HERE, Bench, Peer, linked, state

Clock = trio.testing.MockClock
Scenario = Callable[[Bench], Awaitable[None]]


class CancelAtStep(trio.abc.Instrument):
    """Cancels a scope when the task that is in it takes its n-th step."""

    def __init__(self, scope: trio.CancelScope, step: int) -> None:
        self._scope, self._left = scope, step
        self._task = trio.lowlevel.current_task()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self._task:
            self._left -= 1
            if self._left == 0:
                self._scope.cancel()


ANSWERS: dict[type, Body] = {
    Ping: Pong(),
    Reset: ResetDone(),
    Calibrate: Calibrated(),
    StreamToUdp: Accepted(),
}


async def device(bench: Bench) -> None:
    """Answers everything on every connection, and tells of a state after each reset."""
    async with trio.open_nursery() as nursery:
        async for peer in bench.peers:
            nursery.start_soon(_converse, peer)


async def _converse(peer: Peer) -> None:
    try:
        while True:
            heard = await peer.answer_by(ANSWERS)
            if isinstance(heard.body, Reset):
                await peer.say(state(RunState.DONE))
    except (EOFError, trio.BrokenResourceError, trio.ClosedResourceError):
        return


async def protobuf_scenario(bench: Bench) -> None:
    async with open_link(HERE, "auto", opener=bench.open) as link:
        assert await link.stream_by_udp()
        assert await link.request(Reset()) == ResetDone()
        assert await link.notifications.receive() == state(RunState.DONE)
        assert await link.request(Ping()) == Pong()


async def jsonl_scenario(bench: Bench) -> None:
    async with open_link(HERE, "jsonl", opener=bench.open) as link:
        assert await link.request(Reset()) == ResetDone()
        assert await link.notifications.receive() == state(RunState.DONE)
        assert await link.request(Ping()) == Pong()


async def probing_scenario(bench: Bench) -> None:
    with pytest.raises(ConnectError):
        async with open_link(HERE, "auto", opener=bench.open):
            raise AssertionError("opened")


@pytest.mark.parametrize(
    ("scenario", "dialects"),
    [
        (protobuf_scenario, ["protobuf"]),
        (jsonl_scenario, ["jsonl"]),
    ],
)
async def test_cancelled_at_each_step(
    scenario: Scenario, dialects: list[Dialect], autojump_clock: Clock
) -> None:
    step, is_done = 0, False
    while not is_done:
        step += 1
        is_done = await _cancelled_at(step, scenario, Bench(*dialects), device)
    assert step > 10


async def test_probing_cancelled_at_each_step(autojump_clock: Clock) -> None:
    step, is_done = 0, False
    while not is_done:
        step += 1
        is_done = await _cancelled_at(step, probing_scenario, Bench("protobuf", "jsonl"), None)
    assert step > 5


async def _cancelled_at(step: int, scenario: Scenario, bench: Bench, peer: Scenario | None) -> bool:
    """Whether the scenario came to its end before that step."""
    tasks = len(_tasks())
    async with trio.open_nursery() as nursery:
        if peer is not None:
            nursery.start_soon(peer, bench)
        with trio.CancelScope() as scope:
            instrument = CancelAtStep(scope, step)
            trio.lowlevel.add_instrument(instrument)
            try:
                await scenario(bench)
            finally:
                trio.lowlevel.remove_instrument(instrument)
        assert await bench.is_all_closed()
        nursery.cancel_scope.cancel()
    assert len(_tasks()) == tasks
    return not scope.cancelled_caught


def _tasks() -> list[trio.lowlevel.Task]:
    """All of the run's tasks."""
    root = trio.lowlevel.current_root_task()
    assert root is not None
    found, open_tasks = [], [root]
    while open_tasks:
        task = open_tasks.pop()
        found.append(task)
        open_tasks.extend(child for n in task.child_nurseries for child in n.child_tasks)
    return found


async def test_closing_takes_no_time_where_the_device_takes_no_bytes(
    autojump_clock: Clock,
) -> None:
    ours, theirs = lockstep_stream_pair()

    async def opener(endpoint: Endpoint) -> Connection:
        await trio.lowlevel.checkpoint()
        return Connection(stream=ours, place=str(endpoint))

    async with open_link(HERE, "protobuf", opener=opener) as link:
        with trio.move_on_after(1):
            await link.request(Reset())
        with trio.move_on_after(1):
            await link.request(Reset())
        assert trio.current_time() == pytest.approx(2)
    assert trio.current_time() == pytest.approx(2)
    with pytest.raises(trio.BrokenResourceError):
        await theirs.send_all(b"x")


async def test_a_request_that_is_given_up_half_sent_is_sent_in_full(
    autojump_clock: Clock,
) -> None:
    """And one that waits behind it, given up as well, not at all."""
    ours, theirs = lockstep_stream_pair()
    peer = Peer(theirs, "jsonl")

    async def opener(endpoint: Endpoint) -> Connection:
        await trio.lowlevel.checkpoint()
        return Connection(stream=ours, place=str(endpoint))

    async with open_link(HERE, "jsonl", opener=opener) as link, trio.open_nursery() as nursery:
        with trio.move_on_after(1):
            async with trio.open_nursery() as asking:
                asking.start_soon(link.request, Reset())
                await trio.testing.wait_all_tasks_blocked()
                start = bytes(await theirs.receive_some(3))
                asking.start_soon(link.request, Ping())
        peer.took(start)
        assert isinstance((await peer.hear()).body, Reset)
        nursery.start_soon(peer.answer, ResetDone())
        assert await link.request(Reset()) == ResetDone()


# The nursery behind it.


async def test_a_crash_of_a_helper_is_not_hidden() -> None:
    async def crash() -> None:
        await trio.lowlevel.checkpoint()
        raise KeyError("helper")

    async def block() -> None:
        async with background() as nursery:
            nursery.start_soon(crash)
            await trio.sleep_forever()

    with pytest.raises(ExceptionGroup) as caught:
        await block()
    assert caught.group_contains(KeyError, match="helper")


async def test_an_error_of_the_block_while_cancelled_comes_out_alone() -> None:
    async def block() -> None:
        with trio.CancelScope() as scope:
            async with background() as nursery:
                nursery.start_soon(trio.sleep_forever)
                await trio.lowlevel.checkpoint()
                scope.cancel()
                raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await block()


async def test_a_group_of_the_block_comes_out_as_it_is() -> None:
    group = ExceptionGroup("mine", [KeyError("one")])

    async def block() -> None:
        async with background() as nursery:
            nursery.start_soon(trio.sleep_forever)
            raise group

    with pytest.raises(ExceptionGroup) as caught:
        await block()
    assert caught.value is group


async def test_cancelling_the_block_is_cancelling() -> None:
    with trio.move_on_after(0) as scope:
        async with linked("protobuf"):
            await trio.sleep_forever()
    assert scope.cancelled_caught
