"""Limits on the raw bytes: hostile files are refused before anything parses them."""

from __future__ import annotations

import pytest

from drivers.apb import analog_pb2 as pb
from drivers.apb.circuit import assemble, build_file
from drivers.apb.codec import decode, peek
from drivers.apb.errors import CircuitFileError
from drivers.apb.scan import MAX_DEPTH, MAX_ELEMENTS, MAX_FILE_BYTES, MAX_ITEMS, scan
from drivers.apb.wire import field, varint
from tests.machines import blank, describe, mredac_board


def rule(data: bytes) -> str:
    """The one rule that the bytes break."""
    with pytest.raises(CircuitFileError) as caught:
        scan(data)
    (fault,) = caught.value.faults
    return fault.rule


def module(payload: bytes) -> bytes:
    return field(2, payload)


def item(payload: bytes) -> bytes:
    return module(field(1, payload))


def test_takes_a_file_apart() -> None:
    data = pb.File(version=pb.Version(minor=1)).SerializeToString()
    data += module(field(1, b"") + field(1, field(1, b"")) + field(77, b"new"))
    data += field(50000 * 2, b"other")
    parts = scan(data)
    assert parts.version == b"\x10\x01"
    assert parts.items == (b"", b"\x0a\x00")
    assert parts.module
    assert parts.module_rest == field(77, b"new")
    assert parts.file_rest == field(50000 * 2, b"other")


def test_joins_a_module_that_comes_in_pieces() -> None:
    assert scan(item(b"") + item(field(1, b""))).items == (b"", b"\x0a\x00")


def test_size() -> None:
    assert rule(bytes(MAX_FILE_BYTES + 1)) == "file-size"
    assert rule(bytes(MAX_FILE_BYTES)) == "not-a-file"


def test_a_module_with_a_million_items() -> None:
    data = module(field(1, b"") * 1_000_000)
    assert rule(data) == "file-size"
    assert rule(data[: MAX_FILE_BYTES - 100]) == "not-a-file"
    assert rule(module(field(1, b"") * (MAX_ITEMS + 1))) == "item-count"
    assert len(scan(module(field(1, b"") * MAX_ITEMS)).items) == MAX_ITEMS


def test_too_many_elements_of_any_kind() -> None:
    empty_messages = field(14, field(1, b"") * 100_000)
    packed = field(17, field(1, field(1, bytes(100_000))))
    floats = field(22, field(9, bytes(4 * (MAX_ELEMENTS + 1))))
    unknown = field(99, b"") * (MAX_ELEMENTS + 1)
    for payload in (empty_messages, packed, floats, unknown):
        assert rule(item(payload)) == "element-count"
    assert rule(module(unknown)) == "element-count"
    assert rule(unknown) == "element-count"


def test_elements_are_counted_over_all_items() -> None:
    one = field(1, field(14, field(1, b"") * (MAX_ELEMENTS // 8)))
    assert scan(module(one * 3))
    assert rule(module(one * 4)) == "element-count"


def test_the_machines_of_two_full_stacks_fit() -> None:
    boards = describe(*(mredac_board(f"04-E9-E5-00-00-{n:02}", position=n) for n in range(14)))
    data = build_file(boards, blank(boards))
    assert len(assemble(decode(data)).carriers) == 14


def negations(count: int) -> bytes:
    data = field(1, b"")
    for _ in range(count):
        data = field(3, field(1, data))
    return field(14, field(1, field(4, data)))


def test_depth_of_expressions() -> None:
    fits = (MAX_DEPTH - 4) // 2
    assert scan(item(negations(fits))).items
    assert rule(item(negations(fits + 1))) == "depth"
    assert rule(item(negations(2_000))) == "depth"


def test_depth_of_hardware_trees() -> None:
    data = b""
    for _ in range(2_000):
        data = field(7, data)
    assert rule(item(field(28, field(1, data)))) == "depth"


def test_groups_and_unknown_wire_types() -> None:
    for wire_type in (3, 4, 6, 7):
        tag = bytes([1 << 3 | wire_type])
        assert rule(tag) == "not-a-file"
        assert rule(item(tag)) == "damaged"


def test_numbers_that_are_cut_off_or_too_long() -> None:
    assert rule(b"\x08") == "not-a-file"
    assert rule(b"\x08" + b"\x80" * 10 + b"\x00") == "not-a-file"
    assert rule(item(b"\x08" + b"\x80" * 10 + b"\x00")) == "damaged"
    assert rule(item(b"\x80" * 11)) == "damaged"
    assert rule(item(b"\x00\x00")) == "damaged"
    assert rule(item(varint(1 << 33) + b"\x00")) == "damaged"
    assert rule(item(b"\x0d\x00\x00\x00")) == "damaged"
    assert rule(item(b"\x0a\x05abc")) == "damaged"
    assert rule(item(field(14, b"\x0a\x03\x08"))) == "damaged"


@pytest.mark.parametrize("raw", [b"\x00\x00\xc0\x7f", b"\x00\x00\x80\x7f", b"\x00\x00\x80\xff"])
def test_floats_must_be_finite(raw: bytes) -> None:
    factor = field(14, field(1, b"\x15" + raw))
    packed = field(22, field(9, raw))
    unpacked = field(22, b"\x4d" + raw)
    for payload in (factor, packed, unpacked):
        assert rule(item(payload)) == "not-finite"


def test_doubles_must_be_finite() -> None:
    channel = pb.Item(adc_config=pb.AdcConfig(channels=[pb.AdcChannel(gain=float("inf"))]))
    assert rule(item(channel.SerializeToString())) == "not-finite"
    scaling = pb.Module(analogcloud_scaling=pb.Scaling(horizon=float("nan")))
    assert rule(module(scaling.SerializeToString())) == "not-finite"


def test_a_packed_list_of_floats_has_whole_floats() -> None:
    assert rule(item(field(22, field(9, b"\x00" * 6)))) == "damaged"


def test_faults_name_the_item() -> None:
    with pytest.raises(CircuitFileError, match=r"item 1") as caught:
        scan(module(field(1, b"") + field(1, b"\x0b")))
    assert caught.value.faults[0].item == 1


def test_each_limit_is_one_that_the_parser_can_take() -> None:
    """A file at the limits of the scan parses without an error of the parser's own."""
    fits = (MAX_DEPTH - 4) // 2
    assert decode(item(negations(fits))).items
    assert peek(module(field(1, b"") * MAX_ITEMS)).items == MAX_ITEMS
