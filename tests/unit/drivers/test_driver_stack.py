"""Several connections to one machine: a LUCIStack, carriers with an endpoint each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
import trio

from drivers.apb import items as it
from drivers.apb.codec import decode, encode
from drivers.apb.entities import carriers
from drivers.apb.items import CircuitFile
from drivers.base import RunRequest
from drivers.collect import Incomplete
from drivers.errors import ConnectError, DeviceTimeout, ProtocolError, RunRefused
from drivers.link.endpoint import Endpoint
from drivers.lucidac import LUCIDAC as MACHINE
from drivers.real_device import RealDevice
from drivers.wire.messages import (
    Calibrate,
    Configure,
    GetOverloads,
    Overloads,
    Reset,
    Samples,
    StartRun,
    StateChanged,
)
from tests.fake_links import FakeDevice, FakeLink, InlineJobs, read, truth
from tests.machines import describe, lucidac_board

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from drivers.wire.messages import Failed, Notification

A: Final = "04-E9-E5-00-00-0A"
B: Final = "04-E9-E5-00-00-0B"
SAFE: Final = ["StopRun", "Reset"]


def board(path: str, place: int) -> CircuitFile:
    return describe(replace(lucidac_board(path), location=(0, place)))


def probes(path: str, *numbers: int) -> it.Item:
    channels = tuple(it.AdcEntry(output=n, probe=one, gain=1.0) for n, one in enumerate(numbers))
    return it.Item(entity=path, config=it.AdcConfig(channels=channels))


MODULE: Final = encode(
    CircuitFile(items=(probes("00-00-00-00-00-00", 0, 2), probes("00-00-00-00-00-01", 1)))
)
REQUEST: Final = RunRequest(module=MODULE, op_time_s=0.001, sample_rate_hz=10_000.0)


class Stack:
    """Two devices; the second endpoint leads to the first carrier."""

    def __init__(self) -> None:
        self.second, self.first = (
            FakeDevice(description=board(B, 1)),
            FakeDevice(description=board(A, 0)),
        )
        self.order: list[str] = []
        for device, name in ((self.first, "first"), (self.second, "second")):
            device.course = self._noting(name)
        self.device = RealDevice(
            [Endpoint(host="two"), Endpoint(host="one")], MACHINE, InlineJobs(), opener=self.open
        )

    def _noting(self, name: str) -> Callable[[FakeLink, StartRun], list[Notification | Failed]]:
        def course(link: FakeLink, start: StartRun) -> list[Notification | Failed]:
            self.order.append(name)
            return link.device.messages(start)

        return course

    def open(
        self, endpoint: Endpoint, dialect: str, token: str | None
    ) -> AbstractAsyncContextManager[FakeLink]:
        return {"one": self.first, "two": self.second}[endpoint.host].open(endpoint, dialect, token)

    async def works(self, tmp_path: Path) -> None:
        await self.device.run(REQUEST, tmp_path / "works", silent)
        assert read(tmp_path / "works") == [truth(probe, 10).tolist() for probe in range(3)]


def _is_first(notice: Notification | Failed) -> bool:
    return isinstance(notice, Samples) and notice.chunk == 0


def silent(_: str) -> None:
    """A log that nobody reads."""


async def test_each_gets_its_own_and_the_leader_starts_last(tmp_path: Path) -> None:
    stack = Stack()
    await stack.works(tmp_path)
    assert stack.order == ["second", "first"]
    starts = [one for d in (stack.first, stack.second) for one in d.asked if type(one) is StartRun]
    assert {(one.run_id, one.master) for one in starts} == {(starts[0].run_id, A)}
    assert [one.channels for one in starts] == [2, 1]
    for device, path in ((stack.first, A), (stack.second, B)):
        assert Calibrate(leader=A) in device.asked
        (sent,) = device.circuits
        assert {item.entity for item in sent.items} == {path}
        assert [one.path for one in carriers(sent)] == [path]


async def test_the_description_has_both() -> None:
    found = carriers(decode(await Stack().device.describe()))
    assert {one.path for one in found} == {A, B}


async def test_a_module_for_one_leaves_the_other_alone(tmp_path: Path) -> None:
    stack = Stack()
    request = replace(REQUEST, module=encode(CircuitFile(items=(probes(B, 0),))))
    await stack.device.run(request, tmp_path / "out", silent)
    assert stack.first.kinds == ["Extract"]
    assert stack.order == ["second"]


@pytest.mark.parametrize("asked", [Reset, Configure, Calibrate, StartRun])
@pytest.mark.parametrize("fault", ["silent", "refuse", "break"])
@pytest.mark.parametrize("which", ["first", "second"])
async def test_one_that_fails_fails_the_run_and_all_are_reset(
    tmp_path: Path,
    autojump_clock: trio.testing.MockClock,
    asked: type,
    fault: str,
    which: str,
) -> None:
    stack = Stack()
    failing: FakeDevice = getattr(stack, which)
    failing.faults[asked] = [fault]
    with pytest.raises((DeviceTimeout, RunRefused, ConnectError), match="failed: "):
        await stack.device.run(REQUEST, tmp_path / "out", silent)
    assert stack.first.kinds[-1] == "Reset"
    assert stack.second.kinds[-1] == "Reset"
    await stack.works(tmp_path)


async def test_one_that_breaks_off_ends_the_run_of_all(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    stack = Stack()
    stack.second.course = lambda link, start: link.device.messages(start)[:2]
    stack.second.breaks_after = True
    began = trio.current_time()
    with pytest.raises(ConnectError, match="the connection was lost"):
        await stack.device.run(REQUEST, tmp_path / "out", silent)
    assert trio.current_time() - began < 2.0
    assert stack.first.kinds[-1] == "Reset"
    stack.second.course, stack.second.breaks_after = None, False
    await stack.works(tmp_path)


async def test_one_that_never_ends_is_named(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    stack = Stack()
    stack.second.course = lambda link, start: link.device.messages(start)[:-1]
    with pytest.raises(DeviceTimeout, match="carrier 00-00-00-00-00-01"):
        await stack.device.run(REQUEST, tmp_path / "out", silent)
    assert stack.first.kinds[-2:] == SAFE
    assert stack.second.kinds[-2:] == SAFE


async def test_one_that_sends_too_little_is_named(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    stack = Stack()

    def less(link: FakeLink, start: StartRun) -> list[Notification | Failed]:
        messages = link.device.messages(start)
        return [m for m in messages if isinstance(m, StateChanged) or _is_first(m)]

    stack.first.course = less
    with pytest.raises(Incomplete, match="carrier 00-00-00-00-00-00: samples 4-9 of 10"):
        await stack.device.run(REQUEST, tmp_path / "out", silent)


async def test_overloads_of_all_are_told(tmp_path: Path) -> None:
    stack = Stack()
    for device, path in ((stack.first, A), (stack.second, B)):
        device.overloads = Overloads(any_overload=True, elements=((f"{path}/0/M0", 7),))
    result = await stack.device.run(REQUEST, tmp_path / "out", silent)
    assert set(result.overloads) == {
        "00-00-00-00-00-00/0/M0 integrator 7",
        "00-00-00-00-00-01/0/M0 integrator 7",
    }
    assert GetOverloads() in stack.first.asked


async def test_two_ways_to_one_board_are_refused() -> None:
    stack = Stack()
    stack.second.description = board(A, 0)
    with pytest.raises(ProtocolError, match="two entities of one path"):
        await stack.device.probe()


async def test_firmware_1_does_not_run_together() -> None:
    stack = Stack()
    stack.second.dialect = "jsonl"
    with pytest.raises(ProtocolError, match=r"firmware 1\.x cannot run together"):
        await stack.device.probe()
