"""A whole appliance and virtual LUCIDACs over real sockets."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import trio

from drivers.apb.codec import decode, encode
from drivers.apb.entities import roots
from drivers.apb.model import Scaling
from tests.devices.lab import Rig, free_port, laboratory, one_device, workshop
from tests.devices.truth import EXACT, VIRTUAL
from tests.virtual_network import LUCIDAC, harmonic

if TYPE_CHECKING:
    from pathlib import Path

NAME = "lucidac-virtual"


async def test_the_machine_gives_what_the_simulator_gives(tmp_path: Path) -> None:
    async with one_device(tmp_path) as (lab, rig):
        entity = await lab.client.get(f"/api/v1/devices/{NAME}/entity")
        (tree,) = roots(decode(entity.content))
        assert tree.path == LUCIDAC
        for rate in (50_000, 125_000):  # by TCP, by UDP
            op_time = {"sample_rate": rate, "op_time": 500 / rate}
            tasks = [await lab.submit(name, **op_time) for name in (NAME, "sim")]
            for task in tasks:
                assert (await lab.end(task))["state"] == "succeeded"
            ours, simulated = [await lab.result(task) for task in tasks]
            assert ours.shape == simulated.shape == (2, 500)
            assert np.abs(ours - simulated).max() <= EXACT
        assert rig.device.runs == 2


async def test_a_run_beyond_the_horizon_is_warned_about_wherever_it_runs(tmp_path: Path) -> None:
    scaling = Scaling(variable="t", horizon=5.0, time_rate=10_000.0)
    module = base64.b64encode(encode(replace(harmonic(VIRTUAL), scaling=scaling))).decode()
    async with one_device(tmp_path) as (lab, _):
        for name in (NAME, "sim"):
            task = await lab.submit(name, module=module)
            assert (await lab.end(task))["state"] == "succeeded"
            words = "warning: the run goes on to t = 100, but the circuit was scaled and verified"
            assert words in await lab.log(task)


async def test_rates_that_a_machine_would_round_are_refused(tmp_path: Path) -> None:
    async with one_device(tmp_path) as (lab, rig):
        for rate, words in (
            (30_000, "the nearest rates are 25000 and 31250"),
            (20, "the nearest rate is 32"),
            (500_000, "the nearest rate is 250000"),
        ):
            refused = await lab.ask(NAME, sample_rate=rate)
            assert refused.status_code == 422
            assert words in str(refused.json()["detail"])
        assert (await lab.ask("sim", sample_rate=30_000)).status_code == 201
        assert rig.device.runs == 0


async def test_overloads_are_told_or_fail_the_run(tmp_path: Path) -> None:
    script = '[[fault]]\nwhat = "overload"\nindex = 1\n'
    async with one_device(tmp_path, script) as (lab, _):
        task = await lab.submit(NAME)
        assert (await lab.end(task))["state"] == "succeeded"
        assert "overload: " in await lab.log(task)
        second = await lab.submit(NAME)
        assert (await lab.end(second))["state"] == "succeeded"
        assert "overload: " not in await lab.log(second)
    (tmp_path / "strict").mkdir()
    async with one_device(tmp_path / "strict", script, overload="fail") as (lab, _):
        ended = await lab.end(await lab.submit(NAME))
        assert ended["state"] == "failed"
        assert "left the range of 1 machine unit" in ended["error"]
        assert (await lab.end(await lab.submit(NAME)))["state"] == "succeeded"


async def test_a_machine_that_comes_late_and_goes(tmp_path: Path) -> None:
    async with workshop() as nursery:
        rig = Rig(nursery, port=free_port())
        async with laboratory(tmp_path, rig) as lab:
            assert (await lab.device(NAME))["available"] is False
            assert (await lab.client.get(f"/api/v1/devices/{NAME}/entity")).status_code == 404
            assert (await lab.ask(NAME)).status_code == 503
            await rig.plug_in()
            await lab.until(NAME, available=True)
            running, *waiting = [await lab.submit(NAME, op_time=5.0, sample_rate=100)] + [
                await lab.submit(NAME) for _ in range(2)
            ]
            while not rig.device.runs:  # noqa: ASYNC110
                await trio.sleep(0.01)
            rig.pull()
            ended = await lab.end(running)
            assert (ended["state"], "connection" in ended["error"]) == ("failed", True)
            assert (await lab.device(NAME))["available"] is False
            assert [await lab.state(task) for task in waiting] == ["queued", "queued"]
            refused = await lab.ask(NAME)
            assert refused.status_code == 503
            assert f"device {NAME} is not available" in refused.json()["detail"]
            assert (await lab.client.get(f"/api/v1/devices/{NAME}/entity")).status_code == 200
            await rig.plug_in()
            for task in waiting:
                assert (await lab.end(task))["state"] == "succeeded"
                assert await lab.is_right(task)
            assert (await lab.device(NAME))["available"] is True


async def test_a_reboot_fails_one_task(tmp_path: Path) -> None:
    script = '[[fault]]\nwhat = "reboot"\nat = "chunk"\ndown_s = 0.3\n'
    async with one_device(tmp_path, script) as (lab, rig):
        first, second = [await lab.submit(NAME) for _ in range(2)]
        ended = await lab.end(first)
        assert (ended["state"], "connection" in ended["error"]) == ("failed", True)
        assert (await lab.end(second))["state"] == "succeeded"
        assert await lab.is_right(second)
        assert rig.device.power.crashes == 1


async def test_one_machine_hangs_and_the_other_works_on(tmp_path: Path) -> None:
    hang = '[[fault]]\nwhat = "hang"\nat = "op"\nfor_s = 20.0\n'
    async with workshop() as nursery:
        sick, well = Rig(nursery, name="sick", script=hang), Rig(nursery, name="well")
        await sick.plug_in()
        await well.plug_in()
        async with laboratory(tmp_path, sick, well) as lab:
            await lab.until("sick", available=True)
            await lab.until("well", available=True)
            stuck, behind = [await lab.submit("sick") for _ in range(2)]
            while not sick.device.runs:  # noqa: ASYNC110
                await trio.sleep(0.01)
            began = trio.current_time()
            tasks = [await lab.submit("well") for _ in range(20)]
            for task in tasks:
                assert (await lab.end(task))["state"] == "succeeded"
            assert trio.current_time() - began < 10.0, "a hang of 20 s held the other queue up"
            assert [await lab.state(task) for task in (stuck, behind)] == ["inprogress", "queued"]
            assert (await lab.device("well"))["available"] is True
            sick.pull()
            assert (await lab.end(stuck))["state"] == "failed"
