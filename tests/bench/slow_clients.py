"""What slow clients do to the others: ``python -m tests.bench.slow_clients [COUNT [KIND]]``.

By hand. For each kind (slow with the header, with the body; not reading a result of some megabytes;
sending fifty requests in one piece and reading nothing) COUNT (1000) clients connect at once, twice
as many as there are places. Printed are the percentiles of an honest
client's requests meanwhile, how long the last slow one was served, and how long a stop takes in
their midst. Goals: p99 below 50 ms, gone within 60 s, stopped within 10 s. Exit code 1 where one
is missed. A few requests may be refused at the moment when all places fill up with clients that
have just begun.
"""

from __future__ import annotations

import base64
import http.client
import resource
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from appliance.demo_appliance import running_appliance
from drivers.apb.circuit import build_file
from tests.machines import LUCIDAC, harmonic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from appliance.demo_appliance import Appliance

KINDS: Final = ("header", "body", "reading", "flood")
PAUSE_S: Final = 1.0
"""Between two bytes of a slow client."""
MEASURE_S: Final = 12.0
GONE_S: Final = 60.0
P99_MS: Final = 50.0
STOP_S: Final = 10.0


def main(count: int, *kinds: str) -> int:
    """Measure all kinds, or some; 1 where a goal is missed."""
    print(f"{count} slow clients of each kind; p50 and p99 of one honest client, in ms")
    _allow_many_files(count)
    return max(_measure(kind, count) for kind in kinds or KINDS)


def _measure(kind: str, count: int) -> int:
    with running_appliance("bench") as appliance:
        path = _large_result(appliance) if kind == "reading" else "/openapi.json"
        quiet = _percentiles(appliance, 3.0)
        begin = time.monotonic()
        with _attack(kind, count, appliance, path):
            busy = _percentiles(appliance, MEASURE_S)
            gone_s = _until_gone(appliance.port, begin)
        with _attack(kind, count, appliance, path):
            time.sleep(3.0)
            begin = time.monotonic()
            appliance.process.terminate()
            appliance.process.wait()
            stop_s = time.monotonic() - begin
    print(
        f"{kind:8s} quiet {quiet[0]:5.1f} {quiet[1]:5.1f}   attacked {busy[0]:5.1f} {busy[1]:5.1f}"
        f"   refused {busy[2]}   all gone after {gone_s:4.1f} s   stopped in {stop_s:4.1f} s"
    )
    is_good = busy[1] < P99_MS and gone_s < GONE_S and stop_s < STOP_S
    return 0 if is_good else 1


def _attack(kind: str, count: int, appliance: Appliance, path: str) -> _Attack:
    return _Attack([kind, str(count), str(appliance.port), appliance.key, path])


def _large_result(appliance: Appliance) -> str:
    """The path of a result of about 8 MB, which no buffer of a kernel takes in."""
    device = appliance.json("GET", "/api/v1/devices")[0]["name"]
    module = base64.b64encode(build_file(LUCIDAC, harmonic())).decode()
    run = {"device_name": device, "module": module, "sample_rate": 200_000, "op_time": 1.0}
    task = f"/api/v1/tasks/{appliance.json('POST', '/api/v1/tasks/run', run)['id']}"
    while appliance.json("GET", f"{task}/status")["state"] in ("queued", "inprogress"):
        time.sleep(0.2)
    return f"{task}/result"


class _Attack:
    """Slow clients in a process of their own, ended with the block."""

    def __init__(self, arguments: list[str]) -> None:
        self._arguments = arguments

    def __enter__(self) -> None:
        command = [sys.executable, "-m", "tests.bench.slow_clients", "attack"]
        self._process = subprocess.Popen([*command, *self._arguments])

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def _percentiles(appliance: Appliance, seconds: float) -> tuple[float, float, int]:
    """p50 and p99 in ms, half of the requests over new connections; and how many were refused."""
    headers = {"Authorization": f"Bearer {appliance.key}"}
    times, refused, end = [], 0, time.monotonic() + seconds
    kept = http.client.HTTPConnection("127.0.0.1", appliance.port, timeout=10)
    while time.monotonic() < end:
        begin = time.perf_counter()
        refused += _get(kept, headers) != 200
        times.append(1e3 * (time.perf_counter() - begin))
        fresh = http.client.HTTPConnection("127.0.0.1", appliance.port, timeout=10)
        begin = time.perf_counter()
        refused += _get(fresh, headers) != 200
        times.append(1e3 * (time.perf_counter() - begin))
        fresh.close()
        time.sleep(0.005)
    cuts = statistics.quantiles(times, n=100)
    return statistics.median(times), cuts[98], refused


def _get(connection: http.client.HTTPConnection, headers: dict[str, str]) -> int:
    """The status; once more where the idle connection was closed, as every HTTP client does."""
    for attempt in range(2):
        try:
            connection.request("GET", "/api/v1/users/me", headers=headers)
            answer = connection.getresponse()
            answer.read()
        except (ConnectionError, http.client.HTTPException):
            connection.close()
            if attempt:
                return 0
        else:
            return answer.status
    return 0


def _until_gone(port: int, begin: float) -> float:
    while time.monotonic() < begin + 2 * GONE_S and _connections(port) > 1:
        time.sleep(0.2)
    return time.monotonic() - begin


def _connections(port: int) -> int:
    """What the server's side of the port has open, or has not sent to its end."""
    lines = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    fields = (line.split() for line in lines)
    return sum(f[1].endswith(f":{port:04X}") and f[3] == "01" for f in fields)


def _allow_many_files(count: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * count + 1000), hard))


async def _attack_all(kind: str, count: int, port: int, key: str, path: str) -> None:
    attacks: dict[str, Callable[..., Awaitable[None]]] = {
        "header": _slow_header,
        "body": _slow_body,
        "reading": partial(_no_reading, path, 1),
        "flood": partial(_no_reading, path, 50),
    }
    attack = attacks[kind]
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(_one, attack, port, key)
            await trio.sleep(0.001)


async def _one(attack: Callable[..., Awaitable[None]], port: int, key: str) -> None:
    try:
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await attack(stream, key)
    except OSError:
        return
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        return


async def _slow_header(stream: trio.SocketStream, key: str) -> None:
    await stream.send_all(b"GET /health HTTP/1.1\r\nHost: x\r\nX: ")
    await _drip(stream)


async def _slow_body(stream: trio.SocketStream, key: str) -> None:
    await stream.send_all(
        b"POST /api/v1/tasks/run HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
        b"Authorization: Bearer %s\r\n\r\n" % key.encode()
    )
    await _drip(stream)


async def _no_reading(path: str, times: int, stream: trio.SocketStream, key: str) -> None:
    stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, 1)
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
    await stream.send_all(request.encode() * times)
    await trio.sleep(2 * GONE_S)


async def _drip(stream: trio.SocketStream) -> None:
    while True:
        await trio.sleep(PAUSE_S)
        await stream.send_all(b"x")


if __name__ == "__main__":
    if sys.argv[1:2] == ["attack"]:
        how, number, at, secret, where = sys.argv[2:]
        _allow_many_files(int(number))
        trio.run(_attack_all, how, int(number), int(at), secret, where)
    else:
        sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 1000, *sys.argv[2:]))
