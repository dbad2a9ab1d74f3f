"""Jobs for the tests of ``appliance.compute``: a child process finds them by their names."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from appliance.compiler.diagnostics import CompileError, Diagnostic, Position

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Log = Callable[[str], None]


def echo(value: object, *, log: Log) -> object:
    log("first\nsecond")
    log("last")
    return value


def process(*, log: Log) -> dict[str, object]:
    """What the process is like."""
    return {
        "pid": os.getpid(),
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
        "scheduler": os.sched_getscheduler(0),
        "cores": len(os.sched_getaffinity(0)),
        "threads": os.environ.get("OPENBLAS_NUM_THREADS"),
        "modules": sorted(sys.modules),
    }


def spin(*, log: Log) -> None:
    """Never ends, and lets nobody interrupt it."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    log(str(os.getpid()))
    while True:
        pass


def wait_for(path: Path, *, log: Log) -> None:
    """Log a line, then work on until the file is there: only somebody who saw the line makes it."""
    log("working")
    while not path.exists():
        threading.Event().wait(0.001)
    log("done")


def gobble(*, log: Log) -> None:
    held = []
    while True:
        held.append(bytearray(2**24))


def crash(number: int, *, log: Log) -> None:
    log("about to crash")
    os.kill(os.getpid(), number)


def leave(*, log: Log) -> None:
    os._exit(7)


def flood(count: int, *, log: Log) -> None:
    for number in range(count):
        log(f"{number} " + "x" * 90)


def long_line(*, log: Log) -> None:
    log("ä" * 10_000)
    log("\ud800")


def refuse(*, log: Log) -> None:
    raise CompileError(
        Diagnostic(kind="syntax", message="no", at=Position(3, 4)),
        Diagnostic(kind="limit", message="too much"),
    )


def system_exit(*, log: Log) -> None:
    sys.exit("bye")


class Unpicklable(Exception):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def raise_unpicklable(*, log: Log) -> None:
    raise Unpicklable("odd", "error")


def return_unpicklable(*, log: Log) -> object:
    return threading.Lock()
