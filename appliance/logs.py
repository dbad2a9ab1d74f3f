"""Logging: one line per event, ``key=value``, on standard error."""

from __future__ import annotations

import logging
import time
from typing import Final

LIBRARIES: Final = ("trio", "quart", "hypercorn", "asyncio")
"""Others' loggers, of which only warnings are wanted."""


class OneLine(logging.Formatter):
    """``time level logger message``; a traceback follows in the same line, escaped, so that one
    event stays one line for those who search and collect."""

    def __init__(self) -> None:
        super().__init__(
            "time=%(asctime)s.%(msecs)03dZ level=%(levelname)s logger=%(name)s %(message)s",
            "%Y-%m-%dT%H:%M:%S",
        )
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\n", "\\n")


def set_up(level: int = logging.INFO) -> None:
    """Send all logs to standard error. To be called once, by the program, never by a library."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
