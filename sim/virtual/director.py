"""Decides, occasion by occasion, which faults of a script strike."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.virtual.faults import Fault, Faults


class Director:
    """Follows one script. Its ``random`` numbers depend on the script's seed and on nothing else:
    equal conversations meet equal faults."""

    def __init__(self, script: Faults) -> None:
        self._faults = script.faults
        self._seen = [0] * len(script.faults)
        self._struck = [0] * len(script.faults)
        self._is_over = False
        self.random = random.Random(script.seed)

    @property
    def struck(self) -> tuple[int, ...]:
        """How often each fault has struck."""
        return tuple(self._struck)

    def end(self) -> None:
        """No fault strikes any more."""
        self._is_over = True

    def at(self, point: str) -> tuple[Fault, ...]:
        """The faults that strike at this occasion, in the script's order."""
        if self._is_over:
            return ()
        return tuple(
            fault
            for number, fault in enumerate(self._faults)
            if point in fault.at and self._strikes(number, fault)
        )

    def _strikes(self, number: int, fault: Fault) -> bool:
        """One more occasion for a fault. The dice are thrown at each, so that what one fault does
        not change the others' luck more than it must."""
        self._seen[number] += 1
        is_lucky = self.random.random() < fault.chance
        is_over = fault.count and self._struck[number] >= fault.count
        if self._seen[number] <= fault.after or is_over or not is_lucky:
            return False
        self._struck[number] += 1
        return True
