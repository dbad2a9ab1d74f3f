"""The schema: generated code is up to date, and agrees with the vendor's field by field."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from drivers.apb import analog_pb2 as pb
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

GENERATED = ("drivers/apb/analog_pb2.py", "drivers/apb/analog_pb2.pyi")


def test_generated_code_is_what_protoc_makes_of_the_schema(tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools, which brings protoc, is not installed")
    options = [f"-I{ROOT}", f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]
    command = [sys.executable, "-m", "grpc_tools.protoc", *options, "drivers/apb/analog.proto"]
    subprocess.run(command, check=True, cwd=ROOT)
    for name in GENERATED:
        assert (tmp_path / name).read_text() == (ROOT / name).read_text(), name


def test_package_has_a_name_of_its_own() -> None:
    assert pb.DESCRIPTOR.package == "analogcloud.apb"
    assert pb.DESCRIPTOR.name == "drivers/apb/analog.proto"
    assert pb.Module.ANALOGCLOUD_SCALING_FIELD_NUMBER == 50000


# Any: descriptor classes depend on the backend of the protobuf runtime.
def _field(one: Any) -> tuple[object, ...]:  # noqa: ANN401
    kind = one.message_type or one.enum_type
    name = kind.full_name.partition(".")[2] if kind is not None else ""
    return (
        one.name,
        one.type,
        one.is_repeated,
        one.has_presence,
        name.removeprefix("apb."),
        one.containing_oneof.name if one.containing_oneof is not None else "",
    )


def _reach(
    descriptor: Any,  # noqa: ANN401
    found: dict[str, Any],
    enums: dict[str, Any],
) -> None:
    name = descriptor.full_name.partition(".")[2].removeprefix("apb.")
    if name in found:
        return
    found[name] = descriptor
    for one in descriptor.fields:
        if one.enum_type is not None:
            enums[one.enum_type.full_name.partition(".")[2].removeprefix("apb.")] = one.enum_type
        if one.message_type is not None:
            _reach(one.message_type, found, enums)


def test_agrees_with_the_vendors_schema() -> None:
    vendor = pytest.importorskip(
        "pybrid.base.proto.main_pb2", reason="pybrid-computing is not installed"
    )
    theirs: dict[str, Any] = {}
    their_enums: dict[str, Any] = {}
    _reach(vendor.File.DESCRIPTOR, theirs, their_enums)
    ours: dict[str, Any] = {}
    our_enums: dict[str, Any] = {}
    _reach(pb.File.DESCRIPTOR, ours, our_enums)
    assert ours.keys() - theirs.keys() == {"Scaling", "Scaling.ProbeScaling"}
    assert theirs.keys() <= ours.keys()
    assert len(theirs) > 50
    for name, message in theirs.items():
        mine = {f.number: _field(f) for f in ours[name].fields if f.number < 50000}
        assert mine == {f.number: _field(f) for f in message.fields}, name
    assert our_enums.keys() == their_enums.keys()
    for name, enum in their_enums.items():
        values = {one.name: one.number for one in our_enums[name].values}
        assert values == {one.name: one.number for one in enum.values}, name
