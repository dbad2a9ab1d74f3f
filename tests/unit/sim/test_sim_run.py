"""From a circuit file to a result file, and the simulator as a device."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pytest

from drivers.apb.codec import decode, encode
from drivers.apb.errors import CircuitFileError
from drivers.apb.items import EntitySpecification, Item, SimConfig
from drivers.apb.model import ProbeScaling, Scaling
from drivers.base import Device, RunRequest
from drivers.errors import Advice, RunRefused
from sim.driver import SimulatorDevice
from sim.errors import AlgebraicLoop, SimulationError, Unusable
from sim.options import SimulationOptions
from sim.run import RunSummary, simulate_file
from tests.shared import fixtures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
SCALING = Scaling(
    variable="t",
    horizon=8.0,
    time_rate=10_000.0,
    probes=(
        ProbeScaling(probe=0, name="x", factor=-2.0, offset=1.0),
        ProbeScaling(probe=1, name="x'", factor=4.0),
    ),
)


def harmonic() -> bytes:
    return (fixtures() / "circuits" / "harmonic.apb").read_bytes()


def scaled() -> bytes:
    return encode(replace(decode(harmonic()), scaling=SCALING))


def bare() -> bytes:
    """Configuration items only."""
    file = decode(harmonic())
    items = tuple(i for i in file.items if not isinstance(i.config, EntitySpecification))
    return encode(replace(file, items=items))


def run(data: bytes, output: Path, **settings: float | bytes | str) -> tuple[RunSummary, list[str]]:
    log: list[str] = []
    chosen = {"op_time_s": 1e-3, "sample_rate_hz": 1e5} | settings
    summary = simulate_file(
        data,
        options=SimulationOptions(),
        output=output,
        log=log.append,
        **{k: v for k, v in chosen.items() if v != ""},  # type: ignore[arg-type]
    )
    return summary, log


def test_machine_units_and_log(tmp_path: Path) -> None:
    summary, log = run(harmonic(), tmp_path / "out")
    found = np.array(json.loads((tmp_path / "out").read_bytes()))
    times = np.arange(100) / 1e5
    assert np.abs(found[0] - np.float32(0.42) * np.cos(1e4 * times)).max() < 1e-9
    assert (summary.samples, summary.probes, summary.overloads) == (100, 2, ())
    text = "\n".join(log)
    assert "simulating 2 integrators, 0 elements without memory, 2 lanes" in text
    assert "integrating with heyoka" in text
    assert "100 samples of 2 probes written as json" in text
    assert "machine time" in text


def test_problem_units_time_and_names(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    settings: dict[str, float | bytes | str] = {
        "op_time_s": "",
        "problem_time": 6.0,
        "sample_rate_hz": "",
        "points": 4,
    }
    run(scaled(), path, format="csv", **settings)
    lines = path.read_text().split()
    assert lines[0] == "t,x,x'"
    rows = np.array([[float(cell) for cell in line.split(",")] for line in lines[1:]])
    a = float(np.float32(0.42))
    assert rows[:, 0] == pytest.approx([0.0, 2.0, 4.0, 6.0])
    assert rows[:, 1] == pytest.approx(1.0 - 2.0 * a * np.cos(rows[:, 0]))
    assert rows[:, 2] == pytest.approx(-4.0 * a * np.sin(rows[:, 0]))


def test_longer_than_the_horizon_is_a_warning(tmp_path: Path) -> None:
    assert run(scaled(), tmp_path / "out", op_time_s=8e-4)[0].warnings == ()
    summary, log = run(scaled(), tmp_path / "out", op_time_s=9e-4)
    assert any("goes on to t = 9" in warning for warning in summary.warnings)
    assert any(line.startswith("warning: the run goes on") for line in log)


def test_wanted_k0_of_a_simulator_is_ignored_with_a_warning(tmp_path: Path) -> None:
    file = decode(harmonic())
    items = (*file.items, Item(config=SimConfig(k0=123)))
    summary, _ = run(encode(replace(file, items=items)), tmp_path / "out")
    assert any("k0 = 123" in warning for warning in summary.warnings)
    assert (tmp_path / "out").read_bytes() == _result(harmonic(), tmp_path)


def _result(data: bytes, folder: Path) -> bytes:
    run(data, folder / "other")
    return (folder / "other").read_bytes()


def test_borrowed_description(tmp_path: Path) -> None:
    with pytest.raises(CircuitFileError):
        run(bare(), tmp_path / "out")
    run(bare(), tmp_path / "out", description=harmonic())
    assert (tmp_path / "out").read_bytes() == _result(harmonic(), tmp_path)


def test_overloads_are_logged_with_element_and_time(tmp_path: Path) -> None:
    data = (fixtures() / "circuits" / "const_tenth_split.apb").read_bytes()
    summary, log = run(data, tmp_path / "out", op_time_s=0.01)
    assert summary.overloads
    assert any("overload: 04-E9" in line and "integrator 0 passes" in line for line in log)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"op_time_s": ""}, "either the op time"),
        ({"problem_time": 1.0}, "either the op time"),
        ({"op_time_s": "", "problem_time": 1.0}, "give the op time in seconds"),
        ({"sample_rate_hz": ""}, "either a sample rate"),
        ({"points": 10}, "either a sample rate"),
        ({"op_time_s": -1.0}, "op time is -1.0"),
    ],
)
def test_requests_that_make_no_sense(
    settings: dict[str, float | bytes | str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(Unusable, match=message):
        run(harmonic(), tmp_path / "out", **settings)


def test_errors_survive_the_way_between_processes() -> None:
    error = AlgebraicLoop((("a", "b"),))
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.elements) == (AlgebraicLoop, str(error), ("a", "b"))
    assert isinstance(copy, SimulationError)


class Here:
    """A job runner that does the work at once; what it gets must be picklable all the same."""

    async def run(self, function: Callable[..., T], *args: object, log: Callable[[str], None]) -> T:
        function, copies = pickle.loads(pickle.dumps((function, args)))
        return function(*copies, log=log)


async def test_device_runs_a_module(tmp_path: Path) -> None:
    device: Device = SimulatorDevice(Here(), harmonic())
    assert await device.probe()
    assert await device.describe() == harmonic()
    log: list[str] = []
    request = RunRequest(module=bare(), op_time_s=1e-3, sample_rate_hz=1e5)
    result = await device.run(request, tmp_path / "out", log.append)
    assert (result.samples, result.probes, result.overloads) == (100, 2, ())
    assert result.media_type == "application/json"
    assert result.path.read_bytes() == _result(harmonic(), tmp_path)
    assert log


async def test_device_refuses_in_its_own_words(tmp_path: Path) -> None:
    device = SimulatorDevice(Here(), None)
    assert await device.describe() is None
    foreign = (fixtures() / "circuits" / "mredac_split_harmonic.apb").read_bytes()
    for module, message in ((b"nonsense", "circuit"), (foreign, "signals between clusters")):
        request = RunRequest(module=module, op_time_s=1e-3, sample_rate_hz=1e5)
        with pytest.raises(RunRefused, match=message) as caught:
            await device.run(request, tmp_path / "out", lambda line: None)
        assert caught.value.advice is Advice.GIVE_UP
