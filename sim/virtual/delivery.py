"""Sends the messages of one run, as well or as badly as the script wants it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

import trio

from drivers.wire.messages import Failed, Message, RunState, Samples
from sim.virtual.course import RunBroken
from sim.virtual.fault_kinds import CHUNK
from sim.virtual.outlet import WELL, manner_of

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Iterable

    from drivers.wire.messages import Notification
    from sim.virtual.director import Director
    from sim.virtual.faults import Fault
    from sim.virtual.outlet import Manner
    from sim.virtual.power import Power
    from sim.virtual.session import Session

_STRANGER: Final = "04-E9-E5-FF-FF-FF"
"""A carrier that no virtual machine has."""
_GARBAGE_BYTES: Final = 64
_UNSENT: Final = frozenset({"silence", "missing_chunk", "drop_state"})


@dataclass(slots=True)
class _Held:
    """A chunk that waits until so many others have been sent."""

    left: int
    message: Message


class Delivery:
    """The way of one run's messages to ``session``, or to all of ``audience``.

    ``strike`` does what concerns more than a message, and says whether the message is lost by it.
    """

    def __init__(
        self,
        session: Session,
        audience: Callable[[], Iterable[Session]],
        director: Director,
        power: Power,
        strike: Callable[[Iterable[Fault], Session], Awaitable[bool]],
    ) -> None:
        self._session = session
        self._audience = audience
        self._director = director
        self._power = power
        self._strike = strike
        self._held: list[_Held] = []
        self._late: list[tuple[float, Message]] = []

    async def tell(self, point: str, body: Notification) -> None:
        """Send one message. Raises RunBroken where the script ends the run."""
        await self._power.pass_hang()
        if point != CHUNK:
            await self._release(everything=True)
        faults = self._director.at(point)
        if await self._strike(faults, self._session):
            return
        await self._break(faults)
        await self._tell(faults, body)
        if point == CHUNK:
            await self._release(everything=False)

    async def _tell(self, faults: tuple[Fault, ...], body: Notification) -> None:
        names = {fault.what for fault in faults}
        message = self._message(body)
        if names & _UNSENT:
            return
        for fault in faults:
            if fault.what == "foreign_udp":
                await self._foreign(fault, body)
            elif fault.what == "late_data":
                self._late.append((fault.number("by_s"), message))
                return
            elif fault.what == "reorder_udp" and self._session.udp_port is not None:
                self._held.append(_Held(int(fault.number("distance")) + 1, message))
                return
        await self._send(message, manner_of(faults, self._director.random))
        if "duplicate_chunk" in names:
            await self._send(message)

    async def _send(self, message: Message, manner: Manner = WELL) -> None:
        for session in tuple(self._audience()):
            await session.tell(message, manner)

    async def _break(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            if fault.what != "error":
                continue
            if fault.flag("unasked"):
                alarm = Message(body=Failed(text=fault.text("text")))
                await self._session.outlet.send(self._session.wire.pack(alarm))
            raise RunBroken(fault.text("text"), is_told=fault.flag("unasked"))

    async def _release(self, *, everything: bool) -> None:
        """One more chunk has been sent: those that have waited long enough follow."""
        for held in self._held:
            held.left -= 1
        ready = [held for held in self._held if everything or held.left <= 0]
        self._held = [held for held in self._held if held not in ready]
        for held in ready:
            await self._send(held.message)

    async def _foreign(self, fault: Fault, body: Notification) -> None:
        """Something that is not this run's, in front of what is."""
        random = self._director.random
        form = fault.text("form")
        if form == "run":
            await self._send(self._message(replace(body, run_id=new_id(random))))
        elif form == "carrier":
            await self._send(self._message(replace(body, carrier=_STRANGER)))
        elif form == "garbage":
            await self._session.throw(random.randbytes(_GARBAGE_BYTES))
        else:
            forged = self._session.wire.datagram(self._message(_forged(body)))
            await self._session.throw(forged, from_elsewhere=True)

    def _message(self, body: Notification) -> Message:
        return Message(id=new_id(self._director.random), body=body)

    async def send_late(self) -> None:
        """The run is over: what is late comes now, each at its time."""
        over, crashes = trio.current_time(), self._power.crashes
        for by_s, message in sorted(self._late, key=lambda one: one[0]):
            await trio.sleep_until(over + by_s)
            await self._power.pass_hang()
            if self._power.crashes == crashes:
                await self._send(message)


def _forged(body: Notification) -> Notification:
    """What somebody else would say instead."""
    if isinstance(body, Samples):
        return replace(body, values=-0.5 * body.values - 0.25)
    return replace(body, new=RunState.ERROR, reason="forged")


def new_id(source: random.Random) -> str:
    """An id like any other, but the same for the same script."""
    return str(UUID(int=source.getrandbits(128), version=4))
