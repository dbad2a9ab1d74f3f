from __future__ import annotations

import errno
import hashlib
import os
from typing import TYPE_CHECKING

import pytest
import trio

from appliance.errors import BlobMissing, StorageFull, StoreFailed
from appliance.models import Digest
from appliance.store.blobs import Blobs, open_blobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DATA = b"some content"
DIGEST = Digest(hashlib.sha256(DATA).hexdigest())


@pytest.fixture
async def blobs(tmp_path: Path) -> Blobs:
    return await open_blobs(tmp_path / "blobs")


def files_in(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


async def test_put_and_read(blobs: Blobs) -> None:
    blob = await blobs.put_bytes(DATA)
    assert (blob.digest, blob.size) == (DIGEST, len(DATA))
    assert await blobs.read(DIGEST) == DATA
    assert blobs.size(DIGEST) == len(DATA)
    assert blobs.path(DIGEST).read_bytes() == DATA


async def test_empty_content(blobs: Blobs) -> None:
    blob = await blobs.put_bytes(b"")
    assert await blobs.read(blob.digest) == b""


async def test_the_same_content_is_stored_once(blobs: Blobs, tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(blobs.put_bytes, DATA)
    assert files_in(tmp_path) == [f"blobs/{DIGEST[:2]}/{DIGEST}"]


async def test_adopt(blobs: Blobs, tmp_path: Path) -> None:
    path = blobs.new_temporary()
    path.write_bytes(DATA)
    blob = await blobs.adopt(path)
    assert (blob.digest, blob.size) == (DIGEST, len(DATA))
    assert files_in(tmp_path) == [f"blobs/{DIGEST[:2]}/{DIGEST}"]


async def test_only_plain_files_of_the_temporary_directory_are_adopted(
    blobs: Blobs, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(DATA)
    link = blobs.new_temporary()
    link.symlink_to(outside)
    for path in (outside, link, blobs.temporary, blobs.temporary / ".." / "x", tmp_path / "none"):
        with pytest.raises(StoreFailed):
            await blobs.adopt(path)
    assert outside.read_bytes() == DATA


async def test_discard(blobs: Blobs) -> None:
    path = blobs.new_temporary()
    path.write_bytes(DATA)
    await blobs.discard(path)
    await blobs.discard(path)
    assert not path.exists()


async def test_missing_content(blobs: Blobs) -> None:
    with pytest.raises(BlobMissing, match=DIGEST):
        await blobs.read(DIGEST)
    with pytest.raises(BlobMissing):
        blobs.size(DIGEST)


@pytest.mark.parametrize("digest", ["", "../x", DIGEST.upper(), DIGEST + "\n", DIGEST[:-1]])
async def test_a_name_is_a_digest_or_nothing(blobs: Blobs, digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        blobs.path(Digest(digest))


async def test_leftovers_are_removed_at_start(blobs: Blobs, tmp_path: Path) -> None:
    await blobs.put_bytes(DATA)
    blobs.new_temporary().write_bytes(b"half")
    again = await open_blobs(tmp_path / "blobs")
    assert files_in(tmp_path) == [f"blobs/{DIGEST[:2]}/{DIGEST}"]
    assert await again.read(DIGEST) == DATA


class FailAt:
    """Lets the n-th call of some functions of ``os`` fail."""

    def __init__(self, number: int, error: int) -> None:
        self.left = number
        self.error = error

    def wrap(self, function: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*args: object) -> object:
            self.left -= 1
            if self.left == 0:
                raise OSError(self.error, os.strerror(self.error))
            return function(*args)

        return wrapped


@pytest.mark.parametrize(
    ("error", "expected"),
    [(errno.ENOSPC, StorageFull), (errno.EIO, StoreFailed), (errno.EMFILE, StoreFailed)],
)
async def test_a_failure_at_every_step_leaves_all_or_nothing(
    blobs: Blobs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: int,
    expected: type[Exception],
) -> None:
    steps = 0
    for number in range(1, 20):
        data = b"content %d" % number
        failing = FailAt(number, error)
        with monkeypatch.context() as patch:
            for name in ("fsync", "replace", "mkdir", "open"):
                patch.setattr(os, name, failing.wrap(getattr(os, name)))
            try:
                blob = await blobs.put_bytes(data)
            except expected:
                steps += 1
            else:
                break
        assert not list(blobs.temporary.iterdir())
        for path in files_in(tmp_path / "blobs"):
            content = (tmp_path / "blobs" / path).read_bytes()
            assert hashlib.sha256(content).hexdigest() == path.rpartition("/")[2]
        blob = await blobs.put_bytes(data)  # and it works again at once
        assert await blobs.read(blob.digest) == data
    assert steps >= 3


async def test_what_is_on_disk_is_not_written_again(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = await blobs.put_bytes(DATA)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", FailAt(1, errno.EIO).wrap(os.fsync))
        assert await blobs.put_bytes(DATA) == blob
        with pytest.raises(StoreFailed):
            await blobs.put_bytes(DATA + b"?")
    blobs.release(blob)
    blobs.release(blob)
    blobs.pins.doom(blob.digest)
    assert await blobs.remove([blob.digest]) == 1
    assert await blobs.put_bytes(DATA) == blob
    assert await blobs.read(blob.digest) == DATA
    blobs.path(blob.digest).unlink()  # by somebody else
    await blobs.put_bytes(DATA)
    assert await blobs.read(blob.digest) == DATA


async def test_only_the_newest_contents_are_remembered(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.store.pins.KNOWN", 2)
    first, *rest = [await blobs.put_bytes(DATA + bytes([n])) for n in range(3)]
    assert not blobs.pins.put_again(first.digest)
    assert all(blobs.pins.put_again(blob.digest) for blob in rest)
