"""`packaging/bootstrap` in a clone of its own.

Stand-ins for Python and uv only note what they are told.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.house.tree import ROOT

TOOLS = (
    *("sh", "sed", "cat", "cksum", "cut", "awk", "df", "mkdir", "mv"),
    *("cp", "rm", "touch", "head", "tail", "grep", "dirname", "uname"),
)

PYTHON = """#!/bin/sh
[ "${0##*/}" != lint-imports ] || { echo "lint-imports" >>"$NOTES"; exit 0; }
case "$*" in
    *'sys.version)'*) echo "VERSION.0 (stand-in)" ;;
    *version_info*) echo VERSION ;;
    *sys.executable*) echo "$0" ;;
    *ensurepip*) exit "${NO_VENV:-0}" ;;
    '-m pip --version') ;;
    '-m venv '*) mkdir -p "$3/bin"; echo venv >>"$NOTES"
       for name in python lint-imports; do cp "$0" "$3/bin/$name"; done ;;
    *) echo "$*" >>"$NOTES"
       [ -z "${FAIL_WITH:-}" ] || { echo "$FAIL_WITH"; exit 1; }
       case "$*" in *"-m ${FAILS:-nothing}"*) exit 1 ;; esac ;;
esac
"""


@dataclass
class Clone:
    """A clone in a folder with a blank in its name, and the machine it is on."""

    home: Path
    folder: Path

    @property
    def bin(self) -> Path:
        return self.home / "bin"

    def add_python(self, version: str, name: str = "python3") -> Path:
        return self.add_tool(name, PYTHON.replace("VERSION", version))

    def add_tool(self, name: str, text: str) -> Path:
        tool = self.bin / name
        tool.write_text(text)
        tool.chmod(0o755)
        return tool

    def run(self, *words: str, **env: str) -> tuple[int, str]:
        """Exit code and what was said."""
        done = subprocess.run(
            [shutil.which("sh") or "sh", str(self.folder / "packaging" / "bootstrap"), *words],
            cwd=self.home,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        return {"PATH": str(self.bin), "NOTES": str(self.home / "notes"), **more}

    def notes(self) -> list[str]:
        """What Python was told since the last call."""
        path = self.home / "notes"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    made = Clone(home=tmp_path, folder=tmp_path / "my clone")
    made.bin.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (made.bin / tool).symlink_to(found)
    for name in (
        "packaging/bootstrap",
        "pyproject.toml",
        "requirements.lock",
        "tests/requirements.lock",
    ):
        target = made.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return made


def test_first_time_installs_the_lock_and_later_times_do_nothing(clone: Clone) -> None:
    clone.add_python("3.12")
    code, said = clone.run("demo", "--once")
    assert code == 0, said
    venv, lock, here, demo = clone.notes()
    assert venv == "venv"
    assert "--require-hashes -r" in lock
    assert "my clone/requirements.lock" in lock
    assert "--editable" in here
    assert demo == "-P -m appliance demo --once"
    assert clone.run("demo") == (0, "")
    assert clone.notes() == ["-P -m appliance demo"]


def test_serve_takes_the_configuration_of_the_clone_unless_told_otherwise(clone: Clone) -> None:
    clone.add_python("3.11")
    clone.run("serve")
    assert clone.notes()[-1].endswith(f"serve --config {clone.folder}/analogcloud.toml")
    clone.run("serve", "--config", "mine.toml")
    assert clone.notes() == ["-P -m appliance serve --config mine.toml"]


def test_tests_need_both_locks_and_then_the_demo_needs_nothing_more(clone: Clone) -> None:
    clone.add_python("3.11")
    assert clone.run("test")[0] == 0
    assert sum("--require-hashes" in line for line in clone.notes()) == 2
    assert clone.run("demo") == (0, "")


def test_every_check_runs_and_the_tests_come_last(clone: Clone) -> None:
    clone.add_python("3.11")
    clone.run("setup")
    clone.notes()
    code, said = clone.run("test", "-k", "one thing", FAILS="mypy")
    words = [
        "ruff check",
        "ruff format",
        "lint-imports",
        "codespell",
        "mypy",
        "pytest -m not long -k one thing",
    ]
    notes = clone.notes()
    assert len(notes) == len(words)
    assert all(word in line for word, line in zip(words, notes, strict=True))
    assert code == 1
    assert said.endswith("bootstrap: failed: types\n")
    assert clone.run("test")[1].endswith("bootstrap: tests\n")


def test_long_asks_for_every_size(clone: Clone) -> None:
    clone.add_python("3.11")
    clone.run("test", "--long", "-x")
    assert clone.notes()[-1] == "-m pytest -m  -x"


def test_a_changed_lock_is_installed(clone: Clone) -> None:
    clone.add_python("3.11")
    clone.run("demo")
    clone.notes()
    with (clone.folder / "requirements.lock").open("a") as lock:
        lock.write("# newer\n")
    assert clone.run("demo")[0] == 0
    assert clone.notes()[0].split()[:3] == ["-m", "pip", "install"]


def test_an_interrupted_set_up_starts_anew(clone: Clone) -> None:
    clone.add_python("3.11")
    assert clone.run("demo", FAIL_WITH="killed")[0] == 1
    clone.notes()
    code, said = clone.run("demo")
    assert code == 0
    assert "cut short" in said
    assert clone.notes()[0] == "venv"


def test_a_moved_clone_starts_anew(clone: Clone) -> None:
    clone.add_python("3.11")
    clone.run("demo")
    clone.folder = clone.folder.rename(clone.home / "elsewhere")
    code, said = clone.run("demo")
    assert code == 0
    assert "the clone has moved" in said


def test_an_environment_whose_python_is_gone_is_made_anew(clone: Clone) -> None:
    clone.add_python("3.11")
    clone.run("demo")
    inner = clone.folder / ".venv" / "bin" / "python"
    inner.unlink()
    inner.symlink_to("/nowhere/python")
    code, said = clone.run("demo")
    assert code == 0
    assert "its Python is gone" in said


def test_another_python_can_be_asked_for(clone: Clone) -> None:
    clone.add_python("3.11")
    clone.run("demo")
    other = clone.add_python("3.13", "other python")
    code, said = clone.run("demo", PYTHON=str(other))
    assert code == 0
    assert "with Python 3.13" in said


def test_newest_supported_python_wins_and_unfit_ones_are_passed_over(clone: Clone) -> None:
    clone.add_python("3.15", "python3")
    clone.add_python("3.12", "python3.12")
    clone.add_tool("python3.13", "#!/bin/sh\nexit 127\n")
    assert "with Python 3.12" in clone.run("demo")[1]


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.15", "2.7"])
def test_an_unfit_python_is_named(clone: Clone, version: str) -> None:
    clone.add_python(version)
    code, said = clone.run("demo")
    assert code == 1
    assert f"needs Python 3.11, 3.12, 3.13 or 3.14; found: {version}" in said
    assert not (clone.folder / ".venv").exists()


def test_no_python_at_all(clone: Clone) -> None:
    code, said = clone.run("demo")
    assert code == 1
    assert "sudo apt install python3 python3-venv" in said


def test_a_wrong_python_setting_is_named(clone: Clone) -> None:
    clone.add_python("3.11")
    code, said = clone.run("demo", PYTHON="/nowhere/python")
    assert code == 1
    assert "PYTHON=/nowhere/python is not a Python from 3.11 to 3.14" in said


@pytest.mark.parametrize(
    ("name", "package"), [("python3", "python3-venv"), ("python3.13", "python3.13-venv")]
)
def test_missing_venv_part_is_named(clone: Clone, name: str, package: str) -> None:
    clone.add_python("3.13", name)
    code, said = clone.run("demo", NO_VENV="1")
    assert code == 1
    assert f"sudo apt install {package} " in said


def test_uv_does_without_the_venv_part(clone: Clone) -> None:
    python = clone.add_python("3.13")
    clone.add_tool(
        "uv",
        '#!/bin/sh\necho "uv $*" >>"$NOTES"\n'
        'case "$1" in venv) for p; do :; done; mkdir -p "$p/bin"; '
        f'cp "{python}" "$p/bin/python" ;; esac\n',
    )
    code, said = clone.run("demo", NO_VENV="1")
    assert code == 0, said
    assert any(
        line.startswith("uv pip install") and "--require-hashes" in line for line in clone.notes()
    )


@pytest.mark.parametrize(
    ("tool_says", "we_say"),
    [
        ("NewConnectionError: Temporary failure in name resolution", "no network"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "not the one named in the lock"),
        ("ERROR: No matching distribution found for x==1", "has not what the lock file names"),
        ("Permission denied: 'x'", "could not be written"),
        ("something else", "could not be installed"),
    ],
)
def test_a_failed_download_is_explained(clone: Clone, tool_says: str, we_say: str) -> None:
    clone.add_python("3.11")
    code, said = clone.run("demo", FAIL_WITH=tool_says)
    assert code == 1
    assert we_say in said
    assert f"    {tool_says}" in said
    assert "the same line tries again" in said


def test_too_little_disk_space_is_found_before_anything_is_made(clone: Clone) -> None:
    clone.add_python("3.11")
    (clone.bin / "df").unlink()
    clone.add_tool("df", "#!/bin/sh\necho Filesystem\necho /dev/x 1 1 204800 99% /\n")
    code, said = clone.run("demo")
    assert code == 1
    assert "200 MB are free, 1000 MB are needed" in said
    assert not (clone.folder / ".venv").exists()


def test_a_read_only_clone_is_named(clone: Clone) -> None:
    clone.add_python("3.11")
    with tempfile.TemporaryDirectory() as place:
        copy = shutil.copytree(clone.home, Path(place) / "machine", symlinks=True)
        for folder, mode in ((Path(place), 0o755), (copy, 0o755), (copy / "my clone", 0o555)):
            folder.chmod(mode)
        done = subprocess.run(
            ["/bin/sh", copy / "my clone" / "packaging" / "bootstrap", "demo"],
            user=65534 if os.geteuid() == 0 else None,  # root may write everywhere
            env={"PATH": str(copy / "bin")},
            capture_output=True,
            text=True,
            check=False,
        )
        (copy / "my clone").chmod(0o755)
    assert done.returncode == 1
    assert "cannot write in" in done.stderr


@pytest.mark.parametrize("words", [[], ["dance"], ["--help"]])
def test_unknown_words_show_the_usage(clone: Clone, words: list[str]) -> None:
    code, said = clone.run(*words)
    assert code == 2
    assert "sh packaging/bootstrap demo [--once]" in said
    assert "sh packaging/bootstrap test [--long]" in said


def test_script_is_plain_sh() -> None:
    dash = shutil.which("dash")
    if dash is None:
        pytest.skip("dash, the strictest common sh, is not on this machine")
    for name in ("bootstrap", "lock"):
        subprocess.run([dash, "-n", str(ROOT / "packaging" / name)], check=True)
