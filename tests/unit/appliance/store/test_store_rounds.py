"""Writers that share a transaction: each gets its own answer, and only after the common commit."""

from __future__ import annotations

import sqlite3
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing

from appliance.errors import StorageFull, StoreFailed
from appliance.store.db import Database, open_database
from appliance.store.rounds import MAX_UNITS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path


class Watched(sqlite3.Connection):
    """Counts commits; ``fault`` may raise before a statement."""

    commits = 0
    fault: Callable[[str], None] | None = None

    def execute(self, *args: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as its base class
        if Watched.fault is not None:
            Watched.fault(args[0])
        Watched.commits += args[0] == "COMMIT"
        return super().execute(*args)


class Answers:
    """What became of writers that all wait for one round: the first one holds the thread."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.got: dict[int, object] = {}

    async def write(self, number: int, work: Callable[[sqlite3.Connection], object]) -> None:
        try:
            self.got[number] = await self.database.write(work)
        except (StoreFailed, StorageFull, ValueError) as error:
            self.got[number] = error


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    Watched.fault, Watched.commits = None, 0
    async with open_database(tmp_path / "test.db", connect=Watched) as database:
        await database.write(lambda c: c.execute("CREATE TABLE number (n INTEGER PRIMARY KEY)"))
        Watched.commits = 0
        yield database
        Watched.fault = None


def insert(number: int, connection: sqlite3.Connection) -> int:
    connection.execute("INSERT INTO number VALUES (?)", (number,))
    return -number


def refuse(number: int, connection: sqlite3.Connection) -> int:
    insert(number, connection)
    raise ValueError("no")


def numbers(connection: sqlite3.Connection) -> list[int]:
    return [n for (n,) in connection.execute("SELECT n FROM number ORDER BY n")]


async def together(
    database: Database, works: Mapping[int, Callable[[sqlite3.Connection], object]]
) -> dict[int, object]:
    answers, held = Answers(database), Held()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(database.write, held.work)
        await trio.testing.wait_all_tasks_blocked()
        for number, work in works.items():
            nursery.start_soon(answers.write, number, work)
            await trio.testing.wait_all_tasks_blocked()
        assert answers.got == {}
        held.go()
    return answers.got


class Held:
    """Work that lasts until ``go``."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.go = self._event.set

    def work(self, connection: sqlite3.Connection) -> None:
        assert self._event.wait(5)


async def test_writers_share_a_commit(database: Database) -> None:
    got = await together(database, {n: partial(insert, n) for n in range(10)})
    assert got == {n: -n for n in range(10)}
    assert Watched.commits == 2
    assert await database.read(numbers) == list(range(10))


async def test_a_round_has_a_largest_size(database: Database) -> None:
    count = 2 * MAX_UNITS + 1
    got = await together(database, {n: partial(insert, n) for n in range(count)})
    assert len(got) == count
    assert Watched.commits == 1 + 3


async def test_a_failing_unit_is_undone_alone(database: Database) -> None:
    works = {n: partial(refuse if n in (0, 3, 4) else insert, n) for n in range(6)}
    got = await together(database, works | {6: partial(insert, 1)})
    assert {n for n, answer in got.items() if isinstance(answer, ValueError)} == {0, 3, 4}
    assert isinstance(got[6], StoreFailed)  # the number is there already
    assert Watched.commits == 2
    assert await database.read(numbers) == [1, 2, 5]


async def test_a_full_disk_refuses_only_what_does_not_fit(database: Database) -> None:
    """SQLite ends the whole transaction on some errors; the others are then written alone."""

    def too_much(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    got = await together(database, {1: partial(insert, 1), 2: too_much, 3: partial(insert, 3)})
    assert (got[1], got[3]) == (-1, -3)
    assert isinstance(got[2], StorageFull)
    assert await database.read(numbers) == [1, 3]


@pytest.mark.parametrize(
    "statement", ["COMMIT", "BEGIN IMMEDIATE", "SAVEPOINT unit", "RELEASE unit"]
)
async def test_nothing_is_told_before_the_commit(database: Database, statement: str) -> None:
    left = [1 if statement == "SAVEPOINT unit" else 2]  # the first belongs to who holds the thread

    def fail(sql: str) -> None:
        if sql == statement:
            left[0] -= 1
            if left[0] == 0:
                raise sqlite3.OperationalError("disk I/O error")

    Watched.fault = fail
    got = await together(database, {n: partial(insert, n) for n in range(1, 4)})
    assert got == {1: -1, 2: -2, 3: -3}  # by a second attempt, each alone
    assert await database.read(numbers) == [1, 2, 3]


async def test_a_commit_that_fails_for_all_is_told_to_all(database: Database) -> None:
    def fail(sql: str) -> None:
        if sql == "COMMIT":
            raise sqlite3.OperationalError("disk I/O error")

    answers = Answers(database)
    Watched.fault = fail
    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(answers.write, number, partial(insert, number))
    assert all(isinstance(answer, StoreFailed) for answer in answers.got.values())
    Watched.fault = None
    assert await database.read(numbers) == []
    assert await database.write(partial(insert, 1)) == -1


async def test_a_rollback_that_fails_is_made_up_for(database: Database) -> None:
    database._writer.execute("BEGIN IMMEDIATE")
    database._writer.execute("INSERT INTO number VALUES (7)")
    assert await database.write(partial(insert, 1)) == -1
    assert await database.read(numbers) == [1]


async def test_who_is_cancelled_while_waiting_has_changed_nothing(database: Database) -> None:
    answers, held = Answers(database), Held()
    scopes = [trio.CancelScope() for _ in range(4)]

    async def cancellable(number: int) -> None:
        with scopes[number]:
            await answers.write(number, partial(insert, number))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(database.write, held.work)
        await trio.testing.wait_all_tasks_blocked()
        for number in range(4):
            nursery.start_soon(cancellable, number)
            await trio.testing.wait_all_tasks_blocked()
        scopes[0].cancel()  # the one that leads the next round
        scopes[2].cancel()
        await trio.testing.wait_all_tasks_blocked()
        scopes[1].cancel()  # has just become the one that leads
        await trio.testing.wait_all_tasks_blocked()
        held.go()
    assert answers.got == {3: -3}
    assert await database.read(numbers) == [3]


async def test_who_is_cancelled_while_writing_gets_the_answer(database: Database) -> None:
    answers, first, second = Answers(database), Held(), Held()
    async with trio.open_nursery() as outer:
        outer.start_soon(database.write, first.work)
        await trio.testing.wait_all_tasks_blocked()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(answers.write, 1, partial(insert, 1))
            nursery.start_soon(answers.write, 2, second.work)
            nursery.start_soon(answers.write, 3, partial(insert, 3))
            await trio.testing.wait_all_tasks_blocked()
            first.go()
            while database._rounds._waiting:
                await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
            second.go()
    assert answers.got == {1: -1, 2: None, 3: -3}
    assert await database.read(numbers) == [1, 3]


async def test_answers_are_told_in_the_order_of_the_commits(tmp_path: Path) -> None:
    told: list[int] = []
    returned: list[int] = []

    async def one(opened: Database, number: int) -> None:
        returned.append(await opened.write(lambda _: number, told.append))

    async with open_database(tmp_path / "db") as opened, trio.open_nursery() as nursery:
        for number in range(50):
            nursery.start_soon(one, opened, number)
            await trio.lowlevel.checkpoint()
    assert told == sorted(told)
    assert sorted(returned) == told == list(range(50))


async def test_nothing_is_told_of_what_failed(tmp_path: Path) -> None:
    told: list[float] = []
    async with open_database(tmp_path / "db") as database:
        with pytest.raises(ZeroDivisionError):
            await database.write(lambda _: 1 / 0, told.append)
    assert told == []


async def test_long_reads_leave_connections_for_others(database: Database) -> None:
    held = [Held() for _ in range(5)]
    async with trio.open_nursery() as nursery:
        for one in held:
            nursery.start_soon(database.read_much, one.work)
        await trio.testing.wait_all_tasks_blocked()
        with trio.fail_after(4):
            assert await database.read(numbers) == []
        for one in held:
            one.go()
