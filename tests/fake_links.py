"""A device without wires for tests of drivers: links that answer, or misbehave as told."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import trio

from drivers.apb import items as it
from drivers.errors import ConnectError, ProtocolError, RunRefused
from drivers.wire.messages import (
    Calibrate,
    Calibrated,
    Configure,
    Configured,
    Described,
    Extract,
    Failed,
    GetOverloads,
    Overloads,
    Ping,
    Pong,
    Reset,
    ResetDone,
    RunAccepted,
    RunState,
    Samples,
    StartRun,
    StateChanged,
    StopRun,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from drivers.apb.items import CircuitFile
    from drivers.base import LogLine
    from drivers.link.endpoint import Endpoint
    from drivers.wire.messages import Notification, Reply, Request

CHUNK = 4


def truth(probe: int, samples: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """What the fake measures."""
    return np.asarray(np.arange(samples) / 1000.0 + probe, dtype=np.float64)


@dataclass(kw_only=True)
class FakeDevice:
    """What all links to it share. ``faults`` by the class of a request: ``silent``, ``refuse``,
    ``break`` or ``nonsense``, each as often as listed. ``course`` tells what a run does."""

    description: CircuitFile
    dialect: str = "protobuf"
    lane_gain: float = 8.0
    takes_udp: bool = True
    is_away: bool = False
    faults: dict[type, list[str]] = field(default_factory=dict)
    overloads: Overloads = field(default_factory=Overloads)
    course: Callable[[FakeLink, StartRun], list[Notification | Failed]] | None = None
    breaks_after: bool = False
    asked: list[Request] = field(default_factory=list)
    circuits: list[CircuitFile] = field(default_factory=list)
    links: list[FakeLink] = field(default_factory=list)
    udp_asked: int = 0

    @asynccontextmanager
    async def open(
        self, endpoint: Endpoint, dialect: str, token: str | None
    ) -> AsyncIterator[FakeLink]:
        if self.is_away:
            raise ConnectError(f"{endpoint} refuses connections")
        link = FakeLink(self)
        self.links.append(link)
        try:
            yield link
        finally:
            link.break_off()

    @property
    def kinds(self) -> list[str]:
        return [type(one).__name__ for one in self.asked]

    @property
    def open_links(self) -> int:
        return sum(not link.is_broken for link in self.links)

    def channels(self) -> dict[str, tuple[int, ...]]:
        """The probes of each carrier, as configured last."""
        return {
            item.entity: tuple(one.probe for one in item.config.channels)
            for item in self.circuits[-1].items
            if isinstance(item.config, it.AdcConfig)
        }

    def messages(self, start: StartRun) -> list[Notification | Failed]:
        """A run as it should be."""
        samples = round(start.op_time_ns * start.sample_rate / 1e9)
        found: list[Notification | Failed] = [
            StateChanged(run_id=start.run_id, old=RunState.NEW, new=RunState.TAKE_OFF),
            StateChanged(run_id=start.run_id, old=RunState.IC, new=RunState.OP),
        ]
        for carrier, probes in self.channels().items():
            if not probes:
                continue
            values = np.column_stack([truth(probe, samples) for probe in probes])
            found += [
                Samples(
                    run_id=start.run_id,
                    chunk=None if self.dialect == "jsonl" else first // CHUNK,
                    carrier=carrier,
                    probes=tuple(range(len(probes))) if self.dialect == "jsonl" else probes,
                    values=values[first : first + CHUNK],
                )
                for first in range(0, samples, CHUNK)
            ]
        return [
            *found,
            StateChanged(run_id=start.run_id, old=RunState.OP_END, new=RunState.DONE),
        ]


class FakeLink:
    """See ``drivers.link.contract.Link``."""

    def __init__(self, device: FakeDevice) -> None:
        self.device = device
        self.dialect = device.dialect
        self.lane_gain = device.lane_gain
        channel = trio.open_memory_channel["Notification | Failed"](10_000)
        self.send, self.notifications = channel
        self.broken = trio.Event()

    @property
    def is_broken(self) -> bool:
        return self.broken.is_set()

    def break_off(self) -> None:
        self.broken.set()
        self.send.close()

    async def stream_by_udp(self) -> bool:
        await trio.lowlevel.checkpoint()
        self.device.udp_asked += 1
        return self.device.takes_udp

    async def request(self, body: Request) -> Reply:
        await trio.lowlevel.checkpoint()
        if self.is_broken:
            raise ConnectError("the device hung up")
        self.device.asked.append(body)
        await self._misbehave(self.device.faults.get(type(body), []))
        return self._answer(body)

    async def _misbehave(self, faults: list[str]) -> None:
        fault = faults.pop(0) if faults else ""
        if fault == "silent":
            await self.broken.wait()
            raise ConnectError("the device hung up")
        if fault == "break":
            self.break_off()
            raise ConnectError("the device hung up")
        if fault == "refuse":
            raise RunRefused("I would rather not")
        if fault == "nonsense":
            raise ProtocolError("The device answered with nonsense.")

    def _answer(self, body: Request) -> Reply:
        device = self.device
        if isinstance(body, Extract):
            return Described(description=device.description)
        if isinstance(body, Configure):
            device.circuits.append(body.circuit)
        elif isinstance(body, StartRun):
            course = device.course
            notices = device.messages(body) if course is None else course(self, body)
            for notice in notices:
                self.send.send_nowait(notice)
            if device.breaks_after:
                self.break_off()
        elif isinstance(body, GetOverloads):
            return device.overloads
        return _REPLIES[type(body)]


_REPLIES: dict[type, Reply] = {
    Ping: Pong(),
    Reset: ResetDone(),
    Configure: Configured(),
    Calibrate: Calibrated(),
    StartRun: RunAccepted(),
    StopRun: ResetDone(),
}


class InlineJobs:
    """A JobRunner without processes; remembers what it was asked to do."""

    def __init__(self) -> None:
        self.done: list[str] = []

    # Any: as in the contract, functions and arguments of all kinds.
    async def run(self, function: Callable[..., Any], *args: Any, log: LogLine) -> Any:  # noqa: ANN401
        await trio.lowlevel.checkpoint()
        self.done.append(function.__name__)
        return function(*args, log=log)


def read(path: Path) -> list[list[float]]:
    """A result file's numbers."""
    found: list[list[float]] = json.loads(path.read_bytes())
    return found
