"""The product's main job with nothing faked: from a program to numbers, over HTTP and offline."""

from __future__ import annotations

import base64
import csv
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
import pytest
import trio
from scipy.interpolate import CubicSpline

from appliance import cli
from appliance.workings import Workings
from drivers.apb.codec import decode
from tests.api.serving import CONFIG, finished, serving
from tests.shared import fixtures

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from numpy.typing import NDArray

PROGRAM = """\
use math;
let diff[x, t](t) = 3*y(t);
let diff[y, t](t) = -3*x(t);
let x(t: 0) = 2;
let y(t: 0) = 0;
probe x(t);
probe y(t);
"""
RATE = 100_000
SLOW = CONFIG.replace("instance_timeout_s = 30.0", "instance_timeout_s = 100.0")


async def over_http(client: httpx.AsyncClient, source: str) -> tuple[NDArray[np.float64], Any]:
    """Compile for the simulator's machine, run over the horizon, give samples and scaling."""
    target = (await client.get("/api/v1/devices/sim/entity")).content
    asked = {
        "ode_source": source,
        "backend": "LUCIDAC",
        "module": base64.b64encode(target).decode(),
    }
    module = await result_of(client, "compile", asked)
    scaling = decode(module).scaling
    assert scaling is not None
    run = {
        "device_name": "sim",
        "module": base64.b64encode(module).decode(),
        "sample_rate": RATE,
        "op_time": scaling.horizon / scaling.time_rate,
    }
    return np.array(json.loads(await result_of(client, "run", run))), scaling


async def result_of(client: httpx.AsyncClient, kind: str, body: dict[str, Any]) -> bytes:
    created = await client.post(f"/api/v1/tasks/{kind}", json=body)
    assert created.status_code == 201, created.text
    id = created.json()["id"]
    with trio.fail_after(120):
        status = await finished(client, id)
    log = (await client.get(f"/api/v1/tasks/{id}/log")).json()["lines"]
    assert status["state"] == "succeeded", log
    assert log
    return (await client.get(f"/api/v1/tasks/{id}/result")).content


async def test_an_oscillator_over_http(tmp_path: Path) -> None:
    async with serving(tmp_path, config=SLOW, workings=Workings()) as here, here.client() as client:
        values, scaling = await over_http(client, PROGRAM + "//@ horizon = 4\n")
        t = np.arange(values.shape[1]) * scaling.time_rate / RATE
        assert abs(values[0] - 2 * np.cos(3 * t)).max() < 2e-3
        assert abs(values[1] + 2 * np.sin(3 * t)).max() < 2e-3


@pytest.mark.long
@pytest.mark.parametrize("name", ["decay", "lotka_volterra", "third_order"])
async def test_the_corpus_over_http(tmp_path: Path, name: str) -> None:
    folder = fixtures() / "analang"
    with (folder / f"{name}.ref.csv").open(newline="") as file:
        _, *rows = csv.reader(file)
    table = np.array(rows, dtype=float)
    horizon = table[-1, 0]
    source = (folder / f"{name}.ana").read_text() + f"\n//@ horizon = {horizon}\n"
    async with serving(tmp_path, config=SLOW, workings=Workings()) as here, here.client() as client:
        values, scaling = await over_http(client, source)
        t = np.arange(values.shape[1]) * scaling.time_rate / RATE
        inside = table[:, 0] <= t[-1]
        for column, probe in enumerate(values, 1):
            wanted = table[inside, column]
            found = CubicSpline(t, probe)(table[inside, 0])
            assert abs(found - wanted).max() <= 1e-3 * abs(wanted).max()


async def test_a_hand_made_module_borrows_the_simulators_description(tmp_path: Path) -> None:
    """Without a description of its own and of the simulator's, the task fails and says why."""
    module = (fixtures() / "entities" / "harmonic_pb.apb").read_bytes()
    asked = {"module": base64.b64encode(module).decode(), "sample_rate": RATE, "op_time": 0.001}
    async with serving(tmp_path, config=SLOW, workings=Workings()) as here, here.client() as client:
        created = await client.post("/api/v1/tasks/run", json=asked | {"device_name": "bare"})
        status = await finished(client, created.json()["id"])
        assert status["state"] == "failed"
        assert "descri" in status["error"]


def test_the_oscillator_offline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, module, table = (tmp_path / name for name in ("osc.ana", "osc.apb", "osc.csv"))
    source.write_text(PROGRAM)
    arguments = ["compile", str(source), "--target", "lucidac", "--horizon", "4", "-o", str(module)]
    assert cli.run(arguments) == 0
    assert "verification" in capsys.readouterr().err
    length = ["--problem-time", "4", "--points", "41"]
    assert cli.run(["simulate", str(module), *length, "-o", str(table)]) == 0
    assert capsys.readouterr().out == ""
    header, *rows = table.read_text().splitlines()
    assert header == "t,x,y"
    t, x, _ = np.array([row.split(",") for row in rows], dtype=float).T
    assert t == pytest.approx(np.linspace(0, 4, 41))
    assert abs(x - 2 * np.cos(3 * t)).max() < 2e-3
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["osc.ana", "osc.apb", "osc.csv"]


def test_the_oscillator_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, picture = tmp_path / "osc.ana", tmp_path / "osc.svg"
    source.write_text(PROGRAM)
    arguments = ["explain", str(source), "--horizon", "4"]
    assert cli.run(arguments) == 0
    told = capsys.readouterr()
    assert "x' = 3*y" in told.out
    assert "verification" in told.err
    assert [path.name for path in tmp_path.iterdir()] == ["osc.ana"]
    assert cli.run([*arguments, "-o", str(picture)]) == 0
    assert capsys.readouterr().out == told.out
    assert ElementTree.parse(picture).getroot().tag == "{http://www.w3.org/2000/svg}svg"


REFUSED = [
    ("let diff[x, t](t) = -x(t)^3;", "bad.ana:1:26: error[lexical]: "),
    ("let diff[x, t](t) = -x(t);", "bad.ana:1:1: error[no-probe]: "),
]


@pytest.mark.parametrize(("command", "output"), [("compile", "out.apb"), ("explain", "out.svg")])
@pytest.mark.parametrize(("text", "line"), REFUSED)
def test_a_refused_program_is_told_with_its_place(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    output: str,
    text: str,
    line: str,
) -> None:
    source = tmp_path / "bad.ana"
    source.write_text(text)
    assert cli.run([command, str(source), "-o", str(tmp_path / output)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert line in told.err
    assert text in told.err
    assert "^" in told.err
    assert not (tmp_path / output).exists()


def test_files_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, junk = tmp_path / "good.ana", tmp_path / "junk.apb"
    good.write_text(PROGRAM)
    junk.write_bytes(b"\xff\xfe")
    out = str(tmp_path / "out.apb")
    nowhere = str(tmp_path / "no" / "out.apb")
    csv_file, run = str(tmp_path / "out.csv"), ["--op-time", "1", "--sample-rate", "10"]
    for arguments, word in (
        (["compile", str(tmp_path / "none.ana"), "-o", out], "none.ana"),
        (["compile", str(junk), "-o", out], "UTF-8"),
        (["compile", str(good), "--entity", str(junk), "-o", out], ""),
        (["compile", str(good), "-o", nowhere], "directory"),
        (["explain", str(good), "-o", str(tmp_path / "no" / "out.svg")], "directory"),
        (["explain", str(tmp_path / "none.ana")], "none.ana"),
        (["simulate", str(junk), *run, "-o", csv_file], ""),
        (["simulate", str(tmp_path / "none.apb"), *run, "-o", csv_file], "none.apb"),
    ):
        assert cli.run(arguments) == 1, arguments
        told = capsys.readouterr().err
        assert word in told
        assert "Traceback" not in told
        assert told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.ana", "junk.apb"]


USAGE = [
    [],
    ["dance"],
    ["compile", "x.ana"],
    ["compile", "x.ana", "-o", "y", "--k0", "0"],
    ["compile", "x.ana", "-o", "y", "--horizon", "nan"],
    ["compile", "x.ana", "-o", "y", "--target", "lucidac", "--entity", "z"],
    ["explain"],
    ["explain", "x.ana", "-o", "y.png"],
    ["explain", "x.ana", "--k0", "1.5"],
    ["simulate", "x.apb", "-o", "y.csv"],
    ["simulate", "x.apb", "-o", "y.csv", "--op-time", "1"],
    ["simulate", "x.apb", "-o", "y.txt", "--op-time", "1", "--points", "5"],
    ["simulate", "x.apb", "-o", "y.csv", "--op-time", "1", "--points", "1"],
    ["simulate", "x.apb", "-o", "y.csv", "--op-time", "-1", "--points", "5"],
    ["simulate", "x.apb", "-o", "y.csv", "--op-time", "1", "--problem-time", "1", "--points", "5"],
]


@pytest.mark.parametrize("arguments", USAGE)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.run(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "word"), [("--k0", "twelve"), ("--k0", "1.5"), ("--horizon", "long"), ("--k0", "")]
)
def test_a_number_that_is_none_is_told_in_plain_words(
    flag: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.run(["compile", "x.ana", "-o", "y", flag, word])
    told = capsys.readouterr().err
    assert f"{flag}: {word} is not a" in told
    assert "_count" not in told


def test_an_unknown_target_is_wrong_usage(tmp_path: Path) -> None:
    assert cli.run(["compile", "x.ana", "--target", "toaster", "-o", str(tmp_path / "y")]) == 2
    assert cli.run(["explain", "x.ana", "--target", "toaster"]) == 2


@pytest.mark.long
def test_the_demo(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "appliance", "demo", "--once"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)},
        start_new_session=True,
    )
    said, errors = demo.communicate(timeout=120)
    assert demo.returncode == 0, errors.decode()
    assert b"Largest deviation" in said
    assert b"lucidac-virtual ran the same module over TCP and UDP" in said
    assert list(tmp_path.iterdir()) == []
    assert is_gone(demo.pid)


def is_gone(group: int) -> bool:
    """Whether nothing of a process group goes on; what has ended may have to be buried yet."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
