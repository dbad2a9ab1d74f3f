"""Opening the store of one state directory, which belongs to one process at a time."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.errors import StoreLocked
from appliance.store.blobs import Blobs, open_blobs
from appliance.store.clock import SteadyClock
from appliance.store.db import Connect, open_database, told_plainly
from appliance.store.listening import NoListener
from appliance.store.orphans import Orphans
from appliance.store.tasks import Tasks
from appliance.store.usage import Usage, latest_us

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from appliance.store.listening import Listener

LOCK_FILE: Final = "lock"
"""In a state directory: whoever uses it holds this file's lock, and writes its process id there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Tasks, blobs, those that nobody needs, and used quota of one state directory."""

    tasks: Tasks
    blobs: Blobs
    usage: Usage
    orphans: Orphans


@asynccontextmanager
async def open_store(
    state_dir: Path,
    *,
    connect: Connect = sqlite3.Connection,
    listener: Listener | None = None,
) -> AsyncIterator[Store]:
    """Open the store of ``state_dir``, made where needed; closed when the block is left.

    The store must be the outermost of everything that writes to it. ``connect``: see
    ``open_database``. ``listener`` is told what becomes of tasks. Raises StoreLocked where another
    process has it, SchemaTooNew, StorageFull, StoreFailed.
    """
    with _locked(state_dir):
        blobs = await open_blobs(state_dir / "blobs")
        async with open_database(state_dir / "analogcloud.db", connect=connect) as database:
            clock = SteadyClock(await database.read(latest_us))
            tasks = Tasks(database, clock, listener or NoListener())
            usage = Usage(database, clock)
            orphans = Orphans(tasks, blobs)
            yield Store(tasks=tasks, blobs=blobs, usage=usage, orphans=orphans)


@contextmanager
def _locked(state_dir: Path) -> Iterator[None]:
    with told_plainly():
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(state_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, state_dir)
        yield
    finally:
        os.close(descriptor)  # gives the lock back; so does the end of the process, however it came


def _take(descriptor: int, state_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise StoreLocked(
            f"another analogcloud (process {holder}) already uses the state directory {state_dir}:"
            " stop it first, or give this one another state_dir"
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
