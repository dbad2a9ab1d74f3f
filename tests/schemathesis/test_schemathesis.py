"""The whole document against the server, by schemathesis: all its checks and phases."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio

from tests.api.serving import CONFIG, ROOT, serving

if TYPE_CHECKING:
    import subprocess

REPOSITORY = Path(__file__).parents[2]
SETTINGS = Path(__file__).with_name("schemathesis.toml")
SEED = 20_261_124


async def judged(
    directory: Path, url: str, examples: int, seed: int, limit_s: float
) -> tuple[int, str, int]:
    """Exit code, what was said, number of requests. It leaves its files in ``directory``."""
    program = Path(sys.executable).with_name("schemathesis")
    words = ["--config-file", str(SETTINGS), "run", f"{url}/openapi.json", "--seed", str(seed)]
    words += ["--max-examples", str(examples), "-H", f"Authorization: Bearer {ROOT}"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1", "COLUMNS": "160"}
    with trio.fail_after(limit_s):
        done: subprocess.CompletedProcess[bytes] = await trio.run_process(
            [str(program), *words],
            capture_stdout=True,
            check=False,
            env=environment,
            cwd=directory,
        )
    said = done.stdout.decode()
    counted = re.search(r"(\d+) generated", said)
    return done.returncode, said, int(counted[1]) if counted else 0


@pytest.mark.parametrize(
    ("examples", "least", "seed", "limit_s"),
    [
        pytest.param(150, 2_000, SEED, 240),
        pytest.param(1500, 20_000, SEED + 1, 1800, marks=pytest.mark.long),
    ],
)
async def test_the_server_does_what_the_document_says(
    tmp_path: Path, examples: int, least: int, seed: int, limit_s: float
) -> None:
    async with serving(tmp_path, config=CONFIG) as here:
        code, said, cases = await judged(tmp_path, here.url, examples, seed, limit_s)
    assert code == 0, said[-12_000:]
    assert cases >= least, said[-3_000:]
    assert re.search(r"Stateful", said)
