"""``analogcloud keys``: who may use the appliance. Keys are shown once, when they are made."""

from __future__ import annotations

import getpass
import json
import secrets
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.auth_change import KeysRefused, user_file
from appliance.auth_file import MAX_KEY_CHARACTERS, read_users
from appliance.errors import FaultyFile
from appliance.faults import tell_faults
from appliance.users import FINGERPRINT, User, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from appliance.auth_change import UserFile
    from appliance.models import OwnerId

EXIT_DONE: Final = 0
EXIT_REFUSED: Final = 1
EXIT_USAGE: Final = 2

ON_STDIN: Final = "-"
SHOWN_DIGITS: Final = 12
LEAST_DIGITS: Final = 6
"""Of a fingerprint, to select a user by its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """What ``keys add`` was told; ``subscription`` None: the only one there is."""

    name: str
    email: str
    subscription: str | None
    devices: tuple[str, ...] | None
    system: bool
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The commands on one file. Each returns the exit code: 0 done, 1 refused, 2 the file has
    faults. Results go to standard output (``as_json``: as JSON), words to standard error."""

    path: Path
    as_json: bool

    def list(self) -> int:
        """All users, without their keys, in the order of the file."""
        return _told(lambda: self._list(read_users(self.path)))

    def add(self, asked: NewUser, known_devices: Sequence[str]) -> int:
        """One more user. Shows the key."""
        return _told(lambda: self._add(asked, known_devices))

    def enable(self, who: str, enabled: bool) -> int:
        """Let a user in, or refuse every request of the user."""
        return _told(lambda: self._enable(who, enabled))

    def rotate(self, who: str) -> int:
        """A new key in place of a user's present one. Shows it."""
        return _told(lambda: self._rotate(who))

    def remove(self, who: str) -> int:
        """Forget a user."""
        return _told(lambda: self._remove(who))

    def _list(self, users: Sequence[User]) -> None:
        if self.as_json:
            print(json.dumps([_facts(user) for user in users], indent=2))
            return
        rows: list[tuple[str, ...]] = [
            ("FINGERPRINT", "NAME", "EMAIL", "STATE", "SUBSCRIPTION", "SYSTEM")
        ]
        rows += [_row(user) for user in users]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            print("  ".join(cells).rstrip())

    def _add(self, asked: NewUser, known_devices: Sequence[str]) -> None:
        for text, what in ((asked.name, "name"), (asked.email, "e-mail address")):
            if not (0 < len(text) <= 255 and text.isprintable()):
                raise KeysRefused(f"the {what} must be 1 to 255 printable characters")
        unknown = [name for name in asked.devices or () if name not in known_devices]
        if unknown:
            known = ", ".join(known_devices) or "none"
            raise KeysRefused(f"no device is called {', '.join(unknown)}; there are: {known}")
        key = _new_key()
        with user_file(self.path, may_be_new=True) as file:
            user = _user(asked, file, fingerprint(key))
            file.add(user, _fields(user))
        self._show(file, user, "was added.", key=key)

    def _enable(self, who: str, enabled: bool) -> None:
        with user_file(self.path) as file:
            user = file.enable(_selected(file, who), enabled)
        done = "is let in again." if enabled else "is refused from now on; tasks stay as they are."
        self._show(file, user, done)

    def _rotate(self, who: str) -> None:
        key = _new_key()
        with user_file(self.path) as file:
            user = file.rotate(_selected(file, who), fingerprint(key))
        self._show(
            file, user, "has a new key, and keeps all tasks; the old key is refused.", key=key
        )

    def _remove(self, who: str) -> None:
        with user_file(self.path) as file:
            user = _selected(file, who)
            file.remove(user)
        self._show(
            file,
            user,
            "was removed. Tasks and results stay stored, and only system keys can read them;\n"
            "to give them to another user, write into that user's entry:\n"
            f"    previous: [{', '.join(user.owners)}]",
        )

    def _show(self, file: UserFile, user: User, done: str, *, key: str | None = None) -> None:
        if file.is_narrowed:
            _say(f"note: others could read {self.path}; now only its owner can.")
        if self.as_json:
            facts = _facts(user) | ({} if key is None else {"key": key})
            print(json.dumps(facts, indent=2), flush=True)
            return
        _say(f"{_words(user)} {done}")
        if key is not None:
            _say("The key is shown this once and kept nowhere:")
            print(key, flush=True)


def _told(command: Callable[[], None]) -> int:
    """Run a command; what it refuses is told in its own words."""
    try:
        command()
    except FaultyFile as error:
        tell_faults(error)
        return EXIT_USAGE
    except KeysRefused as error:
        _say(f"error: {error}")
    except OSError as error:
        _say(f"error: {error.filename or 'the file of users'}: {error.strerror}")
    else:
        return EXIT_DONE
    return EXIT_REFUSED


def _new_key() -> str:
    """A key that no shell and no command takes for an option."""
    while (key := secrets.token_urlsafe(32)).startswith("-"):
        pass
    return key


def _subscription(asked: NewUser, known: Sequence[str]) -> str:
    names = ", ".join(known) or "none; write one into the file first"
    if asked.subscription is None and len(known) == 1:
        return known[0]
    if asked.subscription is None:
        raise KeysRefused(f"say which --subscription; there are: {names}")
    if asked.subscription not in known:
        raise KeysRefused(f"there is no such subscription; there are: {names}")
    return asked.subscription


def _selected(file: UserFile, who: str) -> User:
    """The one user that is meant. What was typed is not repeated: it may be a key."""
    found = _matching(file.users, who)
    if not found:
        raise KeysRefused("no user is meant by that; `analogcloud keys list` shows all")
    if len(found) > 1:
        several = "\n".join(f"    {_words(user)}" for user in found)
        raise KeysRefused(f"several users are meant; say which by fingerprint:\n{several}")
    return found[0]


def _matching(users: Sequence[User], who: str) -> list[User]:
    if who == ON_STDIN:
        owner = fingerprint(_read_key())
        return [user for user in users if user.owner == owner]
    if any(fingerprint(who) in user.owners for user in users):
        raise KeysRefused(
            "that is a key, which others on this machine can see on a command line;"
            f" write {ON_STDIN} there and give the key on standard input"
        )
    digits = who.removeprefix(FINGERPRINT)
    start = FINGERPRINT + digits if len(digits) >= LEAST_DIGITS else None
    words = who.casefold()
    return [
        user
        for user in users
        if words in (user.name.casefold(), user.email.casefold())
        or (start is not None and user.owner.startswith(start))
    ]


def _read_key() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("API key: ").strip()
    return sys.stdin.readline(4 * MAX_KEY_CHARACTERS).strip()


def _user(asked: NewUser, file: UserFile, owner: OwnerId) -> User:
    subscription = _subscription(asked, tuple(file.subscriptions))
    return User(
        owner=owner,
        enabled=True,
        name=asked.name,
        email=asked.email,
        subscription=subscription,
        limits=file.subscriptions[subscription],
        devices=asked.devices,
        system=asked.system,
        priority=asked.priority,
    )


def _fields(user: User) -> dict[str, object]:
    """What a new user's entry says; what is as usual is left out."""
    fields: dict[str, object] = {
        "enabled": user.enabled,
        "name": user.name,
        "email": user.email,
        "subscription": user.subscription,
    }
    if user.devices is not None:
        fields["devices"] = list(user.devices)
    if user.system:
        fields["system"] = True
    if user.priority != 1:
        fields["priority"] = user.priority
    return fields


def _facts(user: User) -> dict[str, object]:
    """Everything about a user that is no secret."""
    return {
        "fingerprint": user.owner,
        "name": user.name,
        "email": user.email,
        "enabled": user.enabled,
        "subscription": user.subscription,
        "devices": None if user.devices is None else list(user.devices),
        "system": user.system,
        "priority": user.priority,
        "previous": list(user.previous),
    }


def _row(user: User) -> tuple[str, ...]:
    state = "enabled" if user.enabled else "disabled"
    words = (_short(user), user.name, user.email, state, user.subscription)
    return (*map(_printable, words), "yes" if user.system else "")


def _words(user: User) -> str:
    return f"{_printable(user.name)} <{_printable(user.email)}> ({_short(user)})"


def _short(user: User) -> str:
    return user.owner[: len(FINGERPRINT) + SHOWN_DIGITS]


def _printable(text: str) -> str:
    """For terminals, which take some characters for commands."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _say(text: str) -> None:
    print(text, file=sys.stderr)
