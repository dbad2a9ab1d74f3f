"""What a worker does while the disk or the database fails: wait a little and try again.

A task must end whatever happens, and a disk that was full or in trouble for a moment is no reason
to stop serving. One that goes on failing is: then the process ends, and says why.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, TypeVar

import trio

from appliance.errors import StorageFull, StoreFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

_log = logging.getLogger("analogcloud.worker")

FULL_PAUSE_S: Final = 5.0
"""Between attempts on a full disk, which waits for a person: they have no end."""
FAILED_PAUSE_S: Final = 1.0
"""Between attempts after another failure."""
PATIENCE_S: Final = 60.0
"""After so long without success the failure is taken for a lasting one."""


async def patiently(step: Callable[[], Awaitable[T]], *, what: str) -> T:
    """Do ``step``, again where the store refuses or fails; ``what`` is it for the log.

    ``step`` must have changed nothing when it raises. Raises StoreFailed where it still fails
    after PATIENCE_S.
    """
    end = trio.current_time() + PATIENCE_S
    while True:
        try:
            return await step()
        except StorageFull:
            _log.error("event=disk_full %s pause_s=%g", what, FULL_PAUSE_S)
            await trio.sleep(FULL_PAUSE_S)
        except StoreFailed as error:
            if trio.current_time() > end:
                raise
            _log.error(
                "event=store_failed %s pause_s=%g error=%r", what, FAILED_PAUSE_S, str(error)
            )
            await trio.sleep(FAILED_PAUSE_S)
