"""The entity files that simulators stand for: built in, or read from a path of the operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from appliance.config_checks import devices_in
from appliance.descriptions import BUILT_IN
from appliance.errors import Fault
from appliance.faults import path_of, shortened
from appliance.models import DeviceType
from drivers.apb.codec import peek
from drivers.apb.errors import CircuitFileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from appliance.config_checks import Location, Table

MAX_ENTITY_BYTES: Final = 256 * 2**10


class _Refused(Exception):
    """Why a file cannot be used."""


def read_entities(
    data: Table, directory: Path, faults: list[tuple[Location, Fault]]
) -> Mapping[str, bytes]:
    """Entity files by the name of the device that emulates them; relative paths start at
    ``directory``. ``data`` is the file as it was read; what cannot be used is added to
    ``faults``."""
    entities: dict[str, bytes] = {}
    for location, device in devices_in(data):
        emulates = device.get("emulates")
        if not isinstance(emulates, str) or device.get("type") != DeviceType.SIMULATOR:
            continue  # what is wrong then is told by the checks of single keys
        try:
            entities[str(device.get("name"))] = _entity(emulates, directory)
        except _Refused as error:
            faults.append(_fault((*location, "emulates"), emulates, error))
    return entities


def _fault(location: Location, emulates: str, error: _Refused) -> tuple[Location, Fault]:
    names = ", ".join(f'"{name}"' for name in BUILT_IN)
    hint = f"give {names}, or the path of an entity file as a machine's /entity answers it"
    return location, Fault(
        path=path_of(location), message=str(error), value=shortened(emulates), hint=hint
    )


def _entity(emulates: str, directory: Path) -> bytes:
    if emulates in BUILT_IN:
        return BUILT_IN[emulates]()
    data = _content(directory / emulates)
    try:
        description = peek(data)
    except CircuitFileError as error:
        raise _Refused(f"is no entity file: {error}") from error
    if description.device_class is None:
        raise _Refused("is a file that does not describe a machine")
    return data


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise _Refused("is neither built in nor a file")
        with path.open("rb") as file:
            data = file.read(MAX_ENTITY_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a path that no system allows
        raise _Refused(f"is a file that cannot be read: {error}") from error
    if len(data) > MAX_ENTITY_BYTES:
        raise _Refused(f"is a file of more than {MAX_ENTITY_BYTES} bytes")
    return data
