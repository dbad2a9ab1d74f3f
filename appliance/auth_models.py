"""auth.yml as models: names, types and defaults of every key (rest-api reference, section 9)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from appliance.config_models import Class, Section

Words = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Fingerprint = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}\z")]
Count = Annotated[int, Field(ge=0, le=10**9)]


class LimitEntry(Section):
    """How many runs a key may start in an hour and in a day; absent or null: any number."""

    hourly: Count | None = None
    daily: Count | None = None


class SubscriptionEntry(Section):
    """What users of a subscription may do."""

    limits: dict[Class, LimitEntry] | None = None


class UserEntry(Section):
    """One user; ``devices`` absent or null: all devices, an empty list: none. ``previous`` are the
    fingerprints of keys that the user had before: their tasks stay the user's."""

    enabled: bool
    name: Words
    email: Words
    subscription: Words
    devices: Annotated[tuple[Words, ...], Field(strict=False)] | None = None
    system: bool = False
    priority: Annotated[int, Field(ge=1, le=10**6)] = 1
    previous: Annotated[tuple[Fingerprint, ...], Field(strict=False, max_length=1000)] = ()


class AuthData(Section):
    """The whole file. Mapping keys of ``users`` are secrets: they never get into a message."""

    subscriptions: dict[Words, SubscriptionEntry] = Field(default_factory=dict)
    users: dict[str, UserEntry]
