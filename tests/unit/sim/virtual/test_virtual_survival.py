"""Whatever a script does to it, the device itself survives: it serves again afterwards."""

from __future__ import annotations

import pytest
import trio

from drivers.errors import ConnectError, ProtocolError
from drivers.wire.messages import Calibrate, Configure, Extract, Failed, Reset, RunState
from sim.virtual.dialect import JSONL, PROTOBUF, Dialect
from tests.fault_scripts import draw
from tests.unit.sim.virtual.client import Client, listen_to_udp, start
from tests.virtual_network import Network, harmonic, powered

BROKEN = (
    EOFError,
    ProtocolError,
    ConnectError,
    AssertionError,
    trio.BrokenResourceError,
    trio.TooSlowError,
)
"""What befalls a simple client; an AssertionError is an answer to another request."""
QUIET_S = 3600.0
"""By then everything that goes byte by byte has been sent."""
COURSE = [RunState.TAKE_OFF, RunState.IC, RunState.OP, RunState.OP_END, RunState.DONE]


async def try_to_run(network: Network, dialect: Dialect, *, by_udp: bool) -> None:
    """A whole session that ends somewhere."""
    client = await Client.connect(network, dialect)
    if by_udp:
        await listen_to_udp(client, network)
    await client.ask(Extract())
    await client.ask(Reset())
    await client.ask(Configure(circuit=harmonic()))
    if dialect is PROTOBUF:
        await client.ask(Calibrate())
    await client.run(start())


async def is_well(network: Network, dialect: Dialect) -> bool:
    await network.device.power.wait_up()
    await network.device.power.pass_hang()
    client = await Client.connect(network, dialect)
    if isinstance(await client.ask(Reset()), Failed):
        return False
    await client.ask(Configure(circuit=harmonic()))
    story = await client.run(start())
    return story.states() == COURSE and story.samples().shape == (500, 2)


async def survive(seed: int, dialect: Dialect) -> None:
    async with powered(draw(seed), dialect=dialect) as network:
        for attempt in range(3):
            with trio.move_on_after(120):
                try:
                    await try_to_run(network, dialect, by_udp=dialect.has_udp and attempt != 1)
                except BROKEN:
                    await trio.sleep(1.0)
        network.device.director.end()
        await trio.sleep(QUIET_S)
        assert await is_well(network, dialect), f"seed {seed}"


async def test_scripts_over_protobuf(autojump_clock: object) -> None:
    for seed in range(60):
        await survive(seed, PROTOBUF)


async def test_scripts_over_jsonl(autojump_clock: object) -> None:
    for seed in range(1000, 1030):
        await survive(seed, JSONL)


@pytest.mark.long
async def test_a_thousand_scripts(autojump_clock: object) -> None:
    for seed in range(1000):
        await survive(seed, PROTOBUF)
        await survive(seed, JSONL)
