"""What the README promises is there: verbs, commands, the map of the code, its links."""

import re
import subprocess
import sys
from pathlib import Path

from tests.unit.house.tree import PACKAGES, ROOT, product_modules

TEXT = (ROOT / "README.md").read_text()
MAP = TEXT.split("## Map of the code")[1].split("\n## ")[0]


def bootstrap_verbs() -> set[str]:
    script = (ROOT / "packaging" / "bootstrap").read_text()
    choices = re.findall(r"^    ([a-z |]+)\)", script.split("case $verb in")[1], re.M)
    return {verb for line in choices for verb in line.split(" | ")}


def package_folders() -> set[str]:
    folders = {path.parent for path in product_modules()}
    return {f"{folder.relative_to(ROOT)}/" for folder in folders}


def test_bootstrap_verbs_exist() -> None:
    named = set(re.findall(r"sh packaging/bootstrap ([a-z]+)", TEXT))
    assert named == {"demo", "test"}
    further = re.findall(r"`([a-z]+)`", TEXT.split("Further verbs:")[1].split("\n")[0])
    assert named | set(further) == bootstrap_verbs()


def test_commands_exist() -> None:
    named = set(re.findall(r"analogcloud ([a-z][a-z-]+)", TEXT))
    assert {"serve", "compile", "simulate", "check-config"} <= named
    shown = subprocess.run(
        [sys.executable, "-m", "appliance", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert {name for name in named if not re.search(rf"\b{name}\b", shown)} == set()


def test_map_names_what_is_there() -> None:
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_.]*)`", MAP)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_map_names_every_package() -> None:
    assert {name for name in package_folders() if f"`{name}`" not in MAP} == set()
    assert {name.split("/")[0] for name in package_folders()} == set(PACKAGES)


def test_map_names_the_files_it_lists_in_words() -> None:
    """In a row for a folder, each `file.py` is a file of that folder."""
    missing = []
    for folder, row in re.findall(r"^\| `([a-z_/]+/)` \| (.*) \|$", MAP, re.M):
        files = re.findall(r"`([a-z_0-9]+\.[a-z]+)`", row)
        missing += [folder + name for name in files if not (ROOT / folder / name).exists()]
    assert missing == []


def test_links_lead_somewhere() -> None:
    prose = re.sub(r"^    .*$|`[^`]*`", "", TEXT, flags=re.M)
    links = re.findall(r"\]\(([^)#]+)\)", prose)
    assert [link for link in links if not Path(ROOT / link).exists()] == []
