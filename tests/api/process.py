"""The real program as its own process."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from pathlib import Path


class Process:
    """``analogcloud serve`` with the configuration in a directory."""

    def __init__(self, directory: Path) -> None:
        command = [sys.executable, "-m", "appliance", "serve", "--config"]
        self.process = subprocess.Popen(
            [*command, str(directory / "analogcloud.toml")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self.log = ""
        """What ``line_with`` has read so far."""

    def line_with(self, text: str) -> str:
        """Waits for a line of the log."""
        assert self.process.stderr is not None
        for raw in self.process.stderr:
            line = raw.decode()
            self.log += line
            if text in line:
                return line
        raise AssertionError(f"no line with {text}: {self.log}")

    def address(self) -> str:
        """Waits for the line that tells it."""
        return self.line_with("event=serving").split("url=")[1].split()[0]

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        """Exit code, standard output, and the log from where ``line_with`` stopped."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out.decode(), err.decode()
