"""Who holds a key: the record of one user. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from appliance.models import OwnerId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.models import DeviceType

FINGERPRINT: Final = "sha256:"
STORED: Final = re.compile(r"sha256:[0-9a-f]{64}")
"""The form of a whole fingerprint."""


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


class Users(Protocol):
    """Who may use the appliance, as of now: what is asked for may differ from one call to the
    next, so nobody keeps an answer longer than a request."""

    def find(self, key: str) -> User | None:
        """The enabled user with this API key."""

    def owners_of(self, owner: OwnerId) -> tuple[OwnerId, ...]:
        """All fingerprints of the user who has or had this one; just itself where nobody has."""


def owner_named(text: str) -> OwnerId:
    """Whom a text means that is a fingerprint or, when it is not one, a key."""
    return OwnerId(text) if STORED.fullmatch(text) else fingerprint(text)


def owner_of_key(text: str) -> OwnerId:
    """Whom a mapping key of auth.yml means; what starts like a fingerprint is never a key."""
    return OwnerId(text) if text.startswith(FINGERPRINT) else fingerprint(text)


def fingerprint(key: str) -> OwnerId:
    """What a key is known by."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return OwnerId(FINGERPRINT + digest)
