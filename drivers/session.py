"""The open connections to one device, and what was found behind them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import trio

from drivers.apb.codec import encode
from drivers.apb.entities import carrier_kind, device_class
from drivers.apb.errors import CircuitFileError
from drivers.apb.items import CircuitFile, EntitySpecification, Item
from drivers.apb.machine import machine_of
from drivers.apb.model import VIRTUAL_EUI, CarrierKind
from drivers.errors import DriverError, ProtocolError, RunRefused
from drivers.preparing import Hardware
from drivers.wire.messages import Described, Extract, Failed, Ping

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from drivers.link.contract import Link
    from drivers.options import MachineKind

T = TypeVar("T")

PING_S: Final = 1.0
"""A pong takes milliseconds, also during a run; firmware before 2.3.0 sends none."""
EXTRACT_S: Final = 2.0
"""For the second question to a device that did not answer a ping."""


class Session:
    """Links to all endpoints of a device, in their order, and the hardware behind them.

    ``life`` ends the connections when it is cancelled; ``ended`` is set once they are closed.
    ``is_new`` for its first user only.
    """

    def __init__(self, links: Sequence[Link], hardware: Hardware, life: trio.CancelScope) -> None:
        self.links = tuple(links)
        self.hardware = hardware
        self.life = life
        self.ended = trio.Event()
        self.is_new = True
        self.is_by_udp = False
        self.knows_overloads = True
        self.last_used = trio.current_time()
        self._knows_ping = True

    @property
    def description(self) -> bytes:
        """The hardware as a circuit file."""
        return encode(self.hardware.description)

    def is_connected(self) -> bool:
        """Whether all links work, as far as can be known without asking. What the device has said
        meanwhile is dropped: it belongs to no run of ours."""
        return not self.life.cancel_called and all(_is_quiet(link) for link in self.links)

    async def answers(self) -> bool:
        """Whether all links answer now. A refusal is an answer as well."""
        try:
            await each([partial(self._ask, link) for link in self.links])
        except DriverError:
            return False
        return True

    async def _ask(self, link: Link) -> None:
        """Raises ProtocolError or the link's error where nothing comes."""
        questions = ((Ping(), PING_S), (Extract(), EXTRACT_S))
        for question, limit_s in questions if self._knows_ping else questions[1:]:
            with trio.move_on_after(limit_s):
                try:
                    await link.request(question)
                except RunRefused:
                    return  # an answer
                return
            self._knows_ping = False
        raise ProtocolError("the device does not answer")


def _is_quiet(link: Link) -> bool:
    while True:
        try:
            notice = link.notifications.receive_nowait()
        except trio.WouldBlock:
            return True
        except (trio.EndOfChannel, trio.ClosedResourceError):
            return False
        if isinstance(notice, Failed):
            return False


async def each(calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """Make all calls at once; their answers, in order. The first DriverError ends the others and
    comes out alone."""
    if len(calls) == 1:
        return [await calls[0]()]
    answers: dict[int, T] = {}
    failures: list[DriverError] = []

    async def one(number: int, scope: trio.CancelScope) -> None:
        try:
            answers[number] = await calls[number]()
        except DriverError as error:
            failures.append(error)
            scope.cancel()

    async with trio.open_nursery() as nursery:
        for number in range(len(calls)):
            nursery.start_soon(one, number, nursery.cancel_scope)
    if failures:
        raise failures[0]  # in time: the others are consequences
    return [answers[number] for number in range(len(calls))]


async def explore(
    links: Sequence[Link], machine: MachineKind, known: CircuitFile | None = None
) -> Hardware:
    """Ask every link for its hardware; ``known`` is that of a device that has none of its own.

    Raises ProtocolError where a description is unsound, or is of another machine.
    """
    if known is not None:
        descriptions = [known]
    else:
        descriptions = await each([partial(_extract, link) for link in links])
    try:
        return _hardware(links, descriptions, machine)
    except CircuitFileError as error:
        raise ProtocolError(f"the device's description of itself is unsound: {error}") from error


async def _extract(link: Link) -> CircuitFile:
    try:
        reply = await link.request(Extract())
    except RunRefused as error:
        raise ProtocolError(f"the device refuses to describe itself: {error}") from error
    if not isinstance(reply, Described):
        raise ProtocolError("the device did not describe itself when asked to")
    return reply.description


def _hardware(
    links: Sequence[Link], descriptions: Sequence[CircuitFile], machine: MachineKind
) -> Hardware:
    homes = {
        board.path: number
        for number, one in enumerate(descriptions)
        for board in machine_of(one).carriers
    }
    # New items: what a device says beyond the schema stays behind.
    items = tuple(
        Item(config=EntitySpecification(root=item.config.root))
        for one in descriptions
        for item in one.items
        if isinstance(item.config, EntitySpecification)
    )
    whole = CircuitFile(items=items)
    boards = machine_of(whole).carriers  # one path twice is an error here
    device_class(boards)
    for board in boards:
        if carrier_kind(board) not in machine.carriers:
            raise ProtocolError(
                f"the device has {_KINDS[carrier_kind(board)]} ({board.path}), but it is "
                f"configured as a {machine.name}; correct its type in the configuration"
            )
    return Hardware(
        description=whole,
        homes=homes,
        lane_gain=_common_gain(links),
        by_position=links[0].dialect == "jsonl",
        is_virtual=all(board.eui == VIRTUAL_EUI for board in boards),
    )


_KINDS: Final = {CarrierKind.LUCIDAC: "a LUCIDAC carrier", CarrierKind.MREDAC: "an mREDAC carrier"}


def _common_gain(links: Sequence[Link]) -> float:
    if len(links) > 1 and any(link.dialect == "jsonl" for link in links):
        raise ProtocolError(
            "devices with firmware 1.x cannot run together with others; give each an entry of its "
            "own in the configuration, or update their firmware"
        )
    return links[0].lane_gain
