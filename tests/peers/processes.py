"""Peers that we did not write, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT: Final = Path(__file__).parents[2]
READY_S: Final = 30.0
"""To start, on a machine that is busy with other things."""

FAREWELL_S: Final = 5.0
"""To end, where a peer has processes of its own to end first."""


def need(package: str) -> None:
    """Skip the calling module where a peer is not installed."""
    if find_spec(package) is None:
        pytest.skip(f"the peer {package} is not installed", allow_module_level=True)


def program(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this folder."""
    return [sys.executable, "-u", "-m", f"tests.peers.{module}", *arguments]


class Peer:
    """A running program that is talked to line by line."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._heard = bytearray()

    async def line(self) -> str:
        """The next line of its output."""
        assert self._process.stdout
        with trio.fail_after(READY_S):
            while b"\n" not in self._heard:
                more = await self._process.stdout.receive_some()
                if not more:
                    raise EOFError("the peer has ended")
                self._heard += more
        line, _, rest = self._heard.partition(b"\n")
        self._heard = bytearray(rest)
        return line.decode().strip()

    async def ask(self, order: str) -> str:
        """A line for its standard input, and the line that answers it."""
        assert self._process.stdin
        await self._process.stdin.send_all(order.encode() + b"\n")
        return await self.line()

    async def kill(self) -> None:
        """End it at once, whatever it is doing."""
        self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def peer(command: list[str]) -> AsyncIterator[Peer]:
    """A program that serves for as long as the block lasts."""
    process = await trio.lowlevel.open_process(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        yield Peer(process)
    finally:
        with trio.CancelScope(shield=True):
            process.terminate()
            with trio.move_on_after(FAREWELL_S):
                await process.wait()
            process.kill()
            await process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe
                await pipe.aclose()


# Any: JSON.
async def run_program(command: list[str], given: object, limit_s: float) -> Any:  # noqa: ANN401
    """What a program prints in its last line, as JSON, when it is given JSON on its input."""
    with trio.fail_after(limit_s):
        done: subprocess.CompletedProcess[bytes] = await trio.run_process(
            command,
            stdin=json.dumps(given).encode(),
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            cwd=ROOT,
        )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return json.loads(done.stdout.decode().strip().rpartition("\n")[2])
