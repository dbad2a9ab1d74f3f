"""A virtual LUCIDAC of the demo's own: a child process that is reached like a real machine."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from appliance.demo_appliance import DemoFailed, child_environment, stop

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = "lucidac-virtual"
START_S: Final = 30.0
_LISTENING: Final = "listening on "


@contextmanager
def running_device() -> Iterator[str]:
    """A virtual LUCIDAC on a free port, stopped when the block is left; gives its section of the
    appliance's configuration. Raises DemoFailed when it does not start."""
    with tempfile.TemporaryFile() as log:
        process = _start(log)
        try:
            host, _, port = _address(process, log).rpartition(":")
            yield (
                f'[[devices.available]]\nname = "{NAME}"\ntype = "LUCIDAC"\n'
                f'host = "{host}"\nport = {port}\ndialect = "protobuf"\n'
            )
        finally:
            stop(process)


def _start(log: IO[bytes]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "appliance", "virtual-device"]
    return subprocess.Popen(
        [*command, "--type", "lucidac", "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        env=child_environment(),
    )


def _address(process: subprocess.Popen[bytes], log: IO[bytes]) -> str:
    """Where it listens, which is its first line."""
    line = _first_line(process)
    if line.startswith(_LISTENING):
        return line.removeprefix(_LISTENING).strip()
    log.seek(0)
    tail = log.read().decode("utf-8", "replace")[-2000:]
    raise DemoFailed(f"the virtual device does not start; its log ends with:\n{tail}")


def _first_line(process: subprocess.Popen[bytes]) -> str:
    """At most one line, within START_S; less where the process ends or is too slow."""
    out, said = process.stdout, b""
    if out is None:
        return ""
    deadline = time.monotonic() + START_S
    with selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ)
        while b"\n" not in said and selector.select(max(0.0, deadline - time.monotonic())):
            piece = os.read(out.fileno(), 1000)
            if not piece:
                break
            said += piece
    return said.decode("utf-8", "replace").partition("\n")[0]
