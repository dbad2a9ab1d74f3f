"""The configuration as frozen models: names, types, defaults and ranges of every key.

Units are in the names: ``_s`` seconds, ``_bytes`` bytes, ``_gb`` 10^9 bytes. Unknown keys are
refused. What concerns several keys at once is in ``config``.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from appliance.models import DeviceType

DEFAULT_PORT = 5732
MACHINE_OP_TIME_S = 9.0
"""Firmware 1 runs no longer; of firmware 2 no limit is known (wire protocol reference, 5)."""

Name = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Gigabytes = Annotated[float, Field(ge=0.5, le=1024, allow_inf_nan=False)]
Port = Annotated[int, Field(ge=1, le=65_535)]
# In strict mode only these would refuse what TOML can say: strings and arrays.
FilePath = Annotated[Path, Field(strict=False)]
Class = Annotated[DeviceType, Field(strict=False)]


class Section(BaseModel):
    """A table of the file: frozen, strict about types, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class System(Section):
    """``[system]``: echoed by ``/api/v1/system/status``."""

    domain: Text
    version: Text


class CompileWorkers(Section):
    """``[workers.compile]``: the pool of compile workers and what one compile may use."""

    num_instances: Annotated[int, Field(ge=1, le=64)] = 1
    instance_timeout_s: Seconds = 120.0
    instance_cpu_cores: Annotated[int, Field(ge=1, le=1024)] | None = None
    instance_memory_gb: Gigabytes = 2.0


class SimulateWorkers(Section):
    """``[workers.simulate]``: what one run on a SIMULATOR may use."""

    instance_timeout_s: Seconds = 300.0
    instance_cpu_cores: Annotated[int, Field(ge=1, le=1024)] | None = None
    instance_memory_gb: Gigabytes = 2.0


class Workers(Section):
    """``[workers]``: who does the work, and how long a run may be."""

    run_op_time_limit_s: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 10.0
    compile: CompileWorkers = CompileWorkers()
    simulate: SimulateWorkers = SimulateWorkers()


class Limits(Section):
    """``[limits]``: what one client may send and for how long it may take."""

    body_bytes: Annotated[int, Field(ge=1024, le=2**30)] = 16 * 2**20
    module_bytes: Annotated[int, Field(ge=256, le=2**24)] = 256 * 2**10
    source_bytes: Annotated[int, Field(ge=64, le=2**24)] = 64 * 2**10
    queued_per_key: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    result_bytes: Annotated[int, Field(ge=1024, le=2**40)] = 256 * 2**20
    connections: Annotated[int, Field(ge=1, le=65_536)] = 512
    header_timeout_s: Seconds = 10.0
    body_timeout_s: Seconds = 30.0
    send_timeout_s: Seconds = 30.0
    keep_alive_s: Seconds = 60.0
    event_streams: Annotated[int, Field(ge=0, le=65_536)] = 256
    event_streams_per_key: Annotated[int, Field(ge=0, le=65_536)] = 16


class Tasks(Section):
    """``[tasks]``: what users may do with their tasks."""

    delete_grace_s: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 120.0


def _gain(value: float) -> float:
    if value not in (8, 10):
        raise PydanticCustomError("gain", "must be 8 or 10")
    return value


class Simulator(Section):
    """``simulator = {...}`` of a SIMULATOR device: how far it is from an ideal machine.

    ``limit`` and ``noise_sigma`` are in machine units; ``quantisation_bits`` absent: none.
    """

    gain: Annotated[float, AfterValidator(_gain)] = 8.0
    with_limits: bool = False
    limit: Annotated[float, Field(ge=1, le=100, allow_inf_nan=False)] = 1.25
    noise_sigma: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0
    noise_seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    quantisation_bits: Annotated[int, Field(ge=2, le=32)] | None = None


class Device(Section):
    """``[[devices.available]]``: one device. A device is serial: it has no ``workers``.

    Where it is: ``host`` and ``port``, or ``serial`` (the path of a serial port), or ``endpoints``
    (``HOST:PORT`` of each board of a stack). A SIMULATOR without any of them is ours, with one it
    is a remote one that speaks the machines' protocol. ``emulates`` (SIMULATOR only) is
    ``"lucidac"`` or the path of an entity file; the bytes that it stands for are in
    ``Config.entities``.
    """

    name: Name
    type: Class
    host: Text | None = None
    port: Port = DEFAULT_PORT
    serial: Text | None = None
    endpoints: Annotated[tuple[Text, ...], Field(strict=False, max_length=32)] = ()
    dialect: Literal["auto", "protobuf", "jsonl"] = "auto"
    proxy_token: Text | None = None
    overload: Literal["warn", "fail"] = "warn"
    emulates: Text | None = None
    max_sample_rate: Annotated[int, Field(ge=1, le=10_000_000)] = 1_000_000
    max_op_time_s: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] | None = None
    simulator: Simulator = Simulator()

    @property
    def is_remote(self) -> bool:
        """Reached by the machines' protocol."""
        return self.host is not None or self.serial is not None or bool(self.endpoints)

    @property
    def op_time_limit_s(self) -> float:
        """The longest run that the device itself takes, in seconds; inf for a simulator."""
        if self.max_op_time_s is not None:
            return self.max_op_time_s
        return MACHINE_OP_TIME_S if self.type is not DeviceType.SIMULATOR else math.inf

    @property
    def has_exact_rates(self) -> bool:
        """Hardware, which would silently round other sample rates."""
        return self.type is not DeviceType.SIMULATOR


class Scanner(Section):
    """``[devices.scanner]``: looking whether devices answer."""

    interval_s: Seconds = 60.0


class Devices(Section):
    """``[devices]``: what is there, in the order in which the API lists it."""

    scanner: Scanner = Scanner()
    available: Annotated[tuple[Device, ...], Field(strict=False)] = ()


class Tls(Section):
    """``[tls]``: files in PEM form. ``certificate`` has the server's own one first, then those
    that lead to one that clients know."""

    certificate: FilePath
    key: FilePath


class ConfigFile(Section):
    """The whole file. ``bind`` is ``HOST:PORT``; paths are relative to the file's directory."""

    system: System
    state_dir: FilePath = Path("state")
    auth_file: FilePath = Path("auth.yml")
    reload_check_s: Seconds = 2.0
    bind: str = "127.0.0.1:8000"
    tls: Tls | None = None
    limits: Limits = Limits()
    tasks: Tasks = Tasks()
    workers: Workers = Workers()
    devices: Devices = Devices()
