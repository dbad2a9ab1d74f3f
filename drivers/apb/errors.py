"""What is wrong with a circuit file, in the user's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that a circuit file gets wrong.

    ``rule`` is a stable short name, ``item`` the position in the module (from 0) and ``entity`` the
    path that the item is for; both None when the fault is not in one item.
    """

    rule: str
    message: str
    item: int | None = None
    entity: str | None = None

    def __str__(self) -> str:
        where = [f"item {self.item}"] if self.item is not None else []
        if self.entity:
            where.append(self.entity)
        place = f" ({', '.join(where)})" if where else ""
        return f"{self.message}{place} [{self.rule}]"


class CircuitFileError(Exception):
    """The bytes are no circuit that we can use. ``faults`` has at least one entry; the text of the
    error names the first few of them."""

    def __init__(self, *faults: Fault) -> None:
        if not faults:
            raise ValueError("an error about a circuit file names at least one fault")
        super().__init__(*faults)
        self.faults: tuple[Fault, ...] = faults

    def __str__(self) -> str:
        lines = [str(fault) for fault in self.faults[:_SHOWN]]
        if len(self.faults) > _SHOWN:
            lines.append(f"and {len(self.faults) - _SHOWN} more")
        return "; ".join(lines)


def refuse(
    rule: str, message: str, *, item: int | None = None, entity: str | None = None
) -> CircuitFileError:
    """The error with a single fault, to raise."""
    return CircuitFileError(Fault(rule=rule, message=message, item=item, entity=entity))
