"""Machine descriptions that we know without a machine.

So that a simulator can say what it stands for, and people without hardware can compile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.apb.codec import encode
from drivers.apb.items import CircuitFile, EntitySpecification, Item
from drivers.apb.model import CarrierKind, Entity, EntityClass, MBlockKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ADDRESS: Final = "00-00-00-00-00-00"
"""The address of a machine that is not there."""
_NO_EUI: Final = "00-00-00-00-00-00-00-00"

# Blocks of the cluster: name, class, type, version (hardware reference, section 4.4).
_BLOCKS: Final = (
    ("M0", EntityClass.M_BLOCK, MBlockKind.INT.value, (1, 1, 1)),
    ("M1", EntityClass.M_BLOCK, MBlockKind.MUL.value, (1, 1, 0)),
    ("U", EntityClass.U_BLOCK, 1, (1, 2, 0)),
    ("C", EntityClass.C_BLOCK, 1, (1, 1, 0)),
    ("I", EntityClass.I_BLOCK, 1, (1, 2, 0)),
    ("SH", EntityClass.SH_BLOCK, 1, (1, 2, 1)),
)


def lucidac() -> bytes:
    """The entity file of a LUCIDAC with integrators in M0 and multipliers in M1."""
    cluster = f"{ADDRESS}/0"
    blocks = tuple(
        _entity(f"{cluster}/{name}", entity_class, type, version)
        for name, entity_class, type, version in _BLOCKS
    )
    carrier = _entity(
        ADDRESS,
        EntityClass.CARRIER,
        CarrierKind.LUCIDAC.value,
        (1, 1, 0),
        (
            _entity(cluster, EntityClass.CLUSTER, 0, (0, 0, 0), blocks),
            _entity(f"{ADDRESS}/CTRL", EntityClass.CTRL_BLOCK, 0, (0, 0, 0)),
            _entity(f"{ADDRESS}/FP", EntityClass.FRONT_PANEL, 0, (0, 0, 0)),
        ),
    )
    return encode(CircuitFile(items=(Item(config=EntitySpecification(root=carrier)),)))


BUILT_IN: Final[Mapping[str, Callable[[], bytes]]] = {"lucidac": lucidac}
"""What ``emulates`` may name besides a path."""


def _entity(
    path: str,
    entity_class: EntityClass,
    type: int,
    version: tuple[int, int, int],
    children: tuple[Entity, ...] = (),
) -> Entity:
    return Entity(
        path=path,
        entity_class=entity_class,
        type=type,
        variant=1,
        version=version,
        eui=_NO_EUI,
        children=children,
    )
