"""Which contents a row is about to name, and which are about to go: so that no row loses its own.

A content is put in its place before the row that names it, and removed after the last row that did.
In between, other threads put and remove the same content. Threads may share a Pins.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.models import Digest

KNOWN: Final = 1000
"""Contents that are known to be on disk; people run the same circuit again and again."""


class Pins:
    """``put`` pins a content until ``release``; what is pinned, or was put or released since it was
    ``doom``ed, is not removed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Digest, None] = {}
        self._pinned: Counter[Digest] = Counter()
        self._doomed: set[Digest] = set()

    def put(self, digest: Digest, move: Callable[[], object]) -> None:
        """Put a content in its place by ``move``, pinned."""
        with self._lock:
            move()
            self._pinned[digest] += 1
            self._doomed.discard(digest)

    def keep(self, digest: Digest) -> None:
        """It is on disk under its name."""
        with self._lock:
            self._kept.pop(digest, None)
            self._kept[digest] = None
            if len(self._kept) > KNOWN:
                del self._kept[next(iter(self._kept))]

    def put_again(self, digest: Digest) -> bool:
        """Pin a content that is on disk already; False where that is not known for certain."""
        with self._lock:
            if digest not in self._kept:
                return False
            self._pinned[digest] += 1
            self._doomed.discard(digest)
            return True

    def release(self, digest: Digest) -> None:
        """The row that names it is on disk, or will never be. Whoever has looked for rows before
        this moment knows nothing: it is no longer doomed."""
        with self._lock:
            self._doomed.discard(digest)
            self._pinned[digest] -= 1
            if self._pinned[digest] <= 0:
                del self._pinned[digest]

    def doom(self, digest: Digest) -> None:
        """It shall go, if it turns out that no row names it: to be called before looking."""
        with self._lock:
            self._doomed.add(digest)

    def spare(self, digest: Digest) -> None:
        """A row names it: it stays."""
        with self._lock:
            self._doomed.discard(digest)

    def remove(self, digest: Digest, unlink: Callable[[], object]) -> bool:
        """Remove a doomed content by ``unlink``; returns whether that was still right to do."""
        with self._lock:
            is_free = digest in self._doomed and digest not in self._pinned
            self._doomed.discard(digest)
            if is_free:
                self._kept.pop(digest, None)
                unlink()
            return is_free
