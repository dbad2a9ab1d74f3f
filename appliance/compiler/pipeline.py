"""The compiler's spine: text to circuit file, stage after stage.

parse -> check -> first-order system -> elements -> scale -> count -> place -> route -> emit ->
verify. Each stage is a pure function from one typed value to the next; this file only joins them
and tells the log what they found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.compiler import report
from appliance.compiler.amplitudes import choose_amplitudes
from appliance.compiler.channels import choose_channels
from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind
from appliance.compiler.elements import build_elements
from appliance.compiler.emit import emit
from appliance.compiler.front import read_program
from appliance.compiler.place import count, place
from appliance.compiler.route import route
from appliance.compiler.solution import solve
from appliance.compiler.system import reduce_order
from appliance.compiler.target import read_target
from appliance.compiler.verify import verify
from appliance.compiler.wiring import DEFAULT_RATE, MAX_RATE, scale_time

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileOptions:
    """``k0``: wanted problem time units per second of machine time (None: 10 000).
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
    """Compile analang ``source`` for the machine that the entity blob ``target`` describes.

    Returns the circuit file. ``name`` is what diagnostics call the source. Raises CompileError
    with everything that stands against the program, CircuitFileError when ``target`` is no
    description of a machine.
    """
    rate = _wanted_rate(options)
    machine = read_target(target)
    program = read_program(source)
    report.warnings(program.warnings, source, name, log)
    elements = build_elements(reduce_order(program))
    channels = choose_channels(elements)
    demand = count(elements, channels)
    placement = place(demand, machine)
    solution = solve(elements.system, program.horizon or options.horizon)
    report.warnings(solution.warnings, source, name, log)
    candidates = choose_amplitudes(elements, channels, solution)
    wiring = scale_time(
        elements, channels, candidates, rate, placement.cluster.lanes, placement.half_reach
    )
    routing = route(wiring, placement)
    report.resources(demand, placement, routing, log)
    report.scaling(elements, wiring, solution, rate, log)
    data = emit(elements, channels, solution, wiring, placement, routing, machine)
    report.verification(verify(data, solution), program.variable, solution.horizon, log)
    return data


def _wanted_rate(options: CompileOptions) -> float:
    if options.k0 is None:
        return DEFAULT_RATE
    if not 1 <= options.k0 <= MAX_RATE:
        message = f"k0 is {options.k0}, but must be from 1 to {MAX_RATE}"
        hint = "k0 is the number of problem time units per second of machine time"
        raise CompileError(Diagnostic(kind=Kind.COEFFICIENT_RANGE, message=message, hint=hint))
    return float(options.k0)
