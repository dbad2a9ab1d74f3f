"""The contract between the appliance and a device, whatever the device is.

Time limits belong to the caller: none of the methods takes a timeout, all can be cancelled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from pathlib import Path

    import trio

T = TypeVar("T")

LogLine: TypeAlias = Callable[[str], None]
"""Takes one line for the user's log of the task, without a line end."""

Picklable: TypeAlias = Any  # handed on as it is

MEDIA_TYPE = "application/json"
"""What a run's result file holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceInfo:
    """What a device is called, which class of machine it is, and where it is in words."""

    name: str
    device_class: str
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One run: the circuit file, seconds of machine time, samples per second."""

    module: bytes
    op_time_s: float
    sample_rate_hz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A finished run: the result file, its media type, samples per probe, probes, overloaded
    elements in plain words."""

    path: Path
    samples: int
    probes: int
    overloads: tuple[str, ...] = ()
    media_type: str = MEDIA_TYPE


class JobRunner(Protocol):
    """Runs heavy work outside the server's process."""

    async def run(
        self,
        function: Callable[..., T],
        *args: Picklable,
        log: LogLine,
    ) -> T:
        """Call ``function(*args, log=line)`` in a child process and give its result.

        ``function`` is a picklable top-level function; its exceptions come back as they are. Lines
        arrive at ``log`` while it works. Cancelling ends the child for certain.
        """
        ...


class Device(Protocol):
    """A machine that runs circuits, one at a time."""

    async def probe(self) -> bool:
        """Whether the device answers now."""
        ...

    async def describe(self) -> bytes | None:
        """The device's hardware description as a circuit file, or None where it has none.

        Raises DriverError where the device should have one and cannot give it.
        """
        ...

    async def run(self, request: RunRequest, output: Path, log: LogLine) -> RunResult:
        """Run a circuit and write the result to ``output``.

        The file is JSON in the form of the API's run result; it is complete once this returns and
        may be half written after an error. Raises DriverError.
        """
        ...


Prepared: TypeAlias = Any  # a device's own business, handed back to it
Measured: TypeAlias = Any  # likewise


def _nothing() -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestones:
    """Whom a device tells how far a run is: ``started`` when it goes on by itself, ``ended`` when
    it is over and only questions about it are left. Neither is called where a run fails before."""

    started: Callable[[], None] = _nothing
    ended: Callable[[], None] = _nothing


NOBODY_ASKS: Final = Milestones()


@runtime_checkable
class Stepwise(Protocol):
    """A device whose runs come in parts, so that it need not wait for anything but itself: the next
    run is prepared while one measures, and samples are stored while the next one measures."""

    async def serve(self, *, task_status: trio.TaskStatus[None] = ...) -> None:
        """Keep connections open between uses, until cancelled."""
        ...

    async def prepare(self, request: RunRequest) -> Prepared:
        """Check a request and make it ready, without disturbing a run. Raises DriverError."""
        ...

    async def measure(
        self, request: Prepared, log: LogLine, milestones: Milestones = NOBODY_ASKS
    ) -> Measured:
        """Run what was prepared; the device is free when this returns. Whoever comes earlier waits.
        Raises DriverError."""
        ...

    async def store(self, measured: Measured, output: Path, log: LogLine) -> RunResult:
        """Write what was measured, as ``Device.run`` does. Raises OSError, DriverError."""
        ...
