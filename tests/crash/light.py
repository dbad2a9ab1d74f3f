"""Appliances to be killed: ``python -m tests.crash.light DIRECTORY``. Starts one per line of input.

Everything is real but the devices, which note what they do in ``marks`` of the directory. Each
appliance is a fork of this process, which has imported everything: half a thousand starts would
otherwise be half a thousand times the imports.
"""

from __future__ import annotations

import os
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from drivers.base import RunResult
from tests.api.serving import CONFIG, FakeDevice, serving

if TYPE_CHECKING:
    from drivers.base import LogLine, RunRequest

MARKS = "marks"
LONGEST_RUN_S = 0.01


@dataclass
class MarkingDevice(FakeDevice):
    """Notes the beginning and the end of each run, which a crash does not undo."""

    marks: int = -1
    chance: random.Random = field(default_factory=random.Random)

    async def run(self, request: RunRequest, output: Path, log: LogLine) -> RunResult:
        number = int(request.sample_rate_hz)
        self._mark("start", number)
        log("at work")
        await trio.sleep(self.chance.uniform(0, LONGEST_RUN_S))
        await trio.Path(output).write_bytes(b"[[%d]]" % number)
        self._mark("end", number)
        return RunResult(path=output, samples=1, probes=1)

    def _mark(self, mark: str, number: int) -> None:
        os.write(self.marks, f"{mark} {number}\n".encode())


def main() -> None:
    """For each line: fork an appliance, which prints its process and address; then its end."""
    directory = Path(sys.argv[1])
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            trio.run(_serve, directory, int(line))
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        print("ended", os.waitstatus_to_exitcode(status), flush=True)


async def _serve(directory: Path, seed: int) -> None:
    marks = os.open(directory / MARKS, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    chance = random.Random(seed)
    devices: dict[str, FakeDevice] = {
        name: MarkingDevice(marks=marks, chance=chance) for name in ("sim", "bare")
    }
    async with serving(directory, config=_config(), devices=devices) as here:
        print(os.getpid(), here.url, flush=True)
        await here.done.wait()


def _config() -> str:
    more = "max_sample_rate = 10000000"
    config = CONFIG.replace("max_sample_rate = 100000", more)
    config = config.replace('name = "bare"', f'name = "bare"\n{more}')
    return config.replace("[limits]", "[tasks]\ndelete_grace_s = 0.002\n[limits]")


if __name__ == "__main__":
    main()
