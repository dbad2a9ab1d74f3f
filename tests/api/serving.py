"""A whole appliance in the test's own loop, with real sockets and files, and fakes for the work."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import httpx
import trio

from appliance import config as configuration
from appliance.auth import AuthFile
from appliance.descriptions import lucidac
from appliance.models import DeviceType
from appliance.supervisor import run_appliance
from appliance.workings import Workings
from drivers.base import Device, JobRunner, LogLine, RunRequest, RunResult
from drivers.errors import ConnectError
from tests.api.fake_compiler import fake_compile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from appliance.compile_child import CompileFunction
    from appliance.config_models import Device as DeviceSection

ADA, BOB, EVE, ROOT = "ada-key", "bob-key", "eve-key", "root-key"
ENTITY = lucidac()
MODULE = base64.b64encode(ENTITY).decode()
RESULT = b"[[0.5,0.25],null]"
AWAY = "the machine does not answer"

AUTH = f"""
subscriptions:
  free: {{}}
  basic: {{limits: {{SIMULATOR: {{hourly: 20, daily: 100}}, LUCIDAC: {{hourly: 5}}}}}}
users:
  {ADA}: {{enabled: true, name: Ada, email: ada@example.org, subscription: basic, priority: 3}}
  {BOB}: {{enabled: true, name: Bob, email: bob@example.org, subscription: free, devices: []}}
  {EVE}: {{enabled: false, name: Eve, email: eve@example.org, subscription: free}}
  {ROOT}: {{enabled: true, name: Root, email: r@example.org, subscription: free, system: true}}
"""

CONFIG = """
bind = "127.0.0.1:0"
[system]
domain = "test"
version = "1.2.3"
[limits]
body_bytes = 4194304
body_timeout_s = 5.0
header_timeout_s = 5.0
send_timeout_s = 5.0
[workers.compile]
num_instances = 2
instance_timeout_s = 30.0
[[devices.available]]
name = "sim"
type = "SIMULATOR"
emulates = "lucidac"
max_sample_rate = 100000
[[devices.available]]
name = "bare"
type = "SIMULATOR"
[[devices.available]]
name = "machine"
type = "LUCIDAC"
host = "192.0.2.1"
"""


@dataclass
class FakeDevice:
    """Runs at once, or when ``gate`` is opened; ``error`` is raised instead of a result."""

    entity: bytes | None = None
    error: Exception | None = None
    result: ClassVar[bytes] = RESULT
    gate: trio.Event | None = None
    requests: list[RunRequest] = field(default_factory=list)
    started: trio.Event = field(default_factory=trio.Event)

    async def probe(self) -> bool:
        return True

    async def describe(self) -> bytes | None:
        return self.entity

    async def run(self, request: RunRequest, output: Path, log: LogLine) -> RunResult:
        self.requests.append(request)
        log("at work")
        self.started.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        await trio.Path(output).write_bytes(self.result)
        return RunResult(path=output, samples=2, probes=1)


@dataclass
class Serving:
    """Where the appliance serves and what it is made of; ``end`` stops it and waits."""

    url: str
    state_dir: Path
    devices: dict[str, FakeDevice]
    stop: trio.Event
    done: trio.Event

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.url)
        return url.host, url.port or 80

    def client(self, key: str | None = ADA) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20)

    async def end(self) -> None:
        self.stop.set()
        with trio.fail_after(10):
            await self.done.wait()


class Away:
    """A machine that does not answer."""

    async def probe(self) -> bool:
        raise ConnectError(AWAY)

    async def describe(self) -> bytes | None:
        raise ConnectError(AWAY)

    async def run(self, request: RunRequest, output: Path, log: LogLine) -> RunResult:
        raise ConnectError(AWAY)


@asynccontextmanager
async def serving(
    directory: Path,
    *,
    config: str = CONFIG,
    compile: CompileFunction = fake_compile,
    devices: dict[str, FakeDevice] | None = None,
    workings: Workings | None = None,
    warm: tuple[str, ...] = (),
) -> AsyncIterator[Serving]:
    """Start an appliance in ``directory``; stopped cleanly when the block is left.

    ``workings`` instead of fakes.
    """
    path = directory / "analogcloud.toml"
    path.write_text(config)
    (directory / "auth.yml").write_text(AUTH)
    loaded, users = configuration.load(path), AuthFile.load(directory / "auth.yml")
    fakes = devices if devices is not None else {}

    def make(section: DeviceSection, entity: bytes | None, jobs: JobRunner) -> Device:
        if section.type is not DeviceType.SIMULATOR:
            return Away()
        fake = fakes.setdefault(section.name, FakeDevice())
        fake.entity = entity
        return fake

    stop, done = trio.Event(), trio.Event()
    workings = workings or Workings(
        make_device=make, compile=compile, compile_modules=warm, simulate_modules=()
    )
    run = partial(run_appliance, loaded, users, stop, workings)

    async def run_then_tell(*, task_status: trio.TaskStatus[list[str]]) -> None:
        try:
            await run(task_status=task_status)
        finally:
            done.set()

    async with trio.open_nursery() as nursery:
        (address,) = await nursery.start(run_then_tell)
        here = Serving(f"http://{address}", loaded.state_dir, fakes, stop, done)
        yield here
        await here.end()


async def finished(client: httpx.AsyncClient, id: str) -> dict[str, Any]:
    """The status of a task once it has ended."""
    with trio.fail_after(20):
        while True:
            answer: dict[str, Any] = (await client.get(f"/api/v1/tasks/{id}/status")).json()
            if answer["state"] in ("succeeded", "failed", "cancelled"):
                return answer
            await trio.sleep(0.01)
