"""Faults of auth.yml without a single key in them.

A key may stand where no key belongs: outdented to the top of the file, among the subscriptions, in
a list. So names and values are repeated only where they are known, or much like what is known;
users have numbers, from 0, and lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from appliance.auth_models import AuthData, LimitEntry, SubscriptionEntry, UserEntry
from appliance.errors import Fault
from appliance.faults import path_of, shortened

if TYPE_CHECKING:
    from appliance.yaml_file import Location, YamlFile

UNKNOWN: Final = "?"
"""What stands in a path for a name that is not repeated."""

_NAMES: Final = (
    *AuthData.model_fields,
    *SubscriptionEntry.model_fields,
    *LimitEntry.model_fields,
    *UserEntry.model_fields,
)


def at(location: Location, message: str, hint: str, value: str = "") -> tuple[Location, Fault]:
    """A fault that the models cannot see."""
    shown = shortened(value) if value else ""
    return location, Fault(path=path_of(location), message=message, hint=hint, value=shown)


def in_order(faults: list[tuple[Location, Fault]], file: YamlFile) -> tuple[Fault, ...]:
    """The faults as they are told: with lines, sorted by them, without secrets."""
    told = [_told(_plain(location), fault, file) for location, fault in faults]
    return tuple(sorted(told, key=lambda fault: fault.line or 0))


def _plain(location: Location) -> Location:
    """Without pydantic's mark of a faulty mapping key; such keys as the text they are."""
    location = tuple(part for part in location if part != "[key]")
    return (*location[:1], *map(str, location[1:2]), *location[2:])


def _told(location: Location, fault: Fault, file: YamlFile) -> Fault:
    places = (location[:length] for length in range(len(location), 0, -1))
    return Fault(
        path=path_of(_shown(location, file.data)),
        message=fault.message,
        hint=fault.hint,
        value=fault.value if _is_harmless(location) else "",
        line=next((file.lines[place] for place in places if place in file.lines), None),
    )


def _shown(location: Location, data: object) -> Location:
    if len(location) < 2 or not _is_name(location[0]):
        return tuple(part if _is_name(part) else UNKNOWN for part in location[:1])
    section, name, *below = location
    is_limit = below[:1] == ["limits"]
    parts = [part if is_limit or _is_name(part) else UNKNOWN for part in below]
    if section == "subscriptions" and is_limit:
        return (section, name, *parts)
    return (section, _number(section, name, data), *parts)


def _number(section: object, name: object, data: object) -> int:
    """Position of an entry; pydantic writes a mapping key that is yes or no as a number."""
    entries = data.get(section) if isinstance(data, Mapping) else None
    keys = list(entries) if isinstance(entries, Mapping) else []
    texts = [str(int(key)) if isinstance(key, bool) else str(key) for key in keys]
    return texts.index(str(name)) if str(name) in texts else 0


def _is_name(part: int | str) -> bool:
    return isinstance(part, int) or bool(get_close_matches(part, _NAMES, n=1))


def _is_harmless(location: Location) -> bool:
    """Whether the value at a place may be repeated."""
    if len(location) < 3 or "previous" in location:
        return False
    return all(map(_is_name, location[2:])) or location[2] == "limits"
