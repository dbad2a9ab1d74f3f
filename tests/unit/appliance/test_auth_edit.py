"""Edits of auth.yml: the right users afterwards, and every other character as it was."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from appliance.auth_edit import EMPTY_FILE, with_enabled, with_key, with_user, without_user
from appliance.auth_file import users_in
from appliance.users import User, fingerprint

PATH = Path("auth.yml")
ADA, BOB, EVE, NEW = map(fingerprint, ("ada", "bob", "eve", "new"))

BLOCK = f"""\
# Head: ünïcödé 🙂 is counted right.
subscriptions:
  s: {{}}   # all of it
users:
  # Ada has a key in clear.
  ada:
    enabled: true   # since March
    name: "Ada # not a comment"
    email: a@x
    subscription: s
    # previous: nothing yet

  # Bob
  {BOB}:
    enabled: false
    name: |
      Bob
      # still the name
    email: >-
      b@x

    subscription: s
    previous:
      # older than old
      - {fingerprint("older")}
      - {fingerprint("oldest")}
# before Eve
  "{EVE}":
      previous: [ {fingerprint("eve before")} ]  # once
      enabled: TRUE
      name: Eve
      email: e@x
      devices: [a,
        b]
      subscription: s
      # a last word, indented
# foot
"""
FLOW = (
    "{subscriptions: {s: {}}, users: {ada: {enabled: true, name: A, email: a, subscription: s},\n"
    f"  '{BOB}': {{enabled: false, name: B, email: b, previous: [], subscription: s}}, # Bob\n"
    f"  {EVE}: {{enabled: true, name: E, email: e, subscription: s,}},\n}}}}"
)
MIXED = f"""\
users:
    ada: {{enabled: true, name: A, email: a, subscription: s}} # one
    {BOB}: {{enabled: false, name: B, email: b, subscription: s, previous: [{NEW[:-1]}0]}}
    ? {EVE}
    : enabled: true
      name: E
      email: e
      subscription: s
      previous:
      - {fingerprint("indentless")}
subscriptions: {{s: {{}}}}
"""
TEXTS = {
    "block": BLOCK,
    "crlf": BLOCK.replace("\n", "\r\n"),
    "no end": BLOCK.removesuffix("# foot\n").rstrip(),
    "flow": FLOW,
    "mixed": MIXED,
    "bom": "\ufeff" + BLOCK,
    "documents": "---\n" + BLOCK + "...\n",
}
FIELDS = {"enabled": True, "name": 'N "n" \\ é', "email": "n@x", "subscription": "s"}


def users(text: str) -> dict[str, User]:
    return {user.owner: user for user in users_in(text, PATH)}


def lost(before: str, after: str) -> list[str]:
    """Comments that are gone."""
    comments = [line[line.index("#") :] for line in before.splitlines() if " #" in f" {line}"]
    return [comment for comment in comments if comment not in after]


@pytest.fixture(params=TEXTS)
def text(request: pytest.FixtureRequest) -> str:
    return TEXTS[request.param]


@pytest.mark.parametrize("owner", [ADA, BOB, EVE])
@pytest.mark.parametrize("enabled", [True, False])
def test_enabled(text: str, owner: str, enabled: bool) -> None:
    before = users(text)
    after = with_enabled(text, before[owner].owner, enabled)
    assert users(after) == before | {owner: dataclasses.replace(before[owner], enabled=enabled)}
    assert lost(text, after) == []
    assert abs(len(after) - len(text)) <= len(ADA)


@pytest.mark.parametrize("owner", [ADA, BOB, EVE])
def test_another_key(text: str, owner: str) -> None:
    before = users(text)
    user = before.pop(owner)
    after = with_key(text, user.owner, NEW)
    changed = dataclasses.replace(user, owner=NEW, previous=user.owners)
    assert users(after) == before | {NEW: changed}
    assert lost(text, after) == []
    again = with_key(after, NEW, fingerprint("third"))
    assert users(again)[fingerprint("third")].previous == changed.owners


@pytest.mark.parametrize("owner", [ADA, BOB, EVE])
def test_without(text: str, owner: str) -> None:
    before = users(text)
    user = before.pop(owner)
    after = without_user(text, user.owner)
    assert users(after) == before
    assert owner not in after
    kept = [line for line in text.splitlines() if line.startswith("#")]
    assert lost("\n".join(kept), after) == []


def test_one_more(text: str) -> None:
    before = users(text)
    after = with_user(text, NEW, FIELDS)
    assert {owner: user for owner, user in users(after).items() if owner != NEW} == before
    new = users(after)[NEW]
    assert (new.name, new.email, new.devices) == (FIELDS["name"], "n@x", None)
    assert lost(text, after) == []
    assert without_user(after, NEW) in (text, text + "\n", text + "\r\n")


def test_down_to_none_and_up_again(text: str) -> None:
    for owner in users(text):
        text = without_user(text, users(text)[owner].owner)
    assert users(text) == {}
    assert list(users(with_user(text, NEW, FIELDS))) == [NEW]


def test_the_new_user_stands_below_the_others_and_their_comments() -> None:
    lines = with_user(BLOCK, NEW, FIELDS).splitlines()
    assert lines[-7:] == [
        "      # a last word, indented",
        f"  {NEW}:",
        "    enabled: true",
        '    name: "N \\"n\\" \\\\ é"',
        '    email: "n@x"',
        '    subscription: "s"',
        "# foot",
    ]


def test_the_first_user() -> None:
    fields = FIELDS | {"subscription": "unlimited", "devices": []}
    text = with_user(EMPTY_FILE, NEW, fields)
    assert text.startswith(EMPTY_FILE.removesuffix(" {}\n"))
    assert users(text)[NEW].devices == ()
    assert all(line == line.rstrip() for line in text.splitlines())
