"""auth.yml as models: names, types and defaults of every key (rest-api reference, section 9)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from appliance.config_models import Class, Section

Words = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Count = Annotated[int, Field(ge=0, le=10**9)]


class LimitEntry(Section):
    """How many runs a key may start in an hour and in a day; absent or null: any number."""

    hourly: Count | None = None
    daily: Count | None = None


class SubscriptionEntry(Section):
    """What users of a subscription may do."""

    limits: dict[Class, LimitEntry] | None = None


class UserEntry(Section):
    """One user; ``devices`` absent or null: all devices, an empty list: none."""

    enabled: bool
    name: Words
    email: Words
    subscription: Words
    devices: Annotated[tuple[Words, ...], Field(strict=False)] | None = None
    system: bool = False
    priority: Annotated[int, Field(ge=1, le=10**6)] = 1


class AuthData(Section):
    """The whole file. Mapping keys of ``users`` are secrets: they never get into a message."""

    subscriptions: dict[Words, SubscriptionEntry] = Field(default_factory=dict)
    users: dict[str, UserEntry]
