"""Words about work that takes a while, on standard error."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from types import TracebackType

QUIET_S: Final = 2.0
"""Work that is done within says nothing about its progress."""
STEP_S: Final = 1.0


class Progress:
    """Shows log lines as they come and, on a terminal, how long the work has taken so far."""

    def __init__(self, what: str, out: TextIO | None = None) -> None:
        self._what = what
        self._out = out or sys.stderr
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._is_shown = False
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._tick, name="progress", daemon=True)

    def __enter__(self) -> Progress:
        if self._out.isatty():
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            self._clear()

    def say(self, line: str) -> None:
        """One line that stays."""
        with self._lock:
            self._clear()
            print(line, file=self._out, flush=True)

    def _tick(self) -> None:
        pause_s = QUIET_S
        while not self._end.wait(pause_s):
            pause_s = STEP_S
            with self._lock:
                seconds = time.monotonic() - self._began
                print(f"\r{self._what}: {seconds:.0f} s", end="", file=self._out, flush=True)
                self._is_shown = True

    def _clear(self) -> None:
        """Remove the line that ticks, so that the next one starts on an empty line."""
        if self._is_shown:
            print("\r\x1b[K", end="", file=self._out, flush=True)
            self._is_shown = False
