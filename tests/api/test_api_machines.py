"""What a machine cannot do or has not told yet, said before anything waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.serving import AWAY, CONFIG, MODULE, serving

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("more", "limit"), [("", 9), ("max_op_time_s = 2\n", 2)])
async def test_a_run_longer_than_the_machine_takes_is_refused_at_once(
    tmp_path: Path, more: str, limit: int
) -> None:
    async with (
        serving(tmp_path, config=CONFIG + more) as here,
        here.client() as client,
    ):
        run = {"device_name": "machine", "module": MODULE, "sample_rate": 1000}
        answer = await client.post("/api/v1/tasks/run", json=run | {"op_time": limit + 0.5})
        assert answer.status_code == 422
        assert answer.json()["detail"] == f"op_time: must be at most {limit} seconds on machine"
        answer = await client.post("/api/v1/tasks/run", json=run | {"op_time": limit})
        assert answer.status_code == 503  # it is away
        run["device_name"] = "sim"
        answer = await client.post("/api/v1/tasks/run", json=run | {"op_time": limit + 0.5})
        assert answer.status_code == 201


async def test_a_machine_that_never_answered_is_not_said_to_have_no_description(
    tmp_path: Path,
) -> None:
    async with (
        serving(tmp_path) as here,
        here.client() as client,
    ):
        answer = await client.get("/api/v1/devices/machine/entity")
        assert answer.status_code == 404
        told = answer.json()["detail"]
        assert told == f"the hardware of device machine is not known yet: {AWAY}"
        answer = await client.get("/api/v1/devices/bare/entity")
        assert answer.json()["detail"] == "device bare has no hardware description"
