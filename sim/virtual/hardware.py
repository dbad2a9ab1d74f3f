"""Hardware trees of virtual machines: what they say when they are asked what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.apb.boards import Boards
from drivers.apb.items import CircuitFile, EntitySpecification, Item
from drivers.apb.model import VIRTUAL_EUI

if TYPE_CHECKING:
    from drivers.apb.model import Entity

MAX_CARRIERS: Final = 7
"""Boards of one backplane (hardware reference, section 2)."""

_ADDRESS: Final = "04-E9-E5-00-00-{:02X}"
"""Physical addresses look so. Real boards have higher numbers."""
_BOARDS: Final = Boards(VIRTUAL_EUI)


def lucidac() -> CircuitFile:
    """A LUCIDAC with integrators in M0 and multipliers in M1."""
    return _description(_BOARDS.lucidac(_ADDRESS.format(1), (0, 0)))


def mredac() -> CircuitFile:
    """One mREDAC: three clusters like the LUCIDAC's, and the switch between them."""
    return redac(1)


def redac(carriers: int = 3) -> CircuitFile:
    """So many mREDACs on one backplane, which the first one reports. ValueError for a number of
    boards that no backplane takes."""
    if not 1 <= carriers <= MAX_CARRIERS:
        raise ValueError(f"a backplane takes 1 to {MAX_CARRIERS} carriers, not {carriers}")
    return _description(*(_board(position, carriers) for position in range(carriers)))


def _board(position: int, carriers: int) -> Entity:
    address = _ADDRESS.format(0x10 + position)
    tells_backplane = carriers > 1 and position == 0
    more = _BOARDS.backplane(address) if tells_backplane else ()
    return _BOARDS.mredac(address, (0, position), more)


def _description(*boards: Entity) -> CircuitFile:
    items = (Item(entity=one.path, config=EntitySpecification(root=one)) for one in boards)
    return CircuitFile(items=tuple(items))
