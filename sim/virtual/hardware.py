"""Hardware trees of virtual machines: what they say when they are asked what they are."""

from __future__ import annotations

from typing import Final

from drivers.apb.items import CircuitFile, EntitySpecification, Item
from drivers.apb.model import VIRTUAL_EUI, CarrierKind, Entity, EntityClass, MBlockKind

MAX_CARRIERS: Final = 7
"""Boards of one backplane (hardware reference, section 2)."""

_ADDRESS: Final = "04-E9-E5-00-00-{:02X}"
"""Physical addresses look so. Real boards have higher numbers."""

# Blocks of a cluster: name, class, type, version (hardware reference, section 4.4).
_BLOCKS: Final = (
    ("M0", EntityClass.M_BLOCK, MBlockKind.INT.value, (1, 1, 1)),
    ("M1", EntityClass.M_BLOCK, MBlockKind.MUL.value, (1, 1, 0)),
    ("U", EntityClass.U_BLOCK, 1, (1, 2, 0)),
    ("C", EntityClass.C_BLOCK, 1, (1, 1, 0)),
    ("I", EntityClass.I_BLOCK, 1, (1, 2, 0)),
    ("SH", EntityClass.SH_BLOCK, 1, (1, 2, 1)),
)


def lucidac() -> CircuitFile:
    """A LUCIDAC with integrators in M0 and multipliers in M1."""
    address = _ADDRESS.format(1)
    front = _entity(f"{address}/FP", EntityClass.FRONT_PANEL, 0, (0, 0, 0))
    return _description(_carrier(address, CarrierKind.LUCIDAC, 1, 0, (front,)))


def mredac() -> CircuitFile:
    """One mREDAC: three clusters like the LUCIDAC's, and the switch between them."""
    return redac(1)


def redac(carriers: int = 3) -> CircuitFile:
    """So many mREDACs on one backplane, which the first one reports. ValueError for a number of
    boards that no backplane takes."""
    if not 1 <= carriers <= MAX_CARRIERS:
        raise ValueError(f"a backplane takes 1 to {MAX_CARRIERS} carriers, not {carriers}")
    boards = []
    for position in range(carriers):
        address = _ADDRESS.format(0x10 + position)
        extra: tuple[Entity, ...] = (_entity(f"{address}/T", EntityClass.T_BLOCK, 1, (1, 0, 2)),)
        if carriers > 1 and position == 0:
            extra += _backplane(address)
        boards.append(_carrier(address, CarrierKind.MREDAC, 3, position, extra))
    return _description(*boards)


def _description(*boards: Entity) -> CircuitFile:
    items = (Item(entity=one.path, config=EntitySpecification(root=one)) for one in boards)
    return CircuitFile(items=tuple(items))


def _backplane(address: str) -> tuple[Entity, ...]:
    panel = _entity(f"{address}/BP", EntityClass.BACK_PANEL, 1, (2, 0, 0))
    switches = (
        _entity(f"{address}/ST{number}", EntityClass.BACK_PANEL_T_BLOCK, 1, (1, 0, 1))
        for number in range(3)
    )
    return panel, *switches


def _carrier(
    address: str, kind: CarrierKind, clusters: int, position: int, extra: tuple[Entity, ...]
) -> Entity:
    controller = _entity(f"{address}/CTRL", EntityClass.CTRL_BLOCK, 0, (0, 0, 0))
    children = (*(_cluster(f"{address}/{one}") for one in range(clusters)), controller, *extra)
    return Entity(
        path=address,
        entity_class=EntityClass.CARRIER,
        type=kind.value,
        variant=1,
        version=(1, 1, 0),
        eui=VIRTUAL_EUI,
        children=children,
        location=(0, position),
    )


def _cluster(path: str) -> Entity:
    blocks = tuple(
        _entity(f"{path}/{name}", entity_class, type, version)
        for name, entity_class, type, version in _BLOCKS
    )
    return _entity(path, EntityClass.CLUSTER, 0, (0, 0, 0), blocks)


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
        eui=VIRTUAL_EUI,
        children=children,
    )
