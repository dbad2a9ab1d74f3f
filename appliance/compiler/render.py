"""Diagnostics as text for people and as fields for the API (analang reference, section 10)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from appliance.compiler.lexer import LINE_END, without_mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.compiler.diagnostics import Diagnostic, Position

MAX_SHOWN: Final = 50
"""Diagnostics of one program that are written out."""
_WIDTH: Final = 120
_BEFORE: Final = 60
_CUT: Final = "..."


def render(diagnostic: Diagnostic, source: str, name: str) -> str:
    """One diagnostic: its line, the source line, a caret below the column, and the hint."""
    word = "warning" if diagnostic.is_warning else "error"
    at = diagnostic.at
    place = name if at is None else f"{name}:{at.line}:{at.column}"
    lines = [f"{place}: {word}[{diagnostic.kind}]: {diagnostic.message}"]
    if at is not None:
        lines += _excerpt(at, source)
    if diagnostic.hint is not None:
        lines.append(f"  hint: {diagnostic.hint}")
    return "\n".join(lines)


def render_all(
    diagnostics: Sequence[Diagnostic], source: str, name: str, limit: int = MAX_SHOWN
) -> str:
    """The first ``limit`` diagnostics, and how many more there are."""
    texts = [render(diagnostic, source, name) for diagnostic in diagnostics[:limit]]
    if len(diagnostics) > limit:
        texts.append(f"{name}: and {len(diagnostics) - limit} more")
    return "\n".join(texts)


def one_line(diagnostics: Sequence[Diagnostic]) -> str:
    """The first error in one line, for the ``error`` of a task; the first warning, where there is
    no error."""
    first, *others = [one for one in diagnostics if not one.is_warning] or diagnostics
    place = "" if first.at is None else f"line {first.at.line}, column {first.at.column}: "
    more = f" (and {len(others)} more, see the log)" if others else ""
    return f"{place}{first.kind}: {first.message}{more}"


def as_fields(diagnostic: Diagnostic) -> dict[str, object]:
    """A diagnostic for JSON; ``line`` and ``column`` are None where no place can be blamed."""
    at = diagnostic.at
    return {
        "kind": str(diagnostic.kind),
        "line": None if at is None else at.line,
        "column": None if at is None else at.column,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "is_warning": diagnostic.is_warning,
    }


def _excerpt(at: Position, source: str) -> list[str]:
    """The source line and a caret; tabs stay tabs so that the caret stands below its column."""
    lines = _lines(source)
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    column = min(at.column - 1, len(line))
    line, column = _clipped(line, column)
    shown = "".join(c if c == "\t" or c.isprintable() else "?" for c in line)
    blank = "".join(c if c == "\t" else " " for c in line[:column])
    return [shown, f"{blank}^"]


def _clipped(line: str, column: int) -> tuple[str, int]:
    """The part of a long line around a column (from 0), and the column in it."""
    if len(line) <= _WIDTH:
        return line, column
    start = max(0, column - _BEFORE)
    end = start + _WIDTH
    before = _CUT if start else ""
    after = _CUT if end < len(line) else ""
    return f"{before}{line[start:end]}{after}", column - start + len(before)


@lru_cache(maxsize=4)
def _lines(source: str) -> list[str]:
    """Kept for a while: the diagnostics of a program all ask for the same source."""
    return LINE_END.split(without_mark(source))
