"""From a section of the configuration to a driver: the one place that knows the machines' names."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Final

from appliance.models import DeviceType
from drivers.errors import ConnectError

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.config_models import Device as DeviceSection
    from drivers.base import Device, JobRunner, LogLine, RunRequest, RunResult

NO_DRIVER: Final = "this version of analogcloud cannot drive this kind of machine yet"


class Unavailable:
    """A device that is configured but cannot be used; it says why and never pretends to work."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def probe(self) -> bool:
        raise ConnectError(self._reason)

    async def describe(self) -> bytes | None:
        raise ConnectError(self._reason)

    async def run(self, request: RunRequest, output: Path, log: LogLine) -> RunResult:
        raise ConnectError(self._reason)


def make_device(section: DeviceSection, entity: bytes | None, jobs: JobRunner) -> Device:
    """The driver of one configured device. ``entity`` is what a SIMULATOR stands for, ``jobs``
    where heavy work is done."""
    if section.type is DeviceType.SIMULATOR:
        return _simulator(section, entity, jobs)
    return Unavailable(NO_DRIVER)


def engine_module() -> str:
    """The heaviest module that a simulation imports, for processes that warm up."""
    return "heyoka" if importlib.util.find_spec("heyoka") else "scipy.integrate"


def _simulator(section: DeviceSection, entity: bytes | None, jobs: JobRunner) -> Device:
    # Only where one is configured: other appliances never load this.
    from sim.driver import SimulatorDevice
    from sim.options import SimulationOptions

    asked = section.simulator
    options = SimulationOptions(
        gain=asked.gain,
        with_limits=asked.with_limits,
        limit=asked.limit,
        noise_sigma=asked.noise_sigma,
        noise_seed=asked.noise_seed,
        quantisation_bits=asked.quantisation_bits,
    )
    return SimulatorDevice(jobs, entity, options)
