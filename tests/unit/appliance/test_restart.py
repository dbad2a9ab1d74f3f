"""A service that crashes is started anew, later and later, and harms nobody."""

from __future__ import annotations

import logging
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import trio

from appliance.errors import StoreFailed
from appliance.restart import keep_running

if TYPE_CHECKING:
    from trio.testing import MockClock


class Service:
    """Crashes ``crashes`` times, before it has started or after; then runs."""

    def __init__(self, crashes: int, starts_first: bool) -> None:
        self.crashes = crashes
        self.starts_first = starts_first
        self.attempts: list[float] = []

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        self.attempts.append(trio.current_time())
        if self.starts_first:
            task_status.started()
        if len(self.attempts) <= self.crashes:
            raise ZeroDivisionError("secret")
        if not self.starts_first:
            task_status.started()
        await trio.sleep_forever()


@pytest.mark.parametrize("starts_first", [True, False])
async def test_pauses_grow_and_the_reason_is_told(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture, starts_first: bool
) -> None:
    service, told = Service(8, starts_first), list[str]()
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(keep_running, "device/x", service.run, told.append))
        await trio.sleep(1000)
        nursery.cancel_scope.cancel()
    times = service.attempts
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60])
    assert told == ["its service crashed (ZeroDivisionError) and is started anew"] * 8
    logged = [r for r in caplog.records if "event=service_crashed" in r.getMessage()]
    assert [record.levelno for record in logged] == [logging.ERROR] * 8


async def test_a_failing_store_comes_out(autojump_clock: MockClock) -> None:
    async def fail(*, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        raise StoreFailed("the disk is gone")

    told: list[str] = []
    with pytest.raises(ExceptionGroup) as caught:
        await keep_running("compile", fail, told.append)
    assert caught.group_contains(StoreFailed)
    assert told == []
