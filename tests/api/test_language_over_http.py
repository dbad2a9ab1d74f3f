"""The language over HTTP: one program for each of its features, compiled, run and compared."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import trio

from appliance.workings import Workings
from drivers.apb.codec import decode
from tests.api.serving import CONFIG, finished, serving
from tests.unit.appliance.compiler.cases_mixed import MIXED
from tests.unit.appliance.compiler.cases_of_generators import GENERATORS
from tests.unit.appliance.compiler.cases_of_loops import LOOPS
from tests.unit.appliance.compiler.lowered_cases import Case, lowered_case
from tests.unit.appliance.compiler.lowered_judge import reference

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

SLOW = CONFIG.replace("instance_timeout_s = 30.0", "instance_timeout_s = 100.0")
RATES = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
KNOWN = {case.name: case for case in (*LOOPS, *GENERATORS, *MIXED)}

HOPF = lowered_case(
    "auxiliary function, read from the input of a busy multiplier",
    16.0,
    """let r2(t) = x(t)*x(t) + y(t)*y(t);
    let g(t) = 0.5 - r2(t);
    let diff[x, t](t) = g(t)*x(t) - 2*y(t);
    let diff[y, t](t) = g(t)*y(t) + 2*x(t);
    let x(t: 0) = 0.1; let y(t: 0) = 0;
    probe x(t); probe g(t);""",
    (0.1, 0.0),
    lambda t, y: [
        (0.5 - y[0] ** 2 - y[1] ** 2) * y[0] - 2 * y[1],
        (0.5 - y[0] ** 2 - y[1] ** 2) * y[1] + 2 * y[0],
    ],
    lambda t, y: [y[0], 0.5 - y[0] ** 2 - y[1] ** 2],
)
STRICT = lowered_case(
    "tolerance pragma",
    6.0,
    """//@ tolerance = 0.001
    let diff[x, t](t) = -x(t)/(2 + x(t));
    let x(t: 0) = 1;
    probe x(t);""",
    (1.0,),
    lambda t, y: [-y[0] / (2 + y[0])],
)
FEATURES = (
    (KNOWN["michaelis menten"], 0.02),
    (KNOWN["two tanks"], 0.02),
    (KNOWN["quadratic drag"], 0.02),
    (KNOWN["sine that is probed, and time"], 0.02),
    (HOPF, 1e-3),
    (KNOWN["thousands of units"], 0.02),
    (STRICT, 1e-3),
)


def source_of(case: Case) -> str:
    return f"use math;\n//@ horizon = {case.horizon!r}\n{case.text}\n"


async def done(
    client: httpx.AsyncClient, kind: str, body: dict[str, Any]
) -> tuple[dict[str, Any], str]:
    """Status and log of a task, when it has ended."""
    created = await client.post(f"/api/v1/tasks/{kind}", json=body)
    assert created.status_code == 201, created.text
    id = created.json()["id"]
    with trio.fail_after(120):
        status = await finished(client, id)
    lines = (await client.get(f"/api/v1/tasks/{id}/log")).json()["lines"]
    return status, "\n".join(lines)


async def compiled(client: httpx.AsyncClient, source: str) -> tuple[dict[str, Any], str]:
    target = (await client.get("/api/v1/devices/sim/entity")).content
    module = base64.b64encode(target).decode()
    asked = {"ode_source": source, "backend": "LUCIDAC", "module": module}
    return await done(client, "compile", asked)


async def result(client: httpx.AsyncClient, status: dict[str, Any]) -> bytes:
    assert status["state"] == "succeeded", status["error"]
    return (await client.get(f"/api/v1/tasks/{status['id']}/result")).content


async def deviation(client: httpx.AsyncClient, case: Case) -> tuple[float, str]:
    """Largest deviation of a probe as a part of its amplitude, and the log of the compile."""
    status, log = await compiled(client, source_of(case))
    module = await result(client, status)
    scaling = decode(module).scaling
    assert scaling is not None
    op_time = case.horizon / scaling.time_rate
    rate = max(rate for rate in RATES if rate <= 400 / op_time)
    encoded = base64.b64encode(module).decode()
    run = {"device_name": "sim", "module": encoded, "sample_rate": rate, "op_time": op_time}
    status, _ = await done(client, "run", run)
    values = np.array(json.loads(await result(client, status)), dtype=float).T
    times = np.arange(len(values), dtype=np.float64) / rate * scaling.time_rate
    expected, points = reference(case, times)
    assert points > 40
    error = np.max(np.abs(values - expected)[:points], axis=0)
    return float(np.max(error / np.max(np.abs(expected), axis=0))), log


def check_log(log: str, case: Case) -> None:
    """What a compile tells: resources, scaling table, time mapping, lowering, verification."""
    assert "resources on " in log
    for resource in ("integrators ", "multipliers ", "lanes ", "channels "):
        assert resource in log.split("resources on ")[1].splitlines()[0]
    assert log.count("scaling: 1 machine unit of ") >= len(case.start)
    assert f" s = {case.horizon:g} time units" in log
    assert log.count("verification: probe ") == case.text.count("probe ")
    assert ("lowering: " in log) == (case is not HOPF)


@pytest.mark.long
@pytest.mark.parametrize(("case", "tolerance"), FEATURES, ids=[case.name for case, _ in FEATURES])
async def test_every_feature_over_http(tmp_path: Path, case: Case, tolerance: float) -> None:
    async with serving(tmp_path, config=SLOW, workings=Workings()) as here, here.client() as client:
        share, log = await deviation(client, case)
        assert share <= tolerance
        check_log(log, case)
        if case is KNOWN["quadratic drag"]:
            assert "warning[domain]: the argument of abs" in log
            assert "^" in log
        if case is KNOWN["thousands of units"]:
            assert "1 machine unit of x = 1100 " in log


REFUSALS = (
    ("let diff[x, t](t) = -x(t)^3;", "line 2, column 26: lexical: ", 26),
    ("let diff[x, t](t) = -x(t)/(x(t) - 1);", "line 2, column 26: amplitude-unbounded: ", 26),
    ("let diff[x, t](t) = sin(abs(x(t)));", "line 2, column 21: not-differentiable: ", 21),
    ("let diff[x, t](t) = sin(t) + sin(2*t) + sin(3*t) + sin(4*t);", "integrators: needed 9", 0),
)


async def test_a_division_and_refusals_over_http(tmp_path: Path) -> None:
    async with serving(tmp_path, config=SLOW, workings=Workings()) as here, here.client() as client:
        share, log = await deviation(client, STRICT)
        assert share <= 1e-3
        check_log(log, STRICT)
        for text, words, column in REFUSALS:
            source = f"use math;\n{text}\nlet x(t: 0) = 1;\nprobe x(t);\n//@ horizon = 5\n"
            status, log = await compiled(client, source)
            assert status["state"] == "failed"
            assert words in status["error"]
            assert "\n" not in status["error"]
            if column:
                lines = log.splitlines()
                place = next(i for i, line in enumerate(lines) if f":2:{column}: error[" in line)
                assert lines[place + 1].endswith(text)
                caret = lines[place + 2]
                assert caret.index("^") == lines[place + 1].index(text) + column - 1
