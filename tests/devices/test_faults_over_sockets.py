"""Scripts of faults against the whole appliance: each machine has one of its own, all at once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
import trio

from tests.devices.lab import Lab, Rig, laboratory, workshop
from tests.devices.truth import OP_TIME_S, SAFETY_S
from tests.fault_scripts import LONGEST_S, draw

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TASKS = 3
WELL_S = LONGEST_S + 30.0
"""After so long at the latest nothing of a script goes on and the machine is there again."""


async def span_s(lab: Lab, task: str) -> float:
    """From a task's begin to its end."""
    detail = (await lab.client.get(f"/api/v1/tasks/{task}")).json()
    times = {
        step["state"]: datetime.fromisoformat(step["timestamp"]) for step in detail["state_history"]
    }
    return (times[detail["state"]] - times["inprogress"]).total_seconds()


async def suffer(lab: Lab, rig: Rig) -> list[str]:
    """Tasks in a row on one machine; their states."""
    states = []
    for task in [await try_to_submit(lab, rig) for _ in range(TASKS)]:
        with trio.fail_after(WELL_S + TASKS * SAFETY_S):
            state = await ended(lab, task)
        assert await span_s(lab, task) <= OP_TIME_S + SAFETY_S, rig.script
        if state == "succeeded":
            assert await lab.is_right(task), rig.script
        states.append(state)
    return states


async def ended(lab: Lab, task: str) -> str:
    while await lab.state(task) in ("queued", "inprogress"):  # noqa: ASYNC110
        await trio.sleep(0.2)
    return await lab.state(task)


async def try_to_submit(lab: Lab, rig: Rig) -> str:
    """A machine may be away for the moment."""
    with trio.fail_after(WELL_S):
        while (answer := await lab.ask(rig.name)).status_code == 503:  # noqa: ASYNC110
            await trio.sleep(0.5)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def recover(lab: Lab, rig: Rig) -> None:
    """Without faults everything is as ever, soon after those of the past are over."""
    rig.device.director.end()
    with trio.fail_after(WELL_S):
        task = await try_to_submit(lab, rig)
        while await ended(lab, task) != "succeeded":
            await trio.sleep(1.0)
            task = await try_to_submit(lab, rig)
    assert await lab.is_right(task)


async def scripts(directory: Path, seeds: Sequence[int], without: Sequence[str] = ()) -> set[str]:
    """The states that tasks ended in."""
    states = set[str]()

    async def one(lab: Lab, rig: Rig) -> None:
        states.update(await suffer(lab, rig))
        await recover(lab, rig)

    async with workshop() as nursery:
        rigs = [Rig(nursery, name=f"m{seed}", script=draw(seed, without=without)) for seed in seeds]
        for rig in rigs:
            await rig.plug_in()
        async with laboratory(directory, *rigs) as lab, trio.open_nursery() as patients:
            for rig in rigs:
                patients.start_soon(one, lab, rig)
    return states


async def test_some_scripts(tmp_path: Path) -> None:
    states = await scripts(tmp_path, range(100, 108), without=("hang", "silence", "half_frame"))
    assert states == {"succeeded", "failed"}


@pytest.mark.long
async def test_thirty_scripts(tmp_path: Path) -> None:
    assert await scripts(tmp_path, range(30)) == {"succeeded", "failed"}
