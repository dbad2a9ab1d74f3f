"""Our driver for firmware 1.x against lucipy's emulator, by TCP and through a pseudo-terminal.

The emulator solves with a relative tolerance of 1e-3, so that an oscillation is off by 1.7e-3 more
each period, and it spreads its samples evenly from the start to the end of the run, both included:
sample i of n is from t = i T / (n - 1), where hardware takes it at i / rate. Nothing that it sends
tells so. Our driver gives samples as they come; here they are compared on the emulator's own grid.
"""

from __future__ import annotations

import os
import re
import tty
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
import trio
from scipy.integrate import solve_ivp

from drivers.apb.codec import decode, encode
from drivers.apb.entities import carriers
from drivers.apb.items import CircuitFile, EntitySpecification, Item, ItorConfig, ItorEntry
from drivers.base import RunRequest
from drivers.errors import RunRefused
from drivers.link.endpoint import Endpoint
from drivers.link.opening import Pauses, open_link
from drivers.lucidac import LUCIDAC as MACHINE
from drivers.options import DriverOptions
from drivers.real_device import RealDevice
from tests.fake_links import InlineJobs, read
from tests.peers.processes import need, peer, program, run_program
from tests.peers.references import golden
from tests.virtual_network import lanes, probes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

need("lucipy")

LIMIT_S = 60.0
NEAR = 5e-3
SAME = 1e-6
"""Between two clients of the emulator: their factors are rounded in other ways."""
OP_NS = {"decay": 100_000_000, "harmonic": 1_280_000, "lorenz": 1_800_000}
"""For so long the emulator is good enough to be compared: 2 periods, 18 units of the attractor."""
K = 1e4
EMULATED = "70-79-74-68-6f-6e"


def slopes(name: str, y: Array) -> list[float]:
    """The equations of the golden circuits, as written beside them."""
    if name == "decay":
        return [-30.0 * y[0]]
    if name == "harmonic":
        return [K * y[1], -K * y[0]]
    return [
        K * (y[1] - y[0]),
        K * (2.8 * y[0] + 10.0 * y[0] * y[2] - 0.1 * y[1]),
        K * (-2.5 * y[0] * y[1] - 0.2666 * y[2]),
    ]


def solution(name: str, times: Array) -> Array:
    """(samples, probes) at these times."""
    start = golden(name).solution[0]
    solved = solve_ivp(
        lambda _, y: slopes(name, y),
        (0.0, float(times[-1])),
        start,
        method="DOP853",
        rtol=1e-10,
        atol=1e-12,
        t_eval=times,
    )
    return np.asarray(solved.y.T)


def module(name: str) -> bytes:
    """A golden circuit for any LUCIDAC; without the front plane, which the emulator lacks."""
    items = golden(name).file.items
    used = (
        one
        for one in items
        if not one.entity.endswith("/FP") and not isinstance(one.config, EntitySpecification)
    )
    raw = encode(CircuitFile(items=tuple(used)))
    return raw.replace(b"04-E9-E5-15-87-A0", b"00-00-00-00-00-00")


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The emulator's port, and how our driver gets there."""

    port: int
    endpoint: Endpoint
    folder: Path

    def device(self, options: DriverOptions) -> RealDevice:
        opener = partial(open_link, pauses=Pauses(probe_s=0.3))
        return RealDevice([self.endpoint], MACHINE, InlineJobs(), options, opener=opener)

    async def run(self, name: str, options: DriverOptions) -> Array:
        """(samples, probes)."""
        request = RunRequest(
            module=module(name), op_time_s=OP_NS[name] / 1e9, sample_rate_hz=golden(name).rate
        )
        path = self.folder / f"{name}.json"
        await self.device(options).run(request, path, lambda _: None)
        return np.array(read(path)).T


@asynccontextmanager
async def emulator() -> AsyncIterator[int]:
    async with peer(program("emulator_process")) as process:
        found = re.search(r"tcp://127\.0\.0\.1:(\d+) ", await process.line())
        assert found
        yield int(found[1])


@asynccontextmanager
async def serial_port(port: int) -> AsyncIterator[str]:
    """A terminal that whatever listens on a port is connected to."""
    near, far = os.openpty()
    tty.setraw(far)
    name = os.ttyname(far)
    async with (
        trio.lowlevel.FdStream(near) as wire,
        await trio.open_tcp_stream("127.0.0.1", port) as net,
    ):

        async def pump(source: trio.abc.ReceiveStream, sink: trio.abc.SendStream) -> None:
            while data := await source.receive_some(65_536):
                await sink.send_all(data)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(pump, wire, net)
            nursery.start_soon(pump, net, wire)
            yield name
            nursery.cancel_scope.cancel()
    os.close(far)


@pytest.fixture(params=["tcp", "serial"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with emulator() as port:
        if request.param == "tcp":
            yield Bench(port=port, endpoint=Endpoint(host="127.0.0.1", port=port), folder=tmp_path)
            return
        async with serial_port(port) as name:
            yield Bench(port=port, endpoint=Endpoint(serial=name), folder=tmp_path)


@pytest.mark.parametrize("name", OP_NS)
async def test_samples_are_right_on_the_emulators_grid(bench: Bench, name: str) -> None:
    found = await bench.run(name, DriverOptions(dialect="jsonl"))
    samples = OP_NS[name] * golden(name).rate // 10**9
    assert len(found) == samples
    grid = np.arange(samples) / (samples - 1) * OP_NS[name] / 1e9
    off = np.abs(found - solution(name, grid)).max()
    assert off <= NEAR
    if name != "decay":  # which is too slow to tell the two grids apart
        assert np.abs(found - solution(name, np.arange(samples) / golden(name).rate)).max() > NEAR


GOOD_S = 0.01


def good() -> RunRequest:
    return RunRequest(module=module("decay"), op_time_s=GOOD_S, sample_rate_hz=1000.0)


def looped() -> RunRequest:
    """A product that is its own factor: the emulator does not find out before it starts."""
    address = "00-00-00-00-00-00"
    start = ItorConfig(elements=(ItorEntry(element=0, ic=-0.8, k=10_000),))
    items = (
        Item(entity=address, config=probes(8)),
        Item(entity=f"{address}/0/M0", config=start),
        *lanes(address, (0, 8, 1.0), (8, 9, 1.0), (0, 9, 1.0)),
    )
    made = encode(CircuitFile(items=items))
    return RunRequest(module=made, op_time_s=GOOD_S, sample_rate_hz=1000.0)


async def works(device: RealDevice, folder: Path) -> None:
    path = folder / "works.json"
    await device.run(good(), path, lambda _: None)
    grid = np.arange(10) / 9 * GOOD_S
    assert np.abs(np.array(read(path))[0] - 0.8 * np.exp(-30.0 * grid)).max() <= NEAR


async def test_errors_have_reasons_and_the_device_stays_usable(bench: Bench) -> None:
    device = bench.device(DriverOptions(dialect="jsonl"))
    out = bench.folder / "out.json"
    async with trio.open_nursery() as nursery:
        await nursery.start(device.serve)
        assert [one.path for one in carriers(decode(await device.describe()))] == [EMULATED]
        await works(device, bench.folder)
        with pytest.raises(RunRefused, match=r"start failed: .*algebraic loops"):
            await device.run(looped(), out, lambda _: None)
        await works(device, bench.folder)
        assert await device.probe()
        nursery.cancel_scope.cancel()
    strict = bench.device(DriverOptions(dialect="jsonl", overload="fail"))
    with pytest.raises(RunRefused, match="reading the overloads failed: Don't know"):
        await strict.run(good(), out, lambda _: None)
    await works(device, bench.folder)


async def test_the_dialect_is_found_out(tmp_path: Path) -> None:
    async with emulator() as port:
        bench = Bench(port=port, endpoint=Endpoint(host="127.0.0.1", port=port), folder=tmp_path)
        await works(bench.device(DriverOptions()), tmp_path)


async def test_lucipy_gets_the_same_from_the_emulator(tmp_path: Path) -> None:
    times = {name: (op_ns, golden(name).rate) for name, op_ns in OP_NS.items()}
    async with emulator() as port:
        bench = Bench(port=port, endpoint=Endpoint(host="127.0.0.1", port=port), folder=tmp_path)
        order = {"port": port, "recipes": list(OP_NS), "times": times}
        found = await run_program(program("use_lucipy"), order, LIMIT_S)
        for name in OP_NS:
            ours = await bench.run(name, DriverOptions(dialect="jsonl"))
            assert np.abs(ours - np.array(found["runs"][name]["data"])).max() <= SAME, name
