"""What does the work behind the queues, and the pools of child processes that it is done in."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import trio

from appliance.compile_child import compile_in_child
from appliance.compute import JobLimits, Jobs, open_jobs
from appliance.convert_child import convert_in_child
from appliance.models import DeviceType
from appliance.registry import engine_module, make_device

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from appliance.compile_child import CompileFunction
    from appliance.config import Config
    from appliance.config_models import CompileWorkers, Device, SimulateWorkers
    from appliance.conversion import ConvertFunction
    from drivers.base import Device as Driver
    from drivers.base import JobRunner

_log = logging.getLogger("analogcloud.workings")

CONVERSION: Final = JobLimits(time_s=120.0, memory_bytes=10**9, cpu_cores=1)
"""A result of 256 MiB takes a few seconds, and little memory whatever its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workings:
    """Who makes devices and compiles, and what their processes import ahead of the first job;
    tests hand in others."""

    make_device: Callable[[Device, bytes | None, JobRunner], Driver] = make_device
    compile: CompileFunction = compile_in_child
    convert: ConvertFunction = convert_in_child
    compile_modules: tuple[str, ...] = ("appliance.compiler.job", engine_module())
    simulate_modules: tuple[str, ...] = ("sim.driver", engine_module())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """Child processes for compile tasks, for simulators, and for results in other forms.

    ``simulators`` is how many devices share the second pool."""

    compile: Jobs
    simulate: Jobs
    convert: Jobs
    simulators: int

    async def warm(self, workings: Workings) -> None:
        """Spare the first tasks the imports."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_warm, self.compile, workings.compile_modules)
            if self.simulators:
                nursery.start_soon(_warm, self.simulate, workings.simulate_modules)


async def _warm(jobs: Jobs, modules: tuple[str, ...]) -> None:
    if modules:
        try:
            await jobs.warm(*modules)
        except Exception:
            # Supervision border: whatever an import does here, it will do again, and be told to
            # somebody, in the first task; the appliance itself needs none of it.
            _log.warning("event=warm_up_failed modules=%s", ",".join(modules), exc_info=True)


@asynccontextmanager
async def open_pools(config: Config) -> AsyncIterator[Pools]:
    """The pools with the limits of the configuration; users must have ended when it is left."""
    simulators = sum(device.type is DeviceType.SIMULATOR for device in config.devices)
    compile, simulate = config.workers.compile, config.workers.simulate
    async with (
        open_jobs(_limits(compile), workers=compile.num_instances) as compile_jobs,
        open_jobs(_limits(simulate), workers=max(1, simulators)) as simulate_jobs,
        open_jobs(CONVERSION, workers=1) as convert_jobs,
    ):
        yield Pools(
            compile=compile_jobs,
            simulate=simulate_jobs,
            convert=convert_jobs,
            simulators=simulators,
        )


def _limits(workers: CompileWorkers | SimulateWorkers) -> JobLimits:
    gigabytes = workers.instance_memory_gb
    return JobLimits(
        time_s=workers.instance_timeout_s,
        memory_bytes=None if gigabytes is None else int(gigabytes * 1e9),
        cpu_cores=workers.instance_cpu_cores,
    )
