"""Who holds a key: the record of one user. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.models import OwnerId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.models import DeviceType

FINGERPRINT: Final = "sha256:"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Runs that a key may start in an hour and in a day on one class of devices; None: any."""

    hourly: int | None = None
    daily: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who holds one key. ``limits`` has an entry for each class. ``devices`` None: all devices.

    ``owner`` is what new tasks belong to; ``previous`` are the fingerprints of keys that the user
    had before. ``system``: may search and read the tasks of others. ``priority`` is not clamped.
    """

    owner: OwnerId
    enabled: bool
    name: str
    email: str
    subscription: str
    limits: Mapping[DeviceType, RateLimits]
    devices: tuple[str, ...] | None = None
    system: bool = False
    priority: int = 1
    previous: tuple[OwnerId, ...] = ()

    @property
    def owners(self) -> tuple[OwnerId, ...]:
        """Whose tasks are this user's: the current fingerprint first, then the previous ones."""
        return (self.owner, *self.previous)


def fingerprint(key: str) -> OwnerId:
    """What a key is known by."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return OwnerId(FINGERPRINT + digest)
