"""What a device says unasked, on its way to who collects it."""

from __future__ import annotations

from collections import deque
from typing import Final, TypeAlias

import trio

from drivers.errors import ConnectError
from drivers.wire.messages import Failed, Samples, StateChanged

Notice: TypeAlias = StateChanged | Samples | Failed

MAX_NOTICES: Final = 32_768
"""At 500 000 samples a second in chunks of 100 (the smallest seen) these are six seconds: who lags
that far behind will not catch up."""
MAX_BYTES: Final = 128 * 2**20
"""Of samples that wait. A whole result of the largest allowed size is no larger."""


class Notices:
    """A bounded queue that refuses rather than blocks: the connection's reader must never wait."""

    __slots__ = ("_bytes", "_max_bytes", "_send", "_sizes", "receive")

    def __init__(self, max_notices: int = MAX_NOTICES, max_bytes: int = MAX_BYTES) -> None:
        channel = trio.open_memory_channel[Notice](max_notices)
        self._send, self.receive = channel
        self._sizes = deque[int]()
        self._bytes = 0
        self._max_bytes = max_bytes

    def put(self, notice: Notice) -> None:
        """Hand on. ConnectError when too much waits; nothing happens once nobody listens."""
        self._forget_taken()
        size = notice.values.nbytes if isinstance(notice, Samples) else 0
        if self._bytes + size > self._max_bytes:
            raise _lagging()
        try:
            self._send.send_nowait(notice)
        except trio.WouldBlock:
            raise _lagging() from None
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return
        self._sizes.append(size)
        self._bytes += size

    def _forget_taken(self) -> None:
        waiting = self._send.statistics().current_buffer_used
        while len(self._sizes) > waiting:
            self._bytes -= self._sizes.popleft()

    def close(self) -> None:
        """No more will come; what waits can still be received."""
        self._send.close()


def _lagging() -> ConnectError:
    return ConnectError(
        "The device sends samples faster than this machine takes them, so the connection was "
        "closed. A lower sample rate helps."
    )
