"""Frames: any cut of the stream gives the same envelopes, and a wrong length is noticed at once."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.apb.wire import varint
from drivers.errors import ProtocolError, RunRefused
from drivers.wire.frames import MAX_FRAME_BYTES, Unframer, frame

PAYLOADS = st.lists(st.binary(max_size=300), max_size=6)


@given(payloads=PAYLOADS, cuts=st.lists(st.integers(0, 2000), max_size=8))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    payloads: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(map(frame, payloads))
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    unframer = Unframer()
    found = [one for start, stop in pairwise(places) for one in unframer.feed(stream[start:stop])]
    assert found == payloads
    assert unframer.pending == 0


def test_byte_by_byte() -> None:
    unframer = Unframer()
    stream = frame(b"x" * 200) + frame(b"") + frame(b"y")
    found = [unframer.feed(stream[at : at + 1]) for at in range(len(stream))]
    assert [one for some in found for one in some] == [b"x" * 200, b"", b"y"]


def test_half_a_frame_is_held_back() -> None:
    unframer = Unframer()
    assert unframer.feed(frame(b"whole") + frame(b"z" * 300)[:102]) == [b"whole"]
    assert unframer.pending == 102
    assert unframer.feed(b"z" * 200) == [b"z" * 300]
    assert unframer.pending == 0


def test_the_longest_frame_passes() -> None:
    longest = bytes(MAX_FRAME_BYTES)
    unframer = Unframer()
    assert unframer.feed(frame(longest)) == [longest]


def test_too_long_a_frame_is_not_written() -> None:
    with pytest.raises(RunRefused, match=r"too large for the device: 262085 bytes.* 262084"):
        frame(bytes(MAX_FRAME_BYTES + 1))


def test_too_long_a_frame_is_refused_at_its_length() -> None:
    length = varint(MAX_FRAME_BYTES + 1)
    unframer = Unframer()
    assert unframer.feed(length[:-1]) == []
    with pytest.raises(ProtocolError, match="longer than 262084 bytes"):
        unframer.feed(length[-1:])


@pytest.mark.parametrize("wrong", [b"\x80" * 4, b"\xff" * 4, b"\x80" * 10, b"\x81\x80\x80\x80"])
def test_a_length_without_end_is_refused_at_the_fourth_byte(wrong: bytes) -> None:
    unframer = Unframer()
    with pytest.raises(ProtocolError):
        [unframer.feed(wrong[at : at + 1]) for at in range(4)]


def test_a_long_way_to_say_a_small_length_is_understood() -> None:
    assert Unframer().feed(b"\x82\x80\x00ab") == [b"ab"]


def test_text_instead_of_frames_is_a_long_frame_that_does_not_come() -> None:
    """What a JSONL peer says: its opening brace is a length of 123."""
    unframer = Unframer()
    line = b'{"id": 1}\n'
    assert unframer.feed(line) == []
    assert unframer.pending == len(line)


def test_limit_can_be_smaller() -> None:
    unframer = Unframer(max_bytes=10)
    assert unframer.feed(frame(bytes(10))) == [bytes(10)]
    with pytest.raises(ProtocolError, match="longer than 10 bytes"):
        unframer.feed(frame(bytes(11)))
