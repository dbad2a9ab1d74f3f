"""Where the repository is and which files belong to it, for the tests of this folder."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("appliance", "sim", "drivers")
GENERATED = {"analog_pb2.py", "analog_pb2.pyi", "device_pb2.py", "device_pb2.pyi"}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that git knows; without git, every file outside hidden folders."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        ).stdout.split("\0")
        paths = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        hidden = (p for p in ROOT.rglob("*") if not p.relative_to(ROOT).parts[0].startswith("."))
        paths = [p for p in hidden if "__pycache__" not in p.parts]
    return tuple(sorted(p for p in paths if p.is_file()))


def product_modules() -> list[Path]:
    """The hand-written Python files of the product."""
    return [
        path
        for path in tracked()
        if path.relative_to(ROOT).parts[0] in PACKAGES
        and path.suffix == ".py"
        and path.name not in GENERATED
    ]
