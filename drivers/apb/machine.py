"""The machine that a file's items are for: its own description, or a borrowed one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from drivers.apb.entities import block_kind, carriers, walk
from drivers.apb.errors import refuse
from drivers.apb.kinds import kind_name
from drivers.apb.model import EntityClass, MBlockKind

if TYPE_CHECKING:
    from drivers.apb.items import CircuitFile, Item
    from drivers.apb.model import Entity

C = TypeVar("C")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which entity a kind of item is for; ``type`` where the class alone does not tell."""

    entity_class: EntityClass
    type: int | None = None


TARGETS: Final = {
    "adc_config": Target(entity_class=EntityClass.CARRIER),
    "cluster_config": Target(entity_class=EntityClass.CLUSTER),
    "mul_config": Target(entity_class=EntityClass.M_BLOCK, type=MBlockKind.MUL),
    "shift_hold_config": Target(entity_class=EntityClass.SH_BLOCK),
    "coef_config": Target(entity_class=EntityClass.C_BLOCK),
    "itor_config": Target(entity_class=EntityClass.M_BLOCK, type=MBlockKind.INT),
    "select_config": Target(entity_class=EntityClass.U_BLOCK),
    "sum_config": Target(entity_class=EntityClass.I_BLOCK),
    "switch_config": Target(entity_class=EntityClass.T_BLOCK),
    "limiter_config": Target(entity_class=EntityClass.M_BLOCK, type=MBlockKind.INT),
    "front_panel_config": Target(entity_class=EntityClass.FRONT_PANEL),
    "signal_generator_config": Target(entity_class=EntityClass.FRONT_PANEL),
    "port_config": Target(entity_class=EntityClass.CARRIER),
    "backpanel_config": Target(entity_class=EntityClass.BACK_PANEL),
    "bpl_switch_config": Target(entity_class=EntityClass.BACK_PANEL_T_BLOCK),
    "dependency_info": Target(entity_class=EntityClass.CARRIER),
    "front_panel_io_config": Target(entity_class=EntityClass.CARRIER),
    "mdr_config": Target(entity_class=EntityClass.M_BLOCK, type=MBlockKind.MDR),
}
"""Kinds that are for one entity. All others are for the whole module, or carry notes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The carriers in the order of their locations, and each entity by its path.

    ``stand_in`` maps the one carrier name of the file to the machine's, where a description was
    borrowed; it is empty where the names agree.
    """

    carriers: tuple[Entity, ...]
    entities: dict[str, Entity]
    stand_in: dict[str, str]

    def path(self, item: Item) -> str:
        """Where the item goes on this machine."""
        carrier, slash, rest = item.entity.partition("/")
        return self.stand_in.get(carrier, carrier) + slash + rest

    def block(self, carrier: Entity, cluster: int, slot: int) -> MBlockKind | None:
        """What sits in a slot, None when it is empty; CircuitFileError for an unknown block."""
        block = self.entities.get(f"{carrier.path}/{cluster}/M{slot}")
        return None if block is None else block_kind(block)


def machine_of(file: CircuitFile, description: CircuitFile | None = None) -> Machine:
    """The machine that the file describes, or else ``description``.

    With a borrowed description the addresses may differ, as compilers write virtual ones: when the
    file speaks of one carrier and the machine has one, it is that one. Raises CircuitFileError
    when there is no description at all, or it is not sound.
    """
    boards = carriers(file)
    stand_in: dict[str, str] = {}
    if not boards:
        boards = carriers(description) if description is not None else ()
        stand_in = _stand_in(file, boards)
    if not boards:
        message = (
            "The file does not describe its machine. Add the entity specification of the machine "
            "to the module, or choose a device that has one."
        )
        raise refuse("no-specification", message)
    return Machine(
        carriers=_in_order(boards),
        entities={entity.path: entity for board in boards for entity in walk(board)},
        stand_in=stand_in,
    )


def _stand_in(file: CircuitFile, boards: tuple[Entity, ...]) -> dict[str, str]:
    addressed = (item for item in file.items if kind_name(item.config) in TARGETS)
    names = {item.entity.partition("/")[0] for item in addressed}
    if len(names) != 1 or len(boards) != 1:
        return {}
    return {names.pop(): boards[0].path}


def _in_order(boards: tuple[Entity, ...]) -> tuple[Entity, ...]:
    """By stack and position; a board without a location counts by its place in the file."""
    return tuple(
        board for _, board in sorted(enumerate(boards), key=lambda one: location(one[1], one[0]))
    )


def location(board: Entity, arrival: int) -> tuple[int, int]:
    """Stack and position of a carrier, ``arrival`` being its place in the file."""
    return board.location if board.location is not None else (0, arrival)


class Layout:
    """The items of a file by what they are and where they go on a machine."""

    __slots__ = ("_found",)

    def __init__(self, file: CircuitFile, machine: Machine) -> None:
        self._found: dict[tuple[object, str], tuple[int | None, object]] = {
            (type(item.config), machine.path(item)): (number, item.config)
            for number, item in enumerate(file.items)
        }

    def find(self, record: type[C], path: str) -> tuple[int | None, C | None]:
        """Position and value of the item of this type for this entity, or twice None."""
        number, config = self._found.get((record, path), (None, None))
        return (number, config) if isinstance(config, record) else (None, None)
