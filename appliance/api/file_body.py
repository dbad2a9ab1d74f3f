"""A file as the body of an answer: opened once, read in pieces, also when its name is gone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Final

import trio
from quart.wrappers.response import ResponseBody

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AsyncExitStack
    from pathlib import Path
    from types import TracebackType

    from appliance.api.ranges import Span

PIECE_BYTES: Final = 256 * 1024
"""Bytes that are read and sent at a time."""
READERS: Final = 4
"""Threads that may read at once; more would only queue at the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFile:
    """A file and its size; ``begin`` is its first piece, which spares small ones another look."""

    file: IO[bytes]
    size: int
    begin: bytes


class FileReader:
    """Opens files and reads them in threads of its own."""

    def __init__(self) -> None:
        self._limit = trio.CapacityLimiter(READERS)

    async def open(self, path: Path, lifetime: AsyncExitStack) -> OpenFile:
        """Open a file until the end of ``lifetime``. Raises OSError."""
        opened = await trio.to_thread.run_sync(_open, path, limiter=self._limit)
        lifetime.callback(opened.file.close)
        return opened

    async def read(self, file: OpenFile, start: int, count: int) -> bytes:
        """Up to ``count`` bytes from ``start`` on."""
        if start + count <= len(file.begin):
            return file.begin[start : start + count]
        read = partial(os.pread, file.file.fileno(), count, start)
        return await trio.to_thread.run_sync(read, limiter=self._limit)


def _open(path: Path) -> OpenFile:
    file = path.open("rb", buffering=0)
    try:
        size = os.fstat(file.fileno()).st_size
        begin = os.pread(file.fileno(), PIECE_BYTES, 0)
    except BaseException:
        file.close()
        raise
    if size <= len(begin):
        file.close()  # all is here: a slow client need not keep it open
    return OpenFile(file=file, size=size, begin=begin)


class FileBody(ResponseBody):
    """One span of a file, as Quart takes the body of an answer."""

    def __init__(self, reader: FileReader, file: OpenFile, span: Span) -> None:
        self._reader = reader
        self._file = file
        self._place = span.start
        self._stop = span.stop

    async def __aenter__(self) -> FileBody:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """The file belongs to the lifetime of the answer."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        count = min(PIECE_BYTES, self._stop - self._place)
        piece = await self._reader.read(self._file, self._place, count) if count else b""
        if not piece:
            raise StopAsyncIteration
        self._place += len(piece)
        return piece
