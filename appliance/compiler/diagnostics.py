"""What the compiler has to say about a program: errors and warnings with a place and a hint."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Error kinds of the language (analang reference, section 10)."""

    LEXICAL = "lexical"
    SYNTAX = "syntax"
    UNKNOWN_MODULE = "unknown-module"
    NO_EQUATIONS = "no-equations"
    NO_PROBE = "no-probe"
    RESERVED_NAME = "reserved-name"
    INDEPENDENT_VARIABLE = "independent-variable"
    DUPLICATE_DEFINITION = "duplicate-definition"
    DUPLICATE_INITIAL_CONDITION = "duplicate-initial-condition"
    MISSING_INITIAL_CONDITION = "missing-initial-condition"
    UNDEFINED_FUNCTION = "undefined-function"
    UNDEFINED_NAME = "undefined-name"
    MISSING_ARGUMENT = "missing-argument"
    BAD_ARGUMENT = "bad-argument"
    DERIVATIVE_ORDER = "derivative-order"
    IC_TIME = "ic-time"
    NOT_CONSTANT = "not-constant"
    IC_ON_ALGEBRAIC = "ic-on-algebraic"
    ALGEBRAIC_LOOP = "algebraic-loop"
    CYCLIC_DEFINITION = "cyclic-definition"
    DIVISION_BY_ZERO = "division-by-zero"
    DOMAIN = "domain"
    UNSUPPORTED_EXPONENT = "unsupported-exponent"
    NOT_DIFFERENTIABLE = "not-differentiable"
    PRAGMA = "pragma"
    LIMIT = "limit"
    # later stages; no position unless one statement can be blamed
    AMPLITUDE_UNBOUNDED = "amplitude-unbounded"
    COEFFICIENT_RANGE = "coefficient-range"
    CAPACITY = "capacity"
    ROUTING = "routing"
    VERIFICATION = "verification"
    COMPILE_TIMEOUT = "compile-timeout"
    COMPILE_MEMORY = "compile-memory"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Line and column, both from 1; a column is one Unicode code point."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One error or warning. ``at`` is None where no place can be blamed."""

    kind: str
    message: str
    at: Position | None = None
    hint: str | None = None
    is_warning: bool = False


class CompileError(Exception):
    """A program is refused; ``diagnostics`` holds all reasons, sorted by position."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("; ".join(f"{d.kind}: {d.message}" for d in diagnostics))
        self.diagnostics = diagnostics

    def __reduce__(self) -> tuple[type[CompileError], tuple[Diagnostic, ...]]:
        """The way back from the process that compiled keeps the diagnostics."""
        return type(self), self.diagnostics
