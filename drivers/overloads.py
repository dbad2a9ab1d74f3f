"""Which elements left their range, in the words of the module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.apb.entities import walk
from drivers.apb.model import BLOCK_SIZE, EntityClass, MBlockKind
from drivers.mapping import carrier_boards

if TYPE_CHECKING:
    from drivers.apb.items import CircuitFile
    from drivers.mapping import Mapped
    from drivers.wire.messages import Overloads

_MOST: Final = 200
"""Elements that are named; a REDAC with twelve carriers has 576."""
_OPERATIONS: Final = BLOCK_SIZE // 2
"""Outputs of an M block from here on are its identity taps."""
_LONGEST_PATH: Final = 80


def overload_words(status: Overloads, mapped: Mapped, description: CircuitFile) -> tuple[str, ...]:
    """One text for each element, like ``00-00-00-00-00-00/0/M0 integrator 3``; empty for none."""
    kinds = _block_kinds(description)
    found = []
    for path, index in dict.fromkeys(status.elements):
        bare = path.strip("/")[:_LONGEST_PATH]
        place = mapped.in_module_words(bare)
        found.append(f"{place} {_element(kinds.get(bare), index)}")
    if len(found) > _MOST:
        found[_MOST:] = [f"and {len(found) - _MOST} more"]
    if status.any_overload and not found:
        return ("an element that the device does not name",)
    return tuple(found)


def _element(kind: MBlockKind | None, index: int) -> str:
    if kind is MBlockKind.INT:
        return f"integrator {index}"
    if kind is not None and index < _OPERATIONS:
        return f"{'multiplier' if kind is MBlockKind.MUL else 'element'} {index}"
    if kind is not None and index < BLOCK_SIZE:
        return f"identity {index - _OPERATIONS}"
    return f"element {index}"


def _block_kinds(description: CircuitFile) -> dict[str, MBlockKind]:
    """By path; blocks of unknown types are left out."""
    known = {kind.value: kind for kind in MBlockKind}
    return {
        entity.path: known[entity.type]
        for board in carrier_boards(description)
        for entity in walk(board)
        if entity.entity_class is EntityClass.M_BLOCK and entity.type in known
    }
