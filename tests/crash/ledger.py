"""What clients were told, held against what is there after a crash. Pure.

Each submitted run has a number of its own, which is also what the device notes when it begins and
ends the run: so that a run that happens twice is seen, whatever the database says.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TERMINAL = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A task as the database has it."""

    number: int
    state: str


@dataclass(slots=True, kw_only=True)
class Known:
    """An acknowledged task: what the server has promised about it since."""

    number: int
    end: str | None = None
    is_deletion_asked: bool = False
    is_deletion_told: bool = False


@dataclass(slots=True)
class Ledger:
    """Everything that clients asked for (``asked``, by number) and were told (``known``, by id);
    ``unanswered`` is what was asked for with unknown outcome."""

    asked: set[int] = field(default_factory=set)
    unanswered: dict[int, dict[str, object]] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)

    def ask(self, body: dict[str, object]) -> int:
        """A new number for a request that is about to be sent."""
        number = len(self.asked) + 1
        self.asked.add(number)
        self.unanswered[number] = body | {"sample_rate": number}
        return number

    def accept(self, id: str, number: int) -> None:
        """201: the task must never be lost."""
        del self.unanswered[number]
        self.known[id] = Known(number=number)

    def end(self, id: str, state: str) -> None:
        """A terminal state was told: it must never change."""
        assert self.known[id].end in (None, state)
        self.known[id].end = state

    def faults(self, rows: Mapping[str, Row], marks: Iterable[tuple[str, int]]) -> list[str]:
        """Every promise that is broken. ``marks`` are the device's notes: ("start", number)."""
        counted = Counter(marks)
        numbers = Counter(row.number for row in rows.values())
        return [
            *(f"{mark} of {n}: {times} times" for (mark, n), times in counted.items() if times > 1),
            *(f"{n} is stored {times} times" for n, times in numbers.items() if times > 1),
            *(f"{n} was never asked for" for n in numbers if n not in self.asked),
            *(f"{id}: {fault}" for id in self.known for fault in self._broken(id, rows, counted)),
            *(
                f"{id}: succeeded without having run to its end"
                for id, row in rows.items()
                if row.state == "succeeded" and not counted["end", row.number]
            ),
        ]

    def _broken(
        self, id: str, rows: Mapping[str, Row], marks: Mapping[tuple[str, int], int]
    ) -> list[str]:
        known, row = self.known[id], rows.get(id)
        if row is None:
            return [] if known.is_deletion_asked else ["lost"]
        faults = []
        if known.is_deletion_told:
            faults.append("deleted, and back again")
        if known.number != row.number:
            faults.append(f"was {known.number}, is {row.number}")
        if known.end not in (None, row.state):
            faults.append(f"was told to have {known.end}, is {row.state}")
        if known.end == "cancelled" and marks.get(("start", known.number)):
            faults.append("cancelled, but it ran")
        return faults
