"""``analogcloud devices scan``: what is on the network and at the serial ports, ready to paste into
the configuration.

Entries go to standard output, words about them to standard error. A device that is configured
already is not disturbed: it is named, and not asked anything.
"""

from __future__ import annotations

import json
import socket
import sys
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import trio

from appliance.device_mdns import BrowseFailed, browse
from appliance.device_offers import (
    Answer,
    Offer,
    block,
    distinct,
    facts,
    network_offer,
    port_offer,
    proper_name,
)
from appliance.device_ports import serial_ports
from drivers.apb.entities import carriers, device_class
from drivers.apb.errors import CircuitFileError
from drivers.errors import ConnectError, DriverError, ProtocolError
from drivers.link.opening import open_link
from drivers.wire.messages import Described, Extract

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from appliance.config_models import Device
    from appliance.device_mdns import Announced
    from appliance.device_ports import SerialPort
    from drivers.link.contract import Link
    from drivers.link.endpoint import Endpoint

    Open: TypeAlias = Callable[[Endpoint], AbstractAsyncContextManager[Link]]

EXIT_DONE: Final = 0
DEFAULT_SECONDS: Final = 5.0
ASK_S: Final = 15.0
"""Finding out the dialect takes up to 6 s at each of a machine's addresses."""
RESOLVE_S: Final = 3.0
AT_ONCE: Final = 16
"""Machines that are asked at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCommand:
    """What the command line asks for; ``devices`` are those of the configuration."""

    seconds: float
    asks: bool
    as_json: bool
    devices: tuple[Device, ...]


async def resolves(host: str) -> bool:
    """Whether this computer finds the address of a host."""
    try:
        return bool(await trio.socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Senses:
    """How the surroundings are perceived; tests give others."""

    browse: Callable[[float], tuple[Announced, ...]] = browse
    ports: Callable[[], tuple[SerialPort, ...]] = serial_ports
    resolves: Callable[[str], Awaitable[bool]] = resolves
    open_link: Open = open_link


def scan(asked: ScanCommand, senses: Senses | None = None) -> int:
    """Look around and print what was found. Returns the exit code, 0 also for nothing."""
    if not asked.as_json:
        _say(f"Listening for {asked.seconds:g} s ...")
    offers = trio.run(_Scan(asked, senses or Senses()).run)
    named = list(distinct(offers, asked.devices))
    if asked.as_json:
        print(json.dumps([facts(offer, name) for offer, name in named], indent=2))
        return EXIT_DONE
    print("\n\n".join(block(offer, name) for offer, name in named), end="\n" if named else "")
    _say(_summary(offers))
    return EXIT_DONE


class _Scan:
    """One look around."""

    def __init__(self, asked: ScanCommand, senses: Senses) -> None:
        self._asked = asked
        self._senses = senses

    async def run(self) -> tuple[Offer, ...]:
        """What was found: the network's in the order of their names, then the serial ports."""
        devices = self._asked.devices
        found = [network_offer(one, devices) for one in await self._announced()]
        found += [port_offer(one, devices) for one in self._senses.ports()]
        limiter = trio.CapacityLimiter(AT_ONCE)
        async with trio.open_nursery() as nursery:
            for number in range(len(found)):
                nursery.start_soon(self._refine, found, number, limiter)
        return tuple(found)

    async def _announced(self) -> Sequence[Announced]:
        look = partial(self._senses.browse, self._asked.seconds)
        try:
            return await trio.to_thread.run_sync(look, abandon_on_cancel=True)
        except BrowseFailed as error:
            _say(f"The network could not be searched: {error}. Serial ports only:")
            return ()

    async def _refine(self, found: list[Offer], number: int, limiter: trio.CapacityLimiter) -> None:
        """Put more of what can be known about one offer into the list."""
        async with limiter:
            if not found[number].configured and found[number].places:
                found[number] = await self._best_way(found[number])
                if self._asked.asks:
                    found[number] = await self._questioned(found[number])

    async def _best_way(self, offer: Offer) -> Offer:
        """A name outlives an address, but only where this computer can make use of it."""
        first, *others = offer.places
        if not others or first.serial:
            return offer
        with trio.move_on_after(RESOLVE_S):
            if await self._senses.resolves(first.host):
                return offer
        remark = f"this computer does not know the name {first.host}, hence the address"
        return replace(offer, places=(*others, first), remarks=(*offer.remarks, remark))

    async def _questioned(self, offer: Offer) -> Offer:
        # What is known not to be a machine's, nobody shall send anything to.
        if offer.places[0].serial and offer.remarks:
            return offer
        problems = list[DriverError]()
        with trio.move_on_after(ASK_S):
            for place in offer.places:
                try:
                    answer = await ask(place, self._senses.open_link)
                except DriverError as error:
                    problems.append(error)
                    continue
                return _answered(offer, place, answer)
        return replace(offer, remarks=(*offer.remarks, _problem(problems)))


def _problem(errors: Sequence[DriverError]) -> str:
    """Why nothing is known of a machine: what somebody answered tells more than silence."""
    answers = [error for error in errors if not isinstance(error, ConnectError)]
    if not errors:
        return f"it does not answer within {ASK_S:g} s"
    return f"it does not answer as a machine does: {(answers or errors)[0]}"


def _answered(offer: Offer, place: Endpoint, answer: Answer) -> Offer:
    """The way that worked comes first. Behind a serial port the board's address gives the name,
    which is that on the network as well: ``lucidac-`` and the address's end."""
    others = (one for one in offer.places if one != place)
    name = offer.name
    if place.serial and answer.board:
        name = proper_name(f"lucidac-{answer.board[-8:]}", name)
    return replace(offer, name=name, places=(place, *others), answer=answer)


async def ask(place: Endpoint, open_link: Open = open_link) -> Answer:
    """What the machine at a place is. Raises DriverError where none answers there."""
    async with open_link(place) as link:
        reply = await link.request(Extract())
        if not isinstance(reply, Described):
            raise ProtocolError("it does not say what it is")
        try:
            boards = carriers(reply.description)
            kind = device_class(boards)
        except CircuitFileError as error:
            raise ProtocolError(str(error)) from error
        return Answer(type=kind, dialect=link.dialect, board=boards[0].path)


def _summary(offers: Sequence[Offer]) -> str:
    if not offers:
        return (
            "Nothing was found. Machines must be on this network segment and switched on, and UDP "
            "port 5353 open in firewalls; an address can be written into the configuration by hand."
        )
    known = sum(1 for one in offers if one.configured)
    return f"Found: {len(offers)}, of which {known} configured already."


def _say(text: str) -> None:
    print(text, file=sys.stderr)
