"""Whatever the text: a circuit or a diagnostic with a place, and never another error; the front end
is done within a second."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from appliance.compiler.diagnostics import Kind
from tests.fuzz.program_extremes import SIZE
from tests.shared import ROOT

BATCH = 20_000
WHOLE = 80
"""Each so many sound programs, one goes through the whole compiler."""
FRONT_KINDS = 26
"""Kinds of errors that the front end can tell; ``not-differentiable`` comes later."""


# Any: a report is JSON.
def run(*arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.fuzz.programs", *map(str, arguments)]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=3600, env=environment, cwd=ROOT
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check(found: dict[str, Any]) -> None:
    """Nothing failed (time included, measured anew where it was long), and the texts were good."""
    assert found["failures"] == [], found
    count = sum(found["sources"].values())
    assert found["counts"]["program"] + found["counts"]["refused"] == count


def test_random_and_damaged_programs() -> None:
    found = run(1, 5_000, "--whole", WHOLE)
    check(found)
    assert found["counts"]["program"] > 1_500, "the texts are too wild"
    assert found["counts"]["refused"] > 1_500, "the texts are too tame"
    assert found["counts"]["whole: circuit"] > 5
    assert len(found["kinds"]) >= FRONT_KINDS - 4, found["kinds"]
    assert found["sound"]["written"] > 0.8 * found["sources"]["written"]


def test_programs_at_the_limits() -> None:
    found = run("extreme", SIZE // 4)
    check(found)
    assert found["kinds"][Kind.LIMIT] > 5
    assert found["sound"]["extreme"] > 40


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_random_and_damaged_programs_in_numbers(seed: int) -> None:
    found = run(seed, BATCH, "--whole", WHOLE)
    check(found)
    assert sum(found["sources"].values()) == BATCH


@pytest.mark.long
def test_the_longest_programs_at_the_limits() -> None:
    check(run("extreme", SIZE - 600))


@pytest.mark.long
@pytest.mark.parametrize("size", [500, 4_000])
def test_whole_programs_at_the_limits(size: int) -> None:
    check(run("extreme", size, "--whole", 1))
