"""Whatever the bytes: a circuit or a clear refusal, soon, and without much memory."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from drivers.apb import items as it
from drivers.apb.circuit import build_file
from drivers.apb.codec import CircuitFile, Item, encode
from tests.machines import LUCIDAC, MREDAC, blank, describe, harmonic, mredac_board
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_GROWTH_MIB = 64
LONGEST_MS = 100
BATCH = 10_000


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A folder of sound files: our own, and the golden ones where they are."""
    pair = describe(*(mredac_board(f"X{n}", position=n) for n in range(2)))
    own = {
        "lucidac": encode(LUCIDAC),
        "harmonic": build_file(LUCIDAC, harmonic()),
        "mredac": build_file(MREDAC, blank(MREDAC)),
        "pair": build_file(pair, blank(pair)),
        "parameters": encode(_with_parameters()),
    }
    for name, data in own.items():
        (tmp_path / f"{name}.apb").write_bytes(data)
    for path in (ROOT.parent / "shared" / "fixtures").glob("*/*.apb"):
        shutil.copy(path, tmp_path / f"golden-{path.name}")
    return tmp_path


def _with_parameters() -> CircuitFile:
    path = LUCIDAC.items[0].config
    assert isinstance(path, it.EntitySpecification)
    assert path.root is not None
    known = it.ParamSpecification(parameters=(it.Parameter(index=1, name="r", default=0.5),))
    entry = it.CoefEntry(expression=it.Expression(parameter=1, negated=True))
    simulator = it.SimConfig(k0=10_000, with_limits=True)
    return CircuitFile(
        items=(
            *LUCIDAC.items,
            Item(config=known),
            Item(entity=f"{path.root.path}/0/C", config=it.CoefConfig(elements=(entry,))),
            Item(config=simulator),
        )
    )


# Any: a report is JSON.
def run(folder: Path, what: str, count: int = 0) -> dict[str, Any]:
    program = ROOT / "tests" / "fuzz" / "circuit_files.py"
    command = [sys.executable, str(program), str(folder), what, str(count)]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=1200, env=environment
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check_limits(found: dict[str, Any]) -> None:
    assert found["failures"] == [], found
    assert found["counts"].keys() == {"circuit", "refused"}, found
    assert found["slowest_ms"] < LONGEST_MS, found
    assert found["growth_mib"] < LARGEST_GROWTH_MIB, found


def test_damaged_files(sound: Path) -> None:
    found = run(sound, "1", 2_000)
    check_limits(found)
    counts = found["counts"]
    assert sum(counts.values()) == 2_000
    assert min(counts.values()) > 100, "the mutations are too tame or too wild"


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_damaged_files_in_numbers(sound: Path, seed: int) -> None:
    found = run(sound, str(seed), BATCH)
    check_limits(found)
    assert sum(found["counts"].values()) == BATCH


def test_hostile_files(sound: Path) -> None:
    check_limits(run(sound, "hostile"))
