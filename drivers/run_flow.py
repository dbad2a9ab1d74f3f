"""One run on an open session, from the first reset to the last sample."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import trio

from drivers.base import NOBODY_ASKS
from drivers.collect import Collector
from drivers.errors import (
    ConnectError,
    DeviceTimeout,
    DriverError,
    OverflowReported,
    ProtocolError,
    RunRefused,
)
from drivers.horizon import horizon_warnings
from drivers.measured import Measured
from drivers.overloads import overload_words
from drivers.preparing import NANOSECONDS, ic_time_ns, run_plan
from drivers.rates import counted_channels
from drivers.session import each
from drivers.steps import in_step
from drivers.wire.messages import (
    Calibrate,
    Configure,
    GetOverloads,
    Overloads,
    Ping,
    Reset,
    StartRun,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.base import LogLine, Milestones
    from drivers.link.contract import Link
    from drivers.options import DriverOptions
    from drivers.preparing import Fitted, Prepared
    from drivers.session import Session
    from drivers.steps import Steps

RESET_S: Final = 10.0
"""A device answers at once; the time is for one that is busy with somebody else, and is asked
again."""
REQUEST_S: Final = 5.0
"""Vendor's limit for any request."""
CALIBRATE_S: Final = 10.0
"""Hardware needs seconds for it (vendor's limit)."""
RUN_S: Final = 10.0
"""After its op time a run must have ended (vendor's limit)."""
OVERLOADS_S: Final = 2.0
"""Optional: devices that do not know the question do not answer it."""
DRAIN_S: Final = 0.15
"""Samples that are still under way when the run is over (vendor: the same)."""
REASON_S: Final = 0.1
"""To learn why a link ended; it is known already."""
UDP_ABOVE: Final = 100_000
"""Samples per second of all channels up to which TCP, which loses nothing, carries them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What goes along: settings, the user's log, the task's deadlines, and who wants to know how
    far it is."""

    options: DriverOptions
    log: LogLine
    steps: Steps
    milestones: Milestones = NOBODY_ASKS


class RunFlow:
    """One run. ``ready`` first, then ``measure``. Errors are DriverErrors that name the step.

    ``is_touched`` once the device was asked for anything, ``is_over`` once all went well: what lies
    between has to be undone by whoever gives up.
    """

    def __init__(self, session: Session, prepared: Prepared, fitted: Fitted, tools: Tools) -> None:
        self.session = session
        self._prepared = prepared
        self._fitted = fitted
        self._options, self._log, self._steps = tools.options, tools.log, tools.steps
        self._milestones = tools.milestones
        slack = 0 if session.hardware.is_virtual else tools.options.slack
        plan = run_plan(prepared, fitted, str(uuid4()), slack)
        self._plan = plan
        self._collector = Collector(plan, tools.log)
        # Links to carriers that the module uses.
        self._numbers = sorted({carrier.source for carrier in plan.carriers})
        self._changed = trio.Event()
        self._failure: DriverError | None = None
        self.is_touched = False
        self._is_started = False
        self.is_over = False

    @property
    def leader(self) -> str:
        """The first carrier, the sync master of all."""
        return self._fitted.mapped.carriers[0]

    @property
    def may_run(self) -> bool:
        """Whether the device may be running, as it was started and has not said that it ended."""
        return self._is_started and not self._collector.is_ended

    async def ready(self) -> None:
        """Choose the way of the samples and reset the device. ConnectError from here means that
        nothing was started."""
        self.is_touched = True
        if self._wants_udp():
            with self._steps.step("preparing the data channel", REQUEST_S):
                agreed = await each([link.stream_by_udp for link in self._links()])
            self.session.is_by_udp = True
            if not all(agreed):
                self._log("the device refuses to send samples by UDP; they come by TCP")
        with self._steps.step("reset", RESET_S):
            # Overloads latch: those of an earlier run are not ours.
            await each([partial(link.request, Reset()) for link in self._links()])

    async def measure(self) -> Measured:
        """Configure, run, collect. Raises OverflowReported where the options say so."""
        self._announce()
        await self._configure()
        if self._options.calibrate:
            with self._steps.step("calibration", CALIBRATE_S):
                ask = Calibrate(leader=self.leader)
                await each([partial(link.request, ask) for link in self._links()])
        await self._run()
        samples = self._collector.result()
        self._log(f"{samples.shape[0]} samples of {samples.shape[1]} probes arrived")
        self._milestones.ended()
        overloads = await self._overloads()
        self.is_over = True
        self._report(overloads)
        return Measured(samples=samples, scaling=self._fitted.mapped.scaling, overloads=overloads)

    def _announce(self) -> None:
        prepared, mapped = self._prepared, self._fitted.mapped
        for warning in horizon_warnings(mapped.scaling, prepared.op_time_s):
            self._log(f"warning: {warning}")
        places = ", ".join(mapped.carriers)
        self._log(
            f"running on {places} for {prepared.op_time_s:g} s, {prepared.sample_rate} samples a "
            "second"
        )

    def _links(self) -> list[Link]:
        """The links to carriers that the module uses."""
        return [self.session.links[number] for number in self._numbers]

    def _wants_udp(self) -> bool:
        if self.session.is_by_udp or self._options.udp == "never":
            return False
        if self._fitted.hardware.by_position:
            return False  # firmware 1.x has no such channel
        channels = sum(counted_channels(len(c.probes)) for c in self._plan.carriers if c.probes)
        return self._options.udp == "always" or self._prepared.sample_rate * channels > UDP_ABOVE

    async def _configure(self) -> None:
        with self._steps.step("configuration", REQUEST_S):
            await each([partial(self._configure_one, number) for number in self._numbers])

    async def _configure_one(self, number: int) -> None:
        link = self.session.links[number]
        for part, circuit in enumerate(self._fitted.circuits[number]):
            await link.request(Configure(circuit=circuit, reset_before=part == 0))

    # The run itself.

    async def _run(self) -> None:
        """Whatever fails first, a link, the device's run or a deadline, ends all of it at once."""
        async with trio.open_nursery() as nursery:
            for number in self._numbers:
                nursery.start_soon(self._read, number, nursery.cancel_scope)
            try:
                await self._course()
            except DriverError as error:
                self._fail(error)
            nursery.cancel_scope.cancel()
        if self._failure is not None:
            raise self._failure

    def _fail(self, error: DriverError) -> None:
        """The first failure counts: the others follow from it."""
        if self._failure is None:
            self._failure = error

    async def _read(self, number: int, scope: trio.CancelScope) -> None:
        """Feed what one link brings to the collector."""
        link = self.session.links[number]
        try:
            async for notice in link.notifications:
                self._collector.feed(notice, number)
                self._changed.set()
                self._changed = trio.Event()
            await self._end_of(link, number)
        except DriverError as error:
            self._fail(in_step(error, "the run"))
            scope.cancel()

    async def _end_of(self, link: Link, number: int) -> None:
        """Raise the reason why a link ended, which is told to whoever asks, unless all is there."""
        try:
            self._collector.link_ended(number)
        except ConnectError as error:
            with trio.move_on_after(REASON_S):
                try:
                    await link.request(Ping())
                except DriverError as reason:
                    raise type(reason)(f"{error}: {reason}") from reason
            raise

    async def _course(self) -> None:
        ic_ns = ic_time_ns(self._fitted.mapped.file)
        took_s = self._prepared.op_time_s + ic_ns / NANOSECONDS
        self._steps.extend(took_s)
        with self._steps.step("start", REQUEST_S):
            await self._start(ic_ns)
        self._milestones.started()
        with self._steps.step("the run", took_s + RUN_S, self._late):
            await self._until(lambda: self._collector.is_done)
        if self._collector.needs_drain:
            with trio.move_on_after(DRAIN_S):
                await self._until(lambda: self._collector.is_complete)

    def _late(self) -> str:
        return (
            f"{RUN_S:g} s after its end the device had not said that it is over (carrier "
            f"{self._collector.waits_for}){self._collector.so_far}"
        )

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._changed.wait()

    async def _start(self, ic_ns: int) -> None:
        """Those that follow first: they wait for the leader's signal."""
        first = self._fitted.hardware.homes[self.leader]
        followers = [number for number in self._numbers if number != first]
        self._is_started = True
        if followers:
            await each([partial(self._start_one, number, ic_ns) for number in followers])
        try:
            await self._start_one(first, ic_ns)
        except RunRefused:
            self._is_started = bool(followers)
            raise

    async def _start_one(self, number: int, ic_ns: int) -> None:
        await self.session.links[number].request(self._command(number, ic_ns))

    def _command(self, number: int, ic_ns: int) -> StartRun:
        channels = sum(len(c.probes) for c in self._plan.carriers if c.source == number)
        return StartRun(
            run_id=self._plan.run_id,
            ic_time_ns=ic_ns,
            op_time_ns=round(self._prepared.op_time_s * NANOSECONDS),
            channels=channels,
            sample_rate=self._prepared.sample_rate,
            master=self.leader,
            sample_op=channels > 0,
            sample_op_end=channels > 0,
        )

    # Afterwards.

    async def _overloads(self) -> tuple[str, ...]:
        """The overloaded elements in words. Not every device can tell; that is an error only where
        overloads have to fail the run."""
        if not self.session.knows_overloads and self._options.overload == "warn":
            return ()
        try:
            with self._steps.step("reading the overloads", OVERLOADS_S):
                found = await each([partial(_ask_overloads, link) for link in self._links()])
        except DriverError as error:
            if isinstance(error, DeviceTimeout | RunRefused):
                self.session.knows_overloads = False
            if self._options.overload == "fail":
                raise
            self._log(f"the device does not tell whether signals left their range ({error})")
            return ()
        description = self._fitted.hardware.description
        mapped = self._fitted.mapped
        return tuple(
            text for status in found for text in overload_words(status, mapped, description)
        )

    def _report(self, overloads: tuple[str, ...]) -> None:
        for text in overloads:
            self._log(f"overload: {text} left the range of 1 machine unit")
        if overloads and self._options.overload == "fail":
            raise OverflowReported(
                f"signals left the range of 1 machine unit: {', '.join(overloads)}. Scale the "
                'problem down, or let overloads only be told (overload = "warn")'
            )


async def _ask_overloads(link: Link) -> Overloads:
    reply = await link.request(GetOverloads())
    if not isinstance(reply, Overloads):
        raise ProtocolError("the answer is about something else")
    return reply
