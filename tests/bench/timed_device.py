"""A virtual LUCIDAC that notes when what happened: ``python -m tests.bench.timed_device PORT``.

It prints where it listens, and in the end, on SIGTERM, one JSON list of [seconds, point]: requests
as their bytes arrive (``heard``) and as they are understood, answers (``<request>.``) as they have
been sent, and messages of runs as they are sent.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import TYPE_CHECKING

import trio

from appliance.compute import JobLimits, open_jobs
from sim.virtual.computing import JobComputer
from sim.virtual.device import VirtualDevice
from sim.virtual.dialect import PROTOBUF
from sim.virtual.director import Director
from sim.virtual.faults import Faults
from sim.virtual.hardware import lucidac
from sim.virtual.machine import Machine
from sim.virtual.server import listen

if TYPE_CHECKING:
    from drivers.wire.messages import Message, Request
    from sim.virtual.faults import Fault
    from sim.virtual.outlet import DatagramSender
    from sim.virtual.session import Session

NOTES: list[tuple[float, str]] = []


def note(point: str) -> None:
    NOTES.append((time.monotonic(), point))


class TimedDirector(Director):
    """Asked at every point; no fault ever strikes."""

    def at(self, point: str) -> tuple[Fault, ...]:
        note(point)
        return super().at(point)


class TimedStream(trio.abc.Stream):
    """Notes when bytes come."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self._stream.receive_some(max_bytes)
        note("heard")
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()


class TimedDevice(VirtualDevice):
    """Notes when it has answered."""

    async def serve(self, stream: trio.abc.Stream, datagrams: DatagramSender | None = None) -> None:
        await super().serve(TimedStream(stream), datagrams)

    async def _serve(self, session: Session, message: Message, body: Request) -> None:
        await super()._serve(session, message, body)
        note(f"{type(body).__name__}.")


async def serve(port: int) -> None:
    limits = JobLimits(time_s=60.0, memory_bytes=4 * 10**9)
    async with open_jobs(limits, workers=1) as jobs, trio.open_nursery() as nursery:
        await jobs.warm("sim.virtual.computing", "sim.heyoka_engine")
        device = TimedDevice(Machine(lucidac(), PROTOBUF), JobComputer(jobs))
        device.director = TimedDirector(Faults())
        await nursery.start(device.operate)
        port = await nursery.start(listen, device, "127.0.0.1", port)
        print(f"listening on 127.0.0.1:{port}", flush=True)
        with trio.open_signal_receiver(signal.SIGTERM) as signals:
            async for _ in signals:
                break
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(serve, int(sys.argv[1]))
    print(json.dumps(NOTES))
