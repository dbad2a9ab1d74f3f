"""One event is one line; progress shows itself on terminals only."""

from __future__ import annotations

import io
import logging
import sys
import time
from typing import TYPE_CHECKING

from appliance import progress
from appliance.logs import OneLine
from appliance.progress import Progress

if TYPE_CHECKING:
    import pytest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def record(message: str, *, with_error: bool = False) -> logging.LogRecord:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        error = sys.exc_info() if with_error else None
    return logging.LogRecord("analogcloud.x", logging.INFO, __file__, 1, message, (), error)


def test_a_traceback_stays_in_its_line() -> None:
    line = OneLine().format(record("event=crashed task=1", with_error=True))
    assert "\n" not in line
    assert " level=INFO logger=analogcloud.x event=crashed task=1\\nTraceback" in line
    assert line.startswith("time=")


def test_lines_stay_and_nothing_ticks_away_from_a_terminal() -> None:
    out = io.StringIO()
    with Progress("working", out) as shown:
        shown.say("one")
        shown.say("two")
    assert out.getvalue() == "one\ntwo\n"


def test_long_work_ticks_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "QUIET_S", 0.01)
    out = Terminal()
    with Progress("working", out) as shown:
        while "working: 0 s" not in out.getvalue():
            time.sleep(0.001)
        shown.say("one")
    assert "\r\x1b[Kone\n" in out.getvalue()
    assert out.getvalue().endswith(("one\n", "\r\x1b[K"))
