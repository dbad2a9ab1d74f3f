"""From a section of the configuration to a driver: the one place that knows the machines' names."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from appliance.models import DeviceType

if TYPE_CHECKING:
    from appliance.config_models import Device as DeviceSection
    from drivers.base import Device, JobRunner
    from drivers.link.endpoint import Endpoint
    from drivers.options import DriverOptions


def make_device(section: DeviceSection, entity: bytes | None, jobs: JobRunner) -> Device:
    """The driver of one configured device. ``entity`` is what a SIMULATOR stands for, ``jobs``
    where heavy work is done."""
    if section.is_remote:
        return _remote(section, entity, jobs)
    return _simulator(section, entity, jobs)


def engine_module() -> str:
    """The heaviest module that a simulation imports, for processes that warm up."""
    return "heyoka" if importlib.util.find_spec("heyoka") else "scipy.integrate"


def _remote(section: DeviceSection, entity: bytes | None, jobs: JobRunner) -> Device:
    from drivers.lucidac import lucidac
    from drivers.redac import redac
    from drivers.remote_simulator import remote_simulator

    endpoints, options = endpoints_of(section), _options(section)
    match section.type:
        case DeviceType.LUCIDAC:
            return lucidac(endpoints, jobs, options)
        case DeviceType.REDAC:
            return redac(endpoints, jobs, options)
        case DeviceType.SIMULATOR:
            return remote_simulator(endpoints[0], jobs, entity, options)


def endpoints_of(section: DeviceSection) -> tuple[Endpoint, ...]:
    """Where a remote device is; the configuration was checked."""
    from drivers.link.endpoint import Endpoint

    if section.endpoints:
        return tuple(Endpoint.parse(text) for text in section.endpoints)
    if section.serial is not None:
        return (Endpoint(serial=section.serial),)
    return (Endpoint(host=section.host or "", port=section.port),)


def _options(section: DeviceSection) -> DriverOptions:
    from drivers.options import DriverOptions

    return DriverOptions(
        dialect=section.dialect,
        token=section.proxy_token,
        overload=section.overload,
        max_rate=section.max_sample_rate,
        max_op_time_s=section.op_time_limit_s,
    )


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
