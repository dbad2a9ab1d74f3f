"""The database: one writer thread, a few readers, every commit on disk before it is told of.

SQLite in WAL mode with full synchronisation. Work is a function of a connection; it runs in a
thread of our own limiters, inside one transaction, which writers that wait at the same time share
(``rounds``). A caller that is cancelled while it waits has changed nothing; once the work has
started it is completed, which harms nobody: the row is there.
"""

from __future__ import annotations

import errno
import sqlite3
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Final, TypeVar

import trio

from appliance.errors import StorageFull, StoreFailed
from appliance.store.migrations import migrate
from appliance.store.rounds import AnyUnit, Rounds, nobody

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

T = TypeVar("T")

READERS: Final = 3
"""Reading connections. A read takes well under a millisecond; more would only use memory. One of
them may be busy for longer (``read_much``)."""
BUSY_S: Final = 5.0
"""How long SQLite waits for a lock of another connection, such as a backup's."""
STOP_S: Final = 5.0
"""How long closing may take when the caller is being cancelled."""

Connect = type[sqlite3.Connection]


class Database:
    """Runs work in transactions; made by ``open_database``."""

    def __init__(self, writer: sqlite3.Connection, readers: list[sqlite3.Connection]) -> None:
        self._writer = writer
        self._idle = readers
        self._rounds = Rounds(self._write_all)
        self._read_limit = trio.CapacityLimiter(len(readers))
        self._much_limit = trio.CapacityLimiter(1)

    async def write(
        self, work: Callable[[sqlite3.Connection], T], then: Callable[[T], None] = nobody
    ) -> T:
        """Run ``work`` in a writing transaction and commit it; its answer is on disk.

        Then ``then`` gets the answer as well, in the event loop and in the order of the commits,
        also where the caller has been cancelled in the meantime. It must not raise.

        Whatever ``work`` raises undoes what it did and comes through, and harms no other work of
        the same transaction; errors of SQLite come as StorageFull or StoreFailed. ``work`` must
        touch nothing but its connection: where a shared transaction fails it is run again.
        """
        return await self._rounds.run(work, then)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on one consistent state of the database. It cannot write."""
        return await trio.to_thread.run_sync(self._read, work, limiter=self._read_limit)

    async def read_much(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The same for work that may look at everything there is: one such at a time, so that the
        other connections are left for the rest."""
        async with self._much_limit:
            return await self.read(work)

    def _write_all(self, units: list[AnyUnit]) -> None:
        """One round. Where the shared transaction fails each unit is tried in its own, so that
        what one of them cannot have, such as much room on a full disk, is not refused to all."""
        if len(units) == 1 or not self._write_together(units):
            for unit in units:
                self._write_alone(unit)

    def _write_together(self, units: list[AnyUnit]) -> bool:
        try:
            self._begin()
            for unit in units:
                self._write_within(unit)
            self._writer.execute("COMMIT")
        except sqlite3.Error:
            self._undo()
            return False
        return True

    def _write_within(self, unit: AnyUnit) -> None:
        self._writer.execute("SAVEPOINT unit")
        try:
            with told_plainly():
                unit.succeed(unit.work(self._writer))
        except BaseException as error:  # the border to its caller, who gets it whatever it is
            unit.fail(error)
            # Raises where the error has ended the whole transaction, as a full disk may.
            self._writer.execute("ROLLBACK TO unit")
        self._writer.execute("RELEASE unit")

    def _write_alone(self, unit: AnyUnit) -> None:
        try:
            with told_plainly():
                self._begin()
                answer = unit.work(self._writer)
                self._writer.execute("COMMIT")
            unit.succeed(answer)
        except BaseException as error:  # as above
            unit.fail(error)
            self._undo()

    def _begin(self) -> None:
        if self._writer.in_transaction:  # a rollback failed
            self._writer.rollback()
        self._writer.execute("BEGIN IMMEDIATE")

    def _undo(self) -> None:
        # Where even this fails, the next round does it: ``_begin``.
        with suppress(sqlite3.Error):
            self._writer.rollback()

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._idle.pop()  # the limiter makes sure that there is one
        try:
            with told_plainly():
                connection.execute("BEGIN")
                return work(connection)
        finally:
            connection.rollback()
            self._idle.append(connection)

    def close(self) -> None:
        """Close every connection; the last one folds the WAL into the database."""
        for connection in (*self._idle, self._writer):
            connection.close()


@asynccontextmanager
async def open_database(
    path: Path, *, connect: Connect = sqlite3.Connection
) -> AsyncIterator[Database]:
    """Open or make the database, at the newest schema; closed when the block is left.

    ``connect`` is the class of connections, for tests that let statements fail. Raises
    SchemaTooNew, StorageFull, StoreFailed.
    """
    database = await trio.to_thread.run_sync(_open, path, connect)
    try:
        yield database
    finally:
        with trio.move_on_after(STOP_S, shield=True):
            await trio.to_thread.run_sync(database.close)


def _open(path: Path, connect: Connect) -> Database:
    with told_plainly():
        writer = _connect(path, "rwc", connect)
        try:
            migrate(writer)
            readers = [_connect(path, "ro", sqlite3.Connection) for _ in range(READERS)]
        except BaseException:
            writer.close()
            raise
        return Database(writer, readers)


def _connect(path: Path, mode: str, connect: Connect) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,  # we say BEGIN ourselves
        check_same_thread=False,  # the limiters see to it that one thread at a time has it
        factory=connect,
    )
    try:
        if mode != "ro":
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turns errors of SQLite and of the disk into StorageFull and StoreFailed."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise StorageFull("the disk is full: free some space in the state directory") from error
        raise StoreFailed(f"the database failed: {error}") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("the disk is full: free some space in the state directory") from error
        raise StoreFailed(f"the disk failed: {error}") from error
