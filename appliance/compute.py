"""Compile and simulate jobs in child processes of the same program.

A job has the lowest priority, its limits, and a log that arrives while it works; it is killed for
certain when its caller is cancelled or its time is up. Workers stay warm for the next job and end
when idle for a while, when they have grown large, and when the server dies, however it dies. The
other side is ``job_process``.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import socket
import tempfile
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

import trio
import trio_parallel

from appliance import job_process
from appliance.errors import JobCrashed, JobError, JobMemory, JobTimeout
from appliance.job_process import Job, JobLimits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

__all__ = ["JobLimits", "JobStatistics", "Jobs", "open_jobs"]

T = TypeVar("T")
_logger = logging.getLogger(__name__)

IDLE_S: Final = 300.0
"""After this long without a job a worker ends, and its memory is free again."""
CLOSE_S: Final = 2.0
"""Idle workers end at once when the pool closes; after this long they are killed."""
DATAGRAM_BYTES: Final = 16 * 2**10
"""Above the longest log line: MAX_LINE_CHARACTERS of up to four bytes each."""
MAX_STARTS: Final = 3
"""Workers that may die, one after the other, before they begin with a job."""
MAX_SOCKET_ROOT_BYTES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatistics:
    """How busy a pool is: jobs that wait for a worker, jobs in work, and idle warm workers."""

    waiting: int
    running: int
    idle_workers: int


class Jobs:
    """A pool of workers with one set of limits; made by ``open_jobs``. A ``JobRunner``."""

    def __init__(
        self,
        context: trio_parallel.WorkerContext,
        limits: JobLimits,
        workers: int,
        directory: Path,
    ) -> None:
        self._context = context
        self._limits = limits
        self._slots = trio.CapacityLimiter(workers)
        # trio-parallel wants a limiter of its own; ours stands before it, so that a job's time
        # does not run while it waits for a worker.
        self._unlimited = trio.CapacityLimiter(math.inf)
        self._directory = directory
        self._numbers = count()

    async def run(self, function: Callable[..., T], *args: object, log: Callable[[str], None]) -> T:
        """Run ``function(*args, log=...)`` in a worker and return its answer.

        ``function`` is a module's own (it is found by its name), arguments and answer can be
        pickled. ``log`` is called here, with one line at a time while the job works; all lines have
        come when this returns or raises. When this is cancelled the worker is dead before Cancelled
        comes out. Raises JobTimeout, JobMemory, JobCrashed, and what the function itself raised.
        """
        async with self._slots:
            with self._mailbox() as (path, inbox):
                job = Job(function=function, args=args, limits=self._limits, mailbox=str(path))
                ending = await self._work(job, inbox, log)
                _drain(inbox, log)
        if isinstance(ending, _Raised):
            raise ending.error
        return cast("T", ending)  # what the function returned, through a pickle

    async def warm(self, *modules: str) -> None:
        """Start a worker and let it import ``modules``, so that the first job need not wait."""
        await self.run(job_process.preload, modules, log=_logger.info)

    def statistics(self) -> JobStatistics:
        """Numbers for the dashboard."""
        slots, context = self._slots.statistics(), self._context.statistics()
        return JobStatistics(
            waiting=slots.tasks_waiting,
            running=slots.borrowed_tokens,
            idle_workers=context.idle_workers,
        )

    @contextmanager
    def _mailbox(self) -> Iterator[tuple[Path, socket.socket]]:
        path = self._directory / str(next(self._numbers))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inbox:
            inbox.bind(str(path))
            try:
                yield path, inbox
            finally:
                path.unlink(missing_ok=True)

    async def _work(
        self, job: Job, inbox: socket.socket, log: Callable[[str], None]
    ) -> object | _Raised:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_listen, inbox, log)
            try:
                return await self._answer(job)
            except Exception as error:  # a job's own: it must come out alone, not in a group
                return _Raised(error)
            finally:
                nursery.cancel_scope.cancel()

    async def _answer(self, job: Job) -> object:
        with trio.move_on_after(self._limits.time_s):
            try:
                for _ in range(MAX_STARTS - 1):
                    # Not the job's fault: the worker died while it was idle.
                    with suppress(_NotBegun):
                        return await self._attempt(job)
                return await self._attempt(job)
            except trio_parallel.BrokenWorkerError as error:
                raise _crash(error, self._limits) from error
            except MemoryError as error:  # the answer itself did not fit
                raise JobMemory(job_process.memory_text(self._limits)) from error
        raise JobTimeout(_timeout_text(self._limits))

    async def _attempt(self, job: Job) -> object:
        try:
            return await self._context.run_sync(
                job_process.work,
                job,
                kill_on_cancel=True,
                cancellable=True,
                limiter=self._unlimited,
            )
        except trio_parallel.BrokenWorkerError as error:
            if job_process.has_begun(job):
                raise
            raise _NotBegun(*error.args) from error


class _NotBegun(trio_parallel.BrokenWorkerError):  # type: ignore[misc]  # it carries no types
    """A worker broke before it had begun with its job."""


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception


@asynccontextmanager
async def open_jobs(
    limits: JobLimits, *, workers: int, idle_s: float = IDLE_S
) -> AsyncIterator[Jobs]:
    """A pool of up to ``workers`` processes, started when needed.

    Users of the pool must have ended before the block is left.
    """
    with tempfile.TemporaryDirectory(prefix="analogcloud-", dir=_socket_root()) as directory:
        try:
            async with trio_parallel.open_worker_context(
                idle_timeout=idle_s,
                init=job_process.start_up,
                retire=job_process.is_worn_out,
                grace_period=CLOSE_S,
            ) as context:
                yield Jobs(context, limits, workers, Path(directory))
        except trio_parallel.BrokenWorkerError as error:
            # Idle workers that someone else ended, such as a SIGTERM to the whole group.
            _logger.info("workers ended before the pool was closed: %s", error)


def _socket_root() -> str:
    """Where sockets may be: their paths have an upper limit of about 100 bytes."""
    root = tempfile.gettempdir()
    return root if len(os.fsencode(root)) <= MAX_SOCKET_ROOT_BYTES else "/tmp"


async def _listen(inbox: socket.socket, log: Callable[[str], None]) -> None:
    receiver = trio.socket.fromfd(inbox.fileno(), socket.AF_UNIX, socket.SOCK_DGRAM)
    with receiver:
        while True:
            log((await receiver.recv(DATAGRAM_BYTES)).decode("utf-8", "replace"))


def _drain(inbox: socket.socket, log: Callable[[str], None]) -> None:
    """The lines that a job sent last: they are in the socket before its answer is in the pipe."""
    inbox.setblocking(False)
    while True:
        try:
            data = inbox.recv(DATAGRAM_BYTES)
        except BlockingIOError:
            return
        log(data.decode("utf-8", "replace"))


def _crash(error: trio_parallel.BrokenWorkerError, limits: JobLimits) -> JobError:
    if isinstance(error, _NotBegun):
        return JobCrashed("its process could not be started; the log of the server may say why")
    code = getattr(error.args[-1], "exitcode", None)
    if code == -signal.SIGXCPU:
        return JobTimeout(_timeout_text(limits))
    if code == -signal.SIGKILL:
        return JobCrashed("its process was killed: the machine probably ran out of memory")
    if code is not None and code < 0:
        return JobCrashed(f"its process crashed ({signal.Signals(-code).name})")
    return JobCrashed(f"its process ended by itself (exit code {code})")


def _timeout_text(limits: JobLimits) -> str:
    return f"this took longer than the {limits.time_s:g} s that it may take, and was stopped"
