"""Results of runs in other forms, made in a child process when somebody asks for one.

Nothing is kept: the same result, circuit and rate give the same bytes each time.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

import trio

from appliance.errors import ApplianceError, BlobMissing
from appliance.store.db import told_plainly

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from appliance.models import Blob
    from appliance.store.blobs import Blobs
    from drivers.base import JobRunner, LogLine

Form: TypeAlias = Literal["csv", "npz"]

VERSION: Final = 1
"""Counts changes of what a form looks like, so that nobody goes on reading where another began."""
MAX_WAITING: Final = 8
"""Conversions that may be under way or wait; more are refused."""
DISCARD_S: Final = 3.0
"""What the removal of a finished file may take when its reader is being cancelled."""


class ConvertFunction(Protocol):
    """Result, circuit, rate, form, output: a top-level function that a child process can run."""

    def __call__(
        self,
        result: Path,
        module: bytes,
        sample_rate_hz: int,
        form: Form,
        output: Path,
        /,
        *,
        log: LogLine,
    ) -> None: ...


class TooManyConversions(ApplianceError):
    """As many conversions wait as may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionStatistics:
    """Conversions that wait or are under way."""

    pending: int


class Conversions:
    """Makes files of results, one after the other."""

    def __init__(self, jobs: JobRunner, convert: ConvertFunction, blobs: Blobs) -> None:
        self._jobs = jobs
        self._convert = convert
        self._blobs = blobs
        self._pending = 0

    @asynccontextmanager
    async def converted(
        self, result: Blob, module: Blob, sample_rate_hz: int, form: Form
    ) -> AsyncIterator[Path]:
        """A new file with the result in another form, which is removed when the block is left: who
        opened it in time can still read it.

        Raises TooManyConversions, StoreError (BlobMissing where the task was deleted meanwhile) and
        JobError.
        """
        if self._pending >= MAX_WAITING:
            raise TooManyConversions
        output = self._blobs.new_temporary()
        self._pending += 1
        try:
            await self._make(result, module, sample_rate_hz, form, output)
            yield output
        finally:
            self._pending -= 1
            with trio.move_on_after(DISCARD_S, shield=True):
                await self._blobs.discard(output)

    def statistics(self) -> ConversionStatistics:
        """Numbers for the dashboard."""
        return ConversionStatistics(pending=self._pending)

    async def _make(
        self, result: Blob, module: Blob, sample_rate_hz: int, form: Form, output: Path
    ) -> None:
        path = self._blobs.path(result.digest)
        circuit = await self._blobs.read(module.digest)
        with told_plainly():
            try:
                await self._jobs.run(
                    self._convert, path, circuit, sample_rate_hz, form, output, log=_unheard
                )
            except FileNotFoundError as error:
                raise BlobMissing(f"stored content {result.digest} is missing") from error


def _unheard(line: str) -> None:
    """A conversion has nobody who follows its log."""
