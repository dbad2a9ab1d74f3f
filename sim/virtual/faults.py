"""Scripted misbehaviour of a virtual machine: a TOML file says what goes wrong, where, how often.

See docs/virtual-device.md for the form. A script is read strictly: whatever is not understood is
refused, in words.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeGuard

from sim.virtual.fault_kinds import CHANCE, KINDS, POINTS, Kind, Limits, Value, points_named

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SCRIPT_BYTES: Final = 65_536
MAX_FAULTS: Final = 100
_COMMON: Final = ("what", "at", "after", "count", "chance")
_MOST: Final = 1_000_000
_LARGEST_SEED: Final = 2**63 - 1


class FaultScriptError(ValueError):
    """The script is not what it should be; the text says where and why, for its author."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One misbehaviour: ``what`` happens at the points ``at``.

    It lets ``after`` occasions pass and then happens ``count`` times (0: always), each time with
    the probability ``chance``. ``values`` are the settings of its kind, all of them.
    """

    what: str
    at: frozenset[str]
    after: int = 0
    count: int = 1
    chance: float = 1.0
    values: Mapping[str, Value] = field(default_factory=dict)

    def number(self, name: str) -> float:
        """A setting that is a number."""
        value = self.values[name]
        if isinstance(value, str):
            raise TypeError(f"{self.what}.{name} is a text")
        return float(value)

    def text(self, name: str) -> str:
        """A setting that is a text."""
        return str(self.values[name])

    def flag(self, name: str) -> bool:
        """A setting that is on or off."""
        return bool(self.values[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """A whole script; equal scripts misbehave in equal ways."""

    faults: tuple[Fault, ...] = ()
    seed: int = 0


def load_faults(text: str) -> Faults:
    """Read a script. Raises FaultScriptError."""
    if len(text.encode("utf-8", "replace")) > MAX_SCRIPT_BYTES:
        raise FaultScriptError(f"the script is longer than {MAX_SCRIPT_BYTES} bytes")
    try:
        script = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultScriptError(f"the script is no TOML: {error}") from error
    except RecursionError as error:
        raise FaultScriptError("the script is nested too deeply") from error
    _only(script, ("seed", "fault"), "the script")
    seed = script.get("seed", 0)
    if not _is_whole(seed) or not 0 <= seed <= _LARGEST_SEED:
        raise FaultScriptError("seed must be a whole number from 0 up")
    tables = script.get("fault", [])
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise FaultScriptError("faults are written as tables: [[fault]]")
    if len(tables) > MAX_FAULTS:
        raise FaultScriptError(f"the script has {len(tables)} faults, at most {MAX_FAULTS} count")
    faults = tuple(_fault(table, f"fault {n}") for n, table in enumerate(tables, start=1))
    return Faults(faults=faults, seed=seed)


def _fault(table: Mapping[str, object], where: str) -> Fault:
    what = table.get("what")
    if not isinstance(what, str) or what not in KINDS:
        raise FaultScriptError(f"{where}: what must be one of {', '.join(KINDS)}")
    kind, where = KINDS[what], f"{where} ({what})"
    _only(table, (*_COMMON, *kind.settings), where)
    given = {name: table[name] for name in kind.settings if name in table}
    return Fault(
        what=what,
        at=_points(table.get("at"), kind, where),
        after=_count(table, "after", 0, where),
        count=_count(table, "count", 1, where),
        chance=float(_value(CHANCE, "chance", table.get("chance", 1.0), where)),
        values={
            name: _value(limits, name, given.get(name, limits.default), where)
            for name, limits in kind.settings.items()
        },
    )


def _points(value: object, kind: Kind, where: str) -> frozenset[str]:
    if value is None:
        return kind.default
    names = value if isinstance(value, list) else [value]
    groups = [points_named(name) for name in names if isinstance(name, str)]
    if not names or len(groups) < len(names) or not all(groups):
        raise FaultScriptError(f"{where}: at must be one or a list of {', '.join(POINTS)}")
    found = frozenset[str]().union(*groups)
    if not found <= kind.points:
        wrong = ", ".join(sorted(found - kind.points))
        raise FaultScriptError(
            f"{where}: cannot happen at {wrong}; possible are {', '.join(sorted(kind.points))}"
        )
    return found


def _count(table: Mapping[str, object], name: str, default: int, where: str) -> int:
    value = table.get(name, default)
    if not _is_whole(value) or not 0 <= value <= _MOST:
        raise FaultScriptError(f"{where}: {name} must be a whole number from 0 to {_MOST}")
    return value


def _value(limits: Limits, name: str, value: object, where: str) -> Value:
    """A setting's value within its limits; its type is the default's."""
    if isinstance(limits.default, bool):
        if isinstance(value, bool):
            return value
        raise FaultScriptError(f"{where}: {name} must be true or false")
    if isinstance(limits.default, str):
        return _text(limits, name, value, where)
    if isinstance(limits.default, int):
        if _is_whole(value) and limits.least <= value <= limits.most:
            return value
        raise FaultScriptError(
            f"{where}: {name} must be a whole number from {limits.least:g} to {limits.most:g}"
        )
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
        if math.isfinite(number) and limits.least <= number <= limits.most:
            return number
    raise FaultScriptError(
        f"{where}: {name} must be a number from {limits.least:g} to {limits.most:g}"
    )


def _text(limits: Limits, name: str, value: object, where: str) -> str:
    if not isinstance(value, str):
        raise FaultScriptError(f"{where}: {name} must be a text")
    if limits.choices and value not in limits.choices:
        raise FaultScriptError(f"{where}: {name} must be one of {', '.join(limits.choices)}")
    if len(value) > limits.most:
        raise FaultScriptError(f"{where}: {name} is longer than {limits.most:g} characters")
    return value


def _only(table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    unknown = [key for key in table if key not in known]
    if unknown:
        raise FaultScriptError(
            f"{where}: {unknown[0]} is not known here; possible are {', '.join(known)}"
        )


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
