"""The n-th write, synchronisation, rename or opening fails, for every n of submit, run, delete.

One appliance lives through all of it: each failure is told by name, or made up for, nothing is
left half done, and the next cycle works.
"""

from __future__ import annotations

import errno
import io
import os
import sqlite3
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from appliance import patience
from appliance.store import db, open_store
from tests.api.serving import MODULE, ROOT, serving
from tests.crash.test_kill_nine import check_blobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.api.serving import Serving

ERRORS: Final = (errno.ENOSPC, errno.EIO, errno.EMFILE)
_CODES: Final = {
    errno.ENOSPC: (sqlite3.SQLITE_FULL, "database or disk is full"),
    errno.EIO: (sqlite3.SQLITE_IOERR, "disk I/O error"),
    errno.EMFILE: (sqlite3.SQLITE_CANTOPEN, "unable to open database file"),
}
NAMED: Final = {500: "failed", 503: "store", 507: "full"}


class Faults:
    """Counts what goes to the disk of ``root``, and lets the n-th of it fail while ``armed``."""

    root = ""
    left = 0
    error = 0
    is_hit = False

    @classmethod
    def arm(cls, number: int, error: int) -> None:
        cls.left, cls.error, cls.is_hit = number, error, False

    @classmethod
    def count(cls) -> bool:
        """Whether this one fails."""
        cls.left -= 1
        if cls.left == 0:
            cls.is_hit = True
        return cls.left == 0


def failing(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` of ``os`` or ``io``, whose first argument is a file."""

    def wrapped(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the function
        if Faults.root in _name(args[0]) and Faults.count():
            raise OSError(Faults.error, os.strerror(Faults.error))
        return function(*args, **options)

    return wrapped


def _name(file: Any) -> str:  # noqa: ANN401 - a path or a descriptor
    return os.readlink(f"/proc/self/fd/{file}") if isinstance(file, int) else str(file)


class Connection(sqlite3.Connection):
    """Statements that may write fail as those of ``os`` do."""

    def execute(self, *args: Any) -> sqlite3.Cursor:  # noqa: ANN401 - as its base class
        if Faults.count():
            code, text = _CODES[Faults.error]
            error = sqlite3.OperationalError(text)
            error.sqlite_errorcode = code
            raise error
        return super().execute(*args)


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Faults.root = str(tmp_path / "state")
    Faults.left = 0
    for name in ("fsync", "replace", "rename", "open", "unlink"):
        monkeypatch.setattr(os, name, failing(getattr(os, name)))
    monkeypatch.setattr(io, "open", failing(io.open))  # what Path.open calls
    monkeypatch.setattr(patience, "FULL_PAUSE_S", 0.001)
    monkeypatch.setattr(patience, "FAILED_PAUSE_S", 0.001)
    connect = db._connect
    monkeypatch.setattr(db, "_connect", lambda path, mode, _: connect(path, mode, Connection))


async def ended(client: httpx.AsyncClient, id: str) -> dict[str, Any]:
    while True:
        answer = await client.get(f"/api/v1/tasks/{id}/status")
        if answer.status_code == 200 and answer.json()["state"] in ("succeeded", "failed"):
            status: dict[str, Any] = answer.json()
            return status
        assert answer.status_code in (200, *NAMED), answer.text
        await trio.sleep(0.001)


async def cycle(client: httpx.AsyncClient) -> list[str]:
    """Submit, run, fetch, delete; what was refused or failed is told and tried again."""
    told: list[str] = []

    async def ask(method: str, path: str, status: int, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's
        for _ in range(3):
            try:
                answer = await client.request(method, f"/api/v1/tasks{path}", **options)
            except httpx.RemoteProtocolError:
                told.append("the disk failed in the middle of an answer")
                continue
            if answer.status_code == status:
                return answer
            assert answer.status_code in NAMED, answer.text
            told.append(answer.json()["detail"])
        raise AssertionError(told)

    body = {"device_name": "sim", "module": MODULE}
    created = await ask(
        "POST", "/run", 201, json=body, headers={"Idempotency-Key": os.urandom(8).hex()}
    )
    id = created.json()["id"]
    status = await ended(client, id)
    if status["state"] == "succeeded":
        assert (await ask("GET", f"/{id}/result", 200)).content == b"[[0.5,0.25],null]"
    else:
        told.append(status["error"])
    await ask("DELETE", f"/{id}", 204)
    await ask("GET", f"/{id}", 404)
    return told


async def sweep(here: Serving, directory: Path, error: int, step: int) -> int:
    """The number of places that failed, one per cycle."""
    async with here.client(ROOT) as client:
        for number in range(1, 1000, step):
            Faults.arm(number, error)
            told = await cycle(client)
            await wait_all_tasks_blocked(0.002)
            Faults.left = 0
            if not Faults.is_hit:
                assert told == []
                return number
            for text in told:
                assert any(word in text for word in ("disk", "database", "store", "storage")), text
            check_blobs(directory, set())
    raise AssertionError("a cycle does not write that much")


async def sweep_all(directory: Path, error: int, step: int) -> None:
    async with serving(directory) as here:
        assert await sweep(here, directory, error, step) > 30
    async with open_store(directory / "state") as store:
        # A content that could not be removed is left to the next start.
        await store.orphans.sweep()
    assert not list((directory / "state" / "blobs").glob("*/*"))


@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
async def test_every_third_place_may_fail(tmp_path: Path, faults: None, error: int) -> None:
    await sweep_all(tmp_path, error, 3)


@pytest.mark.long
@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
async def test_every_place_may_fail(tmp_path: Path, faults: None, error: int) -> None:
    await sweep_all(tmp_path, error, 1)
