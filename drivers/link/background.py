"""A nursery for helpers that only live as long as a block, and stay its private matter."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


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
        if error is None or list(_failures(group)) != list(_failures(error)):
            raise
    if error is not None:
        raise error


def _failures(error: BaseException) -> Iterator[BaseException]:
    """The single errors of a group. Helpers that were cancelled at the same moment do not count."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _failures(one)
    elif not isinstance(error, trio.Cancelled):
        yield error
