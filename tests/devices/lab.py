"""Virtual machines on loopback, and a whole appliance that drives them."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import trio

from appliance.workings import Workings
from sim.virtual.device import VirtualDevice
from sim.virtual.dialect import PROTOBUF
from sim.virtual.faults import load_faults
from sim.virtual.hardware import lucidac
from sim.virtual.machine import Machine
from sim.virtual.server import listen
from tests.api.fake_compiler import fake_compile
from tests.api.serving import ROOT, finished, serving
from tests.devices.truth import EXACT, OP_TIME_S, RATE, SAMPLES, TEXT, truth
from tests.virtual_network import InPlace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx

    from tests.api.serving import Serving

LOOPBACK: Final = "127.0.0.1"
PATIENCE_S: Final = 60.0
CONFIG: Final = """
bind = "127.0.0.1:0"
[system]
domain = "test"
version = "1"
[tasks]
delete_grace_s = {grace_s}
[devices.scanner]
interval_s = 1.0
[[devices.available]]
name = "sim"
type = "SIMULATOR"
emulates = "lucidac"
"""
SECTION: Final = """
[[devices.available]]
name = "{name}"
type = "LUCIDAC"
host = "127.0.0.1"
port = {port}
dialect = "protobuf"
overload = "{overload}"
"""


@dataclass
class Rig:
    """A virtual LUCIDAC that can be plugged in and out; it keeps its port."""

    nursery: trio.Nursery
    name: str = "lucidac-virtual"
    overload: str = "warn"
    script: str = ""
    port: int = 0
    device: VirtualDevice = field(init=False)
    _scope: trio.CancelScope = field(init=False)

    async def plug_in(self) -> None:
        """A machine that was just switched on."""
        self.device = VirtualDevice(
            Machine(lucidac(), PROTOBUF), InPlace(), load_faults(self.script)
        )
        self.port = await self.nursery.start(self._serve)

    def pull(self) -> None:
        """Nobody listens any more, and all connections are gone."""
        self._scope.cancel()

    async def _serve(self, *, task_status: trio.TaskStatus[int]) -> None:
        with trio.CancelScope() as self._scope:
            async with trio.open_nursery() as nursery:
                await nursery.start(self.device.operate)
                port = await nursery.start(listen, self.device, LOOPBACK, self.port)
                task_status.started(port)
                await trio.sleep_forever()

    @property
    def section(self) -> str:
        return SECTION.format(name=self.name, port=self.port, overload=self.overload)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Lab:
    """An appliance, a client of it, and how to run ``tests.devices.truth``'s circuit."""

    here: Serving
    client: httpx.AsyncClient

    async def ask(self, device: str, **changes: object) -> httpx.Response:
        asked = {
            "device_name": device,
            "module": TEXT,
            "op_time": OP_TIME_S,
            "sample_rate": RATE,
        } | changes
        return await self.client.post("/api/v1/tasks/run", json=asked)

    async def submit(self, device: str, **changes: object) -> str:
        answer = await self.ask(device, **changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    # Any: JSON.
    async def end(self, id: str) -> dict[str, Any]:
        """The status of a task once it has ended."""
        return await finished(self.client, id)

    async def log(self, id: str) -> str:
        return "\n".join((await self.client.get(f"/api/v1/tasks/{id}/log")).json()["lines"])

    async def result(self, id: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """(probes, samples)"""
        answer = await self.client.get(f"/api/v1/tasks/{id}/result")
        assert answer.status_code == 200, answer.text
        return np.array(answer.json())

    async def is_right(self, id: str) -> bool:
        """Whether the result is that of the circuit, with all of its samples."""
        values = await self.result(id)
        count = values.shape[1]
        apart = np.abs(values - truth()[:count].T).max()
        return count == SAMPLES and bool(apart <= EXACT)

    async def device(self, name: str) -> dict[str, Any]:
        devices = (await self.client.get("/api/v1/devices")).json()
        (found,) = (one for one in devices if one["name"] == name)
        return dict(found)

    async def until(self, name: str, *, available: bool) -> None:
        with trio.fail_after(PATIENCE_S):
            while (await self.device(name))["available"] is not available:  # noqa: ASYNC110
                await trio.sleep(0.02)

    async def state(self, id: str) -> str:
        return str((await self.client.get(f"/api/v1/tasks/{id}/status")).json()["state"])


@asynccontextmanager
async def laboratory(
    directory: Path, *rigs: Rig, grace_s: float = 0.2, workings: Workings | None = None
) -> AsyncIterator[Lab]:
    """An appliance with a simulator and with what the rigs are."""
    config = CONFIG.format(grace_s=grace_s) + "".join(rig.section for rig in rigs)
    workings = workings or Workings(compile=fake_compile, compile_modules=(), simulate_modules=())
    async with (
        serving(directory, config=config, workings=workings) as here,
        here.client(ROOT) as client,
    ):
        yield Lab(here, client)


@asynccontextmanager
async def workshop() -> AsyncIterator[trio.Nursery]:
    """Where rigs work until the block ends."""
    async with trio.open_nursery() as nursery:
        yield nursery
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def one_device(
    directory: Path, script: str = "", *, overload: str = "warn"
) -> AsyncIterator[tuple[Lab, Rig]]:
    """An appliance with one virtual LUCIDAC that is there."""
    async with workshop() as nursery:
        rig = Rig(nursery, script=script, overload=overload)
        await rig.plug_in()
        async with laboratory(directory, rig) as lab:
            await lab.until(rig.name, available=True)
            yield lab, rig
