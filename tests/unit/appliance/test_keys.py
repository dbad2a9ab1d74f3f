"""``analogcloud keys``: what is shown, what is written, what is refused."""

from __future__ import annotations

import io
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from appliance import auth_change, cli
from appliance.auth import AuthFile
from appliance.keys import Keys, NewUser
from appliance.users import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

BOB = "bob-has-this-key"
CONFIG = """
[system]
domain = "x"
version = "1"
[[devices.available]]
name = "sim"
type = "SIMULATOR"
"""
AUTH = f"""\
# ours
subscriptions:
  basic: {{limits: {{LUCIDAC: {{hourly: 2}}}}}}
  free: {{}}
users:
  ada-in-clear:  # she knows
    enabled: true
    name: Ada
    email: ada@example.org
    subscription: basic
  {fingerprint(BOB)}:
    enabled: true
    name: Bob
    email: bob@example.org
    subscription: free
"""


@pytest.fixture
def auth(tmp_path: Path) -> Path:
    (tmp_path / "analogcloud.toml").write_text(CONFIG)
    (tmp_path / "auth.yml").write_text(AUTH)
    (tmp_path / "auth.yml").chmod(0o600)
    return tmp_path / "auth.yml"


class Called:
    """One call of the command line."""

    def __init__(self, auth: Path, capfd: pytest.CaptureFixture[str], *words: str) -> None:
        config = str(auth.with_name("analogcloud.toml"))
        capfd.readouterr()
        self.code = cli.run(["keys", *words, "--config", config])
        self.out, self.err = capfd.readouterr()

    @property
    def json(self) -> Any:  # noqa: ANN401  # whatever the command wrote
        return json.loads(self.out)


NEW = ("add", "--name", "Eve", "--email", "eve@example.org")


def test_add_shows_the_key_once(auth: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options = ("--subscription", "basic", "--devices", "sim", "--priority", "7", "--system")
    called = Called(auth, capfd, *NEW, *options)
    key = called.out.removesuffix("\n")
    assert called.code == 0
    assert key not in called.err
    assert len(key) >= 40
    text = auth.read_text()
    assert text.startswith(AUTH)
    assert key not in text
    user = AuthFile.load(auth).find(key)
    assert user is not None
    assert (user.name, user.email, user.subscription) == ("Eve", "eve@example.org", "basic")
    assert (user.devices, user.priority, user.system) == (("sim",), 7, True)
    listed = Called(auth, capfd, "list")
    assert key not in listed.out + listed.err


def test_add_in_json(auth: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = Called(auth, capfd, *NEW, "--subscription", "free", "--devices", "", "--json").json
    assert found["fingerprint"] == fingerprint(found["key"])
    assert found["devices"] == []


def test_add_to_nothing(auth: Path, capfd: pytest.CaptureFixture[str]) -> None:
    auth.unlink()
    called = Called(auth, capfd, *NEW)
    assert AuthFile.load(auth).find(called.out.strip())
    assert stat.S_IMODE(auth.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ((), 1, "--subscription; there are: basic, free"),
        (("--subscription", "gold"), 1, "there are: basic, free"),
        (("--subscription", "free", "--devices", "sim,x,y"), 1, "no device is called x, y"),
        (("--subscription", "free", "--name", "a\nb"), 1, "printable"),
        (("--subscription", "free", "--email", ""), 1, "printable"),
    ],
)
def test_what_add_refuses(
    auth: Path,
    capfd: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    called = Called(auth, capfd, *NEW, *options)
    assert (called.code, called.out) == (code, "")
    assert words in called.err
    assert auth.read_text() == AUTH


@pytest.mark.parametrize("priority", ["0", "11", "x"])
def test_wrong_usage(auth: Path, priority: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.run(["keys", *NEW, "--priority", priority])


def test_list(auth: Path, capfd: pytest.CaptureFixture[str]) -> None:
    called = Called(auth, capfd, "list")
    assert called.code == 0
    assert [line.split() for line in called.out.splitlines()] == [
        ["FINGERPRINT", "NAME", "EMAIL", "STATE", "SUBSCRIPTION", "SYSTEM"],
        [fingerprint("ada-in-clear")[:19], "Ada", "ada@example.org", "enabled", "basic"],
        [fingerprint(BOB)[:19], "Bob", "bob@example.org", "enabled", "free"],
    ]
    assert "ada-in-clear" not in called.out + called.err
    facts = Called(auth, capfd, "list", "--json").json
    owners = [fingerprint("ada-in-clear"), fingerprint(BOB)]
    assert [each["fingerprint"] for each in facts] == owners
    assert set(facts[0]) == {
        "fingerprint", "name", "email", "enabled", "subscription", "devices", "system",
        "priority", "previous",
    }  # fmt: skip


def test_names_cannot_command_a_terminal(auth: Path, capfd: pytest.CaptureFixture[str]) -> None:
    auth.write_text(AUTH.replace("name: Bob", 'name: "B\\e[2Job"'))
    assert "B?[2Job" in Called(auth, capfd, "list").out


def test_disable_and_enable(auth: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert Called(auth, capfd, "disable", "ada").code == 0
    assert AuthFile.load(auth).find("ada-in-clear") is None
    assert Called(auth, capfd, "enable", "ADA@example.org", "--json").json["enabled"] is True
    assert AuthFile.load(auth).find("ada-in-clear") is not None
    # Where we write a key, it is never in clear; all else is as it was.
    assert auth.read_text() == AUTH.replace("ada-in-clear", fingerprint("ada-in-clear"))


def test_rotate(auth: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first = Called(auth, capfd, "rotate", "bob").out.strip()
    second = Called(auth, capfd, "rotate", "bob", "--json").json["key"]
    users = AuthFile.load(auth)
    assert users.find(BOB) is users.find(first) is None
    bob = users.find(second)
    assert bob is not None
    assert bob.owners == (fingerprint(second), fingerprint(first), fingerprint(BOB))
    for key in (first, second):
        assert key not in auth.read_text()


def test_remove(auth: Path, capfd: pytest.CaptureFixture[str]) -> None:
    called = Called(auth, capfd, "remove", "bob@example.org")
    assert called.code == 0
    assert f"previous: [{fingerprint(BOB)}]" in called.err
    assert auth.read_text() == AUTH[: AUTH.index("  sha256:")]


def test_a_user_by_fingerprint_or_key(
    auth: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = fingerprint(BOB)
    for who in (bob, bob[:13], bob[7:14]):
        assert Called(auth, capfd, "disable", who, "--json").json["name"] == "Bob"
    for key, code in (("ada-in-clear\n", 0), ("ada-in-clear", 0), ("stranger\n", 1), ("", 1)):
        monkeypatch.setattr("sys.stdin", io.StringIO(key))
        assert Called(auth, capfd, "disable", "-").code == code


@pytest.mark.parametrize("who", ["nobody", "", "sha256:", "sha256:abc", "da", fingerprint("x")])
def test_nobody_is_meant(auth: Path, capfd: pytest.CaptureFixture[str], who: str) -> None:
    called = Called(auth, capfd, "remove", who)
    assert (called.code, called.out) == (1, "")
    assert "no user is meant" in called.err
    assert auth.read_text() == AUTH


def test_several_are_meant(auth: Path, capfd: pytest.CaptureFixture[str]) -> None:
    auth.write_text(AUTH.replace("name: Bob", "name: ada"))
    called = Called(auth, capfd, "remove", "Ada")
    assert called.code == 1
    assert "ada@example.org" in called.err
    assert "bob@example.org" in called.err


def test_a_key_on_the_command_line_is_not_taken(
    auth: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    called = Called(auth, capfd, "rotate", "ada-in-clear")
    assert called.code == 1
    assert "standard input" in called.err
    assert "ada-in-clear" not in called.err


def test_faults_are_told(auth: Path, capfd: pytest.CaptureFixture[str]) -> None:
    auth.write_text(AUTH.replace("enabled: true", "enabled: maybe", 1))
    for words in (("list",), NEW, ("rotate", "Bob")):
        called = Called(auth, capfd, *words)
        assert called.code == 2
        assert "line 7: users[0].enabled" in called.err
    auth.unlink()
    assert Called(auth, capfd, "rotate", "Bob").code == 2
    auth.with_name("analogcloud.toml").write_text("")
    assert Called(auth, capfd, "list").code == 2


def test_a_file_stays_where_a_link_leads(auth: Path, capfd: pytest.CaptureFixture[str]) -> None:
    real = auth.with_name("etc")
    real.mkdir()
    auth.rename(real / "users.yml")
    auth.symlink_to(real / "users.yml")
    assert Called(auth, capfd, "disable", "Bob").code == 0
    assert auth.is_symlink()
    assert "enabled: false" in (real / "users.yml").read_text()
    assert [path.name for path in real.iterdir()] == ["users.yml"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_owner_stays(auth: Path, capfd: pytest.CaptureFixture[str]) -> None:
    os.chown(auth, 1234, 5678)
    assert Called(auth, capfd, "disable", "Bob").code == 0
    found = auth.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 5678, 0o600)


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [(0o600, 0o600, False), (0o640, 0o640, False), (0o660, 0o640, False), (0o644, 0o600, True)],
)
def test_who_can_read_the_file(
    auth: Path, capfd: pytest.CaptureFixture[str], before: int, after: int, note: bool
) -> None:
    auth.chmod(before)
    called = Called(auth, capfd, "disable", "Bob")
    assert stat.S_IMODE(auth.stat().st_mode) == after
    assert ("now only its owner can" in called.err) is note


def test_a_full_disk_changes_nothing(
    auth: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device", str(auth))

    monkeypatch.setattr(auth_change, "write_whole", full)
    called = Called(auth, capfd, "rotate", "Bob")
    assert (called.code, called.out) == (1, "")
    assert "No space left" in called.err
    assert auth.read_text() == AUTH


def test_a_wrong_edit_is_not_written(
    auth: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong in (AUTH, AUTH.replace("hourly: 2", "hourly: 3"), "users: [", ""):
        monkeypatch.setattr(auth_change, "with_enabled", lambda *_, wrong=wrong: wrong)
        called = Called(auth, capfd, "disable", "Bob")
        assert called.code == 1
        assert "cannot change" in called.err
        assert auth.read_text() == AUTH


def test_changes_at_the_same_time_all_count(auth: Path) -> None:
    def add(number: int) -> int:
        user = NewUser(
            name=f"n{number}",
            email="e",
            subscription="free",
            devices=None,
            system=False,
            priority=1,
        )
        return Keys(path=auth, as_json=True).add(user, ())

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(add, range(16))) == {0}
    assert len(AuthFile.load(auth).users) == 18
