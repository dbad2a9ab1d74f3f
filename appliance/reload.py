"""Files that are read again while the appliance runs: on SIGHUP, and when they change.

A file that is wrong changes nothing: what was read before stays in use, the log says why, and the
next change is another chance. Editors replace files and copies grow, so a changed file is left
alone until it has been the same for a moment.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import trio

from appliance.errors import FaultyFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_log = logging.getLogger("analogcloud.reload")

SETTLE_S: Final = 0.2
"""A changed file is read once it has stayed the same for this long."""
SETTLE_ROUNDS: Final = 50
"""A file that never stays the same is read after this many looks: it may be a log by mistake."""
TOLD_FAULTS: Final = 5
"""Faults of one file that the log repeats; ``check-config`` and ``keys list`` tell all."""

Signature: TypeAlias = tuple[tuple[int, int, int, int, int] | None, ...]


def signature_of(paths: Iterable[Path]) -> Signature:
    """What differs after any change: of a file in place, or of the file that a name leads to."""
    return tuple(map(_signature, paths))


def _signature(path: Path) -> tuple[int, int, int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None  # whoever reads it says why
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class Reloadable(Protocol):
    """What is made of files, and can be made anew while others use it.

    ``signature`` is that of ``paths`` just before they were last read, whatever came of it.
    """

    name: str
    paths: tuple[Path, ...]
    signature: Signature

    def reload(self) -> str:
        """Read the files and use them from now on; what was read, in words for the log.

        Called in a thread. Raises FaultyFile, and then everything is as it was.
        """


class Reloader:
    """Keeps ``parts`` up to date; looks at their files every ``check_s`` seconds."""

    def __init__(self, parts: Sequence[Reloadable], check_s: float) -> None:
        self._parts = tuple(parts)
        self._check_s = check_s
        self._asked = trio.Event()
        self._limiter = trio.CapacityLimiter(1)

    def ask(self) -> None:
        """Read everything anew now, changed or not."""
        self._asked.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Until cancelled."""
        task_status.started()
        while True:
            with trio.move_on_after(self._check_s):
                await self._asked.wait()
            is_asked, self._asked = self._asked.is_set(), trio.Event()
            for part in self._parts:
                if is_asked or await self._has_changed(part):
                    await self._reload(part)

    async def _has_changed(self, part: Reloadable) -> bool:
        """Returns with the files at rest, where they have changed at all."""
        found = await self._look(part)
        if found == part.signature:
            return False
        for _ in range(SETTLE_ROUNDS):
            await trio.sleep(SETTLE_S)
            before, found = found, await self._look(part)
            if found == before:
                break
        return True

    async def _look(self, part: Reloadable) -> Signature:
        # In a thread, for the file may be on a disk of another machine that does not answer.
        return await trio.to_thread.run_sync(
            signature_of, part.paths, abandon_on_cancel=True, limiter=self._limiter
        )

    async def _reload(self, part: Reloadable) -> None:
        try:
            words = await trio.to_thread.run_sync(
                part.reload, abandon_on_cancel=True, limiter=self._limiter
            )
        except FaultyFile as error:
            _log.error("event=reload_refused what=%s kept=old %s", part.name, reason(error))
        else:
            _log.info("event=reloaded what=%s %s", part.name, words)


def reason(error: FaultyFile) -> str:
    """The faults of a file in one line."""
    told = [" ".join(str(fault).split()) for fault in error.faults[:TOLD_FAULTS]]
    more = len(error.faults) - len(told)
    tail = f"; and {more} more" if more else ""
    return f"file={error.file} reason={'; '.join(told)!r}{tail}"
