"""What group commit gains: ``python -m tests.bench.store``, by hand.

Creators that each wait for their task to be on disk, side by side with rounds of one unit, which
is what the store did without sharing. Then the same for blobs, which have a file each.
"""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from appliance.store import Store, open_store, rounds
from tests.stores import new_run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CREATORS: Final = (1, 4, 16, 64)
ROUNDS: Final = 3
SECONDS: Final = 1.0
TOGETHER: Final = rounds.MAX_UNITS


def main() -> None:
    """Print acknowledged writes per second, the median of ROUNDS interleaved measurements."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    trio.run(_measure)


async def _measure() -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
        async with open_store(Path(directory)) as store:
            print("creators   alone/s  shared/s   gain   blobs/s")
            for creators in CREATORS:
                await _line(store, creators)


async def _line(store: Store, creators: int) -> None:
    alone, shared, blobs = [], [], []
    for _ in range(ROUNDS):
        rounds.MAX_UNITS = 1  # type: ignore[misc]  # the way it was before
        alone.append(await _rate(creators, lambda: store.tasks.create(new_run())))
        rounds.MAX_UNITS = TOGETHER  # type: ignore[misc]
        shared.append(await _rate(creators, lambda: store.tasks.create(new_run())))
        blobs.append(await _rate(creators, lambda: store.blobs.put_bytes(os.urandom(1000))))
    before, after = statistics.median(alone), statistics.median(shared)
    files = statistics.median(blobs)
    print(f"{creators:8d} {before:9.0f} {after:9.0f} {after / before:6.1f} {files:9.0f}")


async def _rate(creators: int, write: Callable[[], Awaitable[object]]) -> float:
    done = 0

    async def create() -> None:
        nonlocal done
        while True:
            await write()
            done += 1

    begin = time.perf_counter()
    with trio.move_on_after(SECONDS):
        async with trio.open_nursery() as nursery:
            for _ in range(creators):
                nursery.start_soon(create)
    return done / (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
