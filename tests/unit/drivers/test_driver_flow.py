"""Runs on a device that answers, refuses, hangs, breaks off or talks nonsense."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
import trio

from drivers.apb.circuit import build_file
from drivers.apb.model import ProbeScaling, Scaling
from drivers.base import RunRequest
from drivers.collect import Incomplete, RunFailed
from drivers.errors import (
    ConnectError,
    DeviceTimeout,
    DriverError,
    ProtocolError,
    RunRefused,
)
from drivers.link.endpoint import Endpoint
from drivers.lucidac import LUCIDAC as MACHINE
from drivers.options import DriverOptions
from drivers.real_device import RealDevice
from drivers.wire.messages import (
    Calibrate,
    Configure,
    Extract,
    Failed,
    GetOverloads,
    Reset,
    RunState,
    Samples,
    StartRun,
    StateChanged,
    StopRun,
)
from tests.fake_links import FakeDevice, FakeLink, InlineJobs, read, truth
from tests.machines import LUCIDAC, LUCIDAC_PATH, describe, harmonic, lucidac_board

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from drivers.wire.messages import Notification

MODULE: Final = build_file(LUCIDAC, harmonic())
REQUEST: Final = RunRequest(module=MODULE, op_time_s=0.001, sample_rate_hz=10_000.0)
COURSE: Final = ["Reset", "Configure", "Calibrate", "StartRun", "GetOverloads"]
SAFE: Final = ["StopRun", "Reset"]
PLACE: Final = Endpoint(host="fake")


def silent(_: str) -> None:
    """A log that nobody reads."""


def make(
    fake: FakeDevice, options: DriverOptions | None = None, jobs: InlineJobs | None = None
) -> RealDevice:
    return RealDevice([PLACE], MACHINE, jobs or InlineJobs(), options, opener=fake.open)


def fake_lucidac() -> FakeDevice:
    return FakeDevice(description=LUCIDAC)


async def works(device: RealDevice, tmp_path: Path) -> None:
    result = await device.run(REQUEST, tmp_path / "works", silent)
    assert (result.samples, result.probes) == (10, 2)
    assert read(tmp_path / "works") == [truth(0, 10).tolist(), truth(1, 10).tolist()]


async def test_a_run(tmp_path: Path) -> None:
    fake, lines = fake_lucidac(), list[str]()
    result = await make(fake).run(REQUEST, tmp_path / "out", lines.append)
    assert (result.path, result.samples, result.probes) == (tmp_path / "out", 10, 2)
    assert result.overloads == ()
    assert read(tmp_path / "out") == [truth(0, 10).tolist(), truth(1, 10).tolist()]
    assert fake.kinds == ["Extract", *COURSE]
    assert lines == [
        f"running on {LUCIDAC_PATH} for 0.001 s, 10000 samples a second",
        "10 samples of 2 probes arrived",
    ]
    assert fake.open_links == 0
    _, reset, configure, calibrate, start, _ = fake.asked
    assert reset == Reset(overload_reset=True, keep_calibration=True)
    assert isinstance(configure, Configure)
    assert configure.reset_before
    assert calibrate == Calibrate(leader=LUCIDAC_PATH)
    assert isinstance(start, StartRun)
    assert len(start.run_id) == 36
    assert (start.op_time_ns, start.ic_time_ns) == (1_000_000, 100_000)
    assert (start.channels, start.sample_rate, start.master) == (2, 10_000, LUCIDAC_PATH)
    assert fake.udp_asked == 0


async def test_numbers_in_the_problems_units(tmp_path: Path) -> None:
    scaled = replace(
        harmonic(),
        scaling=Scaling(
            variable="t",
            horizon=1.0,
            time_rate=1.0,
            probes=(ProbeScaling(probe=1, name="b", factor=2.0, offset=1.0),),
        ),
    )
    request = replace(REQUEST, module=build_file(LUCIDAC, scaled))
    await make(fake_lucidac()).run(request, tmp_path / "out", silent)
    assert read(tmp_path / "out") == [truth(0, 10).tolist(), (truth(1, 10) * 2 + 1).tolist()]


@pytest.mark.parametrize(("horizon", "is_warned"), [(0.001, False), (0.0005, True)])
async def test_a_run_beyond_the_horizon_is_warned_about(
    tmp_path: Path, horizon: float, is_warned: bool
) -> None:
    scaled = replace(harmonic(), scaling=Scaling(variable="t", horizon=horizon, time_rate=1.0))
    request = replace(REQUEST, module=build_file(LUCIDAC, scaled))
    log: list[str] = []
    await make(fake_lucidac()).run(request, tmp_path / "out", log.append)
    found = [line for line in log if line.startswith("warning: the run goes on to t = 0.001")]
    assert len(found) == is_warned


async def test_large_results_are_for_another_process(tmp_path: Path) -> None:
    jobs = InlineJobs()
    request = replace(REQUEST, op_time_s=0.2, sample_rate_hz=50_000)
    assert (await make(fake_lucidac(), jobs=jobs).run(request, tmp_path / "a", silent)).samples
    assert jobs.done == []
    request = replace(REQUEST, op_time_s=0.25, sample_rate_hz=50_000)
    await make(fake_lucidac(), jobs=jobs).run(request, tmp_path / "b", silent)
    assert jobs.done == ["write_in_child"]
    assert read(tmp_path / "b")[1] == truth(1, 12_500).tolist()


# What goes wrong with a request.

STEPS: Final[list[tuple[type, str]]] = [
    (Extract, "connecting"),
    (Reset, "reset"),
    (Configure, "configuration"),
    (Calibrate, "calibration"),
    (StartRun, "start"),
]
ERRORS: Final[dict[str, type[DriverError]]] = {
    "silent": DeviceTimeout,
    "refuse": RunRefused,
    "break": ConnectError,
    "nonsense": ProtocolError,
}


@pytest.mark.parametrize("fault", list(ERRORS))
@pytest.mark.parametrize(("asked", "step"), STEPS)
async def test_a_failing_request_is_named_and_the_device_is_reset(
    tmp_path: Path,
    autojump_clock: trio.testing.MockClock,
    asked: type,
    step: str,
    fault: str,
) -> None:
    fake = fake_lucidac()
    fake.faults[asked] = [fault]
    device = make(fake)
    began = trio.current_time()
    # A refusal to be described is not one of the run's.
    expected = ProtocolError if (asked, fault) == (Extract, "refuse") else ERRORS[fault]
    with pytest.raises(expected, match=f"^{step} failed: "):
        await device.run(REQUEST, tmp_path / "out", silent)
    assert trio.current_time() - began < 30.0
    assert fake.open_links == 0
    if asked is not Extract:
        assert fake.kinds[-1] == "Reset"
        last = fake.kinds.index(asked.__name__)
        assert ("StopRun" in fake.kinds[last:]) is (
            asked is StartRun and fault in ("silent", "nonsense")
        )
    await works(device, tmp_path)


@pytest.mark.parametrize(("asked", "step"), [*STEPS, (GetOverloads, "")])
@pytest.mark.parametrize("is_served", [True, False])
async def test_a_cancelled_run_leaves_the_device_reset(
    tmp_path: Path,
    autojump_clock: trio.testing.MockClock,
    asked: type,
    step: str,
    is_served: bool,
) -> None:
    fake = fake_lucidac()
    fake.faults[asked] = ["silent"]
    device = make(fake)
    async with trio.open_nursery() as nursery:
        if is_served:
            await nursery.start(device.serve)
        with trio.move_on_after(1.0) as scope:
            await device.run(REQUEST, tmp_path / "out", silent)
        assert scope.cancelled_caught
        undone = [] if asked is Extract else ["Reset"]
        if asked is StartRun:
            undone = SAFE
        assert fake.kinds[fake.kinds.index(asked.__name__) + 1 :] == undone
        await works(device, tmp_path)
        assert len(fake.links) == (1 if is_served and asked is not Extract else 2)
        nursery.cancel_scope.cancel()
    assert fake.open_links == 0


async def test_a_cancelled_run_stops_what_runs(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    fake = fake_lucidac()
    fake.course = lambda link, start: []
    with trio.move_on_after(1.0):
        await make(fake).run(REQUEST, tmp_path / "out", silent)
    assert fake.kinds[-3:] == ["StartRun", *SAFE]


async def test_everything_is_cancelled_at_once(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """As at the end of the appliance: the connection outlives the run that it is needed for."""
    fake = fake_lucidac()
    fake.course = lambda link, start: []
    device = make(fake)
    with trio.move_on_after(1.0):
        async with trio.open_nursery() as nursery:
            await nursery.start(device.serve)
            nursery.start_soon(device.run, REQUEST, tmp_path / "out", silent)
    assert fake.kinds[-3:] == ["StartRun", *SAFE]
    assert len(fake.links) == 1
    assert fake.open_links == 0


async def test_a_dead_device_does_not_hold_up_the_end(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    fake = fake_lucidac()
    fake.course = lambda link, start: []
    fake.faults = {Reset: ["", *["silent"] * 9], StopRun: ["silent"] * 9}
    device = make(fake)
    began = trio.current_time()
    with trio.move_on_after(1.0):
        async with trio.open_nursery() as nursery:
            await nursery.start(device.serve)
            nursery.start_soon(device.run, REQUEST, tmp_path / "out", silent)
    assert trio.current_time() - began < 1.0 + 5.0
    assert fake.open_links == 0


# What goes wrong with a run.


def changed(
    change: Callable[[list[Notification | Failed]], list[Notification | Failed]],
) -> Callable[[FakeLink, StartRun], list[Notification | Failed]]:
    return lambda link, start: change(link.device.messages(start))


def run_error(link: FakeLink, start: StartRun) -> list[Notification | Failed]:
    return [
        *link.device.messages(start)[:3],
        StateChanged(
            run_id=start.run_id, old=RunState.OP, new=RunState.ERROR, reason="DMA overflow"
        ),
    ]


@pytest.mark.parametrize(
    ("course", "error", "said", "undone"),
    [
        (changed(lambda m: [*m[:3], *m[4:]]), Incomplete, "samples 4-7 of 10", ["Reset"]),
        (changed(lambda m: [*m[:-2], m[-1]]), Incomplete, "samples 8-9 of 10", ["Reset"]),
        (
            changed(lambda m: m[:-1]),
            DeviceTimeout,
            r"had not said that it is over .*10 of 10",
            SAFE,
        ),
        (changed(lambda m: []), DeviceTimeout, r"0 of 10 samples", SAFE),
        (run_error, RunFailed, "the run failed: .*DMA overflow; 4 of 10 samples", ["Reset"]),
        (changed(lambda m: [*m[:2], Failed(text="degraded")]), RunFailed, "degraded", SAFE),
    ],
)
async def test_a_run_that_goes_wrong(
    tmp_path: Path,
    autojump_clock: trio.testing.MockClock,
    course: Callable[[FakeLink, StartRun], list[Notification | Failed]],
    error: type[DriverError],
    said: str,
    undone: list[str],
) -> None:
    fake = fake_lucidac()
    fake.course = course
    device = make(fake)
    began = trio.current_time()
    with pytest.raises(error, match=said):
        await device.run(REQUEST, tmp_path / "out", silent)
    assert trio.current_time() - began < 30.0
    assert fake.kinds[fake.kinds.index("StartRun") + 1 :] == undone
    fake.course = None
    await works(device, tmp_path)


async def test_a_lost_connection_ends_a_run_at_once(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    fake = fake_lucidac()
    fake.course = changed(lambda m: m[:4])
    fake.breaks_after = True
    device = make(fake)
    began = trio.current_time()
    said = r"the run failed: the connection was lost; 8 of 10 samples had arrived: the device hung"
    with pytest.raises(ConnectError, match=said):
        await device.run(replace(REQUEST, op_time_s=0.001), tmp_path / "out", silent)
    assert trio.current_time() - began < 1.0
    assert fake.kinds[-2:] == ["Extract", "Reset"]
    fake.course, fake.breaks_after = None, False
    await works(device, tmp_path)


async def test_doubles_foreign_and_late_samples_do_no_harm(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    fake, lines = fake_lucidac(), list[str]()

    def disorder(messages: list[Notification | Failed]) -> list[Notification | Failed]:
        first = messages[2]
        assert isinstance(first, Samples)
        foreign = replace(first, run_id="other", values=first.values + 7)
        return [messages[-1], foreign, *reversed(messages[:-1]), first]

    fake.course = changed(disorder)
    await make(fake).run(REQUEST, tmp_path / "out", lines.append)
    assert read(tmp_path / "out") == [truth(0, 10).tolist(), truth(1, 10).tolist()]
    assert "dropped: messages of another run" in lines


async def test_samples_may_trail_the_end_a_little(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    fake = fake_lucidac()
    async with trio.open_nursery() as nursery:

        async def later(link: FakeLink, notices: list[Notification | Failed]) -> None:
            await trio.sleep(0.1)
            for notice in notices:
                link.send.send_nowait(notice)

        def course(link: FakeLink, start: StartRun) -> list[Notification | Failed]:
            messages = link.device.messages(start)
            nursery.start_soon(later, link, messages[3:-1])
            return [*messages[:3], messages[-1]]

        fake.course = course
        await works(make(fake), tmp_path)


# Connections that are kept.


async def test_runs_in_a_row_cost_no_more_than_they_must(tmp_path: Path) -> None:
    fake = fake_lucidac()
    device = make(fake)
    async with trio.open_nursery() as nursery:
        await nursery.start(device.serve)
        for _ in range(3):
            await works(device, tmp_path)
        assert fake.kinds == ["Extract", *COURSE * 3]
        assert len(fake.links) == 1
        assert fake.open_links == 1
        nursery.cancel_scope.cancel()
    assert fake.open_links == 0


async def test_an_idle_connection_is_asked_and_later_closed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    fake = fake_lucidac()
    device = make(fake, DriverOptions(keep_s=30.0))
    async with trio.open_nursery() as nursery:
        await nursery.start(device.serve)
        await device.measure(REQUEST, silent)
        await trio.sleep(10.0)
        await device.measure(REQUEST, silent)
        assert fake.kinds == ["Extract", *COURSE, "Ping", *COURSE]
        await trio.sleep(31.0)
        assert fake.open_links == 0
        await device.measure(REQUEST, silent)  # no file, no thread: the clock may jump
        assert len(fake.links) == 2
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("is_noticed", [True, False])
async def test_a_rebooted_device_is_connected_anew(tmp_path: Path, is_noticed: bool) -> None:
    fake, lines = fake_lucidac(), list[str]()
    device = make(fake)
    async with trio.open_nursery() as nursery:
        await nursery.start(device.serve)
        await works(device, tmp_path)
        if is_noticed:
            fake.links[0].break_off()
        else:
            fake.faults[Reset] = ["break"]
        await device.run(REQUEST, tmp_path / "out", lines.append)
        assert len(fake.links) == 2
        assert fake.kinds.count("Extract") == 2
        assert any("connecting anew" in line for line in lines) is not is_noticed
        nursery.cancel_scope.cancel()


async def test_a_device_that_keeps_hanging_up_is_not_tried_for_ever(tmp_path: Path) -> None:
    fake = fake_lucidac()
    device = make(fake)
    async with trio.open_nursery() as nursery:
        await nursery.start(device.serve)
        await works(device, tmp_path)
        fake.faults[Reset] = ["break"] * 9
        with pytest.raises(ConnectError, match="reset failed"):
            await device.run(REQUEST, tmp_path / "out", silent)
        assert len(fake.links) <= 5
        nursery.cancel_scope.cancel()


async def test_other_hardware_than_before(tmp_path: Path) -> None:
    fake, lines = fake_lucidac(), list[str]()
    device = make(fake)
    await device.probe()
    prepared = await device.prepare(REQUEST)
    assert prepared.fitted is not None
    fake.description = describe(lucidac_board(kinds=(1, 1)))
    await device.run(prepared, tmp_path / "out", lines.append)
    assert lines[:-2] == ["the device's hardware is not what it was when this task was prepared"]
    fake.description = describe(lucidac_board(kinds=(2, 1)))
    with pytest.raises(RunRefused, match="needs an M-INT block"):
        await device.run(prepared, tmp_path / "out", silent)


async def test_preparing_does_not_wait_for_a_run(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    fake = fake_lucidac()
    device = make(fake)
    fake.course = lambda link, start: []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(device.run, REQUEST, tmp_path / "out", silent)
        await trio.sleep(1.0)
        assert (await device.prepare(REQUEST)).fitted is not None
        nursery.cancel_scope.cancel()
