"""What a virtual machine answers to a request that needs no run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from drivers.apb.items import CircuitFile
from drivers.wire import messages as m
from sim.virtual.machine import Refused

if TYPE_CHECKING:
    from drivers.wire.messages import Reply, Request
    from sim.options import SimulationOptions
    from sim.virtual.computing import Computer
    from sim.virtual.machine import Machine
    from sim.virtual.session import Session

POINTS: Final[dict[type[Request], str]] = {
    m.Ping: "ping",
    m.Extract: "extract",
    m.Reset: "reset",
    m.Configure: "configure",
    m.Calibrate: "calibrate",
    m.StreamToUdp: "udp",
    m.StartRun: "start",
    m.StopRun: "stop",
    m.GetOverloads: "overloads",
    m.Authenticate: "authenticate",
}
"""What fault scripts call each request."""
_OPEN: Final = (m.Ping, m.Authenticate)
_MICROSECONDS: Final = 1e6


class Answers:
    """Answers for one machine. ``token``: what clients have to say first, empty for nothing."""

    def __init__(
        self,
        machine: Machine,
        computer: Computer,
        options: SimulationOptions,
        *,
        calibration_s: float,
        token: str,
    ) -> None:
        self._machine = machine
        self._computer = computer
        self._options = options
        self._calibration_s = calibration_s
        self._token = token

    def check_trust(self, session: Session, body: Request) -> None:
        """Raise Refused for a client that has not said who it is."""
        if self._token and not session.is_trusted and not isinstance(body, _OPEN):
            raise Refused("Authentication required")

    async def answer(self, session: Session, body: Request) -> Reply | None:
        """The answer, None for silence. Raises Refused, SimulationError and CircuitFileError."""
        machine = self._machine
        match body:
            case m.Ping():
                return m.Pong(micros=int(trio.current_time() * _MICROSECONDS))
            case m.Extract():
                empty = CircuitFile(items=())
                return m.Described(description=machine.description if body.specification else empty)
            case m.Reset():
                machine.reset(body)
                return m.ResetDone()
            case m.Configure():
                return await self._configure(body)
            case m.Calibrate():
                return await self._calibrate()
            case m.StreamToUdp():
                return _stream(session, body)
            case m.GetOverloads():
                found = machine.overloads
                return m.Overloads(any_overload=bool(found), elements=found)
            case m.Authenticate():
                return self._trust(session, body)
        return m.Accepted()

    async def _configure(self, body: m.Configure) -> Reply:
        """Taken only once its equations have been compiled."""
        configuration = self._machine.merged(body.circuit, reset_before=body.reset_before)
        await self._computer.prepare(configuration.circuit, self._options)
        self._machine.take(configuration)
        return m.Configured()

    async def _calibrate(self) -> Reply:
        if self._machine.is_running:
            raise Refused("a run is in progress: calibrate when it is over")
        await trio.sleep(self._calibration_s)
        self._machine.is_calibrated = True
        return m.Calibrated()

    def _trust(self, session: Session, body: m.Authenticate) -> Reply | None:
        """Machines themselves know no tokens, and say nothing."""
        if not self._token:
            return None
        if body.token != self._token:
            raise Refused("Authentication failed")
        session.is_trusted = True
        return m.Accepted()


def _stream(session: Session, body: m.StreamToUdp) -> Reply:
    if not session.can_udp:
        return m.UdpRefused(reason="this connection has no data channel")
    if body.port < 1:
        raise Refused("nothing can be sent to port 0")
    session.udp_port = body.port
    return m.Accepted()
