"""What is known of the configured devices, and the bell that tells workers of new work.

Runners write here, the API reads: it is all that the two share besides the store.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Iterable

    from appliance.models import DeviceType, QueueName

NOT_PROBED = "the device has not answered yet"


@dataclass(slots=True, kw_only=True)
class DeviceEntry:
    """One device. ``reason`` says why it is not available and is "" while it is; ``entity`` is
    its hardware description, which stays when the device goes away. ``has_exact_rates``: only
    sample rates that the hardware keeps exactly are taken. ``max_op_time_s``: its longest run."""

    name: str
    type: DeviceType
    max_sample_rate: int
    has_exact_rates: bool = False
    max_op_time_s: float = math.inf
    entity: bytes | None = None
    reason: str = NOT_PROBED

    @property
    def is_available(self) -> bool:
        return not self.reason


class DeviceBoard:
    """All configured devices, in the order of the configuration."""

    def __init__(self, entries: Iterable[DeviceEntry]) -> None:
        self._entries = {entry.name: entry for entry in entries}

    def all(self) -> tuple[DeviceEntry, ...]:
        return tuple(self._entries.values())

    def find(self, name: str) -> DeviceEntry | None:
        return self._entries.get(name)


class Bells:
    """One bell per queue: rung after a task was stored, so that nobody has to poll.

    A worker takes ``listen`` *before* it looks into the queue and waits on it when it finds
    nothing; a task that comes in between has set that event already.
    """

    def __init__(self) -> None:
        self._events: dict[QueueName, trio.Event] = {}

    def listen(self, queue: QueueName) -> trio.Event:
        """The event that the next ``ring`` of this queue sets."""
        return self._events.setdefault(queue, trio.Event())

    def ring(self, queue: QueueName) -> None:
        """Wake all who listen at this queue."""
        event = self._events.pop(queue, None)
        if event is not None:
            event.set()
