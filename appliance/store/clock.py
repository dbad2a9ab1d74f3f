"""The time by which quotas are counted: it never goes back, whatever happens to the wall clock."""

from __future__ import annotations

import threading
import time


class SteadyClock:
    """Follows the wall clock forward; where that is set back, goes on by the time that passes.

    ``latest_us`` is a time that was handed out in an earlier life of the program: it starts no
    earlier. Threads may share it.
    """

    def __init__(self, latest_us: int = 0) -> None:
        self._lock = threading.Lock()
        self._at_us = max(latest_us, wall_us())
        self._tick_us = _ticks_us()

    def now_us(self) -> int:
        """Microseconds since 1970."""
        with self._lock:
            tick_us = _ticks_us()
            self._at_us = max(self._at_us + tick_us - self._tick_us, wall_us())
            self._tick_us = tick_us
            return self._at_us


def wall_us() -> int:
    """What the wall clock shows, in microseconds since 1970."""
    return time.time_ns() // 1000


def _ticks_us() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000  # counts while the machine sleeps
