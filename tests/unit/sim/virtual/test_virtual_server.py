"""The virtual device behind real sockets, and as a command."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import trio

from drivers.wire.messages import (
    Configure,
    Configured,
    Extract,
    Ping,
    Pong,
    RunAccepted,
    StreamToUdp,
)
from drivers.wire.protobuf import decode_datagram
from sim.virtual.dialect import PROTOBUF
from sim.virtual.faults import load_faults
from sim.virtual.server import VirtualOptions, run_virtual_device
from tests.unit.sim.virtual.client import Client, Story, start
from tests.virtual_network import InPlace, harmonic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[4]
LOOPBACK = "127.0.0.1"
PATIENCE_S = 20.0


class Visitor:
    """Connects, and closes everything in the end."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: list[trio.SocketStream] = []

    async def connect(self) -> Client:
        stream = await trio.open_tcp_stream(LOOPBACK, self.port)
        self._streams.append(stream)
        return Client(stream, PROTOBUF)

    async def leave(self) -> None:
        for stream in self._streams:
            await trio.aclose_forcefully(stream)


@asynccontextmanager
async def visiting(port: int) -> AsyncIterator[Visitor]:
    visitor = Visitor(port)
    try:
        yield visitor
    finally:
        await visitor.leave()


@asynccontextmanager
async def listening(script: str = "") -> AsyncIterator[Visitor]:
    options = VirtualOptions(port=0, faults=load_faults(script))
    with trio.fail_after(PATIENCE_S):
        async with trio.open_nursery() as nursery:
            port = await nursery.start(run_virtual_device, options, InPlace())
            async with visiting(port) as visitor:
                yield visitor
            nursery.cancel_scope.cancel()


async def hear(bound: trio.socket.SocketType) -> tuple[Story, set[str]]:
    """A run by UDP, and the addresses that it came from."""
    story, senders = Story(), set[str]()
    while not story.is_over:
        data, sender = await bound.recvfrom(65_536)
        senders.add(sender[0])
        if sender[0] == LOOPBACK:
            story.add(decode_datagram(data).body)
    return story, senders


@pytest.mark.parametrize("forms", [{LOOPBACK}, {LOOPBACK, "127.0.0.2"}])
async def test_a_run_by_tcp_and_udp(forms: set[str]) -> None:
    script = '[[fault]]\nwhat = "foreign_udp"\nform = "sender"\n' if len(forms) > 1 else ""
    async with listening(script) as visitor:
        client = await visitor.connect()
        with trio.socket.socket(type=trio.socket.SOCK_DGRAM) as bound:
            await bound.bind((LOOPBACK, 0))
            await client.ask(StreamToUdp(port=bound.getsockname()[1]))
            assert isinstance(await client.ask(Configure(circuit=harmonic())), Configured)
            assert isinstance(await client.ask(start()), RunAccepted)
            story, senders = await hear(bound)
        expected = 0.5 * np.cos(1e4 * np.arange(500) / 50_000)
        assert np.abs(story.samples()[:, 0] - expected).max() < 6e-8
        assert senders == forms


async def test_the_connection_is_reset() -> None:
    async with listening('[[fault]]\nwhat = "reset_connection"\nat = "extract"\n') as visitor:
        client = await visitor.connect()
        with pytest.raises(trio.BrokenResourceError):
            await client.ask(Extract())
        assert isinstance(await (await visitor.connect()).ask(Ping()), Pong)


async def test_a_device_that_reboots_refuses_connections_and_comes_back() -> None:
    async with listening('[[fault]]\nwhat = "reboot"\nat = "extract"\ndown_s = 0.1\n') as visitor:
        client = await visitor.connect()
        with pytest.raises((EOFError, trio.BrokenResourceError)):
            await client.ask(Extract())
        with pytest.raises(OSError, match="all attempts to connect"):
            await visitor.connect()
        await trio.sleep(0.15)
        assert isinstance(await (await visitor.connect()).ask(Ping()), Pong)


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "appliance", "virtual-device", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def measure(port: int) -> Story:
    async with visiting(port) as visitor:
        client = await visitor.connect()
        await client.ask(Configure(circuit=harmonic()))
        return await client.run(start())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_serves_until_a_signal_comes(number: signal.Signals) -> None:
    with command("--type", "lucidac", "--port", "0") as process:
        try:
            assert process.stdout
            head, _, port = process.stdout.readline().strip().rpartition(":")
            assert head == "listening on 127.0.0.1"
            if number is signal.SIGTERM:
                story = trio.run(measure, int(port))
                assert story.samples().shape == (500, 2)
        finally:
            process.send_signal(number)
        assert process.wait(PATIENCE_S) == 0
        assert process.stderr
        assert "Error" not in process.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--type", "mredac", "--dialect", "jsonl"), 2, "LUCIDAC only"),
        (("--type", "lucidac", "--faults", "missing.toml"), 2, "missing.toml: No such file"),
        (("--type", "lucidac", "--faults", "README.md"), 2, "README.md: the script is no TOML"),
        (("--type", "lucidac", "--entity", "README.md"), 2, "README.md: This is not a circuit"),
        (("--type", "lucidac", "--port", "70000"), 2, "from 0 to 65535"),
        (("--type", "abacus"), 2, "invalid choice"),
        (("--type", "lucidac", "--host", "192.0.2.1", "--port", "0"), 1, "cannot listen"),
    ],
)
def test_what_cannot_be_is_told(arguments: tuple[str, ...], code: int, words: str) -> None:
    with command(*arguments) as process:
        _, told = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == code
        assert words in told
