"""A nursery for helpers that only live as long as a block, and stay its private matter."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def background() -> AsyncIterator[trio.Nursery]:
    """A nursery whose tasks are cancelled when the block ends.

    An error of the block comes out as it is, not in a group: the helpers must keep their own
    failures to themselves, and one that does not makes it a group after all.
    """
    error: BaseException | None = None
    try:
        async with trio.open_nursery() as helper_nursery:
            try:
                yield helper_nursery
            except BaseException as raised:
                error = raised
                raise
            finally:
                helper_nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        # Helpers that were cancelled from outside at the same moment have nothing to add.
        _, rest = group.split(trio.Cancelled)
        if error is None or (rest is not None and rest.exceptions != (error,)):
            raise
    if error is not None:
        raise error
