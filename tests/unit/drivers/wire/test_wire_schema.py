"""The schema of the device protocol: its generated code is up to date, and what it has agrees with
the vendor's, field by field."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

from drivers.wire import device_pb2 as pb
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Any: descriptor classes depend on the backend of the protobuf runtime.
Descriptor = Any

GENERATED: Final = ("drivers/wire/device_pb2.py", "drivers/wire/device_pb2.pyi")
KINDS: Final = 23
"""Kinds of MessageV1 that we have, of the vendor's 50."""


def test_generated_code_is_what_protoc_makes_of_the_schema(tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools, which brings protoc, is not installed")
    options = [f"-I{ROOT}", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]
    command = [sys.executable, "-m", "grpc_tools.protoc", *options, "drivers/wire/device.proto"]
    subprocess.run(command, check=True, cwd=ROOT)
    for name in GENERATED:
        assert (tmp_path / name).read_text() == (ROOT / name).read_text(), name


def test_package_has_a_name_of_its_own() -> None:
    assert pb.DESCRIPTOR.package == "analogcloud.wire"
    assert pb.DESCRIPTOR.name == "drivers/wire/device.proto"


def _name(kind: Descriptor) -> str:
    """A type's name without the package, ours or theirs."""
    full: str = kind.full_name
    for package in ("analogcloud.wire.", "analogcloud.apb.", "pb."):
        full = full.removeprefix(package)
    return full


def _field(one: Descriptor) -> tuple[object, ...]:
    kind = one.message_type or one.enum_type
    oneof = one.containing_oneof
    return (
        one.name,
        one.type,
        one.is_repeated,
        one.has_presence,
        _name(kind) if kind is not None else "",
        oneof.name if oneof is not None else "",
    )


def _reach(descriptor: Descriptor, found: dict[str, Descriptor]) -> None:
    """The messages and enums of our own file that a message is made of."""
    if _name(descriptor) in found or descriptor.file.package == "analogcloud.apb":
        return
    found[_name(descriptor)] = descriptor
    for one in getattr(descriptor, "fields", ()):
        if one.message_type or one.enum_type:
            _reach(one.message_type or one.enum_type, found)


def test_every_message_is_part_of_an_envelope() -> None:
    found: dict[str, Descriptor] = {}
    _reach(pb.Envelope.DESCRIPTOR, found)
    assert set(pb.DESCRIPTOR.message_types_by_name) <= set(found)
    assert set(pb.DESCRIPTOR.enum_types_by_name) <= set(found)


def test_agrees_with_the_vendors_schema() -> None:
    vendor = pytest.importorskip(
        "pybrid.base.proto.main_pb2", reason="pybrid-computing is not installed"
    )
    theirs: dict[str, Descriptor] = {}
    _reach(vendor.Envelope.DESCRIPTOR, theirs)
    ours: dict[str, Descriptor] = {}
    _reach(pb.Envelope.DESCRIPTOR, ours)
    assert len(ours) > 40
    for name, mine in ours.items():
        if hasattr(mine, "values"):
            values = {one.number: one.name for one in theirs[name].values}
            if name == "ErrorCode":
                values[0] = "NO_CODE"  # their None is no name in Python
            assert {one.number: one.name for one in mine.values} == values, name
            continue
        fields = {one.number: _field(one) for one in theirs[name].fields}
        own = {one.number: _field(one) for one in mine.fields}
        if name == "MessageV1":
            assert len(own) == 1 + KINDS
            fields = {number: fields[number] for number in own}
        assert own == fields, name
