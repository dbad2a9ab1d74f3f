"""A machine behind one or several connections, as a device for the appliance.

One user at a time: probing, describing and running wait for each other. Whatever goes wrong between
the first request of a run and its end, cancellation included, the device is told to stop and is
reset, on a new connection if need be; until one of its answers says so it is not trusted, and the
next user connects anew.
"""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import trio

from drivers.apb.codec import decode
from drivers.base import NOBODY_ASKS
from drivers.errors import ConnectError, DriverError, RunRefused
from drivers.keeper import Keeper
from drivers.link.opening import open_link
from drivers.options import DriverOptions
from drivers.preparing import Fitted, Prepared, fit, parse
from drivers.run_flow import RunFlow, Tools
from drivers.session import each
from drivers.steps import Steps
from drivers.wire.messages import Reset, StopRun

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from drivers.base import JobRunner, LogLine, Milestones, RunRequest, RunResult
    from drivers.keeper import OpenLink
    from drivers.link.contract import Link
    from drivers.link.endpoint import Endpoint
    from drivers.measured import Measured
    from drivers.options import MachineKind
    from drivers.preparing import Hardware
    from drivers.session import Session

T = TypeVar("T")

_log = logging.getLogger("analogcloud.driver")

TOTAL_S: Final = 20.0
"""All steps of a run together, besides its own time: with ``SAFETY_S``, and a look at the device
before and after, half a minute."""
INLINE_BYTES: Final = 8 * 1024
"""Modules up to here (a LUCIDAC's has 1 to 3 KiB) are dealt with in less than 2 ms."""
STOP_S: Final = 1.0
"""Many devices never answer this command."""
SAFE_RESET_S: Final = 1.5
SAFETY_S: Final = 4.0
"""To stop and reset a device after a failure, in all, also when the appliance is being stopped."""


class RealDevice:
    """See ``drivers.base.Device``; beyond it, ``serve`` keeps connections between runs, and
    ``prepare``, ``measure`` and ``store`` are the parts of ``run``.

    ``known`` is the description of a device that has none of its own (a remote simulator).
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        machine: MachineKind,
        jobs: JobRunner,
        options: DriverOptions | None = None,
        *,
        known: bytes | None = None,
        opener: OpenLink = open_link,
    ) -> None:
        self._machine = machine
        self._jobs = jobs
        self._options = options or DriverOptions()
        description = None if known is None else decode(known)
        self._keeper = Keeper(endpoints, machine, self._options, opener, description)
        self._hardware: Hardware | None = None

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep connections open between uses, until cancelled. Optional, and best outside of
        whoever uses the device; a run that is cancelled at the same time still makes it safe."""
        await self._keeper.serve(task_status=task_status)

    async def probe(self) -> bool:
        """Whether the device answers now. Raises ConnectError and others that say why not."""
        async with self._keeper.use():
            session = await self._session()
            if session.is_new or await session.answers():
                return True
            await self._keeper.drop()
            return False

    async def describe(self) -> bytes:
        """The device's description, with nothing in it that our schema does not know."""
        async with self._keeper.use():
            return (await self._session()).description

    async def prepare(self, request: RunRequest) -> Prepared:
        """Check a request and, where the hardware is known, make its module ready for it. Does not
        disturb a run. Raises RunRefused."""
        return await _off_loop(len(request.module), self._prepare, request)

    def _prepare(self, request: RunRequest) -> Prepared:
        prepared = parse(request, self._options)
        hardware = self._hardware
        if hardware is None:
            return prepared
        return replace(prepared, fitted=fit(prepared.file, hardware, self._machine))

    async def run(self, request: RunRequest | Prepared, output: Path, log: LogLine) -> RunResult:
        """See ``drivers.base.Device``."""
        return await self.store(await self.measure(request, log), output, log)

    async def measure(
        self,
        request: RunRequest | Prepared,
        log: LogLine,
        milestones: Milestones = NOBODY_ASKS,
    ) -> Measured:
        """Run a circuit and collect its samples; the device is free again once this returns."""
        prepared = request if isinstance(request, Prepared) else await self.prepare(request)
        async with self._keeper.use():
            steps = Steps(TOTAL_S)
            tools = Tools(options=self._options, log=log, steps=steps, milestones=milestones)
            flow = await self._ready(prepared, tools)
            async with self._safely(flow):
                return await flow.measure()

    async def store(self, measured: Measured, output: Path, log: LogLine) -> RunResult:
        """Write what was measured; needs no device. Raises OSError and what ``jobs`` raises."""
        return await measured.store(output, self._jobs, log)

    async def _session(self) -> Session:
        session = await self._keeper.session()
        self._hardware = session.hardware  # the same object again makes comparing it cheap
        return session

    async def _ready(self, prepared: Prepared, tools: Tools) -> RunFlow:
        """A flow whose device was reset. A kept connection that turns out to be broken at the first
        request is replaced, once: nothing was started by it."""
        session = await self._connected(tools)
        if not session.is_new:
            try:
                return await self._reset(session, prepared, tools)
            except ConnectError:
                tools.log("the connection from before was broken; connecting anew")
                session = await self._connected(tools)
        return await self._reset(session, prepared, tools)

    async def _connected(self, tools: Tools) -> Session:
        with tools.steps.step("connecting", TOTAL_S):  # the keeper has a limit of its own
            return await self._session()

    async def _reset(self, session: Session, prepared: Prepared, tools: Tools) -> RunFlow:
        fitted = await self._fitted(prepared, session.hardware, tools.log)
        flow = RunFlow(session, prepared, fitted, tools)
        async with self._safely(flow):
            await flow.ready()
        self._keeper.is_trusted = True
        return flow

    async def _fitted(self, prepared: Prepared, hardware: Hardware, log: LogLine) -> Fitted:
        fitted = prepared.fitted
        if fitted is not None and fitted.hardware != hardware:
            log("the device's hardware is not what it was when this task was prepared")
            fitted = None
        if fitted is None:
            fitted = await _off_loop(prepared.size, fit, prepared.file, hardware, self._machine)
        for warning in fitted.mapped.warnings:
            log(f"warning: {warning}")
        return fitted

    @asynccontextmanager
    async def _safely(self, flow: RunFlow) -> AsyncIterator[None]:
        """A block that must not leave the device running."""
        is_well = False
        try:
            yield
            is_well = True
        finally:
            if flow.is_touched and not (is_well or flow.is_over):
                with trio.move_on_after(SAFETY_S, shield=True):
                    await self._make_safe(flow.session, may_run=flow.may_run)

    async def _make_safe(self, session: Session, *, may_run: bool) -> None:
        """Stop and reset, here or on a new connection. Raises nothing of the device's."""
        self._keeper.is_trusted = False
        if not await _calm(session, may_run=may_run):
            await self._keeper.drop()
            try:
                session = await self._session()
            except DriverError as error:
                _log.info("event=device_not_reset reason=%r", str(error))
                return
            if not await _calm(session, may_run=False):
                await self._keeper.drop()
                return
        self._keeper.is_trusted = True


async def _off_loop(size: int, function: Callable[..., T], *args: object) -> T:
    """Work on a module of so many bytes, where it does not hold up the server."""
    if size > INLINE_BYTES:
        return await trio.to_thread.run_sync(function, *args)
    await trio.lowlevel.checkpoint()
    return function(*args)


async def _calm(session: Session, *, may_run: bool) -> bool:
    """Stop what runs and reset; whether the device has confirmed the reset."""
    try:
        if may_run:
            with trio.move_on_after(STOP_S):
                await each([partial(_stop, link) for link in session.links])
        with trio.fail_after(SAFE_RESET_S):
            await each([partial(link.request, Reset()) for link in session.links])
    except (DriverError, trio.TooSlowError) as error:
        _log.info("event=reset_failed reason=%r", str(error))
        return False
    return True


async def _stop(link: Link) -> None:
    try:
        await link.request(StopRun())
    except RunRefused as error:  # it does not know the command; the reset will do
        _log.debug("event=stop_refused reason=%r", str(error))
