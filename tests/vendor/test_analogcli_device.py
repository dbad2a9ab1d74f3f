"""The vendor's command line, its whole workflow, on a machine: a virtual LUCIDAC over TCP and UDP,
with the real compiler."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
import trio

from appliance.workings import Workings
from tests.api.serving import ROOT
from tests.devices.lab import Rig, laboratory, workshop
from tests.vendor.environment import vendor_environment
from tests.vendor.shell import Shell
from tests.virtual_network import LUCIDAC

if TYPE_CHECKING:
    from pathlib import Path

NAME = "lucidac-virtual"
GRACE_S = 5.0
PROGRAM = """\
use math;
let diff[x, t](t) = -0.6*x(t);
let x(t: 0) = 0.9;
probe x(t);
"""
RATE, OP_TIME_S = 125_000, 0.002
HOLD = '[[fault]]\nwhat = "hang"\nat = "op"\nafter = 2\nfor_s = 14.0\n'
"""The third run holds the machine."""


@pytest.fixture(scope="module")
def programs() -> Path:
    return vendor_environment()


def check(samples: list[list[float]]) -> None:
    (values,) = samples
    assert len(values) == 250
    for place, value in enumerate(values):
        assert abs(value - 0.9 * math.exp(-0.6 * 10_000 / RATE * place)) < 3e-3


async def test_the_whole_workflow(programs: Path, tmp_path: Path) -> None:
    async with workshop() as nursery:
        rig = Rig(nursery, script=HOLD)
        await rig.plug_in()
        async with laboratory(tmp_path, rig, grace_s=GRACE_S, workings=Workings()) as lab:
            await lab.until(NAME, available=True)
            shell = Shell(programs, lab.here.url, ROOT)
            await look_around(shell, tmp_path)
            circuit = await compile_for_the_device(shell, tmp_path)
            first, second = await run_twice(shell, circuit, tmp_path)
            _, fourth = await hold_the_device(shell, circuit, rig)
            found = await shell.read("task", "search", "--recursive", "--type", "RUN")
            assert {row["id"] for row in found} == {first, second, fourth}
            assert {row["device_name"] for row in found} == {NAME}
            for task in (first, fourth):
                assert await shell.ok("task", "delete", task) == ""
            found = await shell.read("task", "search", "--recursive", "--type", "RUN")
            assert [row["id"] for row in found] == [second]
            await works_again(shell, circuit)


async def look_around(shell: Shell, folder: Path) -> None:
    saved = folder / "saved.entity"
    assert NAME in await shell.ok("status")
    said = await shell.ok("info", NAME, "--save-entity", str(saved))
    assert LUCIDAC in said
    for block in ("M0", "M1", "U", "C", "I"):
        assert f"{LUCIDAC}/0/{block}" in said
    assert saved.stat().st_size > 100


async def compile_for_the_device(shell: Shell, folder: Path) -> str:
    program, circuit = folder / "decay.ana", folder / "decay.apb"
    program.write_text(PROGRAM)
    said = await shell.ok("compile", str(program), "--device", NAME, "-o", str(circuit))
    assert "completed successfully" in said
    return str(circuit)


async def run_twice(shell: Shell, circuit: str, folder: Path) -> list[str]:
    """Without a device's name the first LUCIDAC is taken; their ids, in order."""
    run = ("run", circuit, "--sample-rate", str(RATE), "--op-time", str(OP_TIME_S))
    for number, device in enumerate([(), ("--device", NAME)]):
        samples = folder / f"{number}.json"
        said = await shell.ok(*run, *device, "-o", str(samples))
        assert "completed successfully" in said
        assert NAME in said or device
        check(json.loads(samples.read_text()))
    listed = await shell.read("task", "list", "--type", "RUN")
    assert len(listed) == 2
    return [row["id"] for row in reversed(listed)]


async def hold_the_device(shell: Shell, circuit: str, rig: Rig) -> tuple[str, str]:
    """A run that is deleted, at its second attempt, and one that is revoked while it waits."""
    run = ("run", circuit, "--device", NAME, "--sample-rate", str(RATE), "--no-follow")
    running = (await shell.ok(*run, "--op-time", str(OP_TIME_S))).strip()
    while rig.device.runs < 3:  # noqa: ASYNC110
        await trio.sleep(0.01)
    began = trio.current_time()
    assert await shell.codes(("task", "delete", running)) == [4]  # just begun
    waiting = (await shell.ok(*run)).strip()
    assert (await shell.read("task", "status", waiting))["state"] == "queued"
    assert await shell.codes(
        ("task", "wait", running, "--timeout", "0.1"), ("task", "revoke", running)
    ) == [124, 4]
    assert await shell.ok("task", "revoke", waiting) == ""
    assert await shell.codes(("task", "wait", waiting)) == [2]
    await trio.sleep_until(began + GRACE_S)
    assert await shell.ok("task", "delete", running) == ""
    assert await shell.codes(("task", "info", running)) == [3]
    return running, waiting


async def works_again(shell: Shell, circuit: str) -> None:
    """Once the machine does, a run is waited for."""
    run = ("run", circuit, "--device", NAME, "--sample-rate", str(RATE), "--no-follow")
    with trio.fail_after(60):
        while (said := await shell(*run, "--op-time", str(OP_TIME_S))).code:  # noqa: ASYNC110
            await trio.sleep(0.5)
    task = said.out.strip()
    assert await shell.ok("task", "wait", task, "--poll-interval", "0.1") == ""
    check(await shell.read("task", "result", task))
