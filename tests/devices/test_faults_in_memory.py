"""Our driver against a device that misbehaves in every way the scripts know, on a clock that jumps:
every run ends in time, none with wrong samples, and the device works afterwards."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
import trio

from drivers.base import RunRequest
from drivers.errors import DriverError
from drivers.link.endpoint import Endpoint
from drivers.link.opening import open_link
from drivers.lucidac import LUCIDAC
from drivers.options import DriverOptions
from drivers.real_device import RealDevice
from sim.virtual.dialect import JSONL, PROTOBUF, Dialect
from tests.devices.truth import MODULE, OP_TIME_S, RATE, SAFETY_S, is_right
from tests.fake_links import InlineJobs
from tests.fault_scripts import LONGEST_S, draw
from tests.virtual_network import Network, ignore, powered

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from drivers.link.contract import Link
    from drivers.options import Dialect as Name

ATTEMPTS = 6
QUIET_S = LONGEST_S + 20.0
"""After so long nothing of a script goes on."""
UNCOUNTED = ("duplicate_chunk", "missing_chunk", "late_data")
"""Firmware 1.x does not number its chunks: one lost and another doubled, or one overtaken by others
as no stream would do it, cannot be told from none of that."""
REQUEST = RunRequest(module=MODULE, op_time_s=OP_TIME_S, sample_rate_hz=RATE)


def driver(network: Network, dialect: Dialect, seed: int) -> RealDevice:
    name: Name = "jsonl" if dialect is JSONL else "protobuf"

    def opener(
        endpoint: Endpoint, dialect: Name, token: str | None
    ) -> AbstractAsyncContextManager[Link]:
        return open_link(endpoint, dialect, token, opener=network.open)

    options = DriverOptions(dialect=name, udp="always" if seed % 2 else "never")
    return RealDevice([Endpoint(host="memory")], LUCIDAC, InlineJobs(), options, opener=opener)


async def run(device: RealDevice) -> bool:
    """Whether a run succeeded, within its time and with the right samples."""
    with trio.fail_after(OP_TIME_S + SAFETY_S):
        try:
            measured = await device.measure(await device.prepare(REQUEST), ignore)
        except DriverError:
            return False
    assert is_right(measured.samples)
    return True


async def survive(script: str, dialect: Dialect, seed: int, tally: dict[bool, int]) -> None:
    pauses = random.Random(seed)
    async with powered(script, dialect=dialect) as network:
        device = driver(network, dialect, seed)
        await network.nursery.start(device.serve)
        for _ in range(ATTEMPTS):
            tally[await run(device)] += 1
            await trio.sleep(pauses.choice((0.0, 0.0, 1.0, 5.0)))
        network.device.director.end()
        await trio.sleep(QUIET_S)
        assert await run(device)


async def many(seeds: range, dialect: Dialect) -> dict[bool, int]:
    tally = {True: 0, False: 0}
    for seed in seeds:
        script = draw(seed, without=UNCOUNTED if dialect is JSONL else ())
        try:
            await survive(script, dialect, seed, tally)
        except BaseException as error:
            error.add_note(f"{dialect.name}, script {script}")
            raise
    return tally


async def test_scripts_over_protobuf(autojump_clock: object) -> None:
    tally = await many(range(100), PROTOBUF)
    assert min(tally.values()) > 100  # scripts that always or never strike would show nothing


async def test_scripts_over_jsonl(autojump_clock: object) -> None:
    await many(range(2000, 2030), JSONL)


@pytest.mark.long
@pytest.mark.parametrize("dialect", [PROTOBUF, JSONL], ids=["protobuf", "jsonl"])
async def test_a_thousand_scripts(autojump_clock: object, dialect: Dialect) -> None:
    await many(range(1000), dialect)
