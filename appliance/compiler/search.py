"""Search: the first layout, scaling and loop gain whose circuit meets the equations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.compiler.amplitudes import choose_amplitudes
from appliance.compiler.diagnostics import CompileError
from appliance.compiler.elements import build_elements
from appliance.compiler.emit import emit
from appliance.compiler.fewer import variants
from appliance.compiler.gains import first_gains
from appliance.compiler.labels import element_labels
from appliance.compiler.layout import layouts
from appliance.compiler.lower import lower
from appliance.compiler.route import route
from appliance.compiler.solution import solve
from appliance.compiler.system import reduce_order
from appliance.compiler.verify import verify
from appliance.compiler.wiring import DEFAULT_RATE, Room, natural_rate, scale_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from appliance.compiler.layout import Layout
    from appliance.compiler.program import Program
    from appliance.compiler.route import Routing
    from appliance.compiler.solution import Solution
    from appliance.compiler.target import Target
    from appliance.compiler.verify import Verification
    from appliance.compiler.wiring import Wiring

LONGEST_RUN_S: Final = 10.0
"""Machine time that the horizon has to fit into, if it can: the longest run of most machines."""
_MARGINS: Final = (1.2, 1.6, 2.5)
"""Room above the largest values of the solution; more where an element left the range."""
_WELL_INSIDE: Final = 0.25
"""Loops are made faster until the deviation is this part of the tolerance."""
_ROUNDS: Final = 6
_RAISE: Final = (2.0, 30.0)
"""Least and largest step of a gain."""
_IMPROVED: Final = 0.9
_CURABLE: Final = 0.5
"""A deviation up to this part of the amplitude, at times that cannot be predicted, shrinks with
faster loops as it does before; a larger one says nothing."""
_MOST_LAYOUTS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A circuit file and how it came about; ``gains`` has one factor per state, ``wanted`` is the
    time rate that was aimed at."""

    data: bytes
    solution: Solution
    layout: Layout
    wiring: Wiring
    routing: Routing
    verification: Verification
    gains: tuple[float, ...]
    wanted: float


def find_circuit(
    program: Program, target: Target, rate: float | None, horizon: float | None
) -> Compiled:
    """The circuit of a checked program. ``rate`` is the user's wish for the time rate, ``horizon``
    for the time to cover; a pragma wins over it.

    Raises CompileError with the reasons against the attempt that came nearest; NotMet if that was
    a circuit.
    """
    system = lower(reduce_order(program))
    solution: Solution | None = None
    short: CompileError | None = None
    nearest: CompileError | None = None
    for elements in variants(build_elements(system)):
        try:
            found = layouts(elements, target)
        except CompileError as error:  # capacity, told before anything is solved
            short = error
            continue
        solution = solution or solve(system, program.horizon or horizon)
        try:
            return Search(solution, target, rate).run(found)
        except CompileError as error:
            if nearest is None or _progress(error) > _progress(nearest):
                nearest = error
    raise nearest or short or ValueError("no variant")


class Search:
    """Looks for a circuit of one program. ``rate`` is the user's wish for the time rate, if any."""

    def __init__(self, solution: Solution, target: Target, rate: float | None) -> None:
        self._solution = solution
        self._target = target
        self._rate = rate
        self._has_loops = any(state.is_loop for state in solution.system.states)

    def run(self, layouts: Iterable[Layout]) -> Compiled:
        """The first circuit that meets the equations.

        Raises CompileError with the reasons against the attempt that came nearest; NotMet if that
        was a circuit.
        """
        nearest: CompileError | None = None
        for _, layout in zip(range(_MOST_LAYOUTS), layouts, strict=False):
            try:
                return self._with_margins(layout)
            except CompileError as error:
                if nearest is None or _progress(error) > _progress(nearest):
                    nearest = error
        if nearest is None:
            message = "no layout"
            raise ValueError(message)
        raise nearest

    def _with_margins(self, layout: Layout) -> Compiled:
        """More room where an element leaves the range although the probes agree."""
        *margins, last = _MARGINS
        for margin in margins:
            try:
                return self._with_gains(layout, margin)
            except NotMet as error:
                if not error.agrees:
                    raise
        return self._with_gains(layout, last)

    def _with_gains(self, layout: Layout, margin: float) -> Compiled:
        """Loops as fast as it takes to be well inside the tolerance, or as there is room for."""
        best = self._attempt(layout, margin, first_gains(self._solution))
        for _ in range(_ROUNDS if self._has_loops else 0):
            faster = None if _is_well_inside(best) else self._faster(layout, margin, best)
            if faster is None:
                break
            best = faster
        if best.verification.faults:
            raise NotMet(best)
        return best

    def _faster(self, layout: Layout, margin: float, best: Compiled) -> Compiled | None:
        """With faster loops, if there is room for them and they help."""
        for step in _steps(best.verification):
            gains = tuple(
                gain * step if state.is_loop else gain
                for gain, state in zip(best.gains, self._solution.system.states, strict=True)
            )
            try:
                found = self._attempt(layout, margin, gains, best.wanted)
            except CompileError:  # no room: a smaller step may find some
                continue
            return found if _is_better(found, best) else None
        return None

    def _attempt(
        self,
        layout: Layout,
        margin: float,
        gains: tuple[float, ...],
        wanted: float | None = None,
    ) -> Compiled:
        elements, placement = layout.elements, layout.placement
        candidates = choose_amplitudes(elements, self._solution, margin)
        slowest = min(self._rate or DEFAULT_RATE, self._solution.horizon / LONGEST_RUN_S)
        if wanted is None:
            wanted = self._rate or natural_rate(elements, candidates[0], gains)
            wanted = max(wanted, slowest)
        room = Room(
            rate=wanted,
            slowest=slowest,
            lanes=placement.cluster.lanes,
            half_reach=placement.half_reach,
        )
        wiring = scale_time(elements, candidates, gains, room)
        routing = route(wiring, placement)
        data = emit(
            elements, layout.channels, self._solution, wiring, placement, routing, self._target
        )
        return Compiled(
            data=data,
            solution=self._solution,
            layout=layout,
            wiring=wiring,
            routing=routing,
            verification=verify(data, self._solution, element_labels(layout)),
            gains=gains,
            wanted=wanted,
        )


class NotMet(CompileError):
    """The circuit ``found`` does not meet the equations."""

    def __init__(self, found: Compiled) -> None:
        super().__init__(*found.verification.faults)
        self.found = found

    @property
    def agrees(self) -> bool:
        """The probes agree, but an element leaves the machine's range."""
        verification = self.found.verification
        return all(d.share <= verification.tolerance for d in verification.deviations)


def _is_well_inside(found: Compiled) -> bool:
    verification = found.verification
    share = _WELL_INSIDE * verification.tolerance
    return not verification.faults and _deviation(verification) <= share


def _deviation(verification: Verification) -> float:
    """What faster loops have to bring down, as a part of the amplitude."""
    farthest = verification.farthest.share
    return farthest if farthest <= _CURABLE else verification.worst


def _steps(verification: Verification) -> list[float]:
    """Factors for the gains: to be well inside the tolerance, then just inside it."""
    least, most = _RAISE
    share = _deviation(verification) / verification.tolerance
    wanted = min(max(1.5 * share / _WELL_INSIDE, least), most)
    needed = 1.1 * share
    return [wanted, needed] if 1.0 < needed < wanted else [wanted]


def _is_better(found: Compiled, best: Compiled) -> bool:
    if bool(best.verification.faults) != bool(found.verification.faults):
        return not found.verification.faults
    if not best.verification.farthest.share <= _CURABLE:
        return found.verification.worst <= _IMPROVED * best.verification.worst
    return found.verification.farthest.share <= _IMPROVED * best.verification.farthest.share


def _progress(error: CompileError) -> int:
    """How far an attempt came before it failed."""
    return 1 if isinstance(error, NotMet) else 0
