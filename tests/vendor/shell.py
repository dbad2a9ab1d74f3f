"""The vendor's command line as a script uses it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import trio

from tests.api.serving import ADA

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shell:
    """Runs ``analogcli`` with one key against one server."""

    programs: Path
    url: str
    key: str | None = ADA

    async def __call__(self, *words: str) -> Ended:
        environment = {"PATH": os.environ["PATH"], "NO_COLOR": "1", "COLUMNS": "200"}
        if self.key is not None:
            environment["ANALOGCLOUD_API_KEY"] = self.key
        command = [str(self.programs / "analogcli"), "-u", self.url, *words]
        with trio.fail_after(120):
            done: subprocess.CompletedProcess[bytes] = await trio.run_process(
                command, capture_stdout=True, capture_stderr=True, check=False, env=environment
            )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    async def ok(self, *words: str) -> str:
        """Standard output of a command that must not fail."""
        ended = await self(*words)
        assert ended.code == 0, ended
        return ended.out

    # Any: JSON.
    async def read(self, *words: str) -> Any:  # noqa: ANN401
        """The JSON that a command prints into a pipe."""
        return json.loads(await self.ok(*words))

    async def codes(self, *calls: tuple[str, ...]) -> list[int]:
        """Exit codes of several commands at once."""
        codes = [-1] * len(calls)

        async def note(place: int) -> None:
            codes[place] = (await self(*calls[place])).code

        async with trio.open_nursery() as nursery:
            for place in range(len(calls)):
                nursery.start_soon(note, place)
        return codes
