"""Hardware trees of boards that nobody plugged in: for simulators and virtual devices."""

from __future__ import annotations

from typing import Final

from drivers.apb.model import CarrierKind, Entity, EntityClass, MBlockKind

NO_EUI: Final = "00-00-00-00-00-00-00-00"

# Blocks of a cluster: name, class, type, version (hardware reference, section 4.4).
_BLOCKS: Final = (
    ("M0", EntityClass.M_BLOCK, MBlockKind.INT.value, (1, 1, 1)),
    ("M1", EntityClass.M_BLOCK, MBlockKind.MUL.value, (1, 1, 0)),
    ("U", EntityClass.U_BLOCK, 1, (1, 2, 0)),
    ("C", EntityClass.C_BLOCK, 1, (1, 1, 0)),
    ("I", EntityClass.I_BLOCK, 1, (1, 2, 0)),
    ("SH", EntityClass.SH_BLOCK, 1, (1, 2, 1)),
)


class Boards:
    """Makes entities that all carry the same board identifier ``eui``."""

    def __init__(self, eui: str) -> None:
        self._eui = eui

    def lucidac(self, address: str, location: tuple[int, int] | None = None) -> Entity:
        """A LUCIDAC carrier: one cluster with integrators in M0 and multipliers in M1, and the
        front plane."""
        front = self.entity(f"{address}/FP", EntityClass.FRONT_PANEL)
        return self.carrier(address, CarrierKind.LUCIDAC, 1, (front,), location)

    def mredac(
        self,
        address: str,
        location: tuple[int, int] | None = None,
        more: tuple[Entity, ...] = (),
    ) -> Entity:
        """An mREDAC carrier: three clusters like the LUCIDAC's, the switch between them, and what
        else is told with it."""
        switch = self.entity(f"{address}/T", EntityClass.T_BLOCK, 1, (1, 0, 2))
        return self.carrier(address, CarrierKind.MREDAC, 3, (switch, *more), location)

    def backplane(self, address: str) -> tuple[Entity, ...]:
        """The backplane and its three switches, as the first carrier tells them."""
        panel = self.entity(f"{address}/BP", EntityClass.BACK_PANEL, 1, (2, 0, 0))
        switches = (
            self.entity(f"{address}/ST{number}", EntityClass.BACK_PANEL_T_BLOCK, 1, (1, 0, 1))
            for number in range(3)
        )
        return panel, *switches

    def carrier(
        self,
        address: str,
        kind: CarrierKind,
        clusters: int,
        more: tuple[Entity, ...],
        location: tuple[int, int] | None,
    ) -> Entity:
        """A carrier with so many clusters, its controller, and more."""
        controller = self.entity(f"{address}/CTRL", EntityClass.CTRL_BLOCK)
        children = (*(self._cluster(f"{address}/{n}") for n in range(clusters)), controller, *more)
        return Entity(
            path=address,
            entity_class=EntityClass.CARRIER,
            type=kind.value,
            variant=1,
            version=(1, 1, 0),
            eui=self._eui,
            children=children,
            location=location,
        )

    def entity(
        self,
        path: str,
        entity_class: EntityClass,
        type: int = 0,
        version: tuple[int, int, int] = (0, 0, 0),
        children: tuple[Entity, ...] = (),
    ) -> Entity:
        """One node of the tree."""
        return Entity(
            path=path,
            entity_class=entity_class,
            type=type,
            variant=1,
            version=version,
            eui=self._eui,
            children=children,
        )

    def _cluster(self, path: str) -> Entity:
        blocks = tuple(
            self.entity(f"{path}/{name}", entity_class, type, version)
            for name, entity_class, type, version in _BLOCKS
        )
        return self.entity(path, EntityClass.CLUSTER, children=blocks)
