"""The simulator as a device like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.apb.errors import CircuitFileError
from drivers.base import RunResult
from drivers.errors import RunRefused
from sim.errors import SimulationError
from sim.options import SimulationOptions
from sim.run import RunSummary, simulate_file

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.base import JobRunner, LogLine, RunRequest


class SimulatorDevice:
    """Simulates each run in a child process of ``jobs``.

    ``description`` is what the device stands for, as a circuit file: it is what `describe` gives,
    and a module without a description of its own borrows it.
    """

    def __init__(
        self, jobs: JobRunner, description: bytes | None, options: SimulationOptions | None = None
    ) -> None:
        self._jobs = jobs
        self._description = description
        self._options = options or SimulationOptions()

    async def probe(self) -> bool:
        """Always there."""
        return True

    async def describe(self) -> bytes | None:
        return self._description

    async def run(self, request: RunRequest, output: Path, log: LogLine) -> RunResult:
        """Simulate and write the result to ``output``; overloads are in the log too.

        Raises RunRefused for modules that cannot be simulated, and what ``jobs`` raises when its
        child process is out of time or memory.
        """
        try:
            summary = await self._jobs.run(
                run_in_child, request, self._description, self._options, output, log=log
            )
        except (CircuitFileError, SimulationError) as error:
            raise RunRefused(str(error)) from error
        return RunResult(
            path=output,
            samples=summary.samples,
            probes=summary.probes,
            overloads=tuple(str(overload) for overload in summary.overloads),
        )


def run_in_child(
    request: RunRequest,
    description: bytes | None,
    options: SimulationOptions,
    output: Path,
    *,
    log: LogLine,
) -> RunSummary:
    """What the child process does; at the top level so that its name can be sent there."""
    return simulate_file(
        request.module,
        description=description,
        op_time_s=request.op_time_s,
        sample_rate_hz=request.sample_rate_hz,
        options=options,
        output=output,
        log=log,
    )
