"""The log of a compile, in the user's words and units."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from appliance.compiler.render import render
from appliance.compiler.wiring import Connection, SinkKind, Wiring

if TYPE_CHECKING:
    from appliance.compiler.diagnostics import Diagnostic
    from appliance.compiler.elements import Elements
    from appliance.compiler.place import Demand, Placement
    from appliance.compiler.route import Routing
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


def resources(demand: Demand, placement: Placement, routing: Routing, log: Log) -> None:
    """What the circuit uses of what its cluster has."""
    cluster = placement.cluster
    log(
        f"resources on {cluster.path}: "
        f"integrators {demand.integrators}/{len(cluster.integrators)}, "
        f"multipliers {demand.multipliers}/{len(cluster.multipliers)}, "
        f"pass-through elements {demand.taps}, "
        f"lanes {routing.used}/{cluster.lanes}, "
        f"channels {demand.channels}/{cluster.channels}"
    )


def scaling(
    elements: Elements, wiring: Wiring, solution: Solution, wanted: float, log: Log
) -> None:
    """Amplitudes, integrator rates, the time mapping, and weights that hardware would round."""
    for number, state in enumerate(elements.system.states):
        log(
            f"scaling: 1 machine unit of {state.label} = "
            f"{wiring.amplitudes.signals[number]:g} (reaches {solution.amplitudes[number]:.4g}), "
            f"integrator rate {wiring.integrator_rates[number]}"
        )
    variable = elements.system.program.variable
    log(
        f"time: 1 s of machine time = {wiring.rate:.6g} units of {variable}; "
        f"the horizon {solution.horizon:g} takes {solution.horizon / wiring.rate:.4g} s"
    )
    if wiring.rate < wanted:
        log(
            f"warning: slower than the wanted {wanted:g} units per second, because the weights "
            "would not fit the lanes otherwise"
        )
    _fine_starts(elements, wiring, log)
    _fine_weights(elements, wiring, log)


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
            log(
                f"warning: a weight of {connection.weight:.3g} {_place(elements, connection)} is "
                f"below the resolution of the hardware's factors ({RESOLUTION:g})"
            )


def _place(elements: Elements, connection: Connection) -> str:
    sink = connection.sink
    if sink.kind is SinkKind.STATE:
        return f"in the equation of {elements.system.states[sink.number].label}"
    if sink.kind is SinkKind.TAP:
        return "in a probed sum"
    at = elements.products[sink.number].at
    return f"in the product at {at.line}:{at.column}"


def verification(found: Verification, variable: str, horizon: float, log: Log) -> None:
    """Deviation from the ODE, probe by probe."""
    if found.until < horizon:
        log(
            f"verification: compared up to {variable} = {found.until:.4g}; beyond, the solution "
            f"cannot be predicted (a change of 0.1 % at the start grows to 5 % by "
            f"{variable} = {found.predictable:.4g})"
        )
    for excess in found.excesses:
        log(
            f"warning: {excess.element} may leave the machine's range "
            f"({excess.value:.4g} machine units at {variable} = {excess.time:.4g}); a larger "
            "bound pragma gives room"
        )
    for d in found.deviations:
        log(
            f"verification: probe {d.label} deviates from the equations by at most "
            f"{d.largest:.3g} ({100 * d.share:.2g} % of its amplitude {d.amplitude:.4g}) "
            f"at {variable} = {d.time:.4g}"
        )
