"""What the child process does for one compile task. Light: a child imports this first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from appliance.compiler.diagnostics import CompileError, Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE_NAME: Final = "ode_source"
"""What diagnostics call a program that came over the API: the name of its field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """The circuit file of a program."""

    module: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why a program has no circuit file."""

    diagnostics: tuple[Diagnostic, ...]


class CompileFunction(Protocol):
    """Source, target, k0: a top-level function that a child process can run."""

    def __call__(
        self, source: str, target: bytes, k0: int | None, /, *, log: Callable[[str], None]
    ) -> Compiled | Refused: ...


def compile_in_child(
    source: str, target: bytes, k0: int | None, *, log: Callable[[str], None]
) -> Compiled | Refused:
    """What the child process does; a refusal is an answer, not an error, on its way back."""
    from appliance.compiler.job import compile_job  # the server never loads the mathematics

    try:
        return Compiled(module=compile_job(source, SOURCE_NAME, target, k0, log=log))
    except CompileError as error:
        return Refused(diagnostics=error.diagnostics)
