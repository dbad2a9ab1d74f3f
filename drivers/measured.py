"""What a finished run leaves behind, and writing it down."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from drivers.base import RunResult
from drivers.results import write_in_child

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.apb.model import Scaling
    from drivers.base import JobRunner, LogLine
    from drivers.results import Array

INLINE_NUMBERS: Final = 20_000
"""Up to here text is made within milliseconds; more is for a child process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A complete run: ``samples`` (samples, probes) in machine units, how they become the user's
    numbers, and the overloaded elements in words."""

    samples: Array
    scaling: Scaling | None
    overloads: tuple[str, ...] = ()

    async def store(self, output: Path, jobs: JobRunner, log: LogLine) -> RunResult:
        """Write the result file. Raises OSError, and what ``jobs`` raises for large ones."""
        if self.samples.size <= INLINE_NUMBERS:
            write = partial(write_in_child, self.samples, self.scaling, output, log=_silent)
            await trio.to_thread.run_sync(write)
        else:
            await jobs.run(write_in_child, self.samples, self.scaling, output, log=log)
        count, probes = self.samples.shape
        return RunResult(path=output, samples=count, probes=probes, overloads=self.overloads)


def _silent(_: str) -> None:
    """The log is not for threads."""
