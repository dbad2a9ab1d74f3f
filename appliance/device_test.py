"""``analogcloud devices test``: known circuits on one device, measured against expected.

The table goes to standard output, words about the work to standard error.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import orjson
import trio

from appliance.device_circuits import GAIN
from appliance.device_findings import HEAD, Outcome, facts, findings, row, tolerance_of, verdict
from appliance.device_hold import ApplianceRuns, appliance_kept_away
from appliance.device_plan import plan
from appliance.errors import JobError
from appliance.registry import endpoints_of, make_device
from appliance.workings import open_pools
from drivers.apb.errors import CircuitFileError
from drivers.base import RunRequest
from drivers.errors import ConnectError, DeviceBusy, DeviceTimeout, DriverError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from appliance.config import Config
    from appliance.config_models import Device as DeviceSection
    from appliance.device_circuits import Array
    from appliance.device_plan import Plan, PlannedRun
    from drivers.base import Device, JobRunner

    MakeDevice = Callable[[DeviceSection, bytes | None, JobRunner], Device]

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
DESCRIBE_S: Final = 60.0
"""For all boards of a machine, each of which may have to be asked for its dialect."""
RUN_S: Final = 60.0
"""Drivers give up within half a minute; a simulation has a limit of its own."""
_GONE: Final = (ConnectError, DeviceBusy, DeviceTimeout)
"""After these, the next run would not fare better."""


class CannotTest(Exception):
    """The device cannot be tested at all; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """Which device of which configuration; ``tolerance`` as a share, None for what is usual."""

    config: Config
    name: str
    tolerance: float | None
    as_json: bool


def examine(asked: Examination, make: MakeDevice = make_device) -> int:
    """Test a device. Returns the exit code: 0 all is within the tolerance, 1 not, or not tested,
    2 there is no such device."""
    devices = {device.name: device for device in asked.config.devices}
    if asked.name not in devices:
        known = ", ".join(devices) or "none"
        _say(f"no device is called {asked.name}; {asked.config.path.name} has: {known}")
        return EXIT_USAGE
    section = devices[asked.name]
    try:
        with ExitStack() as stack:
            if section.is_remote:
                note = stack.enter_context(appliance_kept_away(asked.config.state_dir))
                _say("Nobody else may use the device meanwhile." + (note and f" Note: {note}."))
            return trio.run(conduct, asked, section, make)
    except (ApplianceRuns, CannotTest) as error:
        _say(f"{asked.name} was not tested: {error}")
        return EXIT_FAILED


async def conduct(asked: Examination, section: DeviceSection, make: MakeDevice) -> int:
    """Run the checks on one device and print what came of them; 0 if all passed, else 1. Raises
    CannotTest."""
    return await _Test(asked, section, make).run()


class _Test:
    def __init__(self, asked: Examination, section: DeviceSection, make: MakeDevice) -> None:
        self._asked = asked
        self._section = section
        self._make = make

    async def run(self) -> int:
        outcomes = list[Outcome]()
        whole: Plan | CannotTest
        async with open_pools(self._asked.config) as pools:
            entity = self._asked.config.entities.get(self._section.name)
            device = self._make(self._section, entity, pools.simulate)
            try:
                whole = await self._plan(device)
            except CannotTest as error:
                whole = error  # raised once the pools are closed, so that it comes alone
            else:
                await self._all_runs(device, whole, outcomes)
        if isinstance(whole, CannotTest):
            raise whole
        self._conclude(outcomes, whole)
        return EXIT_DONE if all(o.is_passed for o in outcomes) else EXIT_FAILED

    async def _plan(self, device: Device) -> Plan:
        description = None
        try:
            with trio.fail_after(DESCRIBE_S):
                description = await device.describe()
        except DriverError as error:
            raise CannotTest(str(error)) from error
        except trio.TooSlowError as error:
            raise CannotTest(f"it did not describe itself within {DESCRIBE_S:g} s") from error
        if description is None:
            raise CannotTest(
                'it has no description to make circuits for; give it one with emulates = "lucidac"'
            )
        try:
            whole = plan(description, self._gain())
        except CircuitFileError as error:
            raise CannotTest(f"its description of itself is unsound: {error}") from error
        if not whole.runs:
            raise CannotTest("its description names no integrators and no multipliers")
        return whole

    def _gain(self) -> float:
        """Drivers adapt circuits to the machine's gain; our own simulator does as it is told."""
        return GAIN if self._section.is_remote else self._section.simulator.gain

    async def _all_runs(self, device: Device, whole: Plan, outcomes: list[Outcome]) -> None:
        if not self._asked.as_json:
            print(_heading(self._section, len(whole.runs)), HEAD, sep="\n", flush=True)
        with tempfile.TemporaryDirectory(prefix="analogcloud-") as folder:
            for run in whole.runs:
                outcome, is_gone = await self._one(device, run, Path(folder) / "result.json")
                outcomes.append(outcome)
                if not self._asked.as_json:
                    print(row(outcome), flush=True)
                if is_gone:
                    return

    async def _one(self, device: Device, run: PlannedRun, path: Path) -> tuple[Outcome, bool]:
        """What came of a run, and whether the device is lost for those after it."""
        request = RunRequest(module=run.module, op_time_s=run.op_time_s, sample_rate_hz=run.rate_hz)
        tolerance = tolerance_of(run, self._asked.tolerance)
        try:
            with trio.fail_after(RUN_S):
                result = await device.run(request, path, _ignore)
        except (DriverError, JobError, trio.TooSlowError) as error:
            text = str(error) or f"there was no end to it within {RUN_S:g} s"
            failed = Outcome(title=run.title, advice=run.advice, tolerance=tolerance, error=text)
            return failed, isinstance(error, (*_GONE, trio.TooSlowError))
        samples = list(_samples(await trio.Path(result.path).read_bytes()))
        return Outcome(
            title=run.title,
            advice=run.advice,
            tolerance=tolerance,
            findings=findings(run, samples),
            overloads=result.overloads,
        ), False

    def _conclude(self, outcomes: list[Outcome], whole: Plan) -> None:
        if self._asked.as_json:
            told = {"device": self._section.name, "type": self._section.type.value}
            print(json.dumps(told | facts(outcomes, whole), indent=2))
        else:
            print("\n" + verdict(outcomes, whole))


def _samples(result: bytes) -> Iterator[Array]:
    """The samples of each probe in a result file; NaN for null."""
    for values in orjson.loads(result):
        yield np.array([] if values is None else values, dtype=np.float64)


def _heading(section: DeviceSection, runs: int) -> str:
    where = ", ".join(map(str, endpoints_of(section))) if section.is_remote else "in this program"
    return f"{section.name}, {section.type.value} ({where}): {runs} checks.\n"


def _ignore(_: str) -> None:
    """What a driver tells in the log of a task; its results and errors say what matters here."""


def _say(text: str) -> None:
    print(text, file=sys.stderr)
