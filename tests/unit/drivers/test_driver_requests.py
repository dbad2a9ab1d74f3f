"""Looking at a device, requests that are refused, and what is told of overloads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
import trio

from drivers.apb import items as it
from drivers.apb.circuit import build_file, to_items
from drivers.apb.codec import decode, encode
from drivers.apb.items import CircuitFile
from drivers.base import RunRequest
from drivers.errors import (
    ConnectError,
    OverflowReported,
    ProtocolError,
    RunRefused,
)
from drivers.link.endpoint import Endpoint
from drivers.lucidac import LUCIDAC as MACHINE
from drivers.options import DriverOptions
from drivers.rates import RateRefused
from drivers.real_device import RealDevice
from drivers.redac import REDAC
from drivers.wire.messages import (
    Extract,
    GetOverloads,
    Overloads,
    Ping,
)
from tests.fake_links import FakeDevice, InlineJobs, read, truth
from tests.machines import LUCIDAC, LUCIDAC_PATH, describe, harmonic, lucidac_board, mredac_board

if TYPE_CHECKING:
    from pathlib import Path


MODULE: Final = build_file(LUCIDAC, harmonic())
REQUEST: Final = RunRequest(module=MODULE, op_time_s=0.001, sample_rate_hz=10_000.0)
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


# Looking.


async def test_probe_and_describe(autojump_clock: trio.testing.MockClock) -> None:
    fake = fake_lucidac()
    device = make(fake)
    assert await device.probe()
    assert decode(await device.describe()).items == LUCIDAC.items
    assert fake.kinds == ["Extract", "Extract"]
    async with trio.open_nursery() as nursery:
        await nursery.start(device.serve)
        fake.asked.clear()
        assert await device.probe()
        assert await device.probe()
        await device.describe()
        assert fake.kinds == ["Extract", "Ping"]
        fake.faults = {Ping: ["silent"]}
        assert await device.probe()
        assert await device.probe()
        assert fake.kinds == ["Extract", "Ping", "Ping", "Extract", "Extract"]
        fake.faults = {Extract: ["silent"]}
        assert not await device.probe()
        fake.is_away = True
        with pytest.raises(ConnectError, match="refuses"):
            await device.probe()
        fake.is_away = False
        assert await device.probe()
        nursery.cancel_scope.cancel()


async def test_another_machine_than_configured() -> None:
    fake = FakeDevice(description=describe(mredac_board()))
    with pytest.raises(ProtocolError, match=r"mREDAC carrier .* configured as a LUCIDAC"):
        await make(fake).describe()
    device = RealDevice([PLACE], REDAC, InlineJobs(), opener=fake.open)
    assert await device.probe()


async def test_an_unsound_description() -> None:
    board = lucidac_board()
    for trees in ((), (board, board), (replace(board, type=9),)):
        fake = FakeDevice(description=describe(*trees))
        with pytest.raises(ProtocolError, match="unsound"):
            await make(fake).probe()


# Requests.


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"sample_rate_hz": 30_000.0}, RateRefused, "25000 and 31250"),
        ({"sample_rate_hz": 500_000.0}, RateRefused, "250000"),
        ({"sample_rate_hz": 0.5}, RunRefused, "whole number"),
        ({"op_time_s": 9.5}, RunRefused, "up to 9 s"),
        ({"op_time_s": 0.0}, RunRefused, "op time"),
        ({"module": b"nothing"}, RunRefused, "not a circuit file|no module"),
    ],
)
async def test_requests_that_are_refused_before_anything_is_sent(
    tmp_path: Path, change: dict[str, object], error: type[RunRefused], said: str
) -> None:
    fake = fake_lucidac()
    request = replace(REQUEST, **change)  # type: ignore[arg-type]  # one field at a time
    with pytest.raises(error, match=said):
        await make(fake).run(request, tmp_path / "out", silent)
    assert fake.asked == []


async def test_a_module_that_does_not_fit_leaves_the_device_alone(tmp_path: Path) -> None:
    fake = FakeDevice(description=describe(lucidac_board("04-E9-E5-00-00-77")))
    with pytest.raises(RunRefused, match="compile it for this device"):
        await make(fake).run(REQUEST, tmp_path / "out", silent)
    assert fake.kinds == ["Extract"]


@pytest.mark.parametrize(
    ("udp", "rate", "asked"),
    [
        ("auto", 50_000, 0),
        ("auto", 62_500, 1),
        ("never", 250_000, 0),
        ("always", 1_000, 1),
    ],
)
async def test_udp_is_for_high_rates(tmp_path: Path, udp: str, rate: int, asked: int) -> None:
    fake, lines = fake_lucidac(), list[str]()
    fake.takes_udp = False
    options = DriverOptions(udp=udp)  # type: ignore[arg-type]  # a literal by parametrisation
    request = replace(REQUEST, sample_rate_hz=float(rate))
    await make(fake, options).run(request, tmp_path / "out", lines.append)
    assert fake.udp_asked == asked
    assert sum("refuses to send samples by UDP" in line for line in lines) == asked


async def test_a_machine_with_firmware_1(tmp_path: Path) -> None:
    """Lane gain 10, columns without names, chunks without numbers, no question about overloads."""
    circuit = harmonic()
    carrier = circuit.carriers[0]
    cluster = carrier.clusters[0]
    lanes = (replace(cluster.lanes[0], upscaled=True, factor=-0.5), *cluster.lanes[1:])
    cluster = replace(cluster, lanes=lanes)
    circuit = replace(circuit, carriers=(replace(carrier, clusters=(cluster,)),))
    fake = FakeDevice(description=LUCIDAC, dialect="jsonl", lane_gain=10.0)
    fake.faults[GetOverloads] = ["refuse"]
    lines = list[str]()
    request = replace(REQUEST, module=build_file(LUCIDAC, circuit))
    device = make(fake)
    async with trio.open_nursery() as nursery:
        await nursery.start(device.serve)
        await device.run(request, tmp_path / "out", lines.append)
        await device.run(request, tmp_path / "out", silent)
        nursery.cancel_scope.cancel()
    assert read(tmp_path / "out") == [truth(0, 10).tolist(), truth(1, 10).tolist()]
    assert fake.kinds.count("GetOverloads") == 1
    assert any("gain is 10" in line for line in lines)
    assert any("does not tell" in line for line in lines)
    (coef,) = (i.config for i in fake.circuits[0].items if isinstance(i.config, it.CoefConfig))
    assert {one.lane: one.factor for one in coef.elements}[0] == pytest.approx(-0.4)


# Overloads.

OVER: Final = Overloads(
    any_overload=True,
    elements=((f"/{LUCIDAC_PATH}/0/M0", 3), (f"{LUCIDAC_PATH}/0/M1", 1), ("elsewhere", 2)),
)


async def test_overloads_are_told_in_the_modules_words(tmp_path: Path) -> None:
    fake, lines = fake_lucidac(), list[str]()
    fake.overloads = OVER
    virtual = CircuitFile(items=to_items(harmonic()))
    moved = tuple(
        replace(i, entity=i.entity.replace(LUCIDAC_PATH, "00-00-00-00-00-00"))
        for i in virtual.items
        if not isinstance(i.config, it.DependencyInfo)
    )
    request = replace(REQUEST, module=encode(CircuitFile(items=moved)))
    result = await make(fake).run(request, tmp_path / "out", lines.append)
    assert result.overloads == (
        "00-00-00-00-00-00/0/M0 integrator 3",
        "00-00-00-00-00-00/0/M1 multiplier 1",
        "elsewhere element 2",
    )
    assert sum("left the range" in line for line in lines) == 3


async def test_overloads_may_fail_a_run(tmp_path: Path) -> None:
    fake = fake_lucidac()
    fake.overloads = OVER
    device = make(fake, DriverOptions(overload="fail"))
    with pytest.raises(OverflowReported, match=f"{LUCIDAC_PATH}/0/M0 integrator 3, "):
        await device.run(REQUEST, tmp_path / "out", silent)
    assert fake.kinds[-1] == "GetOverloads"
    fake.overloads = Overloads(any_overload=True)
    with pytest.raises(OverflowReported, match="does not name"):
        await device.run(REQUEST, tmp_path / "out", silent)
    fake.faults[GetOverloads] = ["refuse"]
    with pytest.raises(RunRefused, match="reading the overloads failed"):
        await device.run(REQUEST, tmp_path / "out", silent)


@pytest.mark.parametrize("fault", ["silent", "refuse", "break", "nonsense"])
async def test_a_device_that_cannot_tell_overloads_still_has_results(
    tmp_path: Path, autojump_clock: trio.testing.MockClock, fault: str
) -> None:
    fake = fake_lucidac()
    fake.faults[GetOverloads] = [fault]
    await works(make(fake), tmp_path)
