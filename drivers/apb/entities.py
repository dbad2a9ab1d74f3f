"""The hardware tree: which boards and blocks a machine has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.apb import analog_pb2 as pb
from drivers.apb.errors import refuse
from drivers.apb.items import CircuitFile, EntitySpecification
from drivers.apb.model import CarrierKind, Entity, EntityClass, MBlockKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_TREE_DEPTH: Final = 8
"""Levels of a hardware tree; machines have four (device, carrier, cluster, block)."""
MAX_ENTITIES: Final = 2048
"""Boards and blocks of one file; a carrier with three clusters has about 25."""
_LONGEST_PATH: Final = 128
"""Paths show up in texts and multiply with the depth; real ones have about 25 characters."""
CLUSTER_IDS: Final = ("0", "1", "2")

_CLASSES: Final = {one.value: one for one in EntityClass}
_DEVICE_CLASSES: Final = {CarrierKind.LUCIDAC: "LUCIDAC", CarrierKind.MREDAC: "REDAC"}


def normalise(path: str) -> str:
    """An entity's path without leading slashes; the colon form of an address becomes dashes and
    upper case, as machines write it."""
    path = path.lstrip("/")
    return path.replace(":", "-").upper() if ":" in path else path


class EntityBudget:
    """How many entities of one file may still come."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_ENTITIES

    def take(self) -> None:
        """Count one; CircuitFileError when it is one too many."""
        self._left -= 1
        if self._left < 0:
            message = f"The machine description has more than {MAX_ENTITIES} entities."
            raise refuse("entity-count", message)


def read_entity(message: pb.Entity, budget: EntityBudget) -> Entity:
    """The tree below ``message``; CircuitFileError when it is too deep or too large."""
    return _read(message, "", 1, budget)


def _read(message: pb.Entity, parent: str, depth: int, budget: EntityBudget) -> Entity:
    budget.take()
    if depth > MAX_TREE_DEPTH:
        text = f"The hardware tree is deeper than {MAX_TREE_DEPTH} levels."
        raise refuse("entity-depth", text, entity=parent or None)
    own = normalise(message.id)
    path = f"{parent}/{own}" if parent else own
    if len(path) > _LONGEST_PATH:
        raise refuse("entity-id", f"An entity's path is longer than {_LONGEST_PATH} characters.")
    entity_class = _read_class(message.class_, own, path)
    if "/" in own or not (own or entity_class is EntityClass.DEVICE):
        text = f"The machine description has an entity with the impossible id {message.id!r}."
        raise refuse("entity-id", text, entity=parent or None)
    below = "" if entity_class is EntityClass.DEVICE else path
    version = message.version
    return Entity(
        path=path,
        entity_class=entity_class,
        type=message.type,
        variant=message.variant,
        version=(version.major, version.minor, version.patch),
        eui=message.eui,
        children=tuple(_read(child, below, depth + 1, budget) for child in message.children),
        location=_read_location(message),
    )


def _read_class(number: int, own: str, path: str) -> EntityClass:
    """LUCIDAC firmware reports its front plane without a class: there the id tells."""
    if number == EntityClass.UNKNOWN.value and own == "FP":
        return EntityClass.FRONT_PANEL
    if number not in _CLASSES:
        text = f"The machine description uses the unknown entity class {number}."
        raise refuse("entity-class", text, entity=path)
    return _CLASSES[number]


def _read_location(message: pb.Entity) -> tuple[int, int] | None:
    if not message.HasField("location_v0"):
        return None
    return message.location_v0.stack, message.location_v0.carrier


def write_entity(entity: Entity) -> pb.Entity:
    """The tree as a message; the ids get their leading slash."""
    major, minor, patch = entity.version
    message = pb.Entity(
        id="/" + entity.path.rpartition("/")[2],
        class_=pb.Entity.Class.Name(entity.entity_class.value),
        type=entity.type,
        variant=entity.variant,
        version=pb.Version(major=major, minor=minor, patch=patch),
        eui=entity.eui,
        children=[write_entity(one) for one in entity.children],
    )
    if entity.location is not None:
        stack, carrier = entity.location
        message.location_v0.CopyFrom(pb.CarrierLocationV0(stack=stack, carrier=carrier))
    return message


def walk(entity: Entity) -> Iterator[Entity]:
    """The entity and everything below it, parents first."""
    yield entity
    for child in entity.children:
        yield from walk(child)


def roots(file: CircuitFile) -> tuple[Entity, ...]:
    """The trees of all specification items."""
    found = (item.config for item in file.items)
    return tuple(
        config.root
        for config in found
        if isinstance(config, EntitySpecification) and config.root is not None
    )


def carriers(file: CircuitFile) -> tuple[Entity, ...]:
    """The carrier boards that the file describes, in the file's order; empty when it describes no
    machine. CircuitFileError when two boards have one path, or the trees hold no carrier."""
    trees = roots(file)
    found = tuple(_carriers_in(trees))
    if trees and not found:
        raise refuse("no-carrier", "The machine description has no carrier board.")
    paths = set[str]()
    for carrier in found:
        for entity in walk(carrier):
            if entity.path in paths:
                text = "The machine description has two entities of one path."
                raise refuse("entity-twice", text, entity=entity.path)
            paths.add(entity.path)
    return found


def _carriers_in(trees: Iterable[Entity]) -> Iterator[Entity]:
    for tree in trees:
        if tree.entity_class is EntityClass.CARRIER:
            yield tree
        elif tree.entity_class is EntityClass.DEVICE:
            yield from _carriers_in(tree.children)


def carrier_kind(carrier: Entity) -> CarrierKind:
    """The kind of board; CircuitFileError for one that we do not know."""
    try:
        return CarrierKind(carrier.type)
    except ValueError:
        text = f"The carrier board has the unknown type {carrier.type}."
        raise refuse("carrier-type", text, entity=carrier.path) from None


def device_class(boards: Iterable[Entity]) -> str:
    """``LUCIDAC`` or ``REDAC``, the class of the machine with these carriers; CircuitFileError for
    none, unknown ones, or a mixture."""
    names = {_DEVICE_CLASSES[carrier_kind(carrier)] for carrier in boards}
    if not names:
        raise refuse("no-carrier", "The machine description has no carrier board.")
    if len(names) > 1:
        text = "The machine description mixes LUCIDAC and REDAC carrier boards."
        raise refuse("carrier-mixture", text)
    return names.pop()


def cluster_indices(carrier: Entity) -> tuple[int, ...]:
    """The clusters of a carrier in order of their index."""
    prefix = len(carrier.path) + 1
    ids = (child.path[prefix:] for child in carrier.children)
    return tuple(sorted(int(one) for one in ids if one in CLUSTER_IDS))


def child(entity: Entity, path: str) -> Entity | None:
    """The entity at ``path`` below ``entity``, as in ``0/M1``."""
    full = f"{entity.path}/{path}"
    return next((one for one in walk(entity) if one.path == full), None)


def m_block_kind(carrier: Entity, cluster: int, slot: int) -> MBlockKind | None:
    """What sits in a slot, None when it is empty; CircuitFileError for an unknown block."""
    block = child(carrier, f"{cluster}/M{slot}")
    return None if block is None else block_kind(block)


def block_kind(block: Entity) -> MBlockKind:
    """The kind of an M block; CircuitFileError for an unknown one."""
    try:
        return MBlockKind(block.type)
    except ValueError:
        text = f"The M block has the unknown type {block.type}."
        raise refuse("block-type", text, entity=block.path) from None


def has_t_block(carrier: Entity) -> bool:
    """Whether the carrier can switch lanes between its clusters."""
    return child(carrier, "T") is not None
