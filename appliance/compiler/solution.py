"""The ODE's own solution, computed digitally: bounds for scaling and the reference for proof.

Everything here works on the checked program itself and knows nothing of elements or circuits, so
that the verification of a compiled circuit has an independent judge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import DOP853, OdeSolution

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind
from appliance.compiler.digits import round_down
from appliance.compiler.domain import Domains, values
from appliance.compiler.evaluate import initial_state, rhs_function, rhs_work
from appliance.compiler.program import Read
from appliance.compiler.rounding import sizes_and_terms, step_noise, term_sizes
from appliance.compiler.system import Need
from appliance.compiler.wording import written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.compiler.program import Expr, Program
    from appliance.compiler.system import Guard, State, System

DEFAULT_HORIZON: Final = 20.0
"""Problem time that scaling covers when nobody names another (analang reference, section 9)."""
_RTOL: Final = 1e-11
_ROUGH_RTOL: Final = 1e-7
_ABSOLUTE: Final = 0.01
"""Absolute tolerance of a state of size 1, as a part of the relative one."""
_TERM_TIMES: Final = 64
_SMALLEST_ERROR: Final = 1e-300
_LARGEST: Final = 1e300
"""A state beyond it has run away, and what is computed from it would soon be no number."""
_SAMPLES_PER_STEP: Final = 8
MAX_ROUGH_STEPS: Final = 25_000
"""Of a first look, which tells within some three seconds whether there is a solution to follow:
what is only stiff takes as many steps roughly as exactly."""
_USUAL_WORK: Final = 300
"""Operations of a right side for which these limits are made; of a larger one, fewer steps."""
_FEWEST_STEPS: Final = 500
_USABLE: Final = 20
"""Of a solution that takes too many steps the first one in so many is worth a circuit."""
MAX_STEPS: Final = 100_000
"""Some ten seconds and a few hundred megabytes."""
_PERTURBATION: Final = 1e-3
_PREDICTABLE_CHANGE: Final = 0.05
_SHORT: Final = 3_000
"""Rough steps of a solution whose exact one takes about a second."""
_COMPARED: Final = 6.0
"""A circuit, whose coefficients are float32, agrees with a chaotic solution for some three to four
times as long as one from a start 0.1 % beside."""

Array = NDArray[np.float64]
RightSide: TypeAlias = Callable[[float, Array], Array]
Solver: TypeAlias = Any  # the types known for DOP853 are wrong: one atol only, no status failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Solution over [0, horizon] in problem time and the user's units.

    ``times`` (m,) and ``states`` (n, m) are samples dense enough to see every peak, of all states
    of the system (of those that the compiler made, the exact values of what they stand for);
    ``amplitudes`` (n,) is the largest absolute value of each state, ``sizes`` the same but for
    states that rest, where it is what their derivative's terms could do. ``predictable`` is the
    time up to which a change of all start values by 0.1 % of their amplitudes moves no state by
    more than 5 % of its amplitude (analang reference, section 12).
    """

    system: System
    horizon: float
    times: Array
    states: Array
    amplitudes: Array
    sizes: Array
    predictable: float
    interpolant: OdeSolution
    warnings: tuple[Diagnostic, ...] = ()

    def values(self, exprs: Sequence[Expr], times: Array) -> Array:
        """Values of expressions of the program at the given times: (exprs, times)."""
        return values(self.system.program, exprs, times, self.interpolant(times))

    def probe_values(self, times: Array) -> Array:
        """Value of each probe at the given times: (probes, times)."""
        return self.values(self._probes(), times)

    def probe_terms(self) -> Array:
        """How large the terms are that each probe is the sum of: (probes,)."""
        times = np.linspace(0.0, self.horizon, _TERM_TIMES)
        states = self.interpolant(times)
        own = len(states)
        rests = self.sizes[:own] != self.amplitudes[:own]
        states[rests] = self.sizes[:own][rests, None]
        return term_sizes(self.system.program, self._probes(), times, states)

    def _probes(self) -> list[Read]:
        return [Read(p.name, p.order) for p in self.system.program.probes]


def solve(system: System, horizon: float | None) -> Solution:
    """Solve the system's ODE over ``horizon``, or the default one if None.

    Raises CompileError ``amplitude-unbounded`` when the solution ends, or leaves the domain of a
    function, before a horizon that the user named; a default horizon is shortened to what the ODE
    has, with a warning.
    """
    right_side = rhs_function(system.program)
    start = initial_state(system.program)
    wanted = DEFAULT_HORIZON if horizon is None else horizon
    allowed = _allowed_steps(system.program)
    rough = _integrate(
        right_side, start, wanted, _start_scale(start), _ROUGH_RTOL, max_steps=allowed
    )
    warnings: tuple[Diagnostic, ...] = ()
    end = _end_of(system, rough, wanted)
    if end is not None:
        if horizon is not None:
            raise CompileError(end.fault)
        wanted = end.usable
        warnings = (_shortened(end.fault, wanted),)
    scale = _typical_sizes(system.program, start, rough, wanted)
    most = allowed if warnings else MAX_STEPS
    exact = _follow(right_side, start, scale, rough, wanted, most)
    end = _end_of(system, exact, wanted)
    if end is not None:
        raise CompileError(end.fault)
    return _solution(system, exact, wanted, scale, warnings)


def _allowed_steps(program: Program) -> int:
    """Rough steps, so that the time for them does not depend on the length of the program."""
    share = min(1.0, _USUAL_WORK / max(rhs_work(program), 1))
    return max(int(MAX_ROUGH_STEPS * share), _FEWEST_STEPS)


def _follow(
    right_side: RightSide,
    start: Array,
    scale: Array,
    rough: _Trajectory,
    wanted: float,
    most: int,
) -> _Trajectory:
    """The solution, exact; a long one only as far as a circuit could ever be compared with it.
    Where nobody can predict it any more its size is of interest, which a rough solution shows as
    well."""
    if rough.steps <= _SHORT:
        return _integrate(right_side, start, wanted, scale, _RTOL, max_steps=most)
    peaks = np.max(np.abs(rough.interpolant(np.linspace(0.0, wanted, 512))), axis=1)
    moved = start + _PERTURBATION * peaks
    reach = _COMPARED * _predictable(right_side, moved, scale, peaks, rough, wanted, _ROUGH_RTOL)
    if reach >= wanted:
        return _integrate(right_side, start, wanted, scale, _RTOL, max_steps=most)
    exact = _integrate(right_side, start, reach, scale, _RTOL, max_steps=most)
    if exact.end < reach:
        return exact
    last = np.asarray(exact.interpolant(reach))
    return exact.joined(_integrate(right_side, last, wanted, scale, _ROUGH_RTOL, begin=reach))


def _solution(
    system: System,
    exact: _Trajectory,
    horizon: float,
    scale: Array,
    warnings: tuple[Diagnostic, ...],
) -> Solution:
    times, states = exact.samples()
    amplitudes = np.max(np.abs(states), axis=1)
    sizes, _ = _sizes_and_terms(system.program, exact, horizon, amplitudes)
    start = states[:, 0] + _PERTURBATION * amplitudes
    right_side = rhs_function(system.program)
    predictable = _predictable(right_side, start, scale, sizes, exact, horizon, _RTOL)
    made = _made_states(system, times, states)
    made_sizes = np.max(np.abs(made), axis=1, initial=0.0)
    return Solution(
        system=system,
        horizon=horizon,
        times=times,
        states=np.concatenate((states, made)),
        amplitudes=np.concatenate((amplitudes, made_sizes)),
        sizes=np.concatenate((sizes, made_sizes)),
        predictable=predictable,
        interpolant=exact.interpolant,
        warnings=(*warnings, *Domains(system, times, states).warnings()),
    )


def _made_states(system: System, times: Array, states: Array) -> Array:
    """Exact values of the states that the compiler made (made, m)."""
    wanted = [state.value for state in system.states if state.value is not None]
    return values(system.program, wanted, times, states)


@dataclass(frozen=True, slots=True)
class _Trajectory:
    """A solution as far as it was followed; ``is_cut`` where the allowed steps were not enough."""

    interpolant: OdeSolution
    is_cut: bool

    @property
    def end(self) -> float:
        return float(self.interpolant.ts[-1])

    @property
    def steps(self) -> int:
        return len(self.interpolant.ts) - 1

    def joined(self, tail: _Trajectory) -> _Trajectory:
        """This one, and what follows from its end on."""
        times = np.concatenate((self.interpolant.ts, tail.interpolant.ts[1:]))
        pieces = [*self.interpolant.interpolants, *tail.interpolant.interpolants]
        return _Trajectory(OdeSolution(times, pieces), tail.is_cut)

    def samples(self) -> tuple[Array, Array]:
        """Times (m,) and states (n, m), some within every step."""
        times = _dense_times(self.interpolant.ts)
        return times, self.interpolant(times)


def _integrate(
    right_side: RightSide,
    start: Array,
    end: float,
    scale: Array,
    rtol: float,
    is_enough: Callable[[Solver], bool] = lambda solver: False,
    max_steps: int = MAX_STEPS,
    begin: float = 0.0,
) -> _Trajectory:
    """Follow the solution from ``begin`` as far as it goes, or until ``is_enough`` after a step.

    ``scale`` (n,) is the typical size of each state.
    """
    with np.errstate(all="ignore"):
        atol = np.maximum(scale * rtol * _ABSOLUTE, _SMALLEST_ERROR)
        tolerances: dict[str, Any] = {"rtol": rtol, "atol": atol}
        solver: Solver = DOP853(right_side, begin, start, end, **tolerances)
        times: list[float] = [begin]
        pieces: list[Any] = []
        can_begin = bool(np.isfinite(solver.h_abs))  # with a first step that is nan it spins
        while can_begin and solver.status == "running" and len(pieces) < max_steps:
            solver.step()
            if solver.status == "failed":  # no step is small enough: the solution ends here
                break
            if not np.max(np.abs(solver.y)) <= _LARGEST:
                break
            times.append(float(solver.t))
            pieces.append(solver.dense_output())
            if is_enough(solver):
                break
    if not pieces:
        message = f"the equations have no finite value at the start, or one beyond {_LARGEST:g}"
        raise CompileError(Diagnostic(kind=Kind.AMPLITUDE_UNBOUNDED, message=message))
    return _Trajectory(OdeSolution(times, pieces), len(pieces) == max_steps)


def _start_scale(start: Array) -> Array:
    """Sizes before anything is known: the start values, or the largest of them for a zero."""
    largest = float(np.max(np.abs(start), initial=0.0))
    return np.where(start != 0.0, np.abs(start), largest or 1.0)


def _dense_times(steps: Array) -> Array:
    fractions = np.arange(_SAMPLES_PER_STEP) / _SAMPLES_PER_STEP
    inner = steps[:-1, None] + np.diff(steps)[:, None] * fractions[None, :]
    return np.append(inner.ravel(), steps[-1])


def _typical_sizes(program: Program, start: Array, rough: _Trajectory, end: float) -> Array:
    """Typical size of each state, for the exact solution: of one that grows its start value, whose
    error would grow with it; of one that rests what makes rounding look small."""
    peaks = np.max(np.abs(rough.interpolant(np.linspace(0.0, end, 512))), axis=1)
    sizes, terms = _sizes_and_terms(program, rough, end, peaks)
    steps = int(np.count_nonzero(rough.interpolant.ts < end))
    noise = step_noise(terms, end / steps)
    scale = np.where(start != 0.0, np.minimum(peaks, np.abs(start)), peaks)
    scale = np.where(sizes != peaks, np.maximum(scale, noise / (_RTOL * _ABSOLUTE)), scale)
    return np.where(scale > 0.0, scale, 1.0)


def _sizes_and_terms(
    program: Program, trajectory: _Trajectory, end: float, amplitudes: Array
) -> tuple[Array, Array]:
    times = np.linspace(0.0, end, _TERM_TIMES)
    return sizes_and_terms(program, times, trajectory.interpolant(times), amplitudes)


def _predictable(
    right_side: RightSide,
    start: Array,
    scale: Array,
    sizes: Array,
    exact: _Trajectory,
    end: float,
    rtol: float,
) -> float:
    """Time, up to ``end``, until which the solution from a neighbouring ``start`` stays near the
    exact one."""
    limit = np.where(sizes > 0.0, _PREDICTABLE_CHANGE * sizes, np.inf)

    def is_far(solver: Solver) -> bool:
        return bool(np.any(np.abs(solver.y - exact.interpolant(solver.t)) > limit))

    # No further than that: a neighbour that runs away may become very slow to follow.
    moved = _integrate(right_side, start, end, scale, rtol, is_far)
    times = np.linspace(0.0, moved.end, 4001)
    change = np.abs(moved.interpolant(times) - exact.interpolant(times))
    beyond = np.any(change > limit[:, None], axis=0)
    return float(times[np.argmax(beyond)]) if np.any(beyond) else moved.end


@dataclass(frozen=True, slots=True)
class _End:
    """Why and where a solution ends before the horizon, and how much of it is worth a circuit."""

    fault: Diagnostic
    usable: float


def _end_of(system: System, trajectory: _Trajectory, wanted: float) -> _End | None:
    domains = Domains(system, *trajectory.samples()) if system.guards else None
    leaving = domains and domains.first_leaving()
    if leaving:
        usable = round_down(0.9 * leaving.time)
        return _End(_leaves(system, leaving.guard, leaving.time, wanted, usable), usable)
    if trajectory.end >= wanted:
        return None
    if trajectory.is_cut:
        usable = round_down(float(trajectory.interpolant.ts[trajectory.steps // _USABLE]))
    else:
        usable = round_down(0.9 * trajectory.end)
    guard = domains.blamed_at_end() if domains and not trajectory.is_cut else None
    if guard is not None:
        return _End(_leaves(system, guard, trajectory.end, wanted, usable), usable)
    return _End(_ends_early(system, trajectory, wanted, usable), usable)


def _leaves(system: System, guard: Guard, time: float, wanted: float, usable: float) -> Diagnostic:
    variable = system.program.variable
    change = "reaches zero" if guard.need is not Need.NOT_NEGATIVE else "turns negative"
    return Diagnostic(
        kind=Kind.AMPLITUDE_UNBOUNDED,
        message=(
            f"{guard.need}, {written(guard.operand, variable)}, {change} at "
            f"{variable} = {time:.6g}, before the horizon {wanted:.6g}"
        ),
        at=guard.at,
        hint=_shorter(usable),
    )


def _shorter(usable: float) -> str:
    return f"a shorter horizon: //@ horizon = {usable:g}"


def _ends_early(
    system: System, trajectory: _Trajectory, wanted: float, usable: float
) -> Diagnostic:
    state = _largest_growth(system, trajectory)
    here = f"{system.program.variable} = {trajectory.end:.6g}"
    what = f"the solution of the equations ends at {here} (see {state.label})"
    if trajectory.is_cut:
        what = f"following the equations takes more than {trajectory.steps} steps up to {here}"
    return Diagnostic(
        kind=Kind.COMPILE_TIMEOUT if trajectory.is_cut else Kind.AMPLITUDE_UNBOUNDED,
        message=f"{what}, before the horizon {wanted:.6g}",
        at=state.at,
        hint=_shorter(usable),
    )


def _largest_growth(system: System, trajectory: _Trajectory) -> State:
    with np.errstate(all="ignore"):
        begin, end = np.abs(trajectory.interpolant(np.array([0.0, trajectory.end]))).T
        growth = np.nan_to_num(end / np.where(begin > 0.0, begin, 1.0), nan=np.inf)
    return system.states[int(np.argmax(growth))]


def _shortened(fault: Diagnostic, horizon: float) -> Diagnostic:
    return Diagnostic(
        kind=fault.kind,
        message=f"{fault.message}; the circuit is scaled for {horizon:g} instead",
        at=fault.at,
        hint=f"name a horizon that the equations reach: //@ horizon = {horizon:g}",
        is_warning=True,
    )
