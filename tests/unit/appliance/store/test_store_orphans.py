"""Contents that nobody names go; contents that a row names, or is about to name, never do."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
import trio

from appliance.models import Digest
from appliance.store import Store, open_store
from appliance.store.pins import Pins
from appliance.store.removal import Deleted
from tests.stores import OWNER, new_run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ONE = Digest("1" * 64)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path) as store:
        yield store


def contents(state_dir: Path) -> set[str]:
    return {path.name for path in (state_dir / "blobs").rglob("*") if path.is_file()}


async def test_a_sweep_removes_what_nobody_names(store: Store, tmp_path: Path) -> None:
    kept = [await store.blobs.put_bytes(b"%d" % n) for n in range(3)]
    lost = [await store.blobs.put_bytes(b"lost %d" % n) for n in range(3)]
    for blob in kept:
        await store.tasks.create(replace(new_run(), module=blob))
    assert await store.orphans.sweep() == 0  # all are pinned
    for blob in (*kept, *lost):
        store.blobs.release(blob)
    assert await store.orphans.sweep() == 3
    assert contents(tmp_path) == {blob.digest for blob in kept}
    assert await store.orphans.sweep() == 0


def test_pins() -> None:
    pins, done = Pins(), list[str]()

    def remove() -> bool:
        return pins.remove(ONE, lambda: done.append("gone"))

    assert not remove()  # never doomed
    pins.doom(ONE)
    pins.put(ONE, lambda: None)
    assert not remove()  # put since it was doomed
    pins.doom(ONE)
    assert not remove()  # pinned
    pins.doom(ONE)
    pins.release(ONE)
    assert not remove()  # whoever doomed it could not see the row
    pins.doom(ONE)
    pins.spare(ONE)
    assert not remove()
    pins.doom(ONE)
    assert remove()
    assert done == ["gone"]


async def test_no_row_ever_loses_its_content(store: Store, tmp_path: Path) -> None:
    """Few contents, many tasks that share them, come and go while sweeps go through."""
    random = Random(5)

    async def life(number: int) -> None:
        for _ in range(15):
            blob = await store.blobs.put_bytes(b"%d" % random.randrange(2))
            task = await store.tasks.create(replace(new_run(), module=blob))
            store.blobs.release(blob)
            assert await store.blobs.read(blob.digest)
            gone = await store.tasks.delete(task.id, (OWNER,), 0)
            assert isinstance(gone, Deleted)
            await store.orphans.collect(gone.digests)

    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(life, number)
        nursery.start_soon(store.orphans.sweep)
    await store.orphans.sweep()
    assert contents(tmp_path) == set()
