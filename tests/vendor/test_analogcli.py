"""The vendor's command line and client, unmodified, against our server."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio

from appliance.workings import Workings
from drivers.errors import DeviceTimeout
from tests.api.serving import ADA, BOB, CONFIG, ENTITY, MODULE, RESULT, ROOT, FakeDevice, serving
from tests.vendor.environment import vendor_environment
from tests.vendor.shell import Shell

if TYPE_CHECKING:
    import subprocess

    from tests.api.serving import Serving

# The command line takes the first available device with "lucidac" in its name where none is named.
NAMED = CONFIG.replace('name = "sim"', 'name = "sim-lucidac"').replace("= 30.0", "= 100.0")
PROGRAM = """\
use math;
let diff[x, t](t) = -0.6*x(t);
let x(t: 0) = 0.9;
probe x(t);
"""
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def programs() -> Path:
    return vendor_environment()


@pytest.fixture
def entity(tmp_path: Path) -> str:
    path = tmp_path / "lucidac.entity"
    path.write_bytes(ENTITY)
    return str(path)


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "decay.ana"
    path.write_text(PROGRAM)
    return str(path)


def shell_for(programs: Path, here: Serving, key: str | None = ADA) -> Shell:
    return Shell(programs, here.url, key)


async def test_status_and_info(programs: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.entity"
    async with serving(tmp_path, config=NAMED) as here:
        shell = shell_for(programs, here)
        said = await shell.ok("status")
        codes = await shell.codes(
            ("info", "sim-lucidac"),
            ("info", "sim-lucidac", "--short"),
            ("info", "sim-lucidac", "--save-entity", str(saved)),
            ("info", "nothing"),
        )
    assert "test" in said
    assert "sim-lucidac" in said
    assert codes == [0, 0, 0, 1]
    assert not saved.exists()  # the client thinks that no simulator has one


async def test_from_equations_to_numbers(
    programs: Path, tmp_path: Path, program: str, entity: str
) -> None:
    """The real compiler and the real simulator."""
    circuit, samples = tmp_path / "decay.apb", tmp_path / "decay.json"
    async with serving(tmp_path, config=NAMED, workings=Workings()) as here:
        shell = shell_for(programs, here)
        said = await shell.ok(
            "compile", program, entity, "--backend", "LUCIDAC", "-o", str(circuit)
        )
        assert "completed successfully" in said
        run = ("run", str(circuit), "--sample-rate", "100000", "--op-time", "0.002")
        said = await shell.ok(*run, "-o", str(samples))
        assert "Using device: sim-lucidac" in said
        assert "completed successfully" in said
        (ran,) = await shell.read("task", "list", "--type", "RUN")
        log = await shell.ok("task", "logs", ran["id"])
        fetched = await shell.read("task", "result", ran["id"])
    (values,) = json.loads(samples.read_text())
    assert fetched == [values]
    assert len(values) == 200
    assert log.count("\n") >= 1
    rate = 10_000 / 100_000  # units of problem time from sample to sample
    for place, value in enumerate(values):
        assert abs(value - 0.9 * math.exp(-0.6 * rate * place)) < 3e-3


async def test_compile_refusals(programs: Path, tmp_path: Path, program: str, entity: str) -> None:
    async with serving(tmp_path, config=NAMED) as here:
        codes = await shell_for(programs, here).codes(
            ("compile", program, "--device", "nothing"),
            ("compile", program, "--device", "sim-lucidac"),  # a SIMULATOR
            ("compile", program, "--device", "machine"),  # has never been seen: no description
            ("compile", program),
            ("compile", program, entity, "--backend", "REDAC"),  # the module is a LUCIDAC's
            ("compile", program, entity, "--k0", "1000", "--no-follow"),
        )
    assert codes == [1, 1, 3, 2, 3, 0]


async def test_run_where_it_cannot_be(programs: Path, tmp_path: Path, entity: str) -> None:
    async with serving(tmp_path) as here:
        shell = shell_for(programs, here)
        said = await shell.ok("run", entity)
        codes = await shell.codes(
            ("run", entity, "--device", "nothing"),
            ("run", entity, "--device", "machine"),
            ("run", entity, "--device", "sim", "--op-time", "0"),
        )
        assert (await shell_for(programs, here, BOB)("run", entity, "--device", "sim")).code == 3
    assert "No available LUCIDAC device found" in said
    assert codes == [3, 3, 3]


async def test_a_task_from_queue_to_result(programs: Path, tmp_path: Path, entity: str) -> None:
    device = FakeDevice(gate=trio.Event())
    async with serving(tmp_path, devices={"sim": device}) as here:
        shell = shell_for(programs, here)
        run = ("run", entity, "--device", "sim", "--no-follow")
        running = (await shell.ok(*run)).strip()
        await device.started.wait()
        waiting = (await shell.ok(*run)).strip()
        assert (await shell.read("task", "status", waiting))["state"] == "queued"
        assert (await shell.read("task", "status", running))["state"] == "inprogress"
        assert await shell.codes(
            ("task", "wait", running, "--timeout", "0.1"),
            ("task", "revoke", running),  # in work
            ("task", "delete", running),  # in work, and just begun
            ("task", "result", running),
        ) == [124, 4, 4, 3]
        assert await shell.ok("task", "revoke", waiting) == ""
        assert await shell.codes(("task", "wait", waiting), ("task", "revoke", waiting)) == [2, 4]
        assert device.gate is not None
        device.gate.set()
        assert await shell.ok("task", "wait", running, "--poll-interval", "0.1") == ""
        info = await shell.read("task", "info", running)
        assert (info["device_name"], info["has_result"]) == ("sim", True)
        assert await shell.read("task", "result", running) == json.loads(RESULT)
        assert "at work" in await shell.ok("task", "logs", running, "--follow")
        assert await shell.ok("task", "delete", waiting) == ""
        assert await shell.codes(("task", "info", waiting), ("task", "delete", waiting)) == [3, 3]


async def test_a_task_that_fails(programs: Path, tmp_path: Path, entity: str) -> None:
    device = FakeDevice(error=DeviceTimeout("the cable is out"))
    async with serving(tmp_path, devices={"sim": device}) as here:
        shell = shell_for(programs, here)
        said = await shell.ok("run", entity, "--device", "sim")
        assert "Task failed" in said
        (id,) = (await shell.ok("task", "list", "--state", "FAILED", "--ids-only")).split()
        assert await shell.codes(("task", "wait", id)) == [1]


async def test_search(programs: Path, tmp_path: Path, entity: str) -> None:
    table = tmp_path / "found.csv"
    async with serving(tmp_path) as here:
        ada, root = shell_for(programs, here), shell_for(programs, here, ROOT)
        for shell in (ada, ada, root):
            await shell.ok("run", entity, "--device", "sim")
        mine = await ada.read("task", "search", "--recursive", "--csv", str(table))
        assert [row["device_name"] for row in mine] == ["sim", "sim"]
        assert {row["user_id"] for row in mine} == {ADA}
        with table.open() as file:
            assert [row["id"] for row in csv.DictReader(file)] == [row["id"] for row in mine]
        all = await root.read("task", "search", "--recursive", "--last-d", "90")
        assert len(all) == 3
        assert ADA not in json.dumps(all)
        assert [row["user_id"] for row in all if row["id"] not in {r["id"] for r in mine}] == [ROOT]
        (own,) = (await root.ok("task", "search", "--me", "--ids-only")).split()
        assert own not in {row["id"] for row in mine}
        states = ("--state", "SUCCEEDED", "--state", "failed", "--device-class", "simulator")
        assert len(await root.read("task", "search", "--type", "RUN", *states, "--limit", "2")) == 2
        assert await ada.read("task", "search", "--to", "2020-01-01T00:00:00") == []
        assert await ada.codes(
            ("task", "search", "--last-d", "91"),
            ("task", "search", "--last-d", "1", "--last-h", "1"),
            ("task", "search", "--state", "asleep"),
        ) == [3, 2, 3]


async def test_errors_end_as_scripts_expect(programs: Path, tmp_path: Path) -> None:
    async with serving(tmp_path) as here:
        shell = shell_for(programs, here)
        assert (await shell_for(programs, here, None)("status")).code == 1
        stranger = await shell_for(programs, here, "stranger")("status")
        assert stranger.code == 3
        assert "valid API key" in stranger.out + stranger.err
        unknown = await shell("task", "info", UNKNOWN)
        assert unknown.code == 3
        assert "there is no task of this id" in unknown.out + unknown.err
        assert await shell.codes(("task", "info", "7"), ("nonsense",)) == [3, 2]
        assert (await Shell(programs, here.url + "/")("status")).code == 0
    assert (await shell("status")).code == 3  # nobody serves any more


async def test_a_used_up_limit_is_told(programs: Path, tmp_path: Path, entity: str) -> None:
    """Ada may run twenty times an hour on simulators."""
    async with serving(tmp_path) as here, here.client() as client:
        shell = shell_for(programs, here)
        body = {"device_name": "sim", "module": MODULE}
        answers = [await client.post("/api/v1/tasks/run", json=body) for _ in range(20)]
        assert {answer.status_code for answer in answers} == {201}
        refused = await shell("run", entity, "--device", "sim")
        assert refused.code == 3
        assert "API Error" in refused.out + refused.err


async def test_the_client_class(programs: Path, tmp_path: Path, entity: str) -> None:
    script = Path(__file__).with_name("use_client.py")
    async with serving(tmp_path) as here:
        command = [str(programs / "python"), str(script), here.url, ADA, "sim", entity]
        with trio.fail_after(60):
            done: subprocess.CompletedProcess[bytes] = await trio.run_process(
                command, capture_stdout=True, capture_stderr=True, check=False
            )
    assert done.returncode == 0, done.stderr.decode()
    given = json.loads(done.stdout)
    assert given["domain"] == "test"
    assert (given["user"]["name"], given["user"]["priority"]) == ("Ada", 3)
    assert [entry["name"] for entry in given["devices"]] == ["sim", "bare", "machine"]
    assert given["entity_bytes"] == len(ENTITY)
    assert [end["state"] for end in given["ends"]] == ["succeeded", "succeeded"]
    steps = [step["state"] for step in given["ends"][0]["state_history"]]
    assert steps == ["queued", "inprogress", "succeeded"]
    assert given["details"] == ["RunTaskDetailResponse", "CompileTaskDetailResponse"]
    assert given["samples"] == json.loads(RESULT)
    assert given["circuit_bytes"] > 0
    assert given["log"]
    ran, compiled = given["ids"]
    assert [item["id"] for item in given["found"]] == [ran]
    assert given["found"][0]["user_id"] == ADA
    assert given["total"] == 1
    assert given["listed"] == [ran]
    assert compiled != ran
    for text in ("cancel_too_late", "no_entity", "after_delete"):
        assert given[text].startswith("API Error: ")
