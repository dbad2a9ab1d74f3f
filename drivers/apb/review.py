"""What a check of a circuit file found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.apb.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

MAX_FINDINGS: Final = 50
"""Faults, and likewise warnings, that are reported for one file."""


class EnoughError(Exception):
    """There are so many faults that looking for more helps nobody."""


class Review:
    """Collects faults and warnings; ``at`` says which item is being looked at."""

    __slots__ = ("_entity", "_item", "faults", "warnings")

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.warnings: list[str] = []
        self._item: int | None = None
        self._entity: str | None = None

    def at(self, item: int | None, entity: str | None) -> None:
        """Later findings are about this item, for this entity."""
        self._item, self._entity = item, entity or None

    def fault(self, rule: str, message: str) -> None:
        """Add a fault; EnoughError when the list is full with it."""
        fault = Fault(rule=rule, message=message, item=self._item, entity=self._entity)
        self.faults.append(fault)
        if len(self.faults) >= MAX_FINDINGS:
            raise EnoughError

    def warn(self, message: str) -> None:
        """Add a warning; warnings that are too many are dropped."""
        place = f" ({self._entity})" if self._entity else ""
        if len(self.warnings) < MAX_FINDINGS:
            self.warnings.append(message + place)

    def below(self, rule: str, what: str, value: int, limit: int) -> bool:
        """Whether 0 <= value < limit; a fault if not."""
        if 0 <= value < limit:
            return True
        last = f"; the last one is {limit - 1}" if limit else ""
        self.fault(rule, f"{what} {value} does not exist{last}.")
        return False

    def once(self, rule: str, what: str, values: Iterable[Hashable]) -> None:
        """A fault for each value that comes again."""
        seen = set[object]()
        for value in values:
            if value in seen:
                self.fault(rule, f"{what} {value} is set more than once.")
            seen.add(value)
