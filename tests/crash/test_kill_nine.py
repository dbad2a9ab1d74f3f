"""kill -9 at random moments, again and again: what was acknowledged holds."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
import trio

from tests.crash.driver import Driver
from tests.crash.ledger import Ledger, Row
from tests.crash.light import MARKS

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.filterwarnings(
    # httpx does not end the sending of a body whose connection breaks.
    "ignore:Exception ignored in.*ByteStream:pytest.PytestUnraisableExceptionWarning",
    "ignore:Async generator 'httpx:ResourceWarning",
)

REPOSITORY = Path(__file__).parents[2]
LONGEST_LIFE_S = 0.25


class Lives:
    """Appliances in one directory, one after the other."""

    def __init__(self, directory: Path, commands: IO[str], answers: IO[str]) -> None:
        self.directory = directory
        self._commands = commands
        self._answers = answers
        self._pid = 0

    def begin(self, seed: int) -> str:
        """Start the next one; its address."""
        print(seed, file=self._commands, flush=True)
        pid, url = self._answers.readline().split()
        self._pid = int(pid)
        return url

    def kill(self) -> None:
        self.kill_if_alive()
        assert self._answers.readline().split() == ["ended", str(-signal.SIGKILL)]

    def kill_if_alive(self) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
        self._pid = 0


@contextmanager
def lives(directory: Path) -> Iterator[Lives]:
    command = [sys.executable, "-m", "tests.crash.light", str(directory)]
    with (
        (directory / "stderr").open("w") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=REPOSITORY,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # it forks, so it has no threads
        ) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        appliances = Lives(directory, server.stdin, server.stdout)
        try:
            yield appliances
        finally:
            server.stdin.close()
            appliances.kill_if_alive()


def rows_of(directory: Path) -> dict[str, Row]:
    """All tasks, from a database that is found to be whole."""
    with closing(sqlite3.connect(directory / "state" / "analogcloud.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = connection.execute(
            "SELECT id, state, sample_rate FROM task JOIN run_input ON task = seq"
        )
        return {id: Row(number=number, state=state) for id, state, number in rows}


def marks_of(directory: Path) -> list[tuple[str, int]]:
    lines = (directory / MARKS).read_text().splitlines()
    return [(mark, int(number)) for mark, number in map(str.split, lines)]


def check_blobs(directory: Path, checked: set[Path]) -> None:
    """Every file has the content that its name says, and nothing that is referred to is missing."""
    blobs = directory / "state" / "blobs"
    files = {path for path in blobs.glob("??/*") if path.is_file()}
    for path in files - checked:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    checked |= files
    with closing(sqlite3.connect(directory / "state" / "analogcloud.db")) as connection:
        rows = connection.execute(
            "SELECT module FROM task UNION SELECT result FROM task"
        ).fetchall()
    # In this order: what a running appliance refers to now was on disk before.
    referred = {blobs / digest[:2] / digest for (digest,) in rows if digest}
    assert [path for path in referred if not path.exists()] == []


async def until_all_ended(directory: Path) -> dict[str, Row]:
    with trio.fail_after(60):
        while True:
            rows = rows_of(directory)
            if all(row.state not in ("queued", "inprogress") for row in rows.values()):
                return rows
            await trio.sleep(0.05)


async def one_life(lives: Lives, ledger: Ledger, seed: int) -> None:
    """Start, ask, kill at a random moment."""
    chance = random.Random(seed)
    url = lives.begin(seed)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Driver(url, ledger, chance).run)
        await trio.sleep(chance.uniform(0, LONGEST_LIFE_S))
        lives.kill()


async def kill_again_and_again(directory: Path, seeds: range) -> None:
    ledger, checked = Ledger(), set[Path]()
    with lives(directory) as appliances:
        for seed in seeds:
            await one_life(appliances, ledger, seed)
            assert ledger.faults(rows_of(directory), marks_of(directory)) == [], f"seed {seed}"
            check_blobs(directory, checked)
        appliances.begin(seeds.stop)
        rows = await until_all_ended(directory)
        appliances.kill()
    assert ledger.faults(rows, marks_of(directory)) == []
    check_blobs(directory, set())
    states = {row.state for row in rows.values()}
    assert {"succeeded", "failed"} <= states, "the test was too gentle"


async def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    await kill_again_and_again(tmp_path, range(50))


@pytest.mark.long
async def test_nothing_acknowledged_is_lost_in_500_lives(tmp_path: Path) -> None:
    await kill_again_and_again(tmp_path, range(1000, 1500))
