"""The vendor's client reads what we write, and writes the same again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drivers.apb import analog_pb2 as pb
from drivers.apb.circuit import assemble, build_file
from drivers.apb.codec import CircuitFile, decode
from tests.machines import LUCIDAC, harmonic
from tests.shared import fixtures

if TYPE_CHECKING:
    from drivers.apb.model import Circuit

READER = Path(__file__).with_name("vendor_reader.py")
FRONT_PLANE = ("front_panel_config", "signal_generator_config")
"""The client writes these for every LUCIDAC; a circuit has nothing to say about them."""


def through_the_vendor(machine: str, files: list[Path]) -> list[list[list[str]]]:
    pytest.importorskip("pybrid.base.proto.main_pb2", reason="pybrid-computing is not installed")
    command = [sys.executable, str(READER), machine, *map(str, files)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def config_rows(data: bytes) -> list[list[object]]:
    """Each configuration item as (entity, kind, content)."""
    rows: list[list[object]] = []
    for item in pb.File.FromString(data).module.items:
        kind = item.WhichOneof("kind")
        if kind is not None and kind != "entity_specification":
            rows.append([item.entity.path, kind, getattr(item, kind)])
    return rows


def vendor_rows(rows: list[list[str]]) -> list[list[object]]:
    found: list[list[object]] = []
    for entity, kind, content in rows:
        if kind not in ("entity_specification", *FRONT_PLANE):
            message = getattr(pb.Item(), kind)
            message.ParseFromString(bytes.fromhex(content))
            found.append([entity, kind, message])
    return found


def contents(rows: list[list[object]]) -> dict[tuple[object, object], bytes]:
    """By entity and kind, in bytes. The client's order of the lanes in a sum depends on how Python
    stores sets, so that those are put in order first."""
    found: dict[tuple[object, object], bytes] = {}
    for entity, kind, message in rows:
        if isinstance(message, pb.SumConfig):
            for connection in message.connections:
                connection.inputs.sort()
        assert hasattr(message, "SerializeToString")
        found[entity, kind] = message.SerializeToString(deterministic=True)
    return found


def agrees(machine: str, circuits: dict[str, tuple[CircuitFile, Circuit]], folder: Path) -> None:
    paths = []
    for name, (description, circuit) in circuits.items():
        paths.append(folder / f"{name}.apb")
        paths[-1].write_bytes(build_file(description, circuit))
    for path, rows in zip(paths, through_the_vendor(machine, paths), strict=True):
        assert contents(vendor_rows(rows)) == contents(config_rows(path.read_bytes())), path.name


def test_our_own_circuit(tmp_path: Path) -> None:
    agrees("LUCIDAC", {"harmonic": (LUCIDAC, harmonic())}, tmp_path)


def test_fixture_circuits(tmp_path: Path) -> None:
    found: dict[str, dict[str, tuple[CircuitFile, Circuit]]] = {"LUCIDAC": {}, "REDAC": {}}
    for path in sorted((fixtures() / "circuits").glob("*.apb")):
        file = decode(path.read_bytes())
        machine = "REDAC" if path.stem.startswith("mredac") else "LUCIDAC"
        found[machine][path.stem] = file, assemble(file)
    for machine, circuits in found.items():
        agrees(machine, circuits, tmp_path)
