"""The locks: whole, in step with pyproject.toml, and wheels for every supported machine."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.unit.house.tree import ROOT

RUN_LOCK = ROOT / "requirements.lock"
TEST_LOCK = ROOT / "tests" / "requirements.lock"
VENDOR_LOCK = ROOT / "tests" / "vendor" / "requirements.lock"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = SETTINGS["dependency-groups"]
DOCS = SETTINGS["project"]["optional-dependencies"]["docs"]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PROCESSORS = ("x86_64", "aarch64")
OFFLINE = re.compile(r"error sending request|dns error|Could not connect|timed out", re.I)


def pins(lock: Path) -> list[Requirement]:
    found = re.findall(r"^([A-Za-z0-9].*?) \\$", lock.read_text(), re.M)
    return [Requirement(text) for text in found]


def version_of(pin: Requirement) -> Version:
    (only,) = pin.specifier
    assert only.operator == "==", str(pin)
    return Version(only.version)


def machine(python: str, processor: str) -> dict[str, str]:
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "platform_machine": processor,
        "sys_platform": "linux",
        "os_name": "posix",
        "platform_system": "Linux",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


def chosen(lock: Path, where: dict[str, str]) -> dict[str, Version]:
    """What the lock installs on one machine; each name at most once."""
    here = [p for p in pins(lock) if p.marker is None or p.marker.evaluate(where)]
    versions: dict[str, Version] = {canonicalize_name(p.name): version_of(p) for p in here}
    assert len(versions) == len(here), "a package is pinned twice for one machine"
    return versions


@pytest.mark.parametrize("lock", [RUN_LOCK, TEST_LOCK, VENDOR_LOCK], ids=["run", "test", "vendor"])
def test_each_pin_has_hashes_and_no_line_names_an_index(lock: Path) -> None:
    text = lock.read_text()
    for entry in re.split(r"\n(?=[A-Za-z0-9])", text)[1:]:
        assert "--hash=sha256:" in entry, entry.splitlines()[0]
    assert (
        re.findall(r"^\s*(?:-i|-f|--\w*index\S*|--find-links|--trusted-host).*$", text, re.M) == []
    )
    assert "://" not in text


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("processor", PROCESSORS)
def test_locks_are_in_step_with_pyproject_and_each_other(python: str, processor: str) -> None:
    where = machine(python, processor)
    run, test = chosen(RUN_LOCK, where), chosen(TEST_LOCK, where)
    both = {name: (run[name], test[name]) for name in run.keys() & test.keys()}
    assert {name: pair for name, pair in both.items() if pair[0] != pair[1]} == {}
    wanted = [
        (run, [*SETTINGS["project"]["dependencies"], *DOCS, *GROUPS["build"]]),
        (run | test, GROUPS["test"]),
    ]
    for lock, asked in wanted:
        for requirement in map(Requirement, asked):
            if requirement.marker is None or requirement.marker.evaluate(where):
                assert lock[canonicalize_name(requirement.name)] in requirement.specifier


def test_six_runtime_dependencies_at_most_beside_those_that_were_given() -> None:
    given = {"hypercorn", "numpy", "pydantic", "pyyaml", "quart-trio", "scipy", "trio"}
    given.add("trio-serial")
    names = {Requirement(text).name for text in SETTINGS["project"]["dependencies"]}
    assert given <= names
    assert len(names - given) <= 6


def test_protobuf_runtime_is_no_older_than_the_generated_code() -> None:
    code = (ROOT / "drivers" / "apb" / "analog_pb2.py").read_text()
    stated = re.search(r"Protobuf Python Version: ([\d.]+)", code)
    assert stated
    assert chosen(RUN_LOCK, machine("3.11", "x86_64"))["protobuf"] >= Version(stated.group(1))


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("processor", PROCESSORS)
def test_everything_comes_as_a_wheel(python: str, processor: str, tmp_path: Path) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        pytest.skip("uv, which can ask for other machines' wheels, is not installed")
    words = ["pip", "install", "--dry-run", "--no-deps", "--only-binary", ":all:"]
    words += ["--python-platform", f"{processor}-manylinux_2_28", "--python-version", python]
    words += [
        "--target",
        str(tmp_path),
        "--require-hashes",
        "-r",
        str(RUN_LOCK),
        "-r",
        str(TEST_LOCK),
    ]
    asked = subprocess.run([uv, *words], capture_output=True, text=True, check=False)
    if asked.returncode and OFFLINE.search(asked.stderr):
        pytest.skip("the package index cannot be reached from here")
    assert asked.returncode == 0, asked.stderr
