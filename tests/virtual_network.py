"""Virtual devices for tests: on a network in memory, on whatever clock, computing without a child
process."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import trio
from trio.testing import memory_stream_pair

from drivers.apb import items as it
from drivers.apb.codec import encode
from drivers.apb.items import CircuitFile, Item
from drivers.errors import ConnectError
from drivers.link.connection import Connection
from sim.virtual.computing import Computed, compute_in_child, prepare_in_child
from sim.virtual.device import VirtualDevice
from sim.virtual.dialect import PROTOBUF, Dialect
from sim.virtual.faults import load_faults
from sim.virtual.hardware import lucidac
from sim.virtual.machine import Machine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drivers.link.endpoint import Endpoint
    from sim.options import SimulationOptions
    from sim.virtual.computing import Work

LUCIDAC = "04-E9-E5-00-00-01"
"""The address of the virtual LUCIDAC."""
PLACE = "memory"


def ignore(line: str) -> None:
    """A log that nobody reads."""


class InPlace:
    """A Computer in this very process. What one has computed all remember, so that thousands of
    runs of the same circuit cost no time."""

    _known: ClassVar[dict[tuple[object, ...], Computed]] = {}

    async def prepare(self, circuit: CircuitFile, options: SimulationOptions) -> None:
        await trio.lowlevel.checkpoint()
        prepare_in_child(encode(circuit), options, log=ignore)

    async def compute(self, work: Work) -> Computed:
        await trio.lowlevel.checkpoint()
        asked = (encode(work.circuit), work.options, work.op_time_s, work.sample_rate_hz)
        key = asked if work.options.noise_sigma else (asked[0], work.options.gain, *asked[2:])
        if key not in self._known:
            self._known[key] = compute_in_child(*asked, log=ignore)
        return self._known[key]


@dataclass(slots=True)
class Network:
    """Connections to one device. It is down while the device is; ``lost`` counts datagrams that
    nobody wanted, or that came from elsewhere."""

    device: VirtualDevice
    nursery: trio.Nursery
    has_udp: bool = True
    lost: int = 0
    ports: dict[int, trio.MemorySendChannel[bytes]] = field(default_factory=dict)
    next_port: int = 40_000

    async def connect(self) -> trio.abc.Stream:
        """A stream to the device. Raises ConnectError while it is down."""
        await trio.lowlevel.checkpoint()
        if not self.device.power.is_up:
            raise ConnectError(f"{PLACE} refuses connections.")
        near, far = memory_stream_pair()
        self.nursery.start_soon(self.device.serve, far, self if self.has_udp else None)
        return near

    async def open(self, endpoint: Endpoint | None = None) -> Connection:
        """A connection for a link; see ``drivers.link.connection.Opener``."""
        del endpoint
        stream = await self.connect()
        has_udp = self.device.machine.dialect.has_udp
        return Connection(stream=stream, place=PLACE, open_datagrams=self.bind if has_udp else None)

    async def bind(self) -> MemoryDatagrams:
        """A fresh port of the client's."""
        await trio.lowlevel.checkpoint()
        self.next_port += 1
        send, receive = trio.open_memory_channel[bytes](100_000)
        self.ports[self.next_port] = send
        return MemoryDatagrams(self, self.next_port, receive)

    async def send(self, data: bytes, port: int, *, from_elsewhere: bool = False) -> None:
        """The device's side: see ``sim.virtual.outlet.DatagramSender``."""
        await trio.lowlevel.checkpoint()
        if from_elsewhere or port not in self.ports:
            self.lost += 1
        else:
            self.ports[port].send_nowait(data)


@dataclass(slots=True)
class MemoryDatagrams:
    """See ``drivers.link.connection.Datagrams``."""

    network: Network
    port: int
    channel: trio.MemoryReceiveChannel[bytes]

    async def receive(self) -> bytes:
        return await self.channel.receive()

    def close(self) -> None:
        self.network.ports.pop(self.port, None)


@asynccontextmanager
async def powered(
    script: str = "",
    *,
    dialect: Dialect = PROTOBUF,
    description: CircuitFile | None = None,
    options: SimulationOptions | None = None,
    calibration_s: float = 0.0,
    token: str = "",
) -> AsyncIterator[Network]:
    """A device with a fault script, for as long as the block lasts."""
    device = VirtualDevice(
        Machine(description or lucidac(), dialect),
        InPlace(),
        load_faults(script),
        options=options,
        calibration_s=calibration_s,
        token=token,
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(device.operate)
        yield Network(device, nursery)
        nursery.cancel_scope.cancel()


def harmonic(
    carrier: str = LUCIDAC, *, first_probe: int = 0, amplitude: float = 0.5
) -> CircuitFile:
    """x' = 10000 y, y' = -10000 x from x(0) = amplitude, y(0) = 0; probes x and y."""
    return CircuitFile(
        items=(
            Item(entity=carrier, config=probes(0, 1, first=first_probe)),
            Item(
                entity=f"{carrier}/0/M0",
                config=it.ItorConfig(
                    elements=(
                        it.ItorEntry(element=0, ic=-amplitude, k=10_000),
                        it.ItorEntry(element=1, ic=0.0, k=10_000),
                    )
                ),
            ),
            *lanes(carrier, (1, 0, -1.0), (0, 1, 1.0)),
        )
    )


def decay(carrier: str = LUCIDAC, *, k: int = 100, start: float = 1.0) -> CircuitFile:
    """x' = -k x from x(0) = start; probe x."""
    entry = it.ItorEntry(element=0, ic=-start, k=k)
    return CircuitFile(
        items=(
            Item(entity=carrier, config=probes(0)),
            Item(entity=f"{carrier}/0/M0", config=it.ItorConfig(elements=(entry,))),
            *lanes(carrier, (0, 0, 1.0)),
        )
    )


def growth(carrier: str = LUCIDAC, *, upscaled: bool = True) -> CircuitFile:
    """x' = 100 g x from x(0) = 0.1, g being the lane gain; probe x."""
    entry = it.ItorEntry(element=0, ic=-0.1, k=100)
    return CircuitFile(
        items=(
            Item(entity=carrier, config=probes(0)),
            Item(entity=f"{carrier}/0/M0", config=it.ItorConfig(elements=(entry,))),
            *lanes(carrier, (0, 0, -1.0), upscaled=(0,) if upscaled else ()),
        )
    )


def probes(*outputs: int, first: int = 0) -> it.AdcConfig:
    """Channels for M outputs, their probes counted from ``first``."""
    return it.AdcConfig(
        channels=tuple(
            it.AdcEntry(output=output, probe=first + n, gain=1.0)
            for n, output in enumerate(outputs)
        )
    )


def lanes(
    carrier: str, *connections: tuple[int, int, float], upscaled: tuple[int, ...] = ()
) -> tuple[Item, ...]:
    """Items for lanes (source, sum, factor) of cluster 0, from lane 0 on."""
    cluster = f"{carrier}/0"
    numbered = list(enumerate(connections))
    sums: dict[int, tuple[int, ...]] = {}
    for lane, (_, sink, _) in numbered:
        sums[sink] = (*sums.get(sink, ()), lane)
    select = it.SelectConfig(connections=tuple((source, n) for n, (source, _, _) in numbered))
    coef = it.CoefConfig(
        elements=tuple(it.CoefEntry(lane=n, factor=factor) for n, (_, _, factor) in numbered)
    )
    total = it.SumConfig(
        sums=tuple(sums.items()), upscales=tuple((lane, True) for lane in upscaled)
    )
    return (
        Item(entity=f"{cluster}/U", config=select),
        Item(entity=f"{cluster}/C", config=coef),
        Item(entity=f"{cluster}/I", config=total),
    )
