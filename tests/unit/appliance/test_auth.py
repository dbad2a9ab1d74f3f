from __future__ import annotations

import stat
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from appliance.api.identity import owners_named, user_id_for
from appliance.auth import AuthFile, RateLimits, User, fingerprint, first_start
from appliance.errors import AuthFileError
from appliance.models import DeviceType
from appliance.yaml_file import YamlError, parse_yaml

if TYPE_CHECKING:
    from pathlib import Path

KEY = "some-long-random-key"
EXAMPLE = f"""
subscriptions:
  basic:
    limits:
      LUCIDAC: {{hourly: 20, daily: 100}}
      SIMULATOR: {{hourly: 200}}
users:
  {KEY}:
    enabled: true
    name: Ada
    email: ada@example.org
    subscription: basic
    devices: [lucidac-1]
    system: false
    priority: 12
  sha256:{sha256(b"other").hexdigest()}:
    enabled: false
    name: Bob
    email: bob@example.org
    subscription: basic
"""


def load_text(directory: Path, text: str) -> AuthFile:
    path = directory / "auth.yml"
    path.write_text(text, encoding="utf-8")
    return AuthFile.load(path)


def refused(directory: Path, text: str) -> AuthFileError:
    with pytest.raises(AuthFileError) as caught:
        load_text(directory, text)
    return caught.value


def test_the_reference_example(tmp_path: Path) -> None:
    ada, bob = load_text(tmp_path, EXAMPLE).users
    assert ada == User(
        owner=fingerprint(KEY),
        enabled=True,
        name="Ada",
        email="ada@example.org",
        subscription="basic",
        limits={
            DeviceType.LUCIDAC: RateLimits(hourly=20, daily=100),
            DeviceType.REDAC: RateLimits(),
            DeviceType.SIMULATOR: RateLimits(hourly=200),
        },
        devices=("lucidac-1",),
        priority=12,
    )
    assert (bob.enabled, bob.devices, bob.system, bob.priority) == (False, None, False, 1)


def test_find(tmp_path: Path) -> None:
    auth = load_text(tmp_path, EXAMPLE)
    assert auth.find(KEY) == auth.users[0]
    assert auth.find("other") is None  # disabled
    for stranger in ("", KEY + " ", KEY.upper(), auth.users[0].owner, "\ud800", "ü"):
        assert auth.find(stranger) is None
    enabled = load_text(tmp_path, EXAMPLE.replace("enabled: false", "enabled: true"))
    assert enabled.find("other") == enabled.users[1]


def test_no_devices_is_not_all_devices(tmp_path: Path) -> None:
    none = load_text(tmp_path, EXAMPLE.replace("[lucidac-1]", "[]"))
    assert none.users[0].devices == ()
    every = load_text(tmp_path, EXAMPLE.replace("[lucidac-1]", "null"))
    assert every.users[0].devices is None


def test_every_fault_at_once_and_no_key_in_it(tmp_path: Path) -> None:
    error = refused(
        tmp_path,
        """subscriptions:
  basic:
    limits:
      LUCIDAC: {hourly: -1}
      VAX: {hourly: 200}
users:
  top-secret-1:
    enabled: "true"
    name: Ada
    subscription: basics
    prioriti: 3
  123:
    enabled: true
    name: x
    email: y
    subscription: basic
  "two words":
    enabled: true
    name: x
    email: y
    subscription: basic
  sha256:abc:
    enabled: true
    name: x
    email: y
    subscription: basic
""",
    )
    assert [(fault.line, fault.path) for fault in error.faults] == [
        (4, "subscriptions.basic.limits.LUCIDAC.hourly"),
        (5, "subscriptions.basic.limits.VAX"),
        (7, "users[0].email"),
        (8, "users[0].enabled"),
        (10, "users[0].subscription"),
        (11, "users[0].prioriti"),
        (12, "users[1]"),
        (17, "users[2]"),
        (22, "users[3]"),
    ]
    assert error.faults[5].hint == "did you mean priority?"
    for secret in ("top-secret", "123", "two words", "abc"):
        assert secret not in str(error)


def test_names_that_yaml_takes_for_yes_or_no_are_faults_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "auth.yml"
    path.write_text("subscriptions:\n  no: {}\nusers:\n  off: {enabled: true}\n  12: {}\n")
    with pytest.raises(AuthFileError) as caught:
        AuthFile.load(path)
    told = {(f.path, f.message) for f in caught.value.faults}
    for place in ("subscriptions[0]", "users[0]", "users[1]"):
        assert (place, "must be a text in quotes") in told


@pytest.mark.parametrize("text", ["", "[]", "users:", "3", "users: {k: }", "users: [a]"])
def test_other_shapes_are_refused(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text).faults


def test_one_key_for_two_users(tmp_path: Path) -> None:
    user = "    enabled: true\n    name: n\n    email: e\n    subscription: s\n"
    text = f"subscriptions: {{s: {{}}}}\nusers:\n  k:\n{user}  {fingerprint('k')}:\n{user}"
    (fault,) = refused(tmp_path, text).faults
    assert (fault.line, fault.path) == (8, "users[1]")
    assert "same key" in fault.message


def with_previous(*previous: str) -> str:
    return EXAMPLE.replace("priority: 12", f"previous: [{', '.join(previous)}]")


def test_previous_fingerprints(tmp_path: Path) -> None:
    old = fingerprint("old"), fingerprint("older")
    ada, bob = load_text(tmp_path, with_previous(*old)).users
    assert ada.owner == fingerprint(KEY)
    assert ada.owners == (fingerprint(KEY), *old)
    assert bob.owners == (bob.owner,)
    assert load_text(tmp_path, with_previous(*old)).find("old") is None


@pytest.mark.parametrize(
    "previous",
    ["a-key-in-clear", "sha256:abc", fingerprint("x").upper(), fingerprint("x") + "0", '"1\\n"'],
)
def test_previous_holds_fingerprints_only(tmp_path: Path, previous: str) -> None:
    error = refused(tmp_path, with_previous(previous))
    (fault,) = error.faults
    assert fault.path == "users[0].previous[0]"
    assert previous not in str(error)


def test_no_fingerprint_has_two_owners(tmp_path: Path) -> None:
    (again,) = refused(tmp_path, with_previous(fingerprint("x"), fingerprint("x"))).faults
    assert again.path == "users[0].previous[1]"
    (own,) = refused(tmp_path, with_previous(fingerprint(KEY))).faults
    (others,) = refused(tmp_path, with_previous(fingerprint("other"))).faults
    assert "another entry" in own.message
    assert "another entry" in others.message


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(AuthFileError, match="cannot be read: No such file"):
        AuthFile.load(tmp_path / "none.yml")
    (tmp_path / "latin.yml").write_bytes(b"# \xe4")
    with pytest.raises(AuthFileError, match="not UTF-8"):
        AuthFile.load(tmp_path / "latin.yml")
    (tmp_path / "huge.yml").write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(AuthFileError, match="larger than"):
        AuthFile.load(tmp_path / "huge.yml")


BOMB = "a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "anchors"),
        ("a: &a [*a]", "anchors"),
        ("a: 1\nb: {c: 1, c: 2}", "twice"),
        ("a: [", "expected"),
        ("\x00", "characters"),
        ("a: 2026-99-99", "date"),
        ("a: " + "[" * 20 + "]" * 20, "deep"),
        ("[" * 2_000, "deep"),
        ("a: !!python/object/apply:os.system [true]", "constructor"),
        ("? [a]\n: b", "unhashable"),
        ("a: 1\n---\nb: 1", "single document"),
    ],
)
def test_yaml_that_is_refused(text: str, message: str) -> None:
    with pytest.raises(YamlError) as caught:
        parse_yaml(text)
    assert message in caught.value.faults[0].message


def test_first_start(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "auth.yml"
    key = first_start(path)
    assert key is not None
    assert len(key) >= 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key not in path.read_text(encoding="utf-8")
    (operator,) = AuthFile.load(path).users
    assert AuthFile.load(path).find(key) == operator
    assert operator.system
    assert [entry.name for entry in path.parent.iterdir()] == ["auth.yml"]


def test_first_start_keeps_a_file(tmp_path: Path) -> None:
    path = tmp_path / "auth.yml"
    path.write_text("broken: [", encoding="utf-8")
    assert first_start(path) is None
    assert path.read_text(encoding="utf-8") == "broken: ["


def test_owners_of(tmp_path: Path) -> None:
    old, stranger = fingerprint("old"), fingerprint("stranger")
    auth = load_text(tmp_path, with_previous(old))
    ada = auth.users[0]
    assert auth.owners_of(old) == auth.owners_of(ada.owner) == (ada.owner, old)
    assert auth.owners_of(stranger) == (stranger,)


def test_user_ids_on_the_wire(tmp_path: Path) -> None:
    old = fingerprint("old")
    auth = load_text(tmp_path, with_previous(old))
    ada, bob = auth.users
    assert user_id_for(ada, KEY, ada.owner) == user_id_for(ada, KEY, old) == KEY
    assert user_id_for(ada, KEY, bob.owner) == bob.owner
    for id in (KEY, ada.owner, "old", old):
        assert owners_named([id], auth.owners_of) == {ada.owner, old}
    assert owners_named([], auth.owners_of) == frozenset()
    assert owners_named(["sha256:x"], auth.owners_of) == {fingerprint("sha256:x")}


SECRET = "sEcReT-0123456789"
ENTRY = "{enabled: true, name: n, email: e, subscription: s}"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"[{SECRET}]",
        f"{SECRET}: {ENTRY}",
        f"users: [{SECRET}]",
        f"users: {SECRET}",
        f"users: [{{{SECRET}: {ENTRY}}}]",
        f"users: {{a: {{{SECRET}: {ENTRY}}}}}",
        f"users: {{a: {{previous: {SECRET}}}}}",
        f"users: {{a: {{previous: [{SECRET}]}}}}",
        f"users: {{a: {{previous: [{{{SECRET}: 1}}]}}}}",
        f"users: {{{SECRET}: {SECRET}}}",
        f"users: {{{SECRET}: {ENTRY}, {SECRET}: {ENTRY}}}",
        f"users: {{'{SECRET} x': {ENTRY}}}",
        f"users: {{!{SECRET}: {ENTRY}}}",
        f"users: {{!{SECRET} a: {ENTRY}}}",
        f"users: {{&{SECRET} a: {ENTRY}, &{SECRET} b: {ENTRY}}}",
        f"users: {{*{SECRET} : {ENTRY}}}",
        f"users: {{sha256:{SECRET}: {ENTRY}}}",
        f"users:\n  {SECRET}: {ENTRY}\n {SECRET}: {ENTRY}\n",
        f"users:\n  {SECRET}: {{enabled: 3}}\n  @{SECRET}: {ENTRY}\n",
        f"subscriptions: {{{SECRET}: {ENTRY}}}",
        f"subscriptions: {{{SECRET}: {SECRET}}}",
        f"subscriptions: {{a: {{{SECRET}: {ENTRY}}}}}",
    ],
)
def test_no_fault_repeats_a_key_wherever_it_stands(tmp_path: Path, text: str) -> None:
    assert SECRET not in str(refused(tmp_path, text))
