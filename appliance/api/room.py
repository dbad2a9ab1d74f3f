"""Who has to leave when no place is left for another connection.

A cap alone would let anybody lock everybody out: open as many connections as there are places, and
send nothing. So a newcomer gets the place of the one that has kept the server waiting for longest:
first of those that have not sent a whole request yet, then of those that idle between two requests,
then of those that are slow in the middle of one. A client that is being worked for never has to
leave, and neither address nor key matters: a whole lab may sit behind one address.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, Protocol

import trio

if TYPE_CHECKING:
    from collections.abc import Iterable

SLOW_S: Final = 0.25
"""Who is in the middle of a request may always take this long."""


class Phase(IntEnum):
    """What a connection is doing, in the order in which it has to leave for another."""

    UNPROVEN = 0
    """It has not sent a whole request yet."""
    IDLE = 1
    """It is between two requests."""
    SLOW = 2
    """It is sending a body or taking an answer."""
    WORKING = 3
    """It waits for us."""


class Guest(Protocol):
    """A connection."""

    def standing(self) -> tuple[Phase, float]:
        """What it is doing, and since when (trio time)."""

    def leave(self) -> None:
        """Close it at once."""


class Room:
    """The connections that are open, at most ``places``."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._guests: set[Guest] = set()
        self._turned_out = 0

    def enter(self, guest: Guest) -> bool:
        """Give a newcomer a place, if need be that of another; False where nobody has to leave."""
        if len(self._guests) >= self._places:
            other = _first_to_leave(self._guests)
            if other is None:
                return False
            self._guests.discard(other)
            self._turned_out += 1
            other.leave()
        self._guests.add(guest)
        return True

    def exit(self, guest: Guest) -> None:
        """The connection has ended; it may have had to leave before."""
        self._guests.discard(guest)

    @property
    def turned_out(self) -> int:
        """How many had to leave so far."""
        return self._turned_out


def _first_to_leave(guests: Iterable[Guest]) -> Guest | None:
    slow_since = trio.current_time() - SLOW_S
    found, worst = None, (Phase.SLOW, slow_since)
    for guest in guests:
        standing = guest.standing()
        if standing < worst:
            found, worst = guest, standing
    return found
