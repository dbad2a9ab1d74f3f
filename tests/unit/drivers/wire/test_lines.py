"""Lines out of a stream, however it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import ProtocolError
from drivers.wire.lines import Unliner


def test_lines_come_out_whole_and_in_order() -> None:
    unliner = Unliner()
    assert unliner.feed(b'{"a":1}\n{"b"') == [b'{"a":1}']
    assert unliner.pending == 4
    assert unliner.feed(b":2}\r\n") == [b'{"b":2}']
    assert unliner.pending == 0


def test_empty_lines_are_left_out() -> None:
    assert Unliner().feed(b"\n\r\n  \n{}\n") == [b"{}"]


_LINES = st.lists(st.binary(min_size=1).filter(lambda one: b"\n" not in one and one.strip() == one))


@given(_LINES, st.integers(1, 7))
def test_any_cut_gives_the_same_lines(lines: list[bytes], size: int) -> None:
    data = b"".join(line + b"\n" for line in lines)
    unliner = Unliner()
    found = [
        line for at in range(0, len(data), size) for line in unliner.feed(data[at : at + size])
    ]
    assert found == lines


def test_a_line_of_the_largest_size_passes() -> None:
    assert Unliner(max_bytes=4).feed(b"abcd\nabcd\n") == [b"abcd", b"abcd"]


def test_a_long_line_is_refused_before_it_ends() -> None:
    unliner = Unliner(max_bytes=4)
    assert unliner.feed(b"abcd") == []
    with pytest.raises(ProtocolError, match="more than 4 bytes"):
        unliner.feed(b"e")


def test_a_long_line_is_refused_when_it_comes_with_its_end() -> None:
    with pytest.raises(ProtocolError):
        Unliner(max_bytes=4).feed(b"ok\nabcde\n")


def test_a_serial_port_may_talk_between_the_lines() -> None:
    unliner = Unliner(tolerant=True)
    noise = b'k":100}]}}\n### Boot 1.2.0\n[1,2]\n{broken}\n"text"\n\xff\xfe\n'
    assert unliner.feed(noise + b'{"type":"ping"}\n') == [b'{"type":"ping"}']
    assert unliner.skipped == 6


def test_without_tolerance_every_line_is_handed_out() -> None:
    unliner = Unliner()
    assert unliner.feed(b"### Boot\n") == [b"### Boot"]
    assert unliner.skipped == 0
