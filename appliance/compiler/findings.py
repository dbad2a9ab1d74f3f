"""A collection of errors and warnings that grows while a program is checked."""

from __future__ import annotations

from appliance.compiler.diagnostics import CompileError, Diagnostic, Position


class Findings:
    """Errors and warnings so far, in any order."""

    def __init__(self) -> None:
        self._errors: list[Diagnostic] = []
        self._warnings: list[Diagnostic] = []

    def error(self, kind: str, message: str, at: Position, hint: str | None = None) -> None:
        self._errors.append(Diagnostic(kind=kind, message=message, at=at, hint=hint))

    def warn(self, kind: str, message: str, at: Position, hint: str | None = None) -> None:
        self._warnings.append(
            Diagnostic(kind=kind, message=message, at=at, hint=hint, is_warning=True)
        )

    def absorb(self, error: CompileError) -> None:
        """Take over the diagnostics of an error raised elsewhere."""
        self._errors.extend(error.diagnostics)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """Sorted by position."""
        return tuple(sorted(self._warnings, key=_place))

    def raise_errors(self) -> None:
        """Raise CompileError with all errors, sorted by position, if there are any."""
        if self._errors:
            raise CompileError(*sorted(self._errors, key=_place))


def _place(diagnostic: Diagnostic) -> Position:
    return diagnostic.at or Position(0, 0)
