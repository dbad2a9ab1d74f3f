"""Files of users in all sorts of handwriting, changed at random and compared with a model."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance.auth_edit import with_enabled, with_key, with_user, without_user
from appliance.auth_file import users_in
from appliance.users import User, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.models import OwnerId

PATH = Path("auth.yml")
NAMES = ("Ada", '"Bo#b"', "'E: ve'", "|\n{0}  Long\n{0}  # name\n", ">-\n{0}  fold\n{0}  ed")


class Writer:
    """Writes a file as a person might, with a comment on every occasion."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.comments: list[str] = []

    def file(self) -> str:
        chance = self._chance
        head = f"{self.comment('')}subscriptions:\n  s: {{}}{self.tail()}\n"
        indent = " " * chance.choice((1, 2, 4))
        users = "".join(self.user(n, indent) for n in range(chance.randrange(1, 5)))
        body = f"users:{self.tail()}\n{users}"
        parts = [head, body] if chance.random() < 0.7 else [body, head]
        text = "".join(parts) + self.comment("")
        text = text if chance.random() < 0.8 else text.rstrip("\n")
        return text.replace("\n", "\r\n") if chance.random() < 0.3 else text

    def user(self, number: int, indent: str) -> str:
        chance = self._chance
        key = f"key{number}" if chance.random() < 0.5 else fingerprint(f"key{number}")
        key = f'"{key}"' if chance.random() < 0.3 else key
        above = self.comment(indent) if chance.random() < 0.5 else ""
        if chance.random() < 0.3:
            flow = ", ".join(self.fields(number, ""))
            return f"{above}{indent}{key}: {{{flow}}}{self.tail()}\n"
        inner = indent + " " * chance.choice((1, 2, 3))
        lines = "".join(f"{inner}{field}{self.tail()}\n" for field in self.fields(number, inner))
        below = self.comment(inner) if chance.random() < 0.4 else ""
        return f"{above}{indent}{key}:{self.tail()}\n{lines}{below}"

    def fields(self, number: int, inner: str) -> list[str]:
        chance, name = self._chance, self._chance.choice(NAMES if inner else NAMES[:2])
        fields = [
            f"enabled: {chance.choice(('true', 'false', 'TRUE'))}",
            "email: e@x",
            "subscription: s",
        ]
        previous = [fingerprint(f"old{number}.{n}") for n in range(chance.randrange(3))]
        if inner and previous and chance.random() < 0.5:
            dash = inner + " " * chance.randrange(3)
            fields.append("previous:" + "".join(f"\n{dash}- {owner}" for owner in previous))
        elif previous or chance.random() < 0.5:
            fields.append(f"previous: [{', '.join(previous)}]")
        chance.shuffle(fields)
        if name[0] in "|>":  # nothing may follow it on its last line
            return [f"name: {name.format(inner).rstrip()}\n{inner}{fields[0]}", *fields[1:]]
        return [f"name: {name}", *fields]

    def comment(self, indent: str) -> str:
        self.comments.append(f"# comment {len(self.comments)}.")
        blank = "\n" if self._chance.random() < 0.3 else ""
        return f"{blank}{indent}{self.comments[-1]}\n"

    def tail(self) -> str:
        return "" if self._chance.random() < 0.7 else f"  {self.comment('').strip()}"


def model(text: str) -> dict[OwnerId, User]:
    return {user.owner: user for user in users_in(text, PATH)}


def changes(chance: random.Random, text: str) -> Iterator[tuple[str, str]]:
    """Text after text, each with what was done; fails where the users are not the right ones."""
    for step in range(6):
        users = model(text)
        owner = chance.choice([*users] or [fingerprint("")])
        new = fingerprint(f"new{step}")
        done = chance.choice(("enable", "rotate", "remove") if users else ("add",))
        done = "add" if chance.random() < 0.3 else done
        if done == "add":
            fields = {"enabled": True, "name": "N", "email": "n", "subscription": "s"}
            text = with_user(text, new, fields)
            users[new] = model(text)[new]
        elif done == "enable":
            users[owner] = dataclasses.replace(users[owner], enabled=not users[owner].enabled)
            text = with_enabled(text, owner, users[owner].enabled)
        elif done == "rotate":
            text = with_key(text, owner, new)
            user = users.pop(owner)
            users[new] = dataclasses.replace(user, owner=new, previous=user.owners)
        else:
            text = without_user(text, owner)
            del users[owner]
        assert model(text) == users, f"{done}\n{text}"
        yield done, text


def check(seeds: range) -> None:
    for seed in seeds:
        chance = random.Random(seed)
        writer = Writer(chance)
        text = writer.file()
        kept = set(writer.comments)
        for done, after in changes(chance, text):
            found = {comment for comment in kept if comment in after}
            if done != "remove":  # a user's own comments go along
                assert found == kept, f"seed {seed}, {done}\n{text}\n---\n{after}"
            kept = found


def test_some_files() -> None:
    check(range(10))


@pytest.mark.long
def test_many_files() -> None:
    check(range(10, 1_000))
