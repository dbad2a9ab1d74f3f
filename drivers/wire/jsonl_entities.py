"""The hardware tree of the JSONL dialect: the answer to ``get_entities`` and a description file.

The tree is nested by path segment (``{"/MAC": {"class": 1, ..., "/0": {...}}}``). Two numberings
are about: firmware counts classes and types from 1, as the protobuf dialect does; the vendor's
emulator counts them from 0 and so has a carrier of class 0. See docs/jsonl-dialect.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.apb.entities import MAX_ENTITIES, MAX_TREE_DEPTH, roots
from drivers.apb.items import CircuitFile, EntitySpecification, Item
from drivers.apb.model import Entity, EntityClass
from drivers.errors import ProtocolError
from drivers.wire.jsontext import Json, Object, as_int, as_list, as_object, as_text, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEAVES: Final = frozenset({"class", "type", "variant", "version", "eui"})
_CLASSES: Final = {one.value: one for one in EntityClass}
_TYPED: Final = (EntityClass.CARRIER, EntityClass.M_BLOCK)
"""Classes whose type means something, and so is shifted with the numbering."""
_FRONT_PLANE: Final = "FP"
_MOST: Final = 255
_LONGEST_ID: Final = 64
_LONGEST_EUI: Final = 64


def read_entities(tree: Object) -> CircuitFile:
    """The description that an answer's ``entities`` give. Paths keep the case that they came in.

    Raises ProtocolError for a tree without boards, one that is too large or too deep, and numbers
    that mean nothing.
    """
    items = tuple(
        Item(config=EntitySpecification(root=_Reader(value).read(name, value, "", 1)))
        for name, value in _boards(tree)
    )
    if not items:
        raise ProtocolError("The device describes no board.")
    if sum(1 for item in items for _ in _walk(item)) > MAX_ENTITIES:
        raise ProtocolError(f"The device describes more than {MAX_ENTITIES} boards and blocks.")
    return CircuitFile(items=items)


def write_entities(description: CircuitFile) -> Object:
    """The answer's ``entities`` for a description, in the firmware's numbering. A device above the
    carriers has no place in this dialect and is left out; so are locations."""
    return {
        f"/{carrier.path}": _write(carrier)
        for root in roots(description)
        for carrier in (root.children if root.entity_class is EntityClass.DEVICE else (root,))
    }


def _boards(tree: Object) -> list[tuple[str, Object]]:
    """The boards by name. Firmware lists the front plane beside the board that it belongs to."""
    boards = dict(_children(tree))
    plane = boards.pop(_FRONT_PLANE, None)
    if plane is not None and len(boards) == 1:
        ((name, board),) = boards.items()
        return [(name, {f"/{_FRONT_PLANE}": plane} | board)]
    return list(boards.items())


def _write(entity: Entity) -> Object:
    found: Object = {
        "class": entity.entity_class.value,
        "type": entity.type,
        "variant": entity.variant,
        "version": list(entity.version),
    }
    if entity.eui:
        found["eui"] = entity.eui
    return found | {"/" + one.path.rpartition("/")[2]: _write(one) for one in entity.children}


def _children(node: Object) -> Iterator[tuple[str, Object]]:
    """The entities below a node by name; firmware writes them with a slash, the emulator does not
    always."""
    for key, value in node.items():
        if key in _LEAVES:
            continue
        name = as_text(key, "an entity's name", _LONGEST_ID).strip("/")
        if not name or "/" in name:
            raise refuse("an entity's name", "a path segment")
        yield name, as_object(value, "an entity")


def _walk(item: Item) -> Iterator[Entity]:
    config = item.config
    pending = [config.root] if isinstance(config, EntitySpecification) and config.root else []
    while pending:
        entity = pending.pop()
        yield entity
        pending.extend(entity.children)


class _Reader:
    """Reads one board; its own class tells the numbering of the whole tree."""

    __slots__ = ("_shift",)

    def __init__(self, board: Object) -> None:
        self._shift = int(board.get("class") == 0)

    def read(self, name: str, node: Object, parent: str, depth: int) -> Entity:
        if depth > MAX_TREE_DEPTH:
            raise ProtocolError(f"The device's tree is deeper than {MAX_TREE_DEPTH} levels.")
        path = f"{parent}/{name}" if parent else name
        entity_class = self._class(node, name)
        shift = self._shift if entity_class in _TYPED else 0
        return Entity(
            path=path,
            entity_class=entity_class,
            type=as_int(node.get("type", 0), "an entity's type", most=_MOST) + shift,
            variant=as_int(node.get("variant", 0), "an entity's variant", most=_MOST),
            version=_version(node.get("version")),
            eui=as_text(node.get("eui") or "", "an entity's eui", _LONGEST_EUI),
            children=tuple(
                self.read(below, value, path, depth + 1) for below, value in _children(node)
            ),
        )

    def _class(self, node: Object, name: str) -> EntityClass:
        """Some firmware reports its front plane without a class: there the name tells."""
        number = as_int(node.get("class", -1), "an entity's class", most=_MOST) + self._shift
        if number == EntityClass.UNKNOWN.value and name == _FRONT_PLANE:
            return EntityClass.FRONT_PANEL
        if number not in _CLASSES:
            raise refuse("an entity's class", "one that is known")
        return _CLASSES[number]


def _version(value: Json) -> tuple[int, int, int]:
    """Firmware writes a list of three, the emulator one number."""
    if isinstance(value, int):
        return as_int(value, "an entity's version", most=_MOST), 0, 0
    parts = [as_int(one, "a version", most=_MOST) for one in as_list(value, "a version", 3)]
    major, minor, patch = (*parts, 0, 0, 0)[:3]
    return major, minor, patch
