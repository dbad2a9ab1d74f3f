"""Files that change under a running appliance: the new is used when it is right, else the old."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio

from appliance import reload
from appliance.auth import AuthBook
from appliance.errors import FaultyFile
from appliance.reload import Reloader, reason, signature_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from appliance.reload import Signature

HEAD = "subscriptions: {s: {}}\nusers:\n"
USER = "  %s: {enabled: %s, name: n, email: e, subscription: s}\n"
ADA, BOB = "ada-secret", "bob-secret"


def users(*lines: tuple[str, str]) -> str:
    return HEAD + "".join(USER % line for line in lines)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(reload, "SETTLE_S", 0.01)
    path = tmp_path / "auth.yml"
    path.write_text(users((ADA, "true")))
    return path


@asynccontextmanager
async def reloading(*parts: reload.Reloadable, check_s: float) -> AsyncIterator[Reloader]:
    reloader = Reloader(parts, check_s)
    async with trio.open_nursery() as nursery:
        await nursery.start(reloader.run)
        yield reloader
        nursery.cancel_scope.cancel()


async def until(is_so: Callable[[], bool]) -> None:
    with trio.fail_after(5):
        while not is_so():  # noqa: ASYNC110  # files and logs set no events
            await trio.sleep(0.005)


def written(path: Path, text: str) -> None:
    """In place."""
    path.write_text(text)


def removed(path: Path) -> None:
    path.unlink()


def replaced(path: Path, text: str) -> None:
    """As editors do it."""
    other = path.with_name("other")
    other.write_text(text)
    other.replace(path)


async def test_a_changed_file_is_used(path: Path) -> None:
    book = AuthBook(path)
    async with reloading(book, check_s=0.01):
        written(path, users((ADA, "true"), (BOB, "true")))
        await until(lambda: book.find(BOB) is not None)
        replaced(path, users((ADA, "false"), (BOB, "true")))
        await until(lambda: book.find(ADA) is None)
        replaced(path, users((ADA, "true")))
        await until(lambda: book.find(BOB) is None)
        assert book.find(ADA) is not None


async def test_a_broken_file_keeps_the_old_and_says_why(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    book = AuthBook(path)
    async with reloading(book, check_s=0.01):
        for count, broken in enumerate(
            [users((ADA, "true"), (BOB, "perhaps")), "", f"{ADA}: {BOB}\n- [", f"users: [{BOB}]"], 1
        ):
            replaced(path, broken)
            await until(lambda count=count: len(caplog.records) == count)  # type: ignore[misc]
            assert book.find(ADA) is not None
        removed(path)
        await until(lambda: "No such file" in caplog.text)
        # Told once for each change, not at each look.
        await trio.sleep(0.05)
        assert len(caplog.records) == 5
        written(path, users((BOB, "true")))
        await until(lambda: book.find(BOB) is not None)
    for record in caplog.records:
        message = record.getMessage()
        assert "\n" not in message
        assert ADA not in message
        assert BOB not in message
    assert "event=reload_refused what=users kept=old" in caplog.records[0].getMessage()
    assert "line 4: users[1].enabled: must be true or false" in caplog.records[0].getMessage()


async def test_asking_reads_at_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    book = AuthBook(path)
    async with reloading(book, check_s=3600) as reloader:
        reloader.ask()
        await until(lambda: "event=reloaded what=users users=1" in caplog.text)
        written(path, users((ADA, "false")))
        reloader.ask()
        await until(lambda: book.find(ADA) is None)


class Counting:
    """Something that is made of a file, and counts how often it was."""

    def __init__(self, path: Path) -> None:
        self.name = "counting"
        self.paths: tuple[Path, ...] = (path,)
        self.signature: Signature = signature_of(self.paths)
        self.sizes: list[int] = []

    def reload(self) -> str:
        self.signature = signature_of(self.paths)
        self.sizes.append(self.paths[0].stat().st_size)
        return ""


def growing(path: Path, pieces: int) -> Callable[[tuple[Path, ...]], Signature]:
    """A look at files, after each of which somebody writes one more piece."""
    left = iter(range(pieces))

    def look(paths: tuple[Path, ...]) -> Signature:
        found = signature_of(paths)
        if next(left, None) is not None:
            with path.open("a") as file:
                file.write("x")
        return found

    return look


@pytest.mark.parametrize(("pieces", "sizes"), [(7, [7]), (120, [52, 104, 120])])
async def test_a_file_that_is_being_written_is_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch, pieces: int, sizes: list[int]
) -> None:
    """For some time: 52 pieces are there after the first look, 50 more and what came after."""
    monkeypatch.setattr(reload, "SETTLE_S", 0.001)
    written(path, "")
    counting = Counting(path)
    monkeypatch.setattr(reload, "signature_of", growing(path, pieces))
    async with reloading(counting, check_s=0.001):
        await until(lambda: counting.sizes[-1:] == [pieces])
        assert counting.sizes == sizes


def test_many_faults_are_cut_short(path: Path) -> None:
    path.write_text(users(*((f"key-{n}", "perhaps") for n in range(9))))
    with pytest.raises(FaultyFile) as caught:
        AuthBook(path)
    assert reason(caught.value).endswith("; and 4 more")
