"""Reading auth.yml: all of it is right, or every fault is told at once, without a single key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from appliance.auth_faults import at, in_order
from appliance.auth_models import AuthData
from appliance.errors import AuthFileError, Fault
from appliance.faults import faults_of
from appliance.models import DeviceType, OwnerId
from appliance.users import FINGERPRINT, STORED, RateLimits, User, owner_of_key
from appliance.yaml_file import YamlError, parse_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.auth_models import SubscriptionEntry, UserEntry
    from appliance.yaml_file import Location

MAX_FILE_BYTES: Final = 2**20
MAX_KEY_CHARACTERS: Final = 128

_HINTS: Final = {
    "previous": "a list of fingerprints, sha256: and 64 lower-case hex digits each",
    "subscription": "the name of one of the subscriptions at the top of the file",
    "users": "each user is KEY: and, indented below it, enabled, name, email, subscription",
}


def read_users(path: Path) -> tuple[User, ...]:
    """The users of a file, in its order. Raises AuthFileError."""
    return users_in(read_text(path), path)


def read_text(path: Path) -> str:
    """The text of a file, bounded. Raises AuthFileError where there is none."""
    try:
        return _read(path)
    except OSError as error:
        raise _whole_file(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise _whole_file(path, "is not UTF-8 text") from None


def users_in(text: str, path: Path) -> tuple[User, ...]:
    """The users in the text of a file; ``path`` is for messages. Raises AuthFileError."""
    data = _checked(text, path)
    return tuple(_user(key, entry, data) for key, entry in data.users.items())


def subscriptions_in(text: str, path: Path) -> Mapping[str, Mapping[DeviceType, RateLimits]]:
    """The limits of each subscription, in the order of the file. Raises AuthFileError."""
    subscriptions = _checked(text, path).subscriptions
    return {name: _limits(subscription) for name, subscription in subscriptions.items()}


def _checked(text: str, path: Path) -> AuthData:
    try:
        file = parse_yaml(text)
    except YamlError as error:
        raise AuthFileError(str(path), error.faults) from None
    faults = list(_foreign_faults(file.data))
    try:
        data = AuthData.model_validate(file.data)
    except ValidationError as error:
        faults += faults_of(error, AuthData, _HINTS)
        data = None
    if data is None or faults:
        raise AuthFileError(str(path), in_order(faults, file))
    return data


def _read(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise _whole_file(path, f"is larger than {MAX_FILE_BYTES} bytes")
    return content.decode()


def _whole_file(path: Path, message: str) -> AuthFileError:
    return AuthFileError(str(path), (Fault(path="(the whole file)", message=message),))


def _foreign_faults(data: object) -> Iterator[tuple[Location, Fault]]:
    """What the models cannot see: keys of users, and names of subscriptions that are not there."""
    file = data if isinstance(data, Mapping) else {}
    users, subscriptions = file.get("users"), file.get("subscriptions")
    known = tuple(subscriptions) if isinstance(subscriptions, Mapping) else ()
    owners = set[str]()
    for key, entry in users.items() if isinstance(users, Mapping) else ():
        location: Location = ("users", str(key))
        if isinstance(key, str):
            yield from _key_faults(location, key, owners)
        wanted = entry.get("subscription") if isinstance(entry, Mapping) else None
        if isinstance(wanted, str) and wanted not in known:
            message = "is the name of no subscription in this file"
            yield at((*location, "subscription"), message, _HINTS["subscription"], wanted)
    yield from _previous_faults(users, owners)


def _previous_faults(users: object, owners: set[str]) -> Iterator[tuple[Location, Fault]]:
    """A previous fingerprint belongs to one user, and to nobody's current key."""
    owners = set(owners)
    for key, entry in users.items() if isinstance(users, Mapping) else ():
        previous = entry.get("previous") if isinstance(entry, Mapping) else None
        for index, owner in enumerate(previous if isinstance(previous, list) else ()):
            if not isinstance(owner, str):
                continue  # the models see to it
            if owner in owners:
                message = "is the fingerprint of another entry too"
                hint = "each fingerprint stands once in the file"
                yield at(("users", str(key), "previous", index), message, hint)
            owners.add(owner)


def _key_faults(location: Location, key: str, owners: set[str]) -> Iterator[tuple[Location, Fault]]:
    owner = owner_of_key(key)
    if owner in owners:
        yield at(location, "is the same key as that of a user above", "keep one of the two")
    owners.add(owner)
    if key.startswith(FINGERPRINT):
        if not STORED.fullmatch(key):
            hint = 'printf %s "THE-KEY" | sha256sum'
            yield at(location, "is no fingerprint: sha256: and 64 lower-case hex digits", hint)
    elif not 0 < len(key) <= MAX_KEY_CHARACTERS or not key.isprintable() or " " in key:
        hint = f"1 to {MAX_KEY_CHARACTERS} visible characters without spaces"
        yield at(location, "cannot be used as a key", hint)


def _user(key: str, entry: UserEntry, data: AuthData) -> User:
    return User(
        owner=owner_of_key(key),
        enabled=entry.enabled,
        name=entry.name,
        email=entry.email,
        subscription=entry.subscription,
        limits=_limits(data.subscriptions[entry.subscription]),
        devices=entry.devices,
        system=entry.system,
        priority=entry.priority,
        previous=tuple(map(OwnerId, entry.previous)),
    )


def _limits(subscription: SubscriptionEntry) -> Mapping[DeviceType, RateLimits]:
    given = subscription.limits or {}
    limits = {}
    for type in DeviceType:
        entry = given.get(type)
        limits[type] = RateLimits(hourly=entry.hourly, daily=entry.daily) if entry else RateLimits()
    return limits
