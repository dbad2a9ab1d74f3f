"""JSON from strangers: objects that are sound, or ProtocolError."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import ProtocolError
from drivers.wire import jsontext as jt


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":+1}',
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"a":' + b"9" * 5_000 + b"}",
        b'{"a":"\xff"}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":1}{"b":2}',
        b"{'a':1}",
    ],
)
def test_unsound_lines_are_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        jt.parse_object(line)


def test_a_line_is_not_read_beyond_the_largest_size() -> None:
    text = b'{"a":"' + b"x" * jt.MAX_LINE_BYTES + b'"}'
    with pytest.raises(ProtocolError, match="longer than"):
        jt.parse_object(text)


def test_numbers_as_firmware_prints_them() -> None:
    assert jt.parse_object(b'{"a":[ 1.250,-0.001]}') == {"a": [1.25, -0.001]}


@given(st.binary())
def test_any_bytes_give_an_object_or_an_error(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert isinstance(jt.parse_object(data), dict)


@pytest.mark.parametrize("value", [True, False, 1.0, "1", None, -1, 2**32, 10**400, [], {}])
def test_what_is_no_index(value: object) -> None:
    with pytest.raises(ProtocolError, match="the index"):
        jt.as_int(value, "the index")


@pytest.mark.parametrize("value", [True, None, "1", [], 10**400, float("inf"), float("nan")])
def test_what_is_no_number(value: object) -> None:
    with pytest.raises(ProtocolError, match="the factor"):
        jt.as_number(value, "the factor")


@pytest.mark.parametrize("value", [None, 1, "\ud800", "x" * 11])
def test_what_is_no_text(value: object) -> None:
    with pytest.raises(ProtocolError, match="the name"):
        jt.as_text(value, "the name", 10)


def test_lists_are_limited() -> None:
    assert jt.as_list(None, "the list", 2) == []
    assert jt.as_list([1, 2], "the list", 2) == [1, 2]
    with pytest.raises(ProtocolError, match="3 entries; 2 is the most"):
        jt.as_list([1, 2, 3], "the list", 2)
    with pytest.raises(ProtocolError):
        jt.as_list("ab", "the list", 2)


def test_a_quote_can_always_be_written_and_is_short() -> None:
    assert jt.quote("\ud800ok").encode().endswith(b"ok")
    assert len(jt.quote("x" * 10_000)) == 4096
    assert jt.quote({"a": [1]}) == '{"a": [1]}'
    assert len(jt.quote(10**4000)) == 4001
    assert jt.quote(float("inf")) == "unreadable"


def test_a_written_line_has_one_end_and_plain_characters() -> None:
    assert jt.write_line({"a": "é\n"}) == b'{"a":"\\u00e9\\n"}\n'
    with pytest.raises(ValueError, match="JSON compliant"):
        jt.write_line({"a": float("nan")})
