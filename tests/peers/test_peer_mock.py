"""Our drivers against the vendor's mock device: sines, whatever the circuit, and errors by name."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest
import trio

from drivers.apb.codec import decode, encode
from drivers.apb.entities import carriers
from drivers.apb.items import CircuitFile
from drivers.base import RunRequest
from drivers.collect import Incomplete, RunFailed
from drivers.errors import ConnectError, DeviceTimeout, DriverError, ProtocolError, RunRefused
from drivers.link.endpoint import Endpoint
from drivers.lucidac import lucidac
from drivers.options import DriverOptions
from drivers.redac import redac
from tests.fake_links import InlineJobs, read
from tests.peers.processes import Peer, need, peer, program
from tests.virtual_network import harmonic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from drivers.options import UdpPolicy
    from drivers.real_device import RealDevice

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

need("pybrid")

DRIVERS = {"lucidac": lucidac, "redac": redac}
CARRIERS = ("00-00-00-00-00-00", "00-00-00-00-00-01")
WORDS = "said by the mock"
RATE = 100_000
OP_S = 0.003
SAMPLES = 300
EXACT = 3e-8
"""The mock computes with float32."""


def module(kind: str) -> bytes:
    """Two probes on each carrier."""
    used = CARRIERS[: 1 if kind == "lucidac" else 2]
    files = [harmonic(one, first_probe=2 * n) for n, one in enumerate(used)]
    return encode(CircuitFile(items=tuple(item for one in files for item in one.items)))


def sines(kind: str, samples: int = SAMPLES, rate: int = RATE, scale: float = 0.5) -> Array:
    """What the mock measures: (probes, samples). Half of it once it is calibrated."""
    probes = np.arange(2 if kind == "lucidac" else 4)
    return np.asarray(scale * np.sin(np.arange(samples) / rate + probes[:, None] * np.pi / 4))


@dataclass(kw_only=True)
class Bench:
    """A mock and our driver for it."""

    kind: str
    mock: Peer
    port: int
    device: RealDevice
    folder: Path
    log: list[str] = field(default_factory=list)

    async def run(self, op_s: float = OP_S, rate: int = RATE) -> Array:
        """The result file's numbers: (probes, samples)."""
        request = RunRequest(module=module(self.kind), op_time_s=op_s, sample_rate_hz=rate)
        path = self.folder / "result.json"
        await self.device.run(request, path, self.log.append)
        return np.array(read(path))

    async def works(self) -> None:
        """Assert that a run gives all the right numbers."""
        assert np.abs(await self.run() - sines(self.kind)).max() <= EXACT


@asynccontextmanager
async def mock(port: int = 0, /, **settings: object) -> AsyncIterator[tuple[Peer, int]]:
    given = {"error_message": WORDS, **settings}
    async with peer(program("mock_process", str(port), json.dumps(given))) as process:
        yield process, int(await process.line())


def driver(kind: str, port: int, options: DriverOptions) -> RealDevice:
    return DRIVERS[kind]([Endpoint(host="127.0.0.1", port=port)], InlineJobs(), options)


@asynccontextmanager
async def bench(
    kind: str, folder: Path, options: DriverOptions | None = None, **settings: object
) -> AsyncIterator[Bench]:
    chosen = options or DriverOptions(udp="always")
    async with mock(lucidac_mode=kind == "lucidac", **settings) as (process, port):
        device = driver(kind, port, chosen)
        async with trio.open_nursery() as nursery:
            await nursery.start(device.serve)
            yield Bench(kind=kind, mock=process, port=port, device=device, folder=folder)
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("kind", ["lucidac", "redac"])
@pytest.mark.parametrize("udp", ["never", "always"])
async def test_runs(kind: str, udp: UdpPolicy, tmp_path: Path) -> None:
    async with bench(kind, tmp_path, DriverOptions(udp=udp)) as here:
        assert await here.device.probe()
        boards = carriers(decode(await here.device.describe()))
        assert [one.path for one in boards] == list(CARRIERS[: len(boards)])
        await here.works()
        await here.works()
        assert await here.mock.ask("udp") == str(int(udp == "always"))
        assert not any("refuses" in line for line in here.log)


@pytest.mark.parametrize("kind", ["lucidac", "redac"])
async def test_udp_is_refused(kind: str, tmp_path: Path) -> None:
    async with bench(kind, tmp_path, accept_udp_streaming=False) as here:
        await here.works()
        await here.works()
        assert await here.mock.ask("udp") == "0"
        assert "the device refuses to send samples by UDP; they come by TCP" in here.log


async def test_physical_addresses_and_no_calibration(tmp_path: Path) -> None:
    options = DriverOptions(calibrate=False)
    async with bench("redac", tmp_path, options, mac_mode="PHYSICAL") as here:
        assert np.abs(await here.run() - sines("redac", scale=1.0)).max() <= 2 * EXACT


@pytest.mark.parametrize("kind", ["lucidac", "redac"])
@pytest.mark.parametrize("accepts", [True, False])
async def test_in_real_time(kind: str, accepts: bool, tmp_path: Path) -> None:
    async with bench(kind, tmp_path, simulate_op_time=True, accept_udp_streaming=accepts) as here:
        begun = trio.current_time()
        found = await here.run(0.4, 1000)
        assert trio.current_time() - begun >= 0.4
        assert np.abs(found - sines(kind, 400, 1000)).max() <= EXACT


STAGES: dict[str, tuple[type[DriverError], str]] = {
    "AT_EXTRACT": (ProtocolError, f"refuses to describe itself: .*{WORDS}"),
    "AT_CONFIGURE": (RunRefused, f"configuration.*{WORDS}"),
    "AT_START_RUN": (RunRefused, f"start.*{WORDS}"),
    "DURING_RUN": (RunFailed, "ended the run with an error: it gave no reason"),
    "DROP_TAKEOFF_STATE": (Incomplete, "has not said that the run began"),
    "DROP_DONE_STATE": (DeviceTimeout, "had not said that it is over .*300 of 300 samples"),
    "FEWER_SAMPLES": (Incomplete, "samples 150-299 of 300 did not arrive"),
}


WAYS = [
    ("lucidac", "never"),
    ("redac", "always"),
    pytest.param("lucidac", "always", marks=pytest.mark.long),
    pytest.param("redac", "never", marks=pytest.mark.long),
]


@pytest.mark.parametrize(("kind", "udp"), WAYS)
@pytest.mark.parametrize("stage", STAGES)
async def test_errors(
    kind: str, udp: UdpPolicy, stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each tells why, and the device works once the reason is gone."""
    monkeypatch.setattr("drivers.run_flow.RUN_S", 0.3)
    expected, words = STAGES[stage]
    async with bench(kind, tmp_path, DriverOptions(udp=udp)) as here:
        assert await here.mock.ask(stage) == stage
        with pytest.raises(expected, match=words):
            await here.run()
        assert await here.mock.ask("NONE") == "NONE"
        await here.works()


async def test_an_error_between_runs(tmp_path: Path) -> None:
    async with bench("lucidac", tmp_path) as here:
        for stage in ("DURING_RUN", "AT_CONFIGURE", "FEWER_SAMPLES", "AT_START_RUN"):
            await here.works()
            await here.mock.ask(stage)
            with pytest.raises(DriverError, match=STAGES[stage][1]):
                await here.run()
            await here.mock.ask("NONE")
        await here.works()


async def test_killed_during_a_run(tmp_path: Path) -> None:
    """The run fails at once; the device works when it is there again, at its old place."""
    options = DriverOptions(udp="never")
    async with bench("lucidac", tmp_path, options, simulate_op_time=True) as here:

        async def kill() -> None:
            await trio.sleep(0.5)
            await here.mock.kill()

        with trio.fail_after(5.0):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(kill)
                with pytest.raises(ConnectError, match="of 9000 samples had arrived"):
                    await here.run(9.0, 1000)
        with pytest.raises(ConnectError, match="refuse"):
            await here.device.probe()
        async with mock(here.port, lucidac_mode=True):
            await here.works()
