"""Group commit: what waits while one transaction is brought to disk shares the next one.

A commit with full synchronisation waits for the disk, however little it brings there. Units of
work that come in the meantime are collected and done in one round: each inside a savepoint of its
own, all in one transaction. Nobody is told anything before that transaction is on disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

import trio

from appliance.errors import StoreFailed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

T = TypeVar("T")

MAX_UNITS: Final = 64
"""Units in one round; more would let the first of them wait for little gain."""


def nobody(answer: object) -> None:
    """No one else is to be told of an answer."""


class Unit(Generic[T]):
    """One caller's work, and what came of it once its round is over."""

    def __init__(self, work: Callable[[sqlite3.Connection], T], then: Callable[[T], None]) -> None:
        self.work = work
        self._then = then
        self.called = trio.Event()
        """Set when its round is over, or when it is the first that waits and so leads the next."""
        self.is_taken = False
        self._answer: T | None = None
        self._error: BaseException | None = StoreFailed("the write did not take place")

    def succeed(self, answer: T) -> None:
        """Counts once the round's transaction is on disk."""
        self._answer, self._error = answer, None

    def fail(self, error: BaseException) -> None:
        """What the caller gets instead of an answer."""
        self._answer, self._error = None, error

    def tell(self) -> None:
        """To be called once, when the answer is on disk: hand it to ``then``."""
        if self._error is None:
            self._then(cast("T", self._answer))

    def answer(self) -> T:
        """What the work returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return cast("T", self._answer)


AnyUnit = Unit[Any]  # Any: the units of a round answer different callers


class Rounds:
    """Collects units and has them done by ``do_all`` in a thread, one round at a time.

    ``do_all`` gives each unit its answer or its error, and raises nothing itself.
    """

    def __init__(self, do_all: Callable[[list[AnyUnit]], None]) -> None:
        self._do_all = do_all
        self._waiting: list[AnyUnit] = []
        self._turn = trio.Lock()
        self._thread = trio.CapacityLimiter(1)

    async def run(
        self, work: Callable[[sqlite3.Connection], T], then: Callable[[T], None] = nobody
    ) -> T:
        """Have ``work`` done in the next round; returns or raises what it did.

        Once it is on disk ``then`` gets the answer, in the event loop, in the order of the commits
        and whatever became of the caller. It must not raise.

        A caller that is cancelled before its round begins has changed nothing. Once it has begun,
        the caller gets the answer, as with any thread, and is cancelled at its next checkpoint: a
        claimed task, say, would otherwise belong to nobody.
        """
        unit = Unit(work, then)
        self._waiting.append(unit)
        if self._waiting[0] is not unit:
            await self._follow(unit)
        if not unit.is_taken:
            await self._lead(unit)
        return unit.answer()

    async def _follow(self, unit: AnyUnit) -> None:
        """Until the unit's round is over or it has become the first that waits."""
        try:
            await unit.called.wait()
        except trio.Cancelled:
            if not unit.is_taken:
                self._leave(unit)
                raise
            # It is being written. The shield lasts as long as a transaction, which has its own
            # limit (``BUSY_S``) and cannot be stopped.
            with trio.CancelScope(shield=True):
                await unit.called.wait()

    async def _lead(self, unit: AnyUnit) -> None:
        """Wait until the round before is over, then do one with all who wait."""
        try:
            await self._turn.acquire()
        except trio.Cancelled:
            self._leave(unit)
            raise
        try:
            units = self._take()
            with trio.CancelScope(shield=True):  # as above
                await trio.to_thread.run_sync(self._do_all, units, limiter=self._thread)
        finally:
            self._turn.release()
            for one in units:
                one.called.set()
            for one in units:  # before any of them goes on
                one.tell()

    def _take(self) -> list[AnyUnit]:
        units, self._waiting = self._waiting[:MAX_UNITS], self._waiting[MAX_UNITS:]
        for unit in units:
            unit.is_taken = True
        self._call_first()
        return units

    def _leave(self, unit: AnyUnit) -> None:
        self._waiting.remove(unit)
        self._call_first()

    def _call_first(self) -> None:
        if self._waiting:
            self._waiting[0].called.set()
