"""An appliance of the demo's own: a child process with a fresh state directory and key."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from appliance.users import fingerprint
from appliance.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_S: Final = 30.0
STOP_S: Final = 12.0
ANSWER_S: Final = 30.0
PAUSE_S: Final = 0.05

_CONFIG: Final = """\
bind = "127.0.0.1:{port}"
[system]
domain = "demo"
version = "{version}"
[[devices.available]]
name = "simulator"
type = "SIMULATOR"
emulates = "lucidac"
"""
_AUTH: Final = """\
subscriptions:
  demo: {{}}
users:
  {owner}: {{enabled: true, name: Demo, email: demo@localhost, subscription: demo}}
"""


class DemoFailed(Exception):
    """The demo cannot go on; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appliance:
    """Where the demo's appliance is, its key, and its process."""

    port: int
    key: str
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(self, method: str, path: str, body: object = None) -> bytes:
        """One call as any HTTP client would make it. Raises DemoFailed for a refusal."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise DemoFailed(
                f"{method} {path}: {answer.status} {content.decode('utf-8', 'replace')}"
            )
        return content

    # Any: JSON of our own appliance, looked into by the demo only.
    def json(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401
        """The same for an answer in JSON."""
        return json.loads(self.request(method, path, body))


def _nothing(directory: Path) -> None:
    """The appliance starts with an empty directory."""


@contextmanager
def running_appliance(
    version: str, more: str = "", prepare: Callable[[Path], None] = _nothing
) -> Iterator[Appliance]:
    """A running appliance, stopped and its directory removed when the block is left; ``more`` is
    added to its configuration, ``prepare`` may change the directory before the start."""
    with tempfile.TemporaryDirectory(prefix="analogcloud-demo-") as name:
        directory, key, port = Path(name), secrets.token_urlsafe(24), _free_port()
        config = _CONFIG.format(port=port, version=version) + more
        write_whole(directory / "analogcloud.toml", config.encode())
        write_whole(directory / "auth.yml", _AUTH.format(owner=fingerprint(key)).encode())
        prepare(directory)
        process = _start(directory)
        try:
            appliance = Appliance(port=port, key=key, process=process)
            _wait_for_health(appliance, directory / "log")
            yield appliance
        finally:
            stop(process)


def _free_port() -> int:
    """A port that was free a moment ago: the appliance tells if somebody took it since."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _start(directory: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "appliance", "serve", "--config"]
    with (directory / "log").open("wb") as log:
        return subprocess.Popen(
            [*command, str(directory / "analogcloud.toml")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=child_environment(),
        )


def child_environment() -> dict[str, str]:
    """A child must find the same program, from wherever the demo was called."""
    here = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    return os.environ | {"PYTHONPATH": path}


def _wait_for_health(appliance: Appliance, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while appliance.process.poll() is None and time.monotonic() < deadline:
        try:
            appliance.request("GET", "/health")
        except OSError:
            time.sleep(PAUSE_S)  # a client's pause in a process of its own, not the appliance's
        else:
            return
    tail = log.read_text("utf-8", "replace")[-2000:]
    raise DemoFailed(f"the appliance does not start; its log ends with:\n{tail}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a child process, by force where it does not end when asked."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
