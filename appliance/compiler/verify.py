"""Verify: read the emitted bytes back, simulate them, and compare with the ODE itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind
from drivers.apb.circuit import assemble
from drivers.apb.codec import decode
from sim.engine import Simulation, collect
from sim.errors import Diverged, SimulationError
from sim.grid import SampleGrid
from sim.netlist import build
from sim.options import SimulationOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.compiler.solution import Solution
    from appliance.compiler.system import System
    from drivers.apb.model import Circuit
    from sim.overloads import Overload

TOLERANCE: Final = 1e-3
LOWERED_TOLERANCE: Final = 2e-2
"""Largest accepted deviations, as parts of each probe's amplitude: when nothing was lowered, and
when something was."""
_POINTS: Final = 2001
_RESTS: Final = 1e-8
"""So small a part of its terms, a probe is nothing but what rounding leaves of them."""
_SEEN: Final = 1e-3
"""What rests is judged as if it were so large a part of its terms: a circuit's float32
coefficients leave errors of 1e-7 and more."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """Largest deviation of one probe in the user's units, when it happens (problem time), and the
    probe's amplitude over the horizon (of one that ``rests``, because its terms cancel: a small
    part of the terms; of one that has none: one machine unit)."""

    label: str
    largest: float
    time: float
    amplitude: float
    rests: bool = False

    @property
    def share(self) -> float:
        """Deviation as a part of the amplitude."""
        if self.largest == 0.0:
            return 0.0
        return self.largest / self.amplitude if self.amplitude > 0.0 else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """An element beyond one machine unit: which, by how much, and when (problem time)."""

    element: str
    value: float
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What the comparison found, judged up to problem time ``until``. ``excesses`` are those after
    that time, where nobody can say what the true solution does. ``worst`` is the largest deviation
    as a part of the amplitude in the time that can be predicted, ``farthest`` the one that is
    largest over the whole horizon, ``faults`` what stands against the circuit."""

    until: float
    predictable: float
    tolerance: float
    deviations: tuple[Deviation, ...]
    excesses: tuple[Excess, ...]
    worst: float
    farthest: Deviation
    faults: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparison:
    """Circuit against ODE: times (m,), errors (probes, m), amplitudes and rests (probes,)."""

    times: Array
    errors: Array
    amplitudes: Array
    rests: NDArray[np.bool_]
    excesses: tuple[Excess, ...]


def tolerance_of(system: System) -> float:
    """The user's word (a pragma), or what is usual."""
    usual = TOLERANCE if system.own == len(system.states) else LOWERED_TOLERANCE
    return system.program.tolerance or usual


def verify(
    data: bytes, solution: Solution, labels: Mapping[str, str] | None = None
) -> Verification:
    """Compare the circuit in ``data`` with the ODE's solution over the horizon.

    ``labels`` says what elements (by the simulator's names) are in the words of the program.

    A solution that nobody can predict to the end is judged up to the time to which it can be
    predicted, or as long as circuit and ODE agree, if that is longer. Faults (kind
    ``verification``) are a probe that deviates by more than the tolerance, and an element that
    leaves the machine's range. Raises CompileError where the circuit cannot be simulated.
    """
    comparison = _compare(data, solution, labels or {})
    tolerance = tolerance_of(solution.system)
    until = max(solution.predictable, _agreement(comparison, tolerance))
    deviations = _deviations(comparison, solution, until)
    faults = _deviation_faults(deviations, tolerance, solution)
    if not faults:  # a wrong circuit goes anywhere
        faults = [_excess_fault(e, solution) for e in comparison.excesses if e.time <= until]
    return Verification(
        until=until,
        predictable=solution.predictable,
        tolerance=tolerance,
        deviations=deviations,
        excesses=tuple(e for e in comparison.excesses if e.time > until),
        worst=max(d.share for d in _deviations(comparison, solution, solution.predictable)),
        farthest=max(
            _deviations(comparison, solution, solution.horizon), key=lambda d: _finite(d.share)
        ),
        faults=tuple(faults),
    )


def _compare(data: bytes, solution: Solution, labels: Mapping[str, str]) -> _Comparison:
    circuit = assemble(decode(data))
    scaling = circuit.scaling
    if scaling is None:
        message = "the emitted circuit lost its scaling"
        raise CompileError(Diagnostic(kind=Kind.VERIFICATION, message=message))
    samples, overloads = _simulate(circuit, solution.horizon / scaling.time_rate)
    times = np.linspace(0.0, solution.horizon, _POINTS)
    expected = solution.probe_values(times)
    factors = np.array([[p.factor] for p in scaling.probes])
    offsets = np.array([[p.offset] for p in scaling.probes])
    columns = [p.probe for p in scaling.probes]
    amplitudes, rests = _amplitudes(expected, solution.probe_terms())
    return _Comparison(
        times=times,
        errors=np.abs(factors * samples[:, columns].T + offsets - expected),
        amplitudes=np.where(amplitudes > 0.0, amplitudes, np.abs(factors[:, 0])),
        rests=rests,
        excesses=tuple(
            Excess(
                element=labels.get(o.element, o.element),
                value=o.peak,
                time=o.time_s * scaling.time_rate,
            )
            for o in overloads
        ),
    )


def _amplitudes(expected: Array, terms: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Amplitude of each probe (probes,) to judge it by, and which of them rest: ``expected`` is
    (probes, m), ``terms`` how large the terms are that each is the sum of."""
    peaks = np.max(np.abs(expected), axis=1)
    rests = (peaks <= _RESTS * terms) & (terms > 0.0)
    return np.where(rests, _SEEN * terms, peaks), rests


def _simulate(circuit: Circuit, end_s: float) -> tuple[Array, list[Overload]]:
    """Samples (_POINTS, probes) from 0 to the end, and the overloads."""
    try:
        netlist, grid = build(circuit), SampleGrid.evenly(end_s, _POINTS)
        try:
            simulation = Simulation(netlist, SimulationOptions())
            samples = collect(simulation, grid)
        except Diverged:  # hold what runs away: the time before can still be judged
            simulation = Simulation(netlist, SimulationOptions(with_limits=True))
            samples = collect(simulation, grid)
    except SimulationError as error:
        message = f"the circuit cannot be simulated: {error}"
        raise CompileError(Diagnostic(kind=Kind.VERIFICATION, message=message)) from error
    return samples, simulation.overloads


def _agreement(comparison: _Comparison, tolerance: float) -> float:
    """Time up to which every probe stays within the tolerance and every element in range."""
    beyond = np.any(comparison.errors > tolerance * comparison.amplitudes[:, None], axis=0)
    beyond |= ~np.all(np.isfinite(comparison.errors), axis=0)
    for excess in comparison.excesses:
        beyond |= comparison.times >= excess.time
    if not np.any(beyond):
        return float(comparison.times[-1])
    return float(comparison.times[max(int(np.argmax(beyond)) - 1, 0)])


def _deviations(comparison: _Comparison, solution: Solution, until: float) -> tuple[Deviation, ...]:
    judged = comparison.times <= until
    worst = np.argmax(comparison.errors[:, judged], axis=1)
    return tuple(
        Deviation(
            label=probe.label,
            largest=float(comparison.errors[number, worst[number]]),
            time=float(comparison.times[worst[number]]),
            amplitude=float(comparison.amplitudes[number]),
            rests=bool(comparison.rests[number]),
        )
        for number, probe in enumerate(solution.system.program.probes)
    )


def _finite(share: float) -> float:
    """A deviation that is no number is larger than all others."""
    return math.inf if math.isnan(share) else share


def _deviation_faults(
    deviations: tuple[Deviation, ...], tolerance: float, solution: Solution
) -> list[Diagnostic]:
    terms = solution.probe_terms()
    return [
        Diagnostic(
            kind=Kind.VERIFICATION,
            message=(
                f"the circuit deviates from the equations: probe {d.label} by {d.largest:.3g} "
                f"({100 * d.share:.3g} % of its amplitude) at "
                f"{solution.system.program.variable} = {d.time:.6g}, allowed are "
                f"{100 * tolerance:g} %"
            ),
            at=probe.at,
            hint=_deviation_hint(d, size),
        )
        for d, probe, size in zip(deviations, solution.system.program.probes, terms, strict=True)
        if not d.share <= tolerance
    ]


def _deviation_hint(found: Deviation, terms: float) -> str:
    """What helps a probe whose terms are as large as ``terms``."""
    if found.rests or found.amplitude >= _SEEN * terms:
        return "tighter bounds, a shorter horizon, or a slower run (k0)"
    return (
        f"the terms of {found.label} reach {terms:.3g} and cancel but for {found.amplitude:.3g}, "
        "which is finer than the machine adds: write an equation for what is left of them"
    )


def _excess_fault(excess: Excess, solution: Solution) -> Diagnostic:
    return Diagnostic(
        kind=Kind.VERIFICATION,
        message=(
            f"the circuit leaves the machine's range: {excess.element} reaches "
            f"{excess.value:.6g} machine units at "
            f"{solution.system.program.variable} = {excess.time:.6g}"
        ),
        hint="larger bounds (//@ bound), or a shorter horizon",
    )
