"""The vendor's client in an environment of its own, made from its own lock when it is first needed.

It lies in the environment that runs the tests, so that a new one starts without it, and it is made
in one step: a half-made one is never used.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

LOCK: Final = Path(__file__).with_name("requirements.lock")
PLACE: Final = Path(sys.prefix) / "vendor"
LONGEST_S: Final = 300


def vendor_environment() -> Path:
    """The folder of its programs; skips the test where it cannot be had.

    In CI that is a failure: the vendor's client is what the API is measured by.
    """
    if platform.machine() != "x86_64":
        pytest.skip("the vendor's packages have no wheel for this processor")
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    stamp = PLACE / "made-from"
    if not stamp.is_file() or stamp.read_text() != wanted:
        problem = _make(PLACE)
        if problem and os.environ.get("CI"):
            pytest.fail(f"the vendor's client could not be installed: {problem}")
        if problem:
            pytest.skip(f"the vendor's client is not installed, and could not be: {problem}")
        stamp.write_text(wanted)
    return PLACE / "bin"


def _make(place: Path) -> str:
    """What went wrong, or nothing."""
    shutil.rmtree(place, ignore_errors=True)
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        return "uv is missing"
    python = place / "bin" / "python"
    options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(LOCK)]
    for step in (
        [uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(place)],
        [uv, "pip", "install", "--quiet", "--python", str(python), *options],
    ):
        try:
            done = subprocess.run(
                step, capture_output=True, text=True, timeout=LONGEST_S, check=False
            )
        except subprocess.TimeoutExpired:
            return f"{step[1]} took longer than {LONGEST_S} s"
        if done.returncode:
            return done.stderr.strip()[-500:]
    return ""
