"""The whole document against the server, by schemathesis: all its checks and phases."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
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
LONGEST_S = 1800


@dataclass(frozen=True)
class Verdict:
    """Exit code, what was said, and the number of requests that were made up."""

    code: int
    said: str
    cases: int


async def judged(directory: Path, url: str, *words: str) -> Verdict:
    """One run of schemathesis against a served appliance; its files go to ``directory``."""
    program = Path(sys.executable).with_name("schemathesis")
    command = [str(program), "--config-file", str(SETTINGS), "run", f"{url}/openapi.json"]
    key = ("-H", f"Authorization: Bearer {ROOT}")
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1", "COLUMNS": "160"}
    with trio.fail_after(LONGEST_S):
        done: subprocess.CompletedProcess[bytes] = await trio.run_process(
            [*command, *key, *words],
            capture_stdout=True,
            check=False,
            env=environment,
            cwd=directory,
        )
    said = done.stdout.decode()
    counted = re.search(r"(\d+) generated", said)
    return Verdict(done.returncode, said, int(counted[1]) if counted else 0)


@pytest.mark.parametrize(
    ("examples", "stateful_s", "least", "seed"),
    [
        pytest.param(120, 12, 2_000, SEED),
        pytest.param(1800, 150, 20_000, SEED + 1, marks=pytest.mark.long),
    ],
)
async def test_the_server_does_what_the_document_says(
    tmp_path: Path, examples: int, stateful_s: int, least: int, seed: int
) -> None:
    """Two runs: one by one, and in sequences that follow links, which only time repeats."""
    singly = ("--phases", "examples,coverage,fuzzing", "--max-examples", str(examples))
    linked = ("--phases", "stateful", "--max-time", str(stateful_s), "--max-examples", "30")
    cases = 0
    for words in (singly, linked):
        async with serving(tmp_path, config=CONFIG) as here:
            verdict = await judged(tmp_path, here.url, "--seed", str(seed), *words)
        assert verdict.code == 0, verdict.said[-12_000:]
        assert verdict.cases > 200, verdict.said[-3_000:]
        cases += verdict.cases
    assert cases >= least, cases
