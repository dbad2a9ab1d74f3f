"""Contents that no task refers to any more: removed when their last task goes, or by a sweep.

A crash between the two leaves contents behind that nobody names; the sweep after a start finds
them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import trio

from appliance.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection

    from appliance.models import Digest
    from appliance.store.blobs import Blobs
    from appliance.store.tasks import Tasks

_log = logging.getLogger("analogcloud.store")

BATCH: Final = 200
"""Contents that are looked up at once; a sweep makes way for others in between."""
COLLECT_S: Final = 3.0
"""What a caller that is being cancelled may still wait for a removal."""


class Orphans:
    """Removes contents that no task refers to."""

    def __init__(self, tasks: Tasks, blobs: Blobs) -> None:
        self._tasks = tasks
        self._blobs = blobs

    async def collect(self, digests: Collection[Digest]) -> int:
        """Remove those of ``digests`` that nobody needs; returns how many went. Also done for a
        caller that is being cancelled. What fails is left to the next sweep, and logged."""
        with trio.move_on_after(COLLECT_S, shield=True):
            try:
                return await self._collect(digests)
            except StoreError:
                _log.exception("event=orphans_left contents=%d", len(digests))
        return 0

    async def sweep(self) -> int:
        """Look through the whole store, a little at a time; returns how many contents went. What
        fails is logged: it will be tried again after the next start."""
        removed = 0
        try:
            for start in range(256):
                names = await self._blobs.names(f"{start:02x}")
                for batch in range(0, len(names), BATCH):
                    removed += await self._collect(names[batch : batch + BATCH])
        except StoreError:
            _log.exception("event=sweep_failed")
        if removed:
            _log.info("event=orphans_removed contents=%d", removed)
        return removed

    async def _collect(self, digests: Collection[Digest]) -> int:
        for digest in digests:
            self._blobs.pins.doom(digest)
        needed = await self._tasks.referenced(digests)
        for digest in needed:
            self._blobs.pins.spare(digest)
        return await self._blobs.remove([one for one in digests if one not in needed])
