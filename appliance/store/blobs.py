"""Content on disk, named by its SHA-256: written whole or not at all.

A blob is written beside its place, synchronised, renamed and the directory synchronised, before
anything may refer to it. What a crash leaves in the temporary directory is removed at start.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import stat
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from appliance.errors import BlobMissing, StoreFailed
from appliance.models import Blob, Digest
from appliance.store.db import told_plainly
from appliance.store.pins import Pins
from appliance.writing import fsync_directory

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

FILES: Final = 4
"""Threads that may work on files at once; more would only queue at the disk."""
CHUNK_BYTES: Final = 2**20

_DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")


class Blobs:
    """The blob store below one directory; made by ``open_blobs``.

    Every method may raise StorageFull or StoreFailed. What ``put_bytes`` and ``adopt`` return is
    safe from removal until ``release``, which is due when the row that names it is on disk.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.pins = Pins()
        self._limit = trio.CapacityLimiter(FILES)

    @property
    def temporary(self) -> Path:
        """Where a child process may write what ``adopt`` then takes over."""
        return self._root / "tmp"

    def new_temporary(self) -> Path:
        """A path in ``temporary`` that nobody else gets; nothing is made there."""
        return self.temporary / secrets.token_hex(16)

    async def put_bytes(self, data: bytes) -> Blob:
        """Store ``data``; it is on disk when this returns. The same content is stored once."""
        return await trio.to_thread.run_sync(self._put, data, limiter=self._limit)

    async def adopt(self, path: Path) -> Blob:
        """Move a finished file of ``temporary`` into the store, without copying it.

        Raises StoreFailed where ``path`` is no plain file directly in ``temporary``.
        """
        return await trio.to_thread.run_sync(self._adopt, path, limiter=self._limit)

    async def discard(self, path: Path) -> None:
        """Remove a file of ``temporary`` that will not be adopted, if it is there."""
        await trio.to_thread.run_sync(self._discard, path, limiter=self._limit)

    def release(self, blob: Blob) -> None:
        """A row names the content now, or none ever will."""
        self.pins.release(blob.digest)

    async def remove(self, digests: Collection[Digest]) -> int:
        """Remove doomed contents that are still to go (see ``Pins``); returns how many went."""
        return await trio.to_thread.run_sync(self._remove, digests, limiter=self._limit)

    async def names(self, start: str) -> list[Digest]:
        """The names of all contents that start with these two digits."""
        return await trio.to_thread.run_sync(self._names, start, limiter=self._limit)

    async def read(self, digest: Digest) -> bytes:
        """The whole content. For what may be large, stream the file at ``path``."""
        return await trio.to_thread.run_sync(self._read, digest, limiter=self._limit)

    def path(self, digest: Digest) -> Path:
        """Where the content is. Raises ValueError for what is no digest."""
        if not _DIGEST.match(digest):
            raise ValueError("not a digest: 64 lower-case hex digits were expected")
        return self._root / digest[:2] / digest

    def size(self, digest: Digest) -> int:
        """Bytes of stored content. Raises BlobMissing where there is none."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError as error:
            raise _missing(digest) from error

    def _put(self, data: bytes) -> Blob:
        blob = Blob(digest=Digest(hashlib.sha256(data).hexdigest()), size=len(data))
        if self.path(blob.digest).exists() and self.pins.put_again(blob.digest):
            return blob
        with told_plainly():
            temporary = self.new_temporary()
            try:
                with temporary.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                self._place(temporary, blob)
            finally:
                temporary.unlink(missing_ok=True)
        return blob

    def _adopt(self, path: Path) -> Blob:
        with told_plainly():
            if path.parent != self.temporary or not stat.S_ISREG(path.lstat().st_mode):
                raise StoreFailed("only a plain file of the temporary directory can be adopted")
            with path.open("rb") as file:
                digest = Digest(hashlib.file_digest(file, "sha256").hexdigest())
                blob = Blob(digest=digest, size=os.fstat(file.fileno()).st_size)
                os.fsync(file.fileno())
            self._place(path, blob)
        return blob

    def _place(self, temporary: Path, blob: Blob) -> None:
        place = self.path(blob.digest)
        # Equal content may be there already: then nothing changes.
        self.pins.put(blob.digest, lambda: temporary.replace(place))
        try:
            fsync_directory(place.parent)
        except OSError:
            self.release(blob)
            raise
        self.pins.keep(blob.digest)

    def _remove(self, digests: Collection[Digest]) -> int:
        with told_plainly():
            return sum(self.pins.remove(one, partial(self._unlink, one)) for one in digests)

    def _unlink(self, digest: Digest) -> None:
        self.path(digest).unlink(missing_ok=True)

    def _names(self, start: str) -> list[Digest]:
        directory = self._root / start
        with told_plainly():
            names = os.listdir(directory) if directory.is_dir() else []
        return [Digest(name) for name in names if _DIGEST.match(name)]

    def _discard(self, path: Path) -> None:
        with told_plainly():
            (self.temporary / path.name).unlink(missing_ok=True)

    def _read(self, digest: Digest) -> bytes:
        with told_plainly():
            try:
                return self.path(digest).read_bytes()
            except FileNotFoundError as error:
                raise _missing(digest) from error


async def open_blobs(root: Path) -> Blobs:
    """Make the directories where needed and throw away what an earlier crash left half done."""
    await trio.to_thread.run_sync(_prepare, root)
    return Blobs(root)


def _prepare(root: Path) -> None:
    with told_plainly():
        root.mkdir(mode=0o700, exist_ok=True)
        temporary = root / "tmp"
        if temporary.exists():
            shutil.rmtree(temporary)
        temporary.mkdir(mode=0o700)
        # All of them now: a directory made later could be in use before its name is on disk.
        for number in range(256):
            (root / f"{number:02x}").mkdir(mode=0o700, exist_ok=True)
        fsync_directory(root)
        fsync_directory(root.parent)


def _missing(digest: Digest) -> BlobMissing:
    return BlobMissing(f"stored content {digest} is missing from the state directory")
