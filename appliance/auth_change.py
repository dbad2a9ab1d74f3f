"""Changing auth.yml for certain: one change at a time, read again before it counts."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.auth_edit import EMPTY_FILE, with_enabled, with_key, with_user, without_user
from appliance.auth_file import MAX_FILE_BYTES, read_text, subscriptions_in, users_in
from appliance.errors import ApplianceError, AuthFileError
from appliance.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from appliance.models import OwnerId
    from appliance.users import User


class KeysRefused(ApplianceError):
    """The file of users is not changed; the text says why and what to do."""


class UserFile:
    """auth.yml while it is locked: nobody else who uses this class changes it meanwhile.

    ``users`` and ``subscriptions`` are those of the file as it is now. Each change is on disk when
    the method returns; the file then belongs to whom it belonged to, and only that user can read
    it, and the group if that was so and nobody else could; ``is_narrowed``: others could before.
    Changes raise KeysRefused or OSError, and then the file is as it was.
    """

    def __init__(self, path: Path, *, may_be_new: bool) -> None:
        """``path`` leads to the file itself, through no link. Raises AuthFileError."""
        self._path = path
        self.is_narrowed = False
        self._is_new = may_be_new and not path.exists()
        self._text = EMPTY_FILE if self._is_new else read_text(path)
        self.users = users_in(self._text, path)
        self.subscriptions = subscriptions_in(self._text, path)

    def add(self, user: User, fields: Mapping[str, object]) -> None:
        """``fields`` are those of ``user``, as they are to stand in the file."""
        self._replace(with_user(self._text, user.owner, fields), (*self.users, user))

    def enable(self, user: User, enabled: bool) -> User:
        changed = replace(user, enabled=enabled)
        self._replace(with_enabled(self._text, user.owner, enabled), self._with(user, changed))
        return changed

    def rotate(self, user: User, new: OwnerId) -> User:
        """Another key for a user; what belonged to the old one still is the user's."""
        changed = replace(user, owner=new, previous=user.owners)
        self._replace(with_key(self._text, user.owner, new), self._with(user, changed))
        return changed

    def remove(self, user: User) -> None:
        self._replace(without_user(self._text, user.owner), self._with(user))

    def _with(self, user: User, *instead: User) -> tuple[User, ...]:
        return (*(other for other in self.users if other is not user), *instead)

    def _replace(self, text: str, users: tuple[User, ...]) -> None:
        self._check(text, users)
        if not self._is_new and read_text(self._path) != self._text:
            raise KeysRefused(f"{self._path} was changed by somebody else just now; try again")
        mode, owner = 0o600, None
        if not self._is_new:
            found = self._path.stat()
            owner = found.st_uid, found.st_gid
            self.is_narrowed = bool(found.st_mode & stat.S_IRWXO)
            mode = 0o600 if self.is_narrowed else stat.S_IMODE(found.st_mode) & 0o640 | 0o600
        write_whole(self._path, text.encode(), mode, owner)
        self._text, self.users, self._is_new = text, users, False

    def _check(self, text: str, users: tuple[User, ...]) -> None:
        """A text is right when it gives the users that it should give, and the subscriptions."""
        try:
            found = users_in(text, self._path)
            is_right = _by_owner(found) == _by_owner(users)
            is_right = is_right and subscriptions_in(text, self._path) == self.subscriptions
        except AuthFileError:
            is_right = False
        if not is_right or len(text.encode()) > MAX_FILE_BYTES:
            raise KeysRefused(
                f"{self._path} is too large for this change, or written in a way that this command"
                " cannot change; use an editor, with the fingerprints of `analogcloud keys list`"
            )


def _by_owner(users: tuple[User, ...]) -> dict[OwnerId, User]:
    return {user.owner: user for user in users}


@contextmanager
def user_file(path: Path, *, may_be_new: bool = False) -> Iterator[UserFile]:
    """Lock and read the file of users; waits for whoever has it locked.

    ``may_be_new``: where there is no file, start with an empty one. Raises AuthFileError, OSError.
    """
    path = path.resolve()
    # The directory is locked, for the file itself is another one after each change.
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield UserFile(path, may_be_new=may_be_new)
    finally:
        os.close(directory)
