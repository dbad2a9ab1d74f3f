"""Who may use the appliance: auth.yml, the only list of users.

A user's mapping key is the API key or, where we write the file, ``sha256:`` and the 64 hex digits
of its fingerprint. Everywhere else a user is known by that fingerprint; the key is kept nowhere.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Final

from appliance.auth_file import read_users
from appliance.reload import signature_of
from appliance.users import RateLimits, User, fingerprint
from appliance.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from appliance.models import OwnerId
    from appliance.reload import Signature

__all__ = ["AuthBook", "AuthFile", "RateLimits", "User", "fingerprint", "first_start"]


class AuthFile:
    """The users of one file, in its order."""

    def __init__(self, users: Iterable[User]) -> None:
        self.users = tuple(users)
        self._by_owner = {user.owner: user for user in self.users}
        self._owners = {owner: user.owners for user in self.users for owner in user.owners}

    @classmethod
    def load(cls, path: Path) -> AuthFile:
        """Read a file. Raises AuthFileError with every fault; no key is in its text."""
        return cls(read_users(path))

    def find(self, key: str) -> User | None:
        """The enabled user with this API key. The time it takes tells nothing about other keys:
        only the fingerprint is looked up, which nobody can steer."""
        presented = fingerprint(key)
        user = self._by_owner.get(presented)
        if user is None or not user.enabled:
            return None
        return user if hmac.compare_digest(user.owner, presented) else None

    def owners_of(self, owner: OwnerId) -> tuple[OwnerId, ...]:
        """All fingerprints of the user who has or had this one; just itself where nobody has."""
        return self._owners.get(owner, (owner,))


class AuthBook:
    """The users of a file as of when it was last read without a fault (see ``reload``)."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises AuthFileError."""
        self.name = "users"
        self.paths: tuple[Path, ...] = (path,)
        self.signature: Signature = signature_of(self.paths)
        self._current = AuthFile.load(path)

    def find(self, key: str) -> User | None:
        return self._current.find(key)

    def owners_of(self, owner: OwnerId) -> tuple[OwnerId, ...]:
        return self._current.owners_of(owner)

    def reload(self) -> str:
        self.signature = signature_of(self.paths)
        self._current = AuthFile.load(*self.paths)
        return f"users={len(self._current.users)}"


def first_start(path: Path) -> str | None:
    """Write a file with one operator where there is none yet, readable by its owner only.

    Returns the operator's key, which cannot be had again; None where the file exists. Raises
    OSError.
    """
    if path.exists():
        return None
    key = secrets.token_urlsafe(32)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, _FIRST_FILE.format(owner=fingerprint(key)).encode())
    return key


_FIRST_FILE: Final = """\
# Users of this appliance. A user's mapping key is the fingerprint of the API key:
#     printf %s "THE-KEY" | sha256sum
# (the key itself works too, but then whoever can read this file can use it).
# `analogcloud keys` adds, changes and removes users; changes count at once, without a restart.
subscriptions:
  unlimited: {{}}
  # student:
  #   limits:                      # runs that a key may start; what is left out is unlimited
  #     LUCIDAC: {{hourly: 20, daily: 100}}
users:
  {owner}:
    enabled: true
    name: Operator
    email: operator@localhost
    subscription: unlimited
    # devices: [simulator]         # left out: all devices
    system: true                   # may search and read the tasks of all users
    # priority: 1                  # 1 to 10, higher is served sooner
    # previous: []                 # fingerprints of earlier keys: their tasks are this user's
"""
