"""A compiler that does what the program says. Light: a child process imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.compile_child import Compiled, Refused
from appliance.compiler.diagnostics import Diagnostic, Position

if TYPE_CHECKING:
    from collections.abc import Callable


def fake_compile(
    source: str, target: bytes, k0: int | None, /, *, log: Callable[[str], None]
) -> Compiled | Refused:
    """Runs in a child; the program says what happens."""
    log("warming up\nready")
    if source == "spin":
        while True:
            pass
    if source == "crash":
        raise ValueError("a bug of the compiler")
    if source == "wrong":
        fault = Diagnostic(kind="syntax", message="not so", at=Position(1, 2), hint="write more")
        return Refused(diagnostics=(fault, fault))
    return Compiled(module=target)
