"""The course of one run: its states and samples, each at its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import trio

from drivers.apb.errors import CircuitFileError
from drivers.wire.messages import RunState, Samples, StateChanged
from sim.errors import SimulationError
from sim.virtual.fault_kinds import CHUNK, FINAL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from numpy.typing import NDArray

    from drivers.wire.messages import Notification
    from sim.virtual.computing import Computed, Overloaded
    from sim.virtual.machine import CarrierPart, RunPlan

_CHUNK_ROWS: Final = 100
_CHUNKS_PER_S: Final = 200
"""More than so many are not sent in a second: they get longer instead."""


class RunBroken(Exception):
    """The run cannot go on; the text is what the device says about it. ``is_told``: it has been
    said already."""

    def __init__(self, text: str, *, is_told: bool = False) -> None:
        super().__init__(text)
        self.is_told = is_told


@dataclass(frozen=True, slots=True, kw_only=True)
class Twist:
    """What a script changes about a run: the part of the samples that is measured, and overloads
    that do not come from the circuit."""

    part: float = 1.0
    overloads: tuple[Overloaded, ...] = ()


class Course:
    """One run, which takes off when this is made.

    ``tell`` sends a message, given the name of its point in fault scripts. ``over`` is told the
    overloads before the run is said to be over.
    """

    def __init__(
        self,
        plan: RunPlan,
        twist: Twist,
        compute: Callable[[], Awaitable[Computed]],
        tell: Callable[[str, Notification], Awaitable[None]],
        over: Callable[[tuple[Overloaded, ...]], None],
        most_rows: int,
    ) -> None:
        self._plan = plan
        self._twist = twist
        self._compute = compute
        self._tell = tell
        self._over = over
        self._most_rows = most_rows
        self._state = RunState.NEW
        # The timetable is fixed at take-off: what is told late does not make the run longer.
        self._began = trio.current_time() + plan.ic_time_s
        self._is_computed = trio.Event()
        self._outcome: Computed | RunBroken | None = None

    async def run(self) -> None:
        """From take-off to done, in real time. Raises RunBroken, `fail` then tells it."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._measure)
            broken = await self._pass()
            nursery.cancel_scope.cancel()
        if broken is not None:
            raise broken

    async def fail(self, reason: str) -> None:
        """Tell that the run has ended with an error, unless it is over anyhow."""
        if self._state is not RunState.DONE:
            await self._enter(RunState.ERROR, reason)

    async def _measure(self) -> None:
        """The samples; an error is kept for the moment when they are needed."""
        try:
            self._outcome = await self._compute()
        except (SimulationError, CircuitFileError) as error:
            self._outcome = RunBroken(str(error))
        self._is_computed.set()

    async def _pass(self) -> RunBroken | None:
        """All stages; what breaks the run comes back, so that it leaves the nursery alone."""
        try:
            await self._stages()
        except RunBroken as broken:
            return broken
        return None

    async def _stages(self) -> None:
        plan = self._plan
        await self._enter(RunState.TAKE_OFF)
        await self._enter(RunState.IC)
        await trio.sleep_until(self._began)
        await self._enter(RunState.OP)
        await self._sample()
        await trio.sleep_until(self._began + plan.op_time_s)
        computed = await self._computed()
        await self._enter(RunState.OP_END)
        await self._finish(computed)
        self._over((*computed.overloads, *self._twist.overloads))
        await self._enter(RunState.DONE)

    async def _computed(self) -> Computed:
        await self._is_computed.wait()
        if isinstance(self._outcome, RunBroken):
            raise self._outcome
        if self._outcome is None:
            raise RunBroken("nothing was measured")
        return self._outcome

    async def _enter(self, state: RunState, reason: str = "") -> None:
        old, self._state = self._state, state
        is_over = state in (RunState.OP_END, RunState.DONE)
        for part in self._plan.carriers:
            change = StateChanged(
                run_id=self._plan.run_id,
                old=old,
                new=state,
                reason=reason,
                carrier=part.path,
                time_ns=round(self._plan.op_time_s * 1e9) if is_over else 0,
            )
            await self._tell(state.name.lower(), change)

    async def _sample(self) -> None:
        """All chunks of OP, each when its last sample has been taken."""
        plan = self._plan
        stop_s = await self._stop() if plan.halt_on_overload else None
        for chunk, (first, last) in enumerate(self._spans(stop_s)):
            await trio.sleep_until(self._began + last / plan.sample_rate_hz)
            computed = await self._computed()
            for part in plan.carriers:
                if part.probes:
                    values = computed.samples[first:last]
                    await self._tell(CHUNK, self._samples(part, computed, values, chunk))
        if stop_s is not None:
            await trio.sleep_until(self._began + stop_s)
            computed = await self._computed()
            self._over(tuple(one for one in computed.overloads if one.time_s <= stop_s))
            raise RunBroken("halted by an overload")

    async def _stop(self) -> float | None:
        """When the first overload halts the run, if one does."""
        computed = await self._computed()
        return min((one.time_s for one in computed.overloads), default=None)

    def _spans(self, stop_s: float | None) -> Iterator[tuple[int, int]]:
        """First and one past the last sample of each chunk."""
        plan = self._plan
        if not plan.sample_op:
            return
        length = int(max(_CHUNK_ROWS, plan.sample_rate_hz / _CHUNKS_PER_S))
        length = min(length, self._most_rows)
        span_s = plan.op_time_s if stop_s is None else stop_s
        count = int(plan.count(span_s) * self._twist.part)
        for first in range(0, count, length):
            yield first, min(first + length, count)

    async def _finish(self, computed: Computed) -> None:
        """The one sample after OP."""
        if not self._plan.sample_op_end:
            return
        for part in self._plan.carriers:
            if part.probes:
                values = computed.final[np.newaxis]
                message = self._samples(part, computed, values, 0, is_final=True)
                await self._tell(FINAL, message)

    def _samples(
        self,
        part: CarrierPart,
        computed: Computed,
        values: NDArray[np.float64],
        chunk: int,
        *,
        is_final: bool = False,
    ) -> Samples:
        """A carrier's own columns; idle converters, where the dialect counts them, measure 0."""
        numbers = [self._plan.probes[rank] for rank in computed.probes]
        columns = values[:, [numbers.index(probe) for probe in part.probes]]
        width = self._plan.columns or len(part.probes)
        columns = columns[:, :width]
        idle = np.zeros((len(columns), width - columns.shape[1]))
        return Samples(
            run_id=self._plan.run_id,
            chunk=chunk,
            carrier=part.path,
            probes=part.probes,
            values=np.hstack((columns, idle)) if idle.size else columns,
            is_final=is_final,
        )
