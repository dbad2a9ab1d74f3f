"""Whatever the line: a message or ProtocolError, and soon."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from drivers.wire import messages as ms
from drivers.wire.jsonl import decode
from tests.fuzz.jsonl_mutations import seeds
from tests.shared import ROOT

LONGEST_MS = 100
BATCH = 50_000


# Any: a report is JSON.
def run(seed: int, count: int) -> dict[str, Any]:
    program = ROOT / "tests" / "fuzz" / "jsonl_lines.py"
    command = [sys.executable, str(program), str(seed), str(count)]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=1200, env=environment
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check(found: dict[str, Any], count: int) -> None:
    assert found["failures"] == [], found
    assert found["counts"].keys() == {"message", "refused"}, found
    assert sum(found["counts"].values()) == count
    assert min(found["counts"].values()) > count / 20, "the mutations are too tame or too wild"
    assert found["slowest_ms"] < LONGEST_MS, found


def test_the_seeds_are_sound() -> None:
    assert all(
        not isinstance(decode(line).body, ms.Unknown) for line in seeds() if b"log" not in line
    )


def test_damaged_lines() -> None:
    check(run(1, 20_000), 20_000)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_damaged_lines_in_numbers(seed: int) -> None:
    check(run(seed, BATCH), BATCH)
