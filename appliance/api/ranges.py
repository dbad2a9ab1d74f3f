"""Parts of a content, and whether the client has it already: RFC 9110, sections 13 and 14. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ONE_RANGE: Final = re.compile(r"bytes=\s*(\d{0,30})-(\d{0,30})\s*\Z", re.ASCII | re.IGNORECASE)
_TAG: Final = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


class Unsatisfiable(ValueError):
    """No byte of the content lies in the range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Bytes start..stop-1."""

    start: int
    stop: int

    def content_range(self, size: int) -> str:
        """The header that goes with this part of ``size`` bytes."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


def span_of(header: str | None, size: int) -> Span | None:
    """The part that a Range header asks for; None where the whole is to be sent: without a header,
    for other units, several ranges, or what is no range at all. Raises Unsatisfiable."""
    found = _ONE_RANGE.match(header or "")
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), size if not last else min(size, int(last) + 1)
        if last and int(last) < start:
            return None  # no range
    if start >= stop:
        raise Unsatisfiable
    return Span(start=start, stop=stop)


def has_already(if_none_match: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names the content."""
    if if_none_match is None:
        return False
    tags = {tag for _, tag in _TAG.findall(if_none_match)}
    return if_none_match.strip() == "*" or etag in tags


def is_another(if_match: str | None, etag: str) -> bool:
    """Whether an If-Match header wants some other content; weak tags fit none."""
    if if_match is None or if_match.strip() == "*":
        return False
    return ("", etag) not in _TAG.findall(if_match)


def may_go_on(if_range: str | None, etag: str) -> bool:
    """Whether a Range header counts: only while the content is the one that the client began with.
    Dates never fit, for contents have none."""
    return if_range is None or if_range.strip() == etag
