"""On which terms a new task is taken: limits of its owner, and a key that makes a retry safe. Pure.

What stands in the way of a task is an error of this module; all of them are the client's to solve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.errors import ApplianceError

if TYPE_CHECKING:
    from datetime import datetime

    from appliance.models import OwnerId, TaskId, TaskType

HOUR_S: Final = 3600
DAY_S: Final = 86_400
KEPT_S: Final = DAY_S
"""For how long a retry of a request is recognised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A client's name for one request, and the digest of what the request said."""

    key: str
    request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """``owners`` are all fingerprints of one user. ``hourly`` and ``daily`` count accepted runs on
    the class of the task's device, ``queued`` tasks of any kind that wait; None: any number."""

    owners: tuple[OwnerId, ...] = ()
    hourly: int | None = None
    daily: int | None = None
    queued: int | None = None
    once: Once | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was answered when a task was taken; it outlives the task."""

    id: TaskId
    type: TaskType
    created_at: datetime


class NotTaken(ApplianceError):
    """A new task is not stored; nothing was changed."""


class LimitReached(NotTaken):
    """The hourly or daily limit is used up for ``retry_after_s`` more seconds."""

    def __init__(self, text: str, retry_after_s: int) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class QueueFull(NotTaken):
    """The owner has as many waiting tasks as allowed."""


class KeyReused(NotTaken):
    """The key of this request was used for a request that said something else."""


class Repeated(NotTaken):
    """This very request was taken before; ``receipt`` is its answer."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__("this request was taken before")
        self.receipt = receipt
