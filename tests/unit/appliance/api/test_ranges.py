"""Range, If-None-Match and If-Range, header by header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.api.ranges import Span, Unsatisfiable, has_already, is_another, may_go_on, span_of

SPANS = [
    ("bytes=0-0", (0, 1)),
    ("bytes=0-9", (0, 10)),
    ("bytes=3-", (3, 10)),
    ("bytes=9-", (9, 10)),
    ("bytes=-1", (9, 10)),
    ("bytes=-99", (0, 10)),
    ("bytes=2-999999999999999999999999", (2, 10)),
    ("Bytes= 2-4 ", (2, 5)),
]
WHOLE = [None, "", "bytes", "bytes=", "bytes=-", "bytes=0-1,3-4", "items=0-1", "bytes=4-3"]
WHOLE += ["bytes=a-b", "bytes=0x1-2", "bytes=1.5-2", "bytes=\u0661-2", "bytes=" + "9" * 99 + "-"]


@pytest.mark.parametrize(("header", "span"), SPANS)
def test_one_range(header: str, span: tuple[int, int]) -> None:
    assert span_of(header, 10) == Span(start=span[0], stop=span[1])


@pytest.mark.parametrize("header", WHOLE)
def test_what_is_no_single_range_means_the_whole(header: str | None) -> None:
    assert span_of(header, 10) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-11", "bytes=-0"])
def test_nothing_in_range(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        span_of(header, 10)


def test_an_empty_content_has_no_part() -> None:
    for header in ("bytes=0-", "bytes=-5"):
        with pytest.raises(Unsatisfiable):
            span_of(header, 0)


@given(st.text(max_size=40), st.integers(0, 100))
def test_any_header_gives_a_part_that_exists(text: str, size: int) -> None:
    for header in (text, f"bytes={text}"):
        try:
            span = span_of(header, size)
        except Unsatisfiable:
            continue
        assert span is None or 0 <= span.start < span.stop <= size


def test_content_range() -> None:
    assert Span(start=2, stop=5).content_range(10) == "bytes 2-4/10"


@pytest.mark.parametrize(
    ("header", "is_known"),
    [
        (None, False),
        ("", False),
        ("*", True),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ('"b","c"', False),
        ("a", False),
        ('"A"', False),
    ],
)
def test_if_none_match(header: str | None, is_known: bool) -> None:
    assert has_already(header, '"a"') is is_known


@pytest.mark.parametrize(
    ("header", "is_other"),
    [(None, False), ("*", False), ('"a"', False), ('"b", "a"', False), ('W/"a"', True), ("", True)],
)
def test_if_match(header: str | None, is_other: bool) -> None:
    assert is_another(header, '"a"') is is_other


def test_if_range() -> None:
    assert may_go_on(None, '"a"')
    assert may_go_on(' "a"', '"a"')
    for header in ('"b"', 'W/"a"', "", "Tue, 24 Nov 2026 21:00:00 GMT"):
        assert not may_go_on(header, '"a"')
