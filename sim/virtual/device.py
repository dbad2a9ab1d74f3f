"""A virtual device: several connections to one machine, and a script of what goes wrong.

It knows nothing of sockets: a stream of bytes, and something that sends datagrams, is all that a
connection is. Times are trio's, so that a test's clock may jump.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import trio
import trio.lowlevel

from drivers.apb.errors import CircuitFileError
from drivers.errors import ProtocolError
from drivers.wire import messages as m
from sim.errors import SimulationError
from sim.options import SimulationOptions
from sim.virtual.answers import POINTS, Answers
from sim.virtual.computing import Overloaded, Work
from sim.virtual.course import Course, RunBroken, Twist
from sim.virtual.delivery import Delivery, new_id
from sim.virtual.director import Director
from sim.virtual.fault_kinds import CONNECT
from sim.virtual.faults import Faults
from sim.virtual.machine import Refused
from sim.virtual.outlet import GONE, manner_of
from sim.virtual.power import Power
from sim.virtual.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from drivers.wire.messages import Message, Reply, Request
    from sim.virtual.computing import Computed, Computer
    from sim.virtual.faults import Fault
    from sim.virtual.machine import Machine, RunPlan
    from sim.virtual.outlet import DatagramSender

_log = logging.getLogger("analogcloud.virtual")

RECEIVE_BYTES: Final = 65_536


class _Running:
    """A run that goes on; it is ``done`` when its last message has been sent."""

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self.reason = ""
        self.done = trio.Event()


class VirtualDevice:
    """One machine on the net. `operate` has to run while connections are served.

    ``options`` are those of the simulator; its gain is the dialect's in any case. Calibration takes
    ``calibration_s`` seconds. With a ``token`` each client has to authenticate first, as at a
    proxy.
    """

    def __init__(
        self,
        machine: Machine,
        computer: Computer,
        faults: Faults | None = None,
        *,
        options: SimulationOptions | None = None,
        calibration_s: float = 0.0,
        token: str = "",
    ) -> None:
        self.machine = machine
        self.power = Power()
        self.director = Director(faults or Faults())
        self.runs = 0
        """Runs that were started so far."""
        self._dialect = machine.dialect
        self._options = replace(options or SimulationOptions(), gain=machine.dialect.lane_gain)
        self._computer = computer
        self._answers = Answers(
            machine, computer, self._options, calibration_s=calibration_s, token=token
        )
        self._sessions: dict[Session, None] = {}
        self._running: _Running | None = None
        self._nursery: trio.Nursery | None = None

    # Life.

    async def operate(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Do the machine's work until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            await trio.sleep_forever()

    async def serve(self, stream: trio.abc.Stream, datagrams: DatagramSender | None = None) -> None:
        """Serve one connection until it ends, and close it. A device that is down closes it at
        once."""
        session = Session(stream, self._dialect, datagrams)
        self._sessions[session] = None
        try:
            with session.scope:
                if self.power.is_up:
                    await self._welcome(session)
                    await self._converse(session)
        finally:
            del self._sessions[session]
            await trio.aclose_forcefully(stream)

    async def _welcome(self, session: Session) -> None:
        faults = self.director.at(CONNECT)
        session.is_deaf = any(fault.what == "silence" for fault in faults)
        await self._strike(faults, session)
        if any(fault.what == "garbage" for fault in faults):
            await session.outlet.send(b"", manner_of(faults, self.director.random))

    async def _converse(self, session: Session) -> None:
        try:
            while data := await session.stream.receive_some(RECEIVE_BYTES):
                if session.is_deaf:
                    continue
                for message in session.wire.receive(bytes(data)):
                    await self._take(session, message)
        except ProtocolError as error:
            _log.info("event=closed reason=%r", str(error))
        except GONE as error:
            _log.debug("event=lost reason=%r", str(error))

    # Requests.

    async def _take(self, session: Session, message: Message) -> None:
        await self.power.pass_hang()
        body = message.body
        if isinstance(body, m.Request):
            await self._serve(session, message, body)
        elif isinstance(body, m.Failed):  # a line that made no sense
            await session.reply(message, body)
        elif isinstance(body, m.Unknown) and self._dialect.answers_unknown:
            answer = m.Failed(text=f"unknown type {body.kind}")
            await session.reply(replace(message, body=answer), body)

    async def _serve(self, session: Session, message: Message, body: Request) -> None:
        faults = self.director.at(POINTS[type(body)])
        if await self._strike(faults, session):
            return
        names = {fault.what for fault in faults}
        answer = _scripted(faults) or await self._answer(session, body, faults)
        if answer is None or "silence" in names or self._says_nothing(message):
            return
        own = new_id(self.director.random) if "wrong_id" in names else message.id
        if any(fault.what == "error" and fault.flag("unasked") for fault in faults):
            own = None
        manner = manner_of(faults, self.director.random)
        await session.reply(replace(message, id=own, body=answer), body, manner)

    def _says_nothing(self, message: Message) -> bool:
        """Whether a request without id is one that gets no answer."""
        return (
            message.id is None
            and not self._dialect.answers_without_id
            and not isinstance(message.body, m.Ping)
        )

    async def _answer(
        self, session: Session, body: Request, faults: Iterable[Fault]
    ) -> Reply | None:
        try:
            self._answers.check_trust(session, body)
            if isinstance(body, m.StartRun):
                return self._start(session, body, faults)
            if isinstance(body, m.Reset):
                await self._end_run("the machine was reset")
            elif isinstance(body, m.StopRun) and self._dialect.stops_runs:
                await self._end_run("the run was stopped")
            return await self._answers.answer(session, body)
        except (Refused, SimulationError, CircuitFileError) as error:
            return m.Failed(text=str(error))

    # Faults that concern more than a message.

    async def _strike(self, faults: Iterable[Fault], session: Session) -> bool:
        """Whether the occasion itself is lost."""
        is_lost = False
        for fault in faults:
            if fault.what == "hang":
                self.power.hang(fault.number("for_s"))
                await self.power.pass_hang()
            elif fault.what == "reset_connection":
                await session.outlet.reset()
                is_lost = True
            elif fault.what == "reboot":
                self._reboot(fault.number("down_s"))
                is_lost = True
        await trio.lowlevel.checkpoint()  # where this task has just been ended
        return is_lost

    def _reboot(self, down_s: float) -> None:
        self.power.crash(down_s)
        self.machine.reboot()
        if self._running is not None:
            self._running.reason = ""
            self._running.scope.cancel()
        for session in self._sessions:
            session.scope.cancel()

    # Runs.

    def _start(self, session: Session, body: m.StartRun, faults: Iterable[Fault]) -> Reply:
        plan = self.machine.plan(body)
        if self._nursery is None:
            raise Refused("the device is not switched on")
        self.machine.is_running = True
        self.runs += 1
        self._running = _Running()
        delivery = Delivery(
            session, self._audience(session), self.director, self.power, self._strike
        )
        course = Course(
            plan,
            _twist(faults, plan),
            lambda: self._compute(plan),
            delivery.tell,
            self._over,
            self._dialect.most_chunk_rows,
        )
        self._nursery.start_soon(self._run, self._running, course, delivery)
        return m.RunAccepted()

    async def _end_run(self, reason: str) -> None:
        """End the run that goes on, if one does, with an error."""
        running = self._running
        if running is not None and not running.done.is_set():
            running.reason = reason
            running.scope.cancel()
            await running.done.wait()

    async def _run(self, running: _Running, course: Course, delivery: Delivery) -> None:
        try:
            with running.scope:
                await self._attempt(course)
            if running.scope.cancelled_caught and running.reason:
                self._over(())
                await course.fail(running.reason)
        finally:
            running.done.set()
        await delivery.send_late()

    async def _attempt(self, course: Course) -> None:
        try:
            await course.run()
        except RunBroken as broken:
            self._over(())
            if not broken.is_told:
                await course.fail(str(broken))

    def _audience(self, session: Session) -> Callable[[], Iterable[Session]]:
        """Who hears of a run that this session has started."""
        return lambda: self._sessions if self._dialect.is_broadcast else (session,)

    def _over(self, overloads: tuple[Overloaded, ...]) -> None:
        self.machine.is_running = False
        self.machine.latch(overloads)

    async def _compute(self, plan: RunPlan) -> Computed:
        options = replace(self._options, noise_seed=self._options.noise_seed + self.runs)
        return await self._computer.compute(
            Work(
                circuit=plan.circuit,
                op_time_s=plan.op_time_s,
                sample_rate_hz=plan.sample_rate_hz,
                options=options,
            )
        )


def _scripted(faults: Iterable[Fault]) -> Reply | None:
    """An answer that the script gives in the machine's place."""
    for fault in faults:
        match fault.what:
            case "busy":
                return m.Busy()
            case "error":
                return m.Failed(text=fault.text("text"))
            case "refuse_udp" if fault.flag("as_error"):
                return m.Failed(text="streaming by UDP is not possible")
            case "refuse_udp":
                return m.UdpRefused(reason="streaming by UDP is not possible")
    return None


def _twist(faults: Iterable[Fault], plan: RunPlan) -> Twist:
    part, overloads = 1.0, list[Overloaded]()
    for fault in faults:
        if fault.what == "fewer_samples":
            part = fault.number("part")
        elif fault.what == "overload":
            path = f"{plan.carriers[0].path}/{fault.text('element').strip('/')}"
            overloads.append(
                Overloaded(path=path, index=int(fault.number("index")), time_s=plan.op_time_s)
            )
    return Twist(part=part, overloads=tuple(overloads))
