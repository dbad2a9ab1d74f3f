"""How busy a queue keeps its device: ``python -m tests.bench.busy_ratio [ROUNDS]``, by hand.

100 runs of 10 ms op time wait for a virtual LUCIDAC; the device notes when what happens, from the
first of them to the last. It is busy whenever it does not wait for us: while it carries out a
request, and from the start of a run to its end. Goal: 70 % of the time, the median of five rounds.
Two more numbers count otherwise: all the time from a run's first request to its last answer, and
the op time only.
"""

from __future__ import annotations

import base64
import json
import platform
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from appliance.demo_appliance import child_environment, running_appliance
from drivers.apb.codec import encode
from tests.virtual_network import harmonic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.demo_appliance import Appliance

ROUNDS: Final = 5
RUNS: Final = 100
OP_TIME_S: Final = 0.010
HOLD_S: Final = 4.0
RATE: Final = 10_000
GOAL: Final = 0.70
OURS: Final = "waits for us: "
NEXT: Final = f"{OURS}the next run"
REQUESTS: Final = {
    "reset": "Reset.",
    "configure": "Configure.",
    "calibrate": "Calibrate.",
    "overloads": "GetOverloads.",
}
COURSE: Final = {
    ("start", "take_off"): "start",
    ("take_off", "op"): "initial condition",
    ("op", "op_end"): "operation",
    ("op_end", "done"): "end of run",
}
ENDS: Final = {*REQUESTS.values(), "done"}
"""After these the device waits for us."""

Note = tuple[float, str]


def main(rounds: int) -> int:
    """Print each round and where the time goes; 1 below the goal."""
    print(f"Python {platform.python_version()}, {platform.machine()}")
    busy = []
    for number in range(rounds):
        points = one_round()
        parts = split(points)
        whole = sum(sum(times) for times in parts.values())
        waits = sum(sum(times) for name, times in parts.items() if name.startswith(OURS))
        busy.append(1.0 - waits / whole)
        print(
            f"round {number + 1}: {1e3 * whole / RUNS:.1f} ms a run; busy {busy[-1]:.1%}, taken by "
            f"a run {1.0 - sum(parts[NEXT]) / whole:.1%}, in operation "
            f"{RUNS * OP_TIME_S / whole:.1%}"
        )
    show(parts)
    ratio = statistics.median(busy)
    print(f"median busy ratio: {ratio:.1%} (goal: at least {GOAL:.0%})")
    return 0 if ratio >= GOAL else 1


def show(parts: dict[str, list[float]]) -> None:
    """Where the time of the last round went."""
    for name, times in parts.items():
        share = 1e3 * sum(times) / RUNS
        print(f"    {name:26s} {share:7.2f} ms a run, median {1e3 * statistics.median(times):.2f}")


def split(points: list[Note]) -> dict[str, list[float]]:
    """The seconds between the points of all runs, by what the device does there."""
    parts: dict[str, list[float]] = {}
    for (began, first), (ended, second) in pairwise(points):
        parts.setdefault(name_of(first, second), []).append(ended - began)
    return parts


def main_points(notes: list[Note]) -> list[Note]:
    """Requests count from their first byte on."""
    points, heard = list[Note](), 0.0
    for at, point in notes:
        if point == "heard":
            heard = at
        elif point in REQUESTS or point == "start":
            points.append((heard, point))
        elif point in ENDS or any(point in pair for pair in COURSE):
            points.append((at, point))
    return points


def name_of(first: str, second: str) -> str:
    if first in ENDS:
        return NEXT if second == "reset" else f"{OURS}{second}"
    return COURSE.get((first, second), first)


def one_round() -> list[Note]:
    """A fresh appliance and a fresh device; what the device noted of the queue, without
    the run that it was filled during."""
    with timed_device() as device:
        with running_appliance("bench", section(device.port)) as appliance:
            wait_until_available(appliance)
            first = submit(appliance, 1, HOLD_S)  # meanwhile the queue is filled
            wait(appliance, first + submit(appliance, RUNS, OP_TIME_S))
        points = main_points(device.notes())
    resets = [number for number, (_, point) in enumerate(points) if point == "reset"]
    last = max(number for number, (_, point) in enumerate(points) if point == "GetOverloads.")
    return points[resets[1] : last + 1]


def section(port: int) -> str:
    return (
        f'[[devices.available]]\nname = "machine"\ntype = "LUCIDAC"\nhost = "127.0.0.1"\n'
        f'port = {port}\ndialect = "protobuf"\n'
    )


def wait_until_available(appliance: Appliance) -> None:
    while not all(one["available"] for one in appliance.json("GET", "/api/v1/devices")):
        time.sleep(0.05)


def submit(appliance: Appliance, count: int, op_time_s: float) -> list[str]:
    asked = {
        "device_name": "machine",
        "module": base64.b64encode(encode(harmonic("00-00-00-00-00-00"))).decode(),
        "sample_rate": RATE,
        "op_time": op_time_s,
    }
    return [appliance.json("POST", "/api/v1/tasks/run", asked)["id"] for _ in range(count)]


def wait(appliance: Appliance, tasks: list[str]) -> None:
    """Until the last is done, asking seldom; all must have succeeded."""
    while True:
        time.sleep(0.2)
        if state(appliance, tasks[-1]) not in ("queued", "inprogress"):
            break
    bad = [id for id in tasks if state(appliance, id) != "succeeded"]
    if bad:
        raise RuntimeError(f"{len(bad)} tasks did not succeed")


def state(appliance: Appliance, id: str) -> str:
    found: str = appliance.json("GET", f"/api/v1/tasks/{id}/status")["state"]
    return found


class Timed:
    """The device's process; ``notes`` ends it."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self.port = port

    def notes(self) -> list[Note]:
        self._process.terminate()
        said, _ = self._process.communicate(timeout=20)
        return [(at, point) for at, point in json.loads(said.splitlines()[-1])]


@contextmanager
def timed_device() -> Iterator[Timed]:
    command = [sys.executable, "-m", "tests.bench.timed_device", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=child_environment())
    try:
        assert process.stdout is not None
        yield Timed(process, int(process.stdout.readline().rpartition(":")[2]))
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else ROUNDS))
