"""The log of a compile, in the user's words and units."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from appliance.compiler.render import render
from appliance.compiler.wiring import Wiring, sink_in_words

if TYPE_CHECKING:
    from appliance.compiler.diagnostics import Diagnostic
    from appliance.compiler.elements import Elements
    from appliance.compiler.search import Compiled
    from appliance.compiler.solution import Solution
    from appliance.compiler.verify import Verification

Log = Callable[[str], None]

RESOLUTION = 5e-4
"""Smallest step of a lane factor on the hardware (11 bit and sign)."""


def warnings(found: Iterable[Diagnostic], source: str, name: str, log: Log) -> None:
    """Each warning with its source line and caret."""
    for diagnostic in found:
        for line in render(diagnostic, source, name).splitlines():
            log(line)


def settled_horizon(pragma: float | None, option: float | None, log: Log) -> None:
    """Which horizon counts, where pragma and option name different ones."""
    if pragma is not None and option is not None and pragma != option:
        log(f"horizon: {pragma:g} from the program's pragma, which beats the option ({option:g})")


def compiled(found: Compiled, log: Log) -> None:
    """What a circuit uses, how it is scaled, what was lowered, and how well it agrees."""
    elements, solution = found.layout.elements, found.solution
    _resources(found, log)
    _scaling(elements, found.wiring, solution, log)
    _time(found, log)
    _lowering(found, log)
    _fine_starts(elements, found.wiring, log)
    _fine_weights(elements, found.wiring, log)
    _verification(found.verification, solution.system.program.variable, solution.horizon, log)


def _resources(found: Compiled, log: Log) -> None:
    """What the circuit uses of what its cluster has."""
    elements, cluster = found.layout.elements, found.layout.placement.cluster
    log(
        f"resources on {cluster.path}: "
        f"integrators {elements.state_count}/{len(cluster.integrators)}, "
        f"multipliers {len(elements.products)}/{len(cluster.multipliers)}, "
        f"pass-through elements {len(elements.passes)}, "
        f"lanes {found.routing.used}/{cluster.lanes}, "
        f"channels {len(found.layout.channels.readings)}/{cluster.channels}"
    )


def _scaling(elements: Elements, wiring: Wiring, solution: Solution, log: Log) -> None:
    for number, state in enumerate(elements.system.states):
        log(
            f"scaling: 1 machine unit of {state.label} = "
            f"{wiring.amplitudes.signals[number]:g} (reaches {solution.amplitudes[number]:.4g}), "
            f"integrator rate {wiring.integrator_rates[number]}"
        )


def _time(found: Compiled, log: Log) -> None:
    wiring, horizon = found.wiring, found.solution.horizon
    variable = found.solution.system.program.variable
    log(
        f"time: 1 s of machine time = {wiring.rate:.6g} units of {variable}; "
        f"op time {horizon / wiring.rate:.4g} s = {horizon:g} time units"
    )
    if wiring.rate < found.wanted:
        log(
            f"warning: slower than the {found.wanted:g} units per second aimed at, because the "
            "weights would not fit the lanes otherwise"
        )


def _lowering(found: Compiled, log: Log) -> None:
    """States that the compiler made."""
    for state, gain in zip(found.solution.system.states, found.gains, strict=True):
        if state.value is None:
            continue
        what = f"a relaxation loop of gain {gain:.4g}" if state.is_loop else "its own equation"
        log(f"lowering: {state.label} (line {state.at.line}, column {state.at.column}) by {what}")


def _fine_starts(elements: Elements, wiring: Wiring, log: Log) -> None:
    for number, state in enumerate(elements.system.states):
        start = state.initial / wiring.amplitudes.signals[number]
        if 0.0 < abs(start) < RESOLUTION:
            log(
                f"warning: {state.label} starts at {start:.3g} machine units, which hardware "
                "cannot tell from zero; if it grows from there, it will do so at another time"
            )


def _fine_weights(elements: Elements, wiring: Wiring, log: Log) -> None:
    for connection in wiring.connections:
        if 0.0 < abs(connection.weight) < RESOLUTION:
            place = sink_in_words(connection.sink, elements)
            log(
                f"warning: a weight of {connection.weight:.3g} {place} is below the resolution of "
                f"the hardware's factors ({RESOLUTION:g})"
            )


def _verification(found: Verification, variable: str, horizon: float, log: Log) -> None:
    """Deviation from the ODE, probe by probe."""
    if found.until < horizon:
        log(
            f"verification: compared up to {variable} = {found.until:.4g}; beyond, the solution "
            f"cannot be predicted (a change of 0.1 % at the start grows to 5 % by "
            f"{variable} = {found.predictable:.4g})"
        )
        far = found.farthest
        log(
            f"warning: after {variable} = {found.until:.4g} the circuit goes its own way: probe "
            f"{far.label} is off by {far.largest:.3g} ({100 * far.share:.3g} % of its amplitude) "
            f"at {variable} = {far.time:.4g}"
        )
    for excess in found.excesses:
        log(
            f"warning: {excess.element} may leave the machine's range "
            f"({excess.value:.4g} machine units at {variable} = {excess.time:.4g}); a larger "
            "bound pragma gives room"
        )
    for d in found.deviations:
        what = "a thousandth of its terms," if d.rests else "its amplitude"
        log(
            f"verification: probe {d.label} deviates from the equations by at most "
            f"{d.largest:.3g} ({100 * d.share:.2g} % of {what} {d.amplitude:.4g}) "
            f"at {variable} = {d.time:.4g}"
        )
        if d.rests:
            log(f"verification: the terms of probe {d.label} cancel; what it records is rounding")
