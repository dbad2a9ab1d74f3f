"""How much a busy machine slows the API: ``python -m tests.bench.latency``, by hand.

With both cores compiling and simulating, the 99th percentile of GET /api/v1/tasks/{id}/status
should stay below 3 times its idle value: the median of five pairs of measurements.
"""

from __future__ import annotations

import base64
import http.client
import os
import platform
import statistics
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

from appliance.demo_appliance import running_appliance
from appliance.demo_program import PROGRAM
from drivers.apb.codec import decode

if TYPE_CHECKING:
    from appliance.demo_appliance import Appliance

ROUNDS: Final = 5
REQUESTS: Final = 1000
PAUSE_S: Final = 0.002
GOAL: Final = 3.0
WORKERS: Final = f"[workers.compile]\nnum_instances = {os.cpu_count()}\n"


def main() -> int:
    """Print both percentiles of each round and the median of their ratios; 1 above the goal."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    with running_appliance("bench", WORKERS) as appliance:
        module = compiled(appliance)
        id = run(appliance, module, 0.001)
        finish(appliance, id)
        ratios = []
        for number in range(ROUNDS):
            idle = percentiles(appliance, id)
            with Load(appliance, module):
                busy = percentiles(appliance, id)
            ratios.append(busy[1] / idle[1])
            print(
                f"round {number + 1}: idle p50 {idle[0]:.2f} ms, p99 {idle[1]:.2f} ms; "
                f"busy p50 {busy[0]:.2f} ms, p99 {busy[1]:.2f} ms; ratio {ratios[-1]:.2f}"
            )
    ratio = statistics.median(ratios)
    print(f"median ratio of the 99th percentiles: {ratio:.2f} (goal: below {GOAL:g})")
    return 0 if ratio < GOAL else 1


def percentiles(appliance: Appliance, id: str) -> tuple[float, float]:
    """The 50th and 99th percentile in ms, over one connection, as a polling client sees it."""
    connection = http.client.HTTPConnection("127.0.0.1", appliance.port)
    times = []
    for _ in range(REQUESTS):
        time.sleep(PAUSE_S)
        began = time.perf_counter()
        connection.request(
            "GET",
            f"/api/v1/tasks/{id}/status",
            headers={"Authorization": f"Bearer {appliance.key}"},
        )
        answer = connection.getresponse()
        answer.read()
        times.append(1e3 * (time.perf_counter() - began))
        if answer.status != 200:
            raise RuntimeError(f"status {answer.status}")
    connection.close()
    cuts = statistics.quantiles(times, n=100)
    return cuts[49], cuts[98]


class Load:
    """Keeps all compile workers and the simulator busy while the block lasts."""

    def __init__(self, appliance: Appliance, module: bytes) -> None:
        self._appliance = appliance
        self._module = module
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._compile) for _ in range(os.cpu_count() or 1)]
        self._threads.append(threading.Thread(target=self._run))

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        time.sleep(1.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _compile(self) -> None:
        while not self._end.is_set():
            finish(self._appliance, submit_compile(self._appliance))

    def _run(self) -> None:
        while not self._end.is_set():
            finish(self._appliance, run(self._appliance, self._module, 0.5))


def submit_compile(appliance: Appliance) -> str:
    target = appliance.request("GET", "/api/v1/devices/simulator/entity")
    body = {"ode_source": PROGRAM, "backend": "LUCIDAC", "module": encoded(target)}
    id: str = appliance.json("POST", "/api/v1/tasks/compile", body)["id"]
    return id


def compiled(appliance: Appliance) -> bytes:
    id = submit_compile(appliance)
    finish(appliance, id)
    module = appliance.request("GET", f"/api/v1/tasks/{id}/result")
    if decode(module).scaling is None:
        raise RuntimeError("the module carries no scaling")
    return module


def run(appliance: Appliance, module: bytes, op_time_s: float) -> str:
    body = {
        "device_name": "simulator",
        "module": encoded(module),
        "sample_rate": 100_000,
        "op_time": op_time_s,
    }
    id: str = appliance.json("POST", "/api/v1/tasks/run", body)["id"]
    return id


def finish(appliance: Appliance, id: str) -> None:
    while True:
        status = appliance.json("GET", f"/api/v1/tasks/{id}/status")
        if status["state"] not in ("queued", "inprogress"):
            break
        time.sleep(0.2)
    if status["state"] != "succeeded":
        raise RuntimeError(f"task {id}: {status['error']}")


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


if __name__ == "__main__":
    sys.exit(main())
