"""Whatever the bytes of a connection or a datagram: messages or a ProtocolError, soon, and without
much memory."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from drivers.wire.frames import Unframer
from drivers.wire.protobuf import encode
from tests.fuzz.frame_extremes import hostile
from tests.shared import ROOT
from tests.wire_messages import MESSAGES

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_GROWTH_MIB = 64
LONGEST_MS = 500
OUTCOMES = {"message", "unknown", "unfinished", "refused"}
BATCH = 50_000


def golden() -> list[bytes]:
    """The envelopes of the captured sessions, where they are."""
    path = ROOT.parent / "shared" / "reference" / "wire-protocol-golden.jsonl"
    if not path.is_file():
        return []
    streams: dict[object, Unframer] = {}
    found: list[bytes] = []
    for row in map(json.loads, path.read_text().splitlines()):
        data = bytes.fromhex(row["hex"])
        if row["kind"] == "udp":
            found.append(data)
        else:
            stream = streams.setdefault((row["session"], row["conn"], row["dir"]), Unframer())
            found.extend(stream.feed(data))
    return found


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A file of sound envelopes: our own, and golden ones where they are."""
    path = tmp_path / "envelopes"
    own = [encode(one) for one in MESSAGES]
    path.write_text("\n".join(one.hex() for one in own + golden()))
    return path


# Any: a report is JSON.
def run(path: Path, what: str, count: int = 0) -> dict[str, Any]:
    program = ROOT / "tests" / "fuzz" / "frames.py"
    command = [sys.executable, str(program), str(path), what, str(count)]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=1200, env=environment
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check_limits(found: dict[str, Any]) -> None:
    assert found["failures"] == [], found
    assert found["counts"].keys() <= OUTCOMES, found
    assert found["slowest_ms"] < LONGEST_MS, found
    assert found["growth_mib"] < LARGEST_GROWTH_MIB, found


def test_damaged_frames(sound: Path) -> None:
    found = run(sound, "1", 20_000)
    check_limits(found)
    counts = found["counts"]
    assert sum(counts.values()) == 20_000
    assert min(counts[one] for one in OUTCOMES) > 200, "the mutations are too tame or too wild"


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_damaged_frames_in_numbers(sound: Path, seed: int) -> None:
    found = run(sound, str(seed), BATCH)
    check_limits(found)
    assert sum(found["counts"].values()) == BATCH


def test_hostile_envelopes(sound: Path) -> None:
    found = run(sound, "hostile")
    check_limits(found)
    assert sum(found["counts"].values()) == len(hostile())
