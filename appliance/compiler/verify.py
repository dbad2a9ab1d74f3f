"""Verify: read the emitted bytes back, simulate them, and compare with the ODE itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind
from drivers.apb.circuit import assemble
from drivers.apb.codec import decode
from sim.engine import Simulation, collect
from sim.grid import SampleGrid
from sim.netlist import build
from sim.options import SimulationOptions

if TYPE_CHECKING:
    from appliance.compiler.solution import Solution
    from drivers.apb.model import Scaling

TOLERANCE: Final = 1e-3
"""Largest accepted deviation, as a part of each probe's amplitude, when nothing was lowered."""
_POINTS: Final = 2001

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """Largest deviation of one probe in the user's units, when it happens (problem time), and the
    probe's amplitude over the horizon."""

    label: str
    largest: float
    time: float
    amplitude: float

    @property
    def share(self) -> float:
        """Deviation as a part of the amplitude; of a probe that rests at zero, the deviation."""
        return self.largest / self.amplitude if self.amplitude > 0.0 else self.largest


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What the comparison found, up to problem time ``until``; ``overloads`` in plain words."""

    until: float
    tolerance: float
    deviations: tuple[Deviation, ...]
    overloads: tuple[str, ...]


def verify(data: bytes, solution: Solution) -> Verification:
    """Compare the circuit in ``data`` with the ODE's solution.

    Raises CompileError ``verification`` when a probe deviates by more than the tolerance, or when
    an element leaves the machine's range while the solution is predictable.
    """
    circuit = assemble(decode(data))
    if circuit.scaling is None:
        message = "the emitted circuit lost its scaling"
        raise CompileError(Diagnostic(kind=Kind.VERIFICATION, message=message))
    scaling = circuit.scaling
    until = solution.predictable
    simulation = Simulation(build(circuit), SimulationOptions())
    samples = collect(simulation, SampleGrid.evenly(until / scaling.time_rate, _POINTS))
    times = np.linspace(0.0, until, _POINTS)
    deviations = _deviations(samples, times, scaling, solution)
    result = Verification(
        until=until,
        tolerance=solution.system.program.tolerance or TOLERANCE,
        deviations=deviations,
        overloads=tuple(
            f"{o.element} reaches {o.value:.6g} machine units at "
            f"{scaling.variable} = {o.time_s * scaling.time_rate:.6g}"
            for o in simulation.overloads
        ),
    )
    _judge(result, solution)
    return result


def _deviations(
    samples: Array, times: Array, scaling: Scaling, solution: Solution
) -> tuple[Deviation, ...]:
    expected = solution.probe_values(times)
    amplitudes = _amplitudes(solution)
    found: list[Deviation] = []
    for probe in scaling.probes:
        measured = probe.factor * samples[:, probe.probe] + probe.offset
        errors = np.abs(measured - expected[probe.probe])
        worst = int(np.argmax(errors))
        found.append(
            Deviation(
                label=probe.name,
                largest=float(errors[worst]),
                time=float(times[worst]),
                amplitude=float(amplitudes[probe.probe]),
            )
        )
    return tuple(found)


def _amplitudes(solution: Solution) -> Array:
    values = solution.probe_values(np.linspace(0.0, solution.horizon, _POINTS))
    return np.asarray(np.max(np.abs(values), axis=1))


def _judge(result: Verification, solution: Solution) -> None:
    faults = [
        Diagnostic(
            kind=Kind.VERIFICATION,
            message=(
                f"the circuit deviates from the equations: probe {d.label} by {d.largest:.3g} "
                f"({100 * d.share:.3g} % of its amplitude) at "
                f"{solution.system.program.variable} = {d.time:.6g}, allowed are "
                f"{100 * result.tolerance:g} %"
            ),
            at=probe.at,
            hint="tighter bounds, a shorter horizon, or a slower run (k0)",
        )
        for d, probe in zip(result.deviations, solution.system.program.probes, strict=True)
        if not d.share <= result.tolerance
    ]
    faults += [
        Diagnostic(
            kind=Kind.VERIFICATION,
            message=f"the circuit leaves the machine's range: {text}",
            hint="larger bounds (//@ bound), or a shorter horizon",
        )
        for text in result.overloads
    ]
    if faults:
        raise CompileError(*faults)
