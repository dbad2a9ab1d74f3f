"""A virtual device behind real sockets."""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import trio

from sim.options import SimulationOptions
from sim.virtual.device import VirtualDevice
from sim.virtual.dialect import PROTOBUF, Dialect
from sim.virtual.faults import Faults
from sim.virtual.hardware import lucidac
from sim.virtual.machine import Machine

if TYPE_CHECKING:
    from drivers.apb.items import CircuitFile
    from sim.virtual.computing import Computer

_log = logging.getLogger("analogcloud.virtual")

DEFAULT_PORT: Final = 5732
_ELSEWHERE: Final = "127.0.0.2"
"""Another address of this computer, for datagrams that are not the device's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualOptions:
    """A virtual device and where it listens; ``port`` 0 takes a free one.

    ``simulation`` has noise and quantisation; its gain is the dialect's in any case.
    """

    description: CircuitFile = field(default_factory=lucidac)
    dialect: Dialect = PROTOBUF
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    faults: Faults = field(default_factory=Faults)
    simulation: SimulationOptions = field(default_factory=SimulationOptions)
    calibration_s: float = 0.0
    token: str = ""


async def run_virtual_device(
    options: VirtualOptions,
    computer: Computer,
    *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled; started with the port that it listens on.

    Raises OSError when it cannot listen there, CircuitFileError for an unsound description.
    """
    device = VirtualDevice(
        Machine(options.description, options.dialect),
        computer,
        options.faults,
        options=options.simulation,
        calibration_s=options.calibration_s,
        token=options.token,
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(device.operate)
        await listen(device, options.host, options.port, task_status=task_status)


async def listen(
    device: VirtualDevice,
    host: str,
    port: int,
    *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Accept connections for a device that operates, until cancelled; started with the port.

    While the device is down nobody listens, so that connections are refused.
    """
    is_known = False
    with UdpSockets(host) as sockets:
        while True:
            await device.power.wait_up()
            listeners = await trio.open_tcp_listeners(port, host=host)
            port = listeners[0].socket.getsockname()[1]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_accept, device, listeners, sockets)
                if not is_known:
                    task_status.started(port)
                    is_known = True
                await device.power.wait_down()
                nursery.cancel_scope.cancel()


async def _accept(
    device: VirtualDevice, listeners: list[trio.SocketListener], sockets: UdpSockets
) -> None:
    async def handle(stream: trio.SocketStream) -> None:
        try:
            peer = stream.socket.getpeername()[0]
        except OSError:  # gone before it was here
            await trio.aclose_forcefully(stream)
            return
        has_udp = device.machine.dialect.has_udp
        await device.serve(stream, UdpSender(sockets, peer) if has_udp else None)

    await trio.serve_listeners(handle, listeners)


class UdpSockets:
    """Sockets that a device sends from, for as long as it listens: its datagrams go on when a
    client has left."""

    def __init__(self, host: str) -> None:
        self._own = _udp_socket(host)
        self._other = _udp_socket(_ELSEWHERE)

    def __enter__(self) -> UdpSockets:
        return self

    def __exit__(self, *_: object) -> None:
        self._own.close()
        self._other.close()

    async def send(self, data: bytes, host: str, port: int, *, from_elsewhere: bool) -> None:
        """Send a datagram; what the network refuses is lost, as on any network."""
        sender = self._other if from_elsewhere else self._own
        try:
            await sender.sendto(data, (host, port))
        except OSError as error:
            _log.debug("event=datagram_lost reason=%r", str(error))


def _udp_socket(host: str) -> trio.socket.SocketType:
    """A socket on a free port of an address; of any where this computer lacks the address."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        opened.bind((host, 0))
    except OSError:
        opened.bind(("", 0))
    opened.setblocking(False)
    return trio.socket.from_stdlib_socket(opened)


class UdpSender:
    """See ``sim.virtual.outlet.DatagramSender``."""

    def __init__(self, sockets: UdpSockets, host: str) -> None:
        self._sockets = sockets
        self._host = host

    async def send(self, data: bytes, port: int, *, from_elsewhere: bool = False) -> None:
        await self._sockets.send(data, self._host, port, from_elsewhere=from_elsewhere)
