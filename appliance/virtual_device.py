"""``analogcloud virtual-device``: a machine that is not there, behind its real protocol."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import trio

from appliance import logs
from appliance.compute import JobLimits, open_jobs
from appliance.errors import JobError
from drivers.apb.codec import MAX_FILE_BYTES, decode
from drivers.apb.errors import CircuitFileError
from drivers.apb.machine import machine_of
from sim.options import SimulationOptions
from sim.virtual.computing import ComputeFailed, JobComputer
from sim.virtual.dialect import DIALECTS, JSONL
from sim.virtual.faults import MAX_SCRIPT_BYTES, Faults, FaultScriptError, load_faults
from sim.virtual.hardware import lucidac, mredac, redac
from sim.virtual.server import VirtualOptions, run_virtual_device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from drivers.apb.items import CircuitFile
    from sim.virtual.computing import Computed, Work

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2

MACHINES: Final[dict[str, Callable[[], CircuitFile]]] = {
    "lucidac": lucidac,
    "mredac": mredac,
    "redac": redac,
}
"""What ``--type`` may name."""
NOISE_SIGMA: Final = 1e-3
"""With ``--noise``, in machine units: what a good machine has."""
_LIMITS: Final = JobLimits(time_s=300.0, memory_bytes=4 * 10**9)


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualCommand:
    """What the command line asks for; ``entity`` is a description that takes the place of the
    type's own, ``noise`` a seed, ``token`` what a client has to give first."""

    type: str
    dialect: str
    host: str
    port: int
    faults: Path | None = None
    noise: int | None = None
    entity: Path | None = None
    token: str = ""


def virtual_device(asked: VirtualCommand) -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit code; words go to standard error."""
    logs.set_up()
    try:
        options = _options(asked)
    except _UnusableFile as error:
        return _refuse(str(error))
    if options.dialect is JSONL and asked.type != "lucidac":
        return _refuse(f"--dialect jsonl: firmware 1.x runs on a LUCIDAC only, not on {asked.type}")
    if options.dialect is JSONL and asked.token:
        return _refuse("--token: only a proxy wants one, and that speaks protobuf")
    code = EXIT_DONE
    try:
        trio.run(_serve, options)
    except* OSError as group:
        print(f"cannot listen on {asked.host}:{asked.port}: {_words(group)}", file=sys.stderr)
        code = EXIT_FAILED
    return code


def _refuse(text: str) -> int:
    print(text, file=sys.stderr)
    return EXIT_USAGE


def _words(group: BaseExceptionGroup[OSError]) -> str:
    """The texts of all errors in a group."""
    texts = (
        _words(one) if isinstance(one, BaseExceptionGroup) else str(one) for one in group.exceptions
    )
    return "; ".join(texts)


def _options(asked: VirtualCommand) -> VirtualOptions:
    simulation = SimulationOptions()
    if asked.noise is not None:
        simulation = replace(simulation, noise_sigma=NOISE_SIGMA, noise_seed=asked.noise)
    return VirtualOptions(
        description=_description(asked),
        dialect=DIALECTS[asked.dialect],
        host=asked.host,
        port=asked.port,
        faults=_faults(asked.faults),
        simulation=simulation,
        token=asked.token,
    )


class _UnusableFile(Exception):
    """The text names the file and says why."""


def _description(asked: VirtualCommand) -> CircuitFile:
    if asked.entity is None:
        return MACHINES[asked.type]()
    try:
        description = decode(_content(asked.entity, MAX_FILE_BYTES))
        machine_of(description)
    except CircuitFileError as error:
        raise _UnusableFile(f"{asked.entity}: {error}") from error
    return description


def _faults(path: Path | None) -> Faults:
    if path is None:
        return Faults()
    try:
        return load_faults(_content(path, MAX_SCRIPT_BYTES).decode("utf-8"))
    except (FaultScriptError, UnicodeDecodeError) as error:
        raise _UnusableFile(f"{path}: {error}") from error


def _content(path: Path, most: int) -> bytes:
    """At most one byte more than such a file may have: its reader refuses what is too long."""
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise _UnusableFile(f"{path}: {error.strerror}") from error


async def _serve(options: VirtualOptions) -> None:
    """Until a signal comes. The mathematics are in a child process, which is warm before anybody
    can connect."""
    async with open_jobs(_LIMITS, workers=1) as jobs, trio.open_nursery() as nursery:
        await nursery.start(_watch_signals, nursery.cancel_scope)
        await jobs.warm("sim.virtual.computing", "sim.heyoka_engine")
        port = await nursery.start(run_virtual_device, options, _ChildComputer(jobs))
        # A script that starts the device waits for this line.
        print(f"listening on {options.host}:{port}", flush=True)


async def _watch_signals(
    scope: trio.CancelScope, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            scope.cancel()


class _ChildComputer(JobComputer):
    """Tells clients in the machine's words when the child process had to give up."""

    async def prepare(self, circuit: CircuitFile, options: SimulationOptions) -> None:
        with _as_failures():
            await super().prepare(circuit, options)

    async def compute(self, work: Work) -> Computed:
        with _as_failures():
            return await super().compute(work)


@contextmanager
def _as_failures() -> Iterator[None]:
    try:
        yield
    except JobError as error:
        raise ComputeFailed(str(error)) from error
