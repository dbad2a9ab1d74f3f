"""``analogcloud devices test``: known circuits, measured against expected."""

from __future__ import annotations

import fcntl
import functools
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest
import trio

from appliance import cli, device_test
from appliance.config import load
from appliance.descriptions import lucidac
from appliance.device_circuits import Site, checks
from appliance.device_findings import findings
from appliance.device_plan import plan
from appliance.device_test import CannotTest, Examination, conduct, examine
from appliance.registry import make_device
from drivers.apb.circuit import assemble
from drivers.apb.codec import decode, encode
from drivers.apb.model import MBlockKind
from drivers.base import RunRequest, RunResult
from drivers.errors import ConnectError, RunRefused
from drivers.rates import check_rate
from sim.options import SimulationOptions
from sim.virtual.computing import compute, simulation_of
from sim.virtual.dialect import DIALECTS
from sim.virtual.hardware import mredac, redac
from sim.virtual.server import VirtualOptions, run_virtual_device
from tests.virtual_network import InPlace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from appliance.config_models import Device as DeviceSection
    from appliance.device_circuits import Array
    from appliance.device_plan import PlannedRun
    from drivers.apb.items import CircuitFile
    from drivers.base import Device, JobRunner, LogLine

HEAD = '[system]\ndomain = "lab"\nversion = "1"\n'
SIMULATOR = '[[devices.available]]\nname = "sim"\ntype = "SIMULATOR"\nemulates = "lucidac"\n'
LUCIDAC = '[[devices.available]]\nname = "box"\ntype = "LUCIDAC"\nhost = "127.0.0.1"\nport = {}\n'


class Bench:
    """A device that shows what is expected, changed by ``flaw(run, probe, samples)``."""

    def __init__(self, description: bytes | None, flaw: Flaw | None = None) -> None:
        self.description = description
        self.flaw = flaw or (lambda run, probe, samples: samples)
        self.planned = functools.cache(plan)
        self.runs = 0

    def make(self, section: DeviceSection, entity: bytes | None, jobs: JobRunner) -> Device:
        return self

    async def probe(self) -> bool:
        return True

    async def describe(self) -> bytes | None:
        return self.description

    async def run(self, request: RunRequest, output: Path, log: LogLine) -> RunResult:
        run = self.planned(self.description or b"", 8.0).runs[self.runs]
        assert run.module == request.module
        self.runs += 1
        times = np.arange(round(request.op_time_s * request.sample_rate_hz)) / run.rate_hz
        samples = [
            self.flaw(run, number, point.expected(times)) for number, point in enumerate(run.points)
        ]
        shown = [None if one is None else one.tolist() for one in samples]
        await trio.Path(output).write_bytes(orjson.dumps(shown))
        return RunResult(path=output, samples=len(times), probes=len(samples))


if TYPE_CHECKING:
    Flaw = Callable[[PlannedRun, int, Array], Array | None]


def examination(
    folder: Path, text: str, *, as_json: bool = False, tolerance: float | None = None
) -> Examination:
    path = folder / "analogcloud.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    config = load(path)
    name = config.devices[0].name
    return Examination(config=config, name=name, tolerance=tolerance, as_json=as_json)


def conducted(
    folder: Path, bench: Bench, *, as_json: bool = False, tolerance: float | None = None
) -> int:
    asked = examination(folder, SIMULATOR, as_json=as_json, tolerance=tolerance)
    return examine(asked, bench.make)


def report(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_a_right_device_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert conducted(tmp_path, Bench(lucidac())) == 0
    out = capsys.readouterr().out
    assert "FAILED" not in out
    assert "Passed: 19 checks" in out
    lines = [line for line in out.splitlines() if line.endswith(" ok")]
    assert [line.partition("  ")[0] for line in lines] == [one.title for one in checks()]


@pytest.mark.parametrize("tolerance", [None, 0.05])
def test_a_weak_lane_is_named_unless_it_is_tolerated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tolerance: float | None
) -> None:
    def weak(run: PlannedRun, probe: int, samples: Array) -> Array:
        return samples * (0.97 if run.points[probe].name == "lane 11" else 1.0)

    code = conducted(tmp_path, Bench(lucidac(), weak), tolerance=tolerance)
    out = capsys.readouterr().out
    assert code == (tolerance is None)
    assert ("FAILED: 17 of 19 checks passed" in out) is (tolerance is None)
    assert ("lanes 8 to 15: more than 2 % off" in out) is (tolerance is None)
    assert ("their factors (C block)" in out) is (tolerance is None)
    assert "lane 11" in out


def test_the_report_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def lost(run: PlannedRun, probe: int, samples: Array) -> Array | None:
        if run.title == "products":
            return None if probe == 1 else samples[:0] if probe == 2 else samples
        return samples + 0.001

    assert conducted(tmp_path, Bench(lucidac(), lost), as_json=True) == 1
    told = report(capsys)
    assert (told["device"], told["type"], told["passed"]) == ("sim", "SIMULATOR", False)
    assert [one["title"] for one in told["checks"] if not one["passed"]] == ["products"]
    products = next(one for one in told["checks"] if not one["passed"])
    assert [one["measured"] is None for one in products["probes"]] == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert products["probes"][1]["deviation"] is None
    assert told["checks"][0]["probes"][0]["deviation"] == pytest.approx(0.001 / 0.9)


def test_a_run_that_is_refused_fails_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(run: PlannedRun, probe: int, samples: Array) -> Array:
        if run.title == "products":
            raise RunRefused("it has no multipliers today")
        return samples

    assert conducted(tmp_path, Bench(lucidac(), refuse)) == 1
    out = capsys.readouterr().out
    assert "products: could not be run: it has no multipliers today" in out
    assert "FAILED: 18 of 19" in out


def test_a_device_that_leaves_ends_the_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def leave(run: PlannedRun, probe: int, samples: Array) -> Array:
        if run.title == "products":
            raise ConnectError("the link broke")
        return samples

    bench = Bench(lucidac(), leave)
    assert conducted(tmp_path, bench) == 1
    assert bench.runs == 11
    assert "8 checks were left out" in capsys.readouterr().out


def test_a_device_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Hanging(Bench):
        async def run(self, request: RunRequest, output: Path, log: LogLine) -> RunResult:
            await trio.sleep_forever()
            raise ConnectError("never comes here")

    monkeypatch.setattr(device_test, "RUN_S", 0.01)
    assert conducted(tmp_path, Hanging(lucidac())) == 1
    assert "there was no end to it within 0.01 s" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("description", "words"),
    [(None, "emulates"), (b"\x00", "unsound"), (b"", "unsound")],
)
def test_what_cannot_be_tested_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], description: bytes | None, words: str
) -> None:
    assert conducted(tmp_path, Bench(description)) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert words in shown.err


def test_a_device_that_is_away(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Away(Bench):
        async def describe(self) -> bytes | None:
            raise ConnectError("box:5732 refuses connections")

    assert conducted(tmp_path, Away(lucidac())) == 1
    assert "was not tested: box:5732 refuses connections" in capsys.readouterr().err


def test_an_unknown_device_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = replace(examination(tmp_path, SIMULATOR), name="other")
    assert examine(asked, Bench(lucidac()).make) == 2
    assert "no device is called other; analogcloud.toml has: sim" in capsys.readouterr().err


def test_a_running_appliance_keeps_its_devices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = examination(tmp_path, LUCIDAC.format(5732))
    (tmp_path / "state").mkdir()
    lock = os.open(tmp_path / "state" / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert examine(asked, Bench(lucidac()).make) == 1
        assert "stop the appliance" in capsys.readouterr().err
        # The simulator within the program is nobody's.
        assert conducted(tmp_path, Bench(lucidac())) == 0
    finally:
        os.close(lock)
    assert examine(asked, Bench(lucidac()).make) == 0
    assert "Nobody else may use the device meanwhile." in capsys.readouterr().err


def test_no_appliance_starts_during_a_test(tmp_path: Path) -> None:
    asked = examination(tmp_path, LUCIDAC.format(5732))
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "lock").touch()
    is_locked = list[bool]()

    def look(run: PlannedRun, probe: int, samples: Array) -> Array:
        with (tmp_path / "state" / "lock").open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                is_locked.append(True)
        return samples

    assert examine(asked, Bench(lucidac(), look).make) == 0
    assert is_locked


def test_a_directory_without_state_stays_so(tmp_path: Path) -> None:
    assert examine(examination(tmp_path, LUCIDAC.format(5732)), Bench(lucidac()).make) == 0
    assert not (tmp_path / "state").exists()


# The circuits.


@pytest.mark.parametrize("machine", [mredac(), redac(2), decode(lucidac())])
def test_runs_are_such_that_hardware_takes_them(machine: CircuitFile) -> None:
    for run in plan(encode(machine), 8.0).runs:
        circuit = assemble(decode(run.module))
        assert circuit.warnings == ()
        for carrier in circuit.carriers:
            check_rate(run.rate_hz, len(carrier.channels))
        probes = [one.probe for carrier in circuit.carriers for one in carrier.channels]
        assert sorted(probes) == list(range(len(run.points)))


@pytest.mark.parametrize("gain", [8.0, 10.0])
def test_no_signal_comes_near_the_limit_and_all_are_large(gain: float) -> None:
    for run in plan(lucidac(), gain).runs:
        times = np.linspace(0.0, run.op_time_s, 200)
        for point in run.points:
            largest = np.abs(point.expected(times)).max()
            assert 0.4 < largest <= 0.91, (run.title, point.name)


def test_one_sample_more_or_less_is_within_half_of_the_tolerance() -> None:
    for run in plan(lucidac(), 8.0).runs:
        times = np.arange(round(run.op_time_s * run.rate_hz)) / run.rate_hz
        shifted = [point.expected(times + 1 / run.rate_hz) for point in run.points]
        assert all(one.deviation < 0.011 for one in findings(run, shifted)), run.title


def test_every_lane_is_driven_with_and_without_gain() -> None:
    seen = set[tuple[int, bool]]()
    for run in plan(lucidac(), 8.0).runs:
        if run.title.startswith("lanes"):
            (cluster,) = assemble(decode(run.module)).carriers[0].clusters
            used = [number for number, lane in enumerate(cluster.lanes) if lane.sinks]
            assert [point.name for point in run.points] == [f"lane {lane}" for lane in used]
            seen |= {(number, cluster.lanes[number].upscaled) for number in used}
    assert seen == {(lane, upscaled) for lane in range(32) for upscaled in (False, True)}


def test_exchanged_lanes_and_integrators_are_noticed() -> None:
    for run in plan(lucidac(), 8.0).runs:
        times = np.arange(round(run.op_time_s * run.rate_hz)) / run.rate_hz
        samples = [point.expected(times) for point in run.points]
        if not run.title.startswith(("lanes", "decay")):
            continue
        for first in range(len(samples) - 1):
            exchanged = list(samples)
            exchanged[first], exchanged[first + 1] = samples[first + 1], samples[first]
            assert max(one.deviation for one in findings(run, exchanged)) > 0.05


SITES = (
    Site(integrators=0, products=1, kind=MBlockKind.MUL),
    Site(integrators=1, products=0, kind=MBlockKind.MUL),
    Site(integrators=1, products=0, kind=MBlockKind.MDR),
    Site(integrators=0, products=1, kind=MBlockKind.MDR),
)


def machine(site: Site) -> bytes:
    """A LUCIDAC whose sockets hold what the site says."""
    source = decode(lucidac())
    kinds = {f"M{site.integrators}": MBlockKind.INT.value, f"M{site.products}": (site.kind or 0)}
    (item,) = source.items
    board: Any = item.config  # an entity specification
    clusters = tuple(
        replace(
            one,
            children=tuple(
                replace(block, type=kinds.get(block.path[-2:], block.type))
                for block in one.children
            ),
        )
        for one in board.root.children
    )
    config = replace(board, root=replace(board.root, children=clusters))
    return encode(replace(source, items=(replace(item, config=config, source=None),)))


@pytest.mark.parametrize("site", SITES)
def test_formulas_are_what_the_circuits_compute(site: Site) -> None:
    """The simulator integrates; the formulas were found by hand."""
    runs = plan(machine(site), 8.0).runs
    assert len(runs) == len(list(checks()))
    assert {run.has_mdr for run in runs} == (
        {True, False} if site.kind is MBlockKind.MDR else {False}
    )
    for run in runs:
        simulation = simulation_of(decode(run.module), SimulationOptions(engine="scipy"))
        samples = compute(simulation, run.op_time_s, run.rate_hz).samples
        assert max(one.deviation for one in findings(run, list(samples.T))) < 1e-5, run.title


def test_a_machine_without_multipliers_skips_what_needs_them() -> None:
    whole = plan(machine(Site(integrators=0, products=1, kind=MBlockKind.INT)), 8.0)
    assert list(whole.skipped) == [
        "constant +1", "constant -1", "constant +0.1", "constant -0.1", "products",
    ]  # fmt: skip
    titles = [run.title for run in whole.runs]
    assert "lanes 0 to 7" in titles
    assert "lanes 0 to 7, 2. block" in titles


# Devices.


@pytest.mark.parametrize("gain", [8, pytest.param(10, marks=pytest.mark.long)])
def test_our_own_simulator(tmp_path: Path, capsys: pytest.CaptureFixture[str], gain: int) -> None:
    text = f"{SIMULATOR}[devices.available.simulator]\ngain = {gain}.0\n"
    assert examine(examination(tmp_path, text, as_json=True, tolerance=1e-5)) == 0
    assert report(capsys)["passed"]


@pytest.mark.parametrize("dialect", ["protobuf", "jsonl"])
async def test_a_virtual_lucidac_over_sockets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dialect: str
) -> None:
    options = VirtualOptions(dialect=DIALECTS[dialect], port=0)
    async with trio.open_nursery() as nursery:
        port = await nursery.start(run_virtual_device, options, InPlace())
        text = LUCIDAC.format(port) + f'dialect = "{dialect}"\n'
        asked = examination(tmp_path, text, as_json=True, tolerance=1e-5)
        code = await conduct(asked, asked.config.devices[0], make_device)
        nursery.cancel_scope.cancel()
    told = report(capsys)
    assert code == 0, told
    assert (told["passed"], len(told["checks"])) == (True, 19)


async def test_nobody_there(tmp_path: Path) -> None:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    await listeners[0].aclose()
    asked = examination(tmp_path, LUCIDAC.format(port))
    with pytest.raises(CannotTest, match="refuses connections"):
        await conduct(asked, asked.config.devices[0], make_device)


@pytest.mark.parametrize("percent", ["0", "-2", "101", "much"])
def test_impossible_tolerances_are_wrong_usage(percent: str) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.run(["devices", "test", "sim", "--tolerance", percent])
    assert ended.value.code == 2


def test_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = list[Examination]()

    def remember(examination: Examination) -> int:
        asked.append(examination)
        return 1

    monkeypatch.setattr(device_test, "examine", remember)
    path = tmp_path / "analogcloud.toml"
    path.write_text(HEAD + SIMULATOR, encoding="utf-8")
    arguments = ["devices", "test", "sim", "--config", str(path)]
    assert cli.run(arguments) == 1
    assert cli.run([*arguments, "--json", "--tolerance", "3%"]) == 1
    assert [(one.name, one.tolerance, one.as_json) for one in asked] == [
        ("sim", None, False),
        ("sim", 0.03, True),
    ]
    path.write_text("wrong =", encoding="utf-8")
    assert cli.run(arguments) == 2
    assert str(path) in capsys.readouterr().err
