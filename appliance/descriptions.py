"""Machine descriptions that we know without a machine.

So that a simulator can say what it stands for, and people without hardware can compile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.apb.boards import NO_EUI, Boards
from drivers.apb.codec import encode
from drivers.apb.items import CircuitFile, EntitySpecification, Item

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ADDRESS: Final = "00-00-00-00-00-00"
"""The address of a machine that is not there."""


def lucidac() -> bytes:
    """The entity file of a LUCIDAC with integrators in M0 and multipliers in M1."""
    carrier = Boards(NO_EUI).lucidac(ADDRESS)
    return encode(CircuitFile(items=(Item(config=EntitySpecification(root=carrier)),)))


BUILT_IN: Final[Mapping[str, Callable[[], bytes]]] = {"lucidac": lucidac}
"""What ``emulates`` may name besides a path."""
