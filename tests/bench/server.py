"""The whole server against FastAPI, Celery and Redis: ``python -m tests.bench.server LIBRARIES``.

By hand. LIBRARIES is a directory outside of the repository that holds what only this needs
(``pip install --target LIBRARIES fastapi uvicorn celery redis``); redis-server must be installed.
Both do the same runs with the same simulator, one worker each, both acknowledge what is on disk:
SQLite with full synchronisation, Redis with ``appendfsync always``. The two take turns for ROUNDS
rounds. Goals: at most half the latency, at least twice the rates, at most half the memory.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from appliance.demo_appliance import running_appliance

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS: Final = 3
LATENCIES: Final = 40
TASKS: Final = 120
CLIENTS: Final = 16
SUBMIT_S: Final = 4.0
POLL_S: Final = 0.002
START_S: Final = 30.0
DECAY: Final = """\
use math;
let diff[x, t](t) = -0.6*x(t);
let x(t: 0) = 0.9;
probe x(t);
"""
REPOSITORY: Final = Path(__file__).parents[2]
MEASURES: Final = (
    ("submit to result, median", "ms", 0.5),
    ("submit to result, p95", "ms", 0.5),
    ("tasks done", "1/s", 2.0),
    ("submissions acknowledged", "1/s", 2.0),
    ("idle memory, server alone", "MB", 0.5),
    ("idle memory, with workers", "MB", 0.5),
)
"""Name, unit, and the goal for our value by the other's: at most what is below 1, at least else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A running server: its port, its key, and its processes, those of workers apart."""

    port: int
    key: str
    server: tuple[int, ...]
    workers: tuple[int, ...]


def main(libraries: Path) -> int:
    """Print medians and ratios; 1 where a goal is missed."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    body = _body()
    ours: list[tuple[float, ...]] = []
    theirs: list[tuple[float, ...]] = []
    for _ in range(ROUNDS):
        with _ours() as target:
            ours.append(_measure(target, body))
        with _theirs(libraries) as target:
            theirs.append(_measure(target, body))
    print(f"{'':28s} {'ours':>9s} {'theirs':>9s}  ratio (goal)")
    columns = zip(MEASURES, zip(*ours, strict=True), zip(*theirs, strict=True), strict=True)
    results = [_line(*column) for column in columns]
    return 0 if all(results) else 1


def _line(
    measure: tuple[str, str, float], ours: tuple[float, ...], theirs: tuple[float, ...]
) -> bool:
    name, unit, goal = measure
    mine, other = statistics.median(ours), statistics.median(theirs)
    ratio = mine / other
    print(f"{name:28s} {mine:9.1f} {other:9.1f}  {unit:4s} {ratio:5.2f} ({goal:g})")
    return ratio <= goal if goal < 1 else ratio >= goal


def _body() -> bytes:
    """A run of a compiled program: 2 ms of machine time, 200 samples."""
    with tempfile.TemporaryDirectory() as directory:
        source, circuit = Path(directory) / "decay.ana", Path(directory) / "decay.apb"
        source.write_text(DECAY, encoding="utf-8")
        command = [sys.executable, "-m", "appliance", "compile", str(source), "--target", "lucidac"]
        subprocess.run([*command, "-o", str(circuit)], check=True, capture_output=True)
        module = base64.b64encode(circuit.read_bytes()).decode()
    run = {"device_name": "simulator", "module": module, "sample_rate": 100_000, "op_time": 0.002}
    return json.dumps(run).encode()


def _measure(target: Target, body: bytes) -> tuple[float, ...]:
    """The values of MEASURES, in their order."""
    _until_done(target, [_submit(target, body)])
    time.sleep(1.0)
    alone, whole = _memory(target.server), _memory(target.server + target.workers)
    latencies = [_latency_s(target, body) for _ in range(LATENCIES)]
    p95 = statistics.quantiles(latencies, n=20)[18]
    begin = time.perf_counter()
    _until_done(target, [_submit(target, body) for _ in range(TASKS)])
    done = TASKS / (time.perf_counter() - begin)
    return (
        1e3 * statistics.median(latencies),
        1e3 * p95,
        done,
        _submissions(target, body),
        alone,
        whole,
    )


def _latency_s(target: Target, body: bytes) -> float:
    begin = time.perf_counter()
    id = _submit(target, body)
    _until_done(target, [id])
    rows = _ask(target, "GET", f"/{id}/result")
    if len(rows[0]) != 200:
        raise RuntimeError("this is not the result")
    return time.perf_counter() - begin


def _submit(target: Target, body: bytes) -> str:
    id: str = _ask(target, "POST", "/run", body)["id"]
    return id


def _until_done(target: Target, ids: list[str]) -> None:
    for id in ids:
        while (state := _ask(target, "GET", f"/{id}/status")["state"]) != "succeeded":
            if state not in ("queued", "inprogress"):
                raise RuntimeError(f"the task is {state}")
            time.sleep(POLL_S)


_kept: dict[int, http.client.HTTPConnection] = {}


# Any: JSON of either server.
def _ask(target: Target, method: str, path: str, body: bytes | None = None) -> Any:  # noqa: ANN401
    connection = _kept.setdefault(
        target.port, http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    )
    headers = {"Authorization": f"Bearer {target.key}", "Content-Type": "application/json"}
    connection.request(method, f"/api/v1/tasks{path}", body, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{answer.status} {content!r}")
    return json.loads(content)


def _submissions(target: Target, body: bytes) -> float:
    """Acknowledged per second, by CLIENTS clients in a process of their own."""
    command = [sys.executable, "-m", "tests.bench.server", "load", str(target.port), target.key]
    load = subprocess.run(command, input=body, capture_output=True, check=True)
    return float(load.stdout)


def _load(port: int, key: str, body: bytes) -> None:
    head = (
        f"POST /api/v1/tasks/run HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    counts, end = [0] * CLIENTS, time.perf_counter() + SUBMIT_S

    def client(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as stream:
            while time.perf_counter() < end:
                stream.sendall(head.encode() + body)
                _take_answer(stream)
                counts[number] += 1

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(counts) / SUBMIT_S)


def _take_answer(stream: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data or not data.endswith(b"}"):
        piece = stream.recv(65_536)
        if not piece:
            raise RuntimeError("the server closed the connection")
        data += piece
    if not data.startswith(b"HTTP/1.1 201"):
        raise RuntimeError(repr(data))


def _memory(pids: tuple[int, ...]) -> float:
    """MB, each page shared by several processes counted in parts."""
    lines = (Path(f"/proc/{pid}/smaps_rollup").read_text("ascii") for pid in pids)
    return sum(int(line.split("\nPss:")[1].split()[0]) for line in lines) / 1000


def _children(pid: int) -> tuple[int, ...]:
    """All processes below one, whichever of its threads started them."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    here = [int(child) for file in files for child in file.read_text("ascii").split()]
    return tuple(one for child in here for one in (child, *_children(child)))


@contextmanager
def _ours() -> Iterator[Target]:
    more = "[limits]\nqueued_per_key = 1000000\n"
    with running_appliance("bench", more) as appliance:
        time.sleep(4.0)  # its workers warm up
        pid = appliance.process.pid
        yield Target(port=appliance.port, key=appliance.key, server=(pid,), workers=_children(pid))


@contextmanager
def _theirs(libraries: Path) -> Iterator[Target]:
    redis_port, port = _free_port(), _free_port()
    environment = os.environ | {
        "PYTHONPATH": f"{libraries}{os.pathsep}{REPOSITORY}",
        "PEER_REDIS": f"redis://127.0.0.1:{redis_port}",
        "PEER_KEY": "peer-key",
    }
    python = [sys.executable, "-m"]
    app = "tests.bench.peer"
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        redis = ["redis-server", "--port", str(redis_port), "--dir", directory, "--save", ""]
        durable = ["--appendonly", "yes", "--appendfsync", "always"]
        web = [*python, "uvicorn", f"{app}:app", "--port", str(port), "--no-access-log"]
        worker = [*python, "celery", "-A", f"{app}:queue", "worker", "-c", "1"]
        pids = []
        for command in ([*redis, *durable], web, worker):
            pids.append(stack.enter_context(_process(command, environment)).pid)
            time.sleep(1.0)
        _until_healthy(port)
        time.sleep(4.0)
        workers = (pids[2], *_children(pids[2]))
        yield Target(port=port, key="peer-key", server=(pids[0], pids[1]), workers=workers)


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            for pid in _children(process.pid):
                os.kill(pid, 9)
            process.kill()
            process.wait()


def _until_healthy(port: int) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("it does not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    if sys.argv[1:2] == ["load"]:
        _load(int(sys.argv[2]), sys.argv[3], sys.stdin.buffer.read())
    else:
        sys.exit(main(Path(sys.argv[1]).resolve()))
