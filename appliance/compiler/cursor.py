"""A place in the stream of tokens, and the syntax errors that can be told from there."""

from __future__ import annotations

from typing import Final

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind, Position
from appliance.compiler.lexer import KEYWORDS, Scan, Token, clip
from appliance.compiler.suggest import Suggester, did_you_mean

MAX_NESTING: Final = 200
STATEMENTS: Final = ("use", "let", "probe", "plot")
A_STATEMENT: Final = "a statement (use, let, probe or plot)"
_PLAIN: Final = {"name": "a name", "number": "a number", "end": "the end of the program"}


class Cursor:
    """Reads tokens one by one, one token ahead."""

    def __init__(self, scan: Scan) -> None:
        self._tokens = scan.tokens
        self._fault = scan.fault
        self._next = 0
        self.token = scan.tokens[0]

    def advance(self) -> Token:
        """Take the current token; the end is never passed."""
        taken = self.token
        if self._next < len(self._tokens) - 1:
            self._next += 1
            self.token = self._tokens[self._next]
        return taken

    def following(self, distance: int) -> str:
        """Kind of the token that stands ``distance`` further on."""
        return self._tokens[min(self._next + distance, len(self._tokens) - 1)].kind

    def take(self, kind: str) -> Token | None:
        """Take the current token if it is of this kind."""
        return self.advance() if self.token.kind == kind else None

    def expect(self, kind: str, words: str | None = None) -> Token:
        """Take a token of this kind; ``words`` say what else could have stood here."""
        if self.token.kind != kind:
            raise self.error(words or _PLAIN.get(kind, f"'{kind}'"))
        return self.advance()

    def at_end(self) -> bool:
        """True at the end of a source without a lexical fault; raises that fault otherwise."""
        if self.token.kind != "end":
            return False
        if self._fault is not None:
            raise CompileError(self._fault)
        return True

    def error(self, expected: str) -> CompileError:
        """The current token cannot continue the program."""
        token = self.token
        if token.kind == "end" and self._fault is not None:
            return CompileError(self._fault)
        return CompileError(
            Diagnostic(
                kind=Kind.SYNTAX,
                message=f"expected {expected}, found {_found(token)}",
                at=token.at,
                hint=self._hint(expected),
            )
        )

    def _hint(self, expected: str) -> str | None:
        kind = self.token.kind
        if expected == _PLAIN["name"] and kind in KEYWORDS:
            return f"'{kind}' is a word of the language and cannot be a name"
        if expected == A_STATEMENT and kind == "name":
            return did_you_mean(Suggester().near(self.token.text, STATEMENTS))
        if kind == "[":
            return "a derivative is written diff[x, t](t)"
        if "operator" not in expected:
            return None
        if kind in ("name", "number", "(", "diff"):
            return "a product needs its *"
        if kind in KEYWORDS or kind == "end":
            return "each statement ends with ';'"
        return None


def _found(token: Token) -> str:
    if token.kind in ("name", "number"):
        return f"'{clip(token.text)}'"
    return _PLAIN.get(token.kind, f"'{token.kind}'")


def too_deep(at: Position) -> CompileError:
    """The limit of nesting is passed at this place."""
    return CompileError(
        Diagnostic(
            kind=Kind.LIMIT,
            message=f"nested more than {MAX_NESTING} deep",
            at=at,
            hint="name a part of the expression: let part(t) = ...;",
        )
    )
