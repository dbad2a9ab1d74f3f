"""The side of a job that runs in the child process.

Light on purpose: a child that starts imports this and nothing heavier, then what its job needs.
The other side is ``compute``.
"""

from __future__ import annotations

import importlib
import math
import multiprocessing
import multiprocessing.connection
import os
import pickle
import resource
import signal
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from appliance.errors import JobCrashed, JobMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_LINE_CHARACTERS: Final = 2000
MAX_LOG_LINES: Final = 5000
MAX_LOG_CHARACTERS: Final = 2**20
LOG_IS_FULL: Final = "the log is full: further lines are left out"

RETIRE_BYTES: Final = 400 * 2**20
"""A process that has grown beyond makes room for a new one after its job."""
CPU_GRACE_S: Final = 10
"""The kernel's own limit on processor time is this much above what the time limit allows: it is
the last resort, for a process whose server is dead and that does not notice."""

_ALL_CORES: Final = sorted(os.sched_getaffinity(0))
_worn_out = threading.Event()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLimits:
    """What one job may use; ``memory_bytes`` is the whole process, None means no limit."""

    time_s: float
    memory_bytes: int | None = None
    cpu_cores: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work: ``function(*args, log=...)``; log lines go to the socket ``mailbox``."""

    function: Callable[..., object]
    args: tuple[object, ...]
    limits: JobLimits
    mailbox: str


def start_up() -> None:
    """What a new process does first: step back behind everything else, and die with its server."""
    # The server's reload signal is often sent to the whole group.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # One job is one thread: matrices here are small, and threads would fight over the cores.
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    os.setpriority(os.PRIO_PROCESS, 0, 19)
    with suppress(OSError):  # a sandbox may forbid it; the priority above is most of it
        # Linux gives an idle process idle disk priority too.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with suppress(OSError):  # as above
        # When the machine runs out of memory, a job goes, not the server.
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    threading.Thread(target=_die_with_server, name="parent watch", daemon=True).start()


def _die_with_server() -> None:
    server = multiprocessing.parent_process()
    if server is not None:
        multiprocessing.connection.wait([server.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)


def is_worn_out() -> bool:
    """Whether this process should end after its job: it ran out of memory once, or grew large."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return _worn_out.is_set() or pages * resource.getpagesize() > RETIRE_BYTES


def work(job: Job) -> object:
    """Do a job within its limits.

    Raises JobMemory, JobCrashed, and whatever the job raises that can be sent to the server.
    """
    with LogSender(job.mailbox) as log, _limited(job.limits):
        try:
            return job.function(*job.args, log=log)
        except MemoryError as error:
            _worn_out.set()
            raise JobMemory(memory_text(job.limits)) from error
        except BaseException as error:
            # The border between processes: SystemExit of a job must not end the server, and what
            # cannot be pickled would be a riddle there.
            raise _portable(error) from None


def memory_text(limits: JobLimits) -> str:
    """The reason of a job that ran out of memory."""
    if limits.memory_bytes is None:
        return "the machine has not enough memory for this"
    return f"this needs more than the {limits.memory_bytes / 1e9:g} GB of memory that it may use"


def preload(modules: tuple[str, ...], *, log: Callable[[str], None]) -> None:
    """A job that only imports, so that the next one starts warm."""
    for module in modules:
        importlib.import_module(module)
    log(f"ready: {', '.join(modules)}")


def _portable(error: BaseException) -> Exception:
    text = f"the job failed with {type(error).__name__}: {error}"
    try:
        copy = pickle.loads(pickle.dumps(error))
    except Exception:  # whatever a foreign class does when it is copied
        return JobCrashed(text)
    if isinstance(error, Exception) and type(copy) is type(error):
        return error
    return JobCrashed(text)


def has_begun(job: Job) -> bool:
    """Whether a process has taken the job up; asked by the server about one that died."""
    return not os.path.exists(job.mailbox)


class LogSender:
    """Takes log lines and sends them while the job works, as one datagram each.

    Sending waits when the server is slow. Long lines are cut; after MAX_LOG_LINES lines or
    MAX_LOG_CHARACTERS characters the rest is left out, and the last line says so.
    """

    def __init__(self, mailbox: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.connect(mailbox)
        os.unlink(mailbox)  # only the name: the sign that the job has begun
        self._lines_left = MAX_LOG_LINES
        self._characters_left = MAX_LOG_CHARACTERS

    def __enter__(self) -> LogSender:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def __call__(self, text: str) -> None:
        """Send a text, line by line."""
        for line in text[:MAX_LOG_CHARACTERS].splitlines():
            if self._lines_left > 0:
                self._send(line[:MAX_LINE_CHARACTERS])

    def _send(self, line: str) -> None:
        self._lines_left -= 1
        self._characters_left -= len(line)
        if self._lines_left == 0 or self._characters_left < 0:
            self._lines_left, line = 0, LOG_IS_FULL
        self._socket.send(line.encode("utf-8", "replace"))


@contextmanager
def _limited(limits: JobLimits) -> Iterator[None]:
    cores = min(limits.cpu_cores or len(_ALL_CORES), len(_ALL_CORES))
    if cores < len(_ALL_CORES):
        first = os.getpid() % len(_ALL_CORES)  # several processes spread over the cores
        os.sched_setaffinity(0, (_ALL_CORES * 2)[first : first + cores])
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = used.ru_utime + used.ru_stime + limits.time_s * cores + CPU_GRACE_S
    _set_soft_limit(resource.RLIMIT_CPU, math.ceil(cpu_s))
    # Private writable memory: what a job allocates. The address space would count far more.
    if limits.memory_bytes is not None:
        _set_soft_limit(resource.RLIMIT_DATA, limits.memory_bytes)
    try:
        yield
    finally:
        for kind in (resource.RLIMIT_CPU, resource.RLIMIT_DATA):
            _set_soft_limit(kind, resource.RLIM_INFINITY)


def _set_soft_limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = hard if value == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, hard))
