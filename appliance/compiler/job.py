"""The compile job: what the child process runs for one compile task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.compiler.pipeline import CompileOptions, compile_program

if TYPE_CHECKING:
    from collections.abc import Callable


def compile_job(
    source: str, name: str, target: bytes, k0: int | None, *, log: Callable[[str], None]
) -> bytes:
    """Compile over the API: the horizon comes from the program's pragma only.

    Returns the circuit file; raises as ``compile_program`` does.
    """
    return compile_program(source, name, target, CompileOptions(k0=k0), log)
