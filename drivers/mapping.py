"""A module's carriers mapped to the boards of the device at hand.

Compilers write virtual addresses (``00-00-00-00-00-00``, ``-01`` and so on) when they do not know
the machine; a machine knows only its own. Virtual carriers go to the device's carriers in their
order of (stack, carrier). A carrier that the device has by name stays itself, and one that belongs
to another machine is refused: what was compiled for that machine may need what it has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from drivers.apb import items as it
from drivers.apb.entities import carriers
from drivers.apb.errors import CircuitFileError
from drivers.apb.kinds import kind_name
from drivers.apb.machine import TARGETS, machine_of
from drivers.apb.validate import examine
from drivers.errors import RunRefused
from drivers.fitting import check_fit
from drivers.plain_values import plain_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from drivers.apb.items import CircuitFile, Item
    from drivers.apb.model import Entity, Scaling

_VIRTUAL: Final = re.compile(r"0([01])-00-0([01])-00-00-([0-9A-Fa-f]{2})")
"""Stack, wing and carrier of a virtual address (hardware reference 2.1)."""
_WINGS: Final = 2
_WING_SIZE: Final = 3
"""A large REDAC has two wings of three carriers in each stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A module as the device takes it.

    ``file`` holds the device's own specification of the carriers in use and the items that
    configure them, under the device's addresses and with plain numbers. ``carriers`` are the
    device's paths in order, the first being the sync master; ``names`` has the module's name of
    each. ``scaling`` is how samples become the user's numbers. ``warnings`` are for the user's log.
    """

    file: CircuitFile
    carriers: tuple[str, ...]
    names: Mapping[str, str]
    scaling: Scaling | None
    warnings: tuple[str, ...] = ()

    def in_module_words(self, path: str) -> str:
        """A path of the device as the module calls it."""
        carrier, slash, rest = path.partition("/")
        return self.names.get(carrier, carrier) + slash + rest


def map_module(module: CircuitFile, description: CircuitFile, *, keep_sim: bool = False) -> Mapped:
    """The module for the device that ``description`` describes.

    ``keep_sim`` leaves the settings for simulators in, which hardware does not know. Raises
    RunRefused, in the module's words, where the two do not fit or the module is not sound.
    """
    try:
        return _map(module, description, keep_sim)
    except CircuitFileError as error:
        raise RunRefused(str(error)) from error


def _map(module: CircuitFile, description: CircuitFile, keep_sim: bool) -> Mapped:
    module = replace(module, items=tuple(_bare(item) for item in module.items))
    machine = machine_of(description)
    homes = _homes(module, tuple(board.path for board in machine.carriers))
    described = {board.path: board for board in carriers(module)}
    boards = [board for board in machine.carriers if board.path in homes.values()]
    by_path = {board.path: board for board in boards}
    for name, home in homes.items():
        check_fit(name, described.get(name), by_path[home], module)
    specification = (
        it.Item(entity=board.path, config=it.EntitySpecification(root=board)) for board in boards
    )
    configuration = _rewritten(plain_items(module), homes, keep_sim)
    file = it.CircuitFile(items=(*specification, *configuration), scaling=module.scaling)
    findings = examine(file, machine_of(file))
    if findings.faults:
        raise CircuitFileError(*findings.faults)
    return Mapped(
        file=replace(file, scaling=None),
        carriers=tuple(by_path),
        names={home: name for name, home in homes.items()},
        scaling=module.scaling,
        warnings=module.warnings + findings.warnings,
    )


def _bare(item: Item) -> Item:
    """Slashes in front of a path and behind it do not count."""
    return replace(item, entity=item.entity.strip("/"))


def _homes(module: CircuitFile, boards: tuple[str, ...]) -> dict[str, str]:
    """The device's carrier of each of the module's, in the module's order."""
    names = _names(module)
    kept = {name for name in names if name in boards}
    free = [board for board in boards if board not in kept]
    virtual = [name for name in names if name not in kept]
    foreign = [name for name in virtual if _VIRTUAL.fullmatch(name) is None]
    if foreign:
        raise RunRefused(
            f"the module is for the carrier {foreign[0]}, but this device has "
            f"{_listed(boards)}: compile it for this device, or for a machine without an address"
        )
    places = range(len(virtual)) if carriers(module) else map(_number, virtual)
    found = dict(zip(virtual, places, strict=True))
    if any(place >= len(free) for place in found.values()):
        raise RunRefused(
            f"the module needs {max(found.values()) + 1 + len(kept)} carriers "
            f"({', '.join(names)}), but this device has {_listed(boards)}"
        )
    return {name: name if name in kept else free[found[name]] for name in names}


def _listed(boards: tuple[str, ...]) -> str:
    return f"{'only ' if len(boards) == 1 else ''}{', '.join(boards)}"


def _names(module: CircuitFile) -> tuple[str, ...]:
    """The carriers of a module in order: those it describes, else those it configures."""
    addressed = {
        item.entity.partition("/")[0] for item in module.items if kind_name(item.config) in TARGETS
    }
    if not carriers(module):
        named = addressed - {""}
        if not named:
            raise RunRefused("the module configures nothing: it has no item for any carrier")
        return tuple(sorted(named, key=lambda name: (_number(name), name)))
    described = tuple(board.path for board in machine_of(module).carriers)
    unknown = sorted(addressed - {"", *described})
    if unknown:
        raise RunRefused(
            f"the module configures the carrier {unknown[0]}, but describes only "
            f"{', '.join(described)}"
        )
    return described


def _number(name: str) -> int:
    """The place of a virtual address among its machine's carriers; 0 for another address."""
    match = _VIRTUAL.fullmatch(name)
    if match is None:
        return 0
    stack, wing, carrier = int(match[1]), int(match[2]), int(match[3], 16)
    return (stack * _WINGS + wing) * _WING_SIZE + carrier


def _rewritten(items: Iterable[Item], homes: Mapping[str, str], keep_sim: bool) -> tuple[Item, ...]:
    """The items that configure something, under the device's addresses. What only a client needs
    (parameters, cables, addresses of devices) and what nobody knows is left out."""
    kept = []
    for item in items:
        if kind_name(item.config) in TARGETS:
            config = item.config
            if isinstance(config, it.DependencyInfo):
                entities = tuple(_at_home(path, homes) for path in config.entities)
                config = replace(config, entities=entities)
            kept.append(replace(item, entity=_at_home(item.entity, homes), config=config))
        elif keep_sim and isinstance(item.config, it.SimConfig):
            kept.append(item)
    return tuple(kept)


def _at_home(path: str, homes: Mapping[str, str]) -> str:
    """A path under the device's address."""
    carrier, slash, rest = path.strip("/").partition("/")
    return homes.get(carrier, carrier) + slash + rest


def carrier_boards(description: CircuitFile) -> tuple[Entity, ...]:
    """The carriers that a device describes, in their order; CircuitFileError when it is unsound."""
    return machine_of(description).carriers
