"""Text to tokens: characters, numbers, comments and pragmas (analang reference, section 2)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from appliance.compiler.diagnostics import Diagnostic, Kind, Position

MAX_SOURCE_BYTES: Final = 64 * 1024
MAX_NAME_LENGTH: Final = 64
KEYWORDS: Final = frozenset({"use", "let", "probe", "diff", "plot"})
LINE_END: Final = re.compile(r"\r\n|\n|\r")
NUMBER: Final = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"

_PIECE: Final = re.compile(
    rf"""(?P<blank>[ \t\r\n]+)
    |(?P<name>{NAME})
    |(?P<number>{NUMBER})
    |(?P<pragma>//@[^\r\n]*)
    |(?P<comment>//[^\r\n]*|\#[^\r\n]*|/\*[\s\S]*?\*/)
    |(?P<open>/\*)
    |(?P<symbol>\*\*|[-+*/()\[\],;:=])
    |(?P<other>[\s\S])""",
    re.VERBOSE,
)
_NEVER: Final = 2**31
_BYTE_ORDER_MARK: Final = "\ufeff"


class Token(NamedTuple):
    """``kind`` is "name", "number", "end", or the keyword or symbol itself.

    A plain tuple because a program has up to 64 K of them.
    """

    kind: str
    text: str
    at: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Pragma:
    """A ``//@`` comment: the text behind the mark, without blanks around it."""

    text: str
    at: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The tokens of a source, the last one of kind "end".

    ``fault`` is the first lexical error, if any: the tokens then end where it stands, so that a
    syntax error further up in the text is still the first to be told.
    """

    tokens: tuple[Token, ...]
    pragmas: tuple[Pragma, ...]
    fault: Diagnostic | None = None


def tokenize(source: str) -> Scan:
    """Split a source text; takes time in proportion to its length, at most 64 KiB."""
    text = without_mark(source)
    end = _length_within_limit(source, text)
    return _Scanner(text, end).scan()


def without_mark(source: str) -> str:
    """The source without the byte-order mark, which takes no column."""
    return source.removeprefix(_BYTE_ORDER_MARK)


def _length_within_limit(source: str, text: str) -> int:
    """Number of characters of ``text`` that fit the size limit."""
    data = source[: MAX_SOURCE_BYTES + 1].encode("utf-8", "surrogatepass")
    if len(data) <= MAX_SOURCE_BYTES:
        return len(text)
    kept = data[:MAX_SOURCE_BYTES].decode("utf-8", "ignore")
    return len(without_mark(kept))


class _Scanner:
    """Walks over the pieces of a text; characters from ``limit`` on are too many."""

    def __init__(self, text: str, limit: int) -> None:
        self._text = text[: limit + 1]  # what lies further on is never looked at
        self._is_cut = len(text) > limit
        self._limit = limit
        self._line, self._line_start = 1, 0
        self._next_starts = (m.end() for m in LINE_END.finditer(self._text))
        self._next_start = next(self._next_starts, _NEVER)
        self._tokens: list[Token] = []
        self._pragmas: list[Pragma] = []

    def scan(self) -> Scan:
        fault = None
        for piece in _PIECE.finditer(self._text):
            fault = self._take(piece)
            if fault is not None:
                break
        at = self._position(len(self._text)) if fault is None else fault.at
        self._tokens.append(Token("end", "", at or Position(1, 1)))
        return Scan(tokens=tuple(self._tokens), pragmas=tuple(self._pragmas), fault=fault)

    def _take(self, piece: re.Match[str]) -> Diagnostic | None:
        """Keep one piece; the fault that it has, if any."""
        group, text = piece.lastgroup, piece.group()
        start, end = piece.span()
        if end > self._limit:
            return _too_long(self._position(self._limit if group == "blank" else start))
        if group in ("blank", "comment"):
            return None
        at = self._position(start)
        if group == "symbol":
            self._tokens.append(Token(text, text, at))
        elif group == "name":
            if len(text) > MAX_NAME_LENGTH:
                return _long_name(text, at)
            self._tokens.append(Token(text if text in KEYWORDS else "name", text, at))
        elif group == "number":
            if fault := self._number_fault(piece, at):
                return fault
            self._tokens.append(Token("number", text, at))
        elif group == "pragma":
            self._pragmas.append(Pragma(text=text[3:].strip(), at=at))
        elif group == "open":
            if self._is_cut:
                return _too_long(at)
            return _lexical("this comment never ends", at, "close it with */")
        else:
            return _strange_character(text, at)
        return None

    def _number_fault(self, piece: re.Match[str], at: Position) -> Diagnostic | None:
        follower = self._text[piece.end() : piece.end() + 1]
        if follower in ("_", ".") or follower.isalpha():
            return _malformed_number(clip(piece.group()), follower, at)
        if math.isinf(float(piece.group())):
            return _lexical(f"the number {clip(piece.group())} is too large", at)
        return None

    def _position(self, offset: int) -> Position:
        """The place of a character, never one before the last that was asked for."""
        while offset >= self._next_start:
            self._line, self._line_start = self._line + 1, self._next_start
            self._next_start = next(self._next_starts, _NEVER)
        return Position(self._line, offset - self._line_start + 1)


def clip(text: str, length: int = 40) -> str:
    """The text for a message: its beginning if it is too long, with ? for what cannot be shown."""
    kept = text if len(text) <= length else text[: length - 3] + "..."
    return "".join(c if c.isprintable() else "?" for c in kept)


def _lexical(message: str, at: Position, hint: str | None = None) -> Diagnostic:
    return Diagnostic(kind=Kind.LEXICAL, message=message, at=at, hint=hint)


def _malformed_number(number: str, follower: str, at: Position) -> Diagnostic:
    if follower == ".":
        return _lexical(f"malformed number: {number} is followed by another point", at)
    return _lexical(
        f"malformed number: {number} runs into {describe(follower)}",
        at,
        f"to multiply, write {number}*{follower}" if follower.isascii() else None,
    )


def _strange_character(text: str, at: Position) -> Diagnostic:
    hints = {
        "^": "a power is written **, as in x(t)**2",
        "'": "a derivative is written diff[x, t](t)",
        ".": "a number needs a digit next to its point",
    }
    return _lexical(f"{describe(text)} is not part of the language", at, hints.get(text))


def describe(character: str) -> str:
    """A character for a message, by its number where it cannot be shown."""
    if character.isprintable() and not character.isspace():
        return f"the character '{character}'"
    return f"the character U+{ord(character):04X}"


def _long_name(text: str, at: Position) -> Diagnostic:
    return Diagnostic(
        kind=Kind.LIMIT,
        message=f"the name {clip(text)} has {len(text)} characters",
        at=at,
        hint=f"at most {MAX_NAME_LENGTH} are allowed",
    )


def _too_long(at: Position) -> Diagnostic:
    return Diagnostic(
        kind=Kind.LIMIT,
        message="the program is longer than 64 KiB",
        at=at,
        hint="at most 65536 bytes are allowed, comments included",
    )
