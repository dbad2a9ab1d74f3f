"""The compiler's spine: text to circuit file, stage after stage.

parse -> check -> first-order system -> lower -> elements -> layout -> solve -> scale -> route ->
emit -> verify; the last four are tried until a circuit meets the equations (``search.py``). Each
stage is a pure function from one typed value to the next; this file only joins them and tells the
log what they found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.compiler import report
from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind
from appliance.compiler.front import read_program
from appliance.compiler.search import NotMet, find_circuit
from appliance.compiler.target import read_target
from appliance.compiler.wiring import MAX_RATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.compiler.search import Compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileOptions:
    """``k0``: wanted problem time units per second of machine time (None: 10 000, or as slow as
    relaxation loops need it).
    ``horizon``: problem time to cover where the program has no horizon pragma (None: 20)."""

    k0: int | None = None
    horizon: float | None = None


def compile_program(
    source: str,
    name: str,
    target: bytes,
    options: CompileOptions,
    log: Callable[[str], None],
) -> bytes:
    """The circuit file of a program: see ``compile_circuit``."""
    return compile_circuit(source, name, target, options, log).data


def compile_circuit(
    source: str,
    name: str,
    target: bytes,
    options: CompileOptions,
    log: Callable[[str], None],
) -> Compiled:
    """Compile analang ``source`` for the machine that the entity blob ``target`` describes.

    Returns the circuit file and how it came about. ``name`` is what diagnostics call the source.
    Raises CompileError with everything that stands against the program, CircuitFileError when
    ``target`` is no description of a machine.
    """
    rate = _wanted_rate(options)
    machine = read_target(target)
    program = read_program(source)
    report.warnings(program.warnings, source, name, log)
    report.settled_horizon(program.horizon, options.horizon, log)
    try:
        found = find_circuit(program, machine, rate, options.horizon)
    except NotMet as error:
        _tell(error.found, source, name, log)
        raise CompileError(*error.diagnostics) from error
    _tell(found, source, name, log)
    return found


def _tell(found: Compiled, source: str, name: str, log: Callable[[str], None]) -> None:
    report.warnings(found.solution.warnings, source, name, log)
    report.compiled(found, log)


def _wanted_rate(options: CompileOptions) -> float | None:
    if options.k0 is None:
        return None
    if not 1 <= options.k0 <= MAX_RATE:
        message = f"k0 is {options.k0}, but must be from 1 to {MAX_RATE}"
        hint = "k0 is the number of problem time units per second of machine time"
        raise CompileError(Diagnostic(kind=Kind.COEFFICIENT_RANGE, message=message, hint=hint))
    return float(options.k0)
