from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio
import trio_parallel

from appliance.compiler.diagnostics import CompileError, Position
from appliance.compute import MAX_STARTS, JobLimits, Jobs, open_jobs
from appliance.errors import JobCrashed, JobMemory, JobTimeout
from appliance.job_process import LOG_IS_FULL, MAX_LINE_CHARACTERS, MAX_LOG_LINES, LogSender
from tests import job_functions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from drivers.base import JobRunner

ROOT = Path(__file__).parents[3]
LIMITS = JobLimits(time_s=30, memory_bytes=2**30)
ANSWER_S = 20
"""Far above what a job needs even while both cores are busy."""


def ignore(line: str) -> None:
    """A log that nobody reads."""


def is_alive(pid: int) -> bool:
    """Whether a process runs. One that is dead and waits for whoever adopted it does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def wait_until_dead(pid: int) -> None:
    with trio.fail_after(ANSWER_S):
        while is_alive(pid):  # noqa: ASYNC110 - nothing tells of somebody else's child
            await trio.sleep(0.01)


@pytest.fixture
async def jobs() -> AsyncIterator[Jobs]:
    with trio.fail_after(60):
        async with open_jobs(LIMITS, workers=2) as jobs:
            yield jobs


async def test_answer_and_log_of_a_warm_worker_that_steps_back(jobs: Jobs) -> None:
    runner: JobRunner = jobs
    lines: list[str] = []
    assert await runner.run(job_functions.echo, {"a": b"b"}, log=lines.append) == {"a": b"b"}
    assert lines == ["first", "second", "last"]
    first = await jobs.run(job_functions.process, log=ignore)
    await jobs.warm("json.tool")
    second = await jobs.run(job_functions.process, log=ignore)
    assert first["pid"] == second["pid"] != os.getpid()
    assert (first["nice"], first["scheduler"], first["threads"]) == (19, os.SCHED_IDLE, "1")
    assert first["cores"] == len(os.sched_getaffinity(0))
    assert jobs.statistics().idle_workers == 1
    before, after = first["modules"], second["modules"]
    assert isinstance(before, list)
    assert isinstance(after, list)
    assert "json.tool" in after
    heavy = {"heyoka", "scipy", "numpy", "quart", "hypercorn", "trio", "pydantic", "sqlite3"}
    assert heavy.isdisjoint(before)


async def test_log_lines_arrive_while_the_job_works(jobs: Jobs, tmp_path: Path) -> None:
    seen: list[str] = []

    def log(line: str) -> None:
        seen.append(line)
        (tmp_path / "seen").touch()

    with trio.fail_after(ANSWER_S):
        await jobs.run(job_functions.wait_for, tmp_path / "seen", log=log)
    assert seen == ["working", "done"]


async def spinning(jobs: Jobs, pids: list[int]) -> None:
    await jobs.run(job_functions.spin, log=lambda line: pids.append(int(line)))


async def test_cancel_kills_for_certain(jobs: Jobs) -> None:
    pids: list[int] = []
    started = trio.Event()

    def log(line: str) -> None:
        pids.append(int(line))
        started.set()

    async with trio.open_nursery() as nursery:

        async def run() -> None:
            await jobs.run(job_functions.spin, log=log)

        nursery.start_soon(run)
        await started.wait()
        assert is_alive(pids[0])
        nursery.cancel_scope.cancel()
    assert not is_alive(pids[0])
    assert jobs.statistics().running == 0
    assert await jobs.run(job_functions.echo, 1, log=ignore) == 1


async def test_time_limit_kills_for_certain() -> None:
    pids: list[int] = []
    async with open_jobs(JobLimits(time_s=1), workers=1) as jobs:
        with pytest.raises(JobTimeout, match=r"longer than the 1 s"):
            await spinning(jobs, pids)
        assert not any(is_alive(pid) for pid in pids)
        assert jobs.statistics().idle_workers == 0


async def test_memory_limit() -> None:
    limits = JobLimits(time_s=ANSWER_S, memory_bytes=300_000_000)
    async with open_jobs(limits, workers=1) as jobs:
        pid = (await jobs.run(job_functions.process, log=ignore))["pid"]
        with pytest.raises(JobMemory, match=r"more than the 0\.3 GB"):
            await jobs.run(job_functions.gobble, log=ignore)
        # Its memory is in pieces: the next job gets a new process.
        assert (await jobs.run(job_functions.process, log=ignore))["pid"] != pid


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (signal.SIGSEGV, "SIGSEGV"),
        (signal.SIGKILL, "ran out of memory"),
        (signal.SIGXCPU, "longer than the 30 s"),
    ],
)
async def test_a_crash(jobs: Jobs, number: int, text: str) -> None:
    lines: list[str] = []
    kind = JobTimeout if number == signal.SIGXCPU else JobCrashed  # the kernel's own time limit
    with pytest.raises(kind, match=text):
        await jobs.run(job_functions.crash, number, log=lines.append)
    assert lines == ["about to crash"]


async def test_the_pool_goes_on_after_a_worker_left(jobs: Jobs) -> None:
    with pytest.raises(JobCrashed, match="exit code 7"):
        await jobs.run(job_functions.leave, log=ignore)
    assert await jobs.run(job_functions.echo, 1, log=ignore) == 1


async def test_a_worker_that_died_while_idle_is_replaced(jobs: Jobs) -> None:
    pid = (await jobs.run(job_functions.process, log=ignore))["pid"]
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGKILL)  # it may still be dying when it gets the next job
    assert (await jobs.run(job_functions.process, log=ignore))["pid"] != pid


async def test_workers_that_cannot_start_are_told_of(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_context", BrokenContext())
    with pytest.raises(JobCrashed, match="could not be started"):
        await jobs.run(job_functions.echo, 1, log=ignore)
    assert BrokenContext.attempts == MAX_STARTS


class BrokenContext:
    """Stands for trio-parallel where no process can be started."""

    attempts = 0

    async def run_sync(self, *_: object, **__: object) -> object:
        await trio.lowlevel.checkpoint()
        BrokenContext.attempts += 1
        raise trio_parallel.BrokenWorkerError("Worker died unexpectedly:")


async def test_a_flood_of_lines_is_cut_and_says_so_and_long_ones_too(jobs: Jobs) -> None:
    lines: list[str] = []
    await jobs.run(job_functions.flood, 20_000, log=lines.append)
    assert len(lines) == MAX_LOG_LINES
    assert lines[-1] == LOG_IS_FULL
    assert lines[-2].startswith(f"{MAX_LOG_LINES - 2} ")
    lines.clear()
    await jobs.run(job_functions.long_line, log=lines.append)
    assert lines == ["ä" * MAX_LINE_CHARACTERS, "?"]


async def test_the_jobs_own_errors_come_back_and_odd_endings_stay_away(jobs: Jobs) -> None:
    with pytest.raises(CompileError) as caught:
        await jobs.run(job_functions.refuse, log=ignore)
    first, second = caught.value.diagnostics
    assert (first.at, first.message, second.kind) == (Position(3, 4), "no", "limit")
    with pytest.raises(JobCrashed, match="SystemExit: bye"):
        await jobs.run(job_functions.system_exit, log=ignore)
    with pytest.raises(JobCrashed, match="Unpicklable: odd error"):
        await jobs.run(job_functions.raise_unpicklable, log=ignore)
    with pytest.raises(TypeError, match="pickle"):
        await jobs.run(job_functions.return_unpicklable, log=ignore)


async def test_jobs_wait_for_a_worker(tmp_path: Path) -> None:
    async with open_jobs(LIMITS, workers=1) as jobs, trio.open_nursery() as nursery:
        working = trio.Event()

        async def first() -> None:
            await jobs.run(job_functions.wait_for, tmp_path / "x", log=lambda _: working.set())

        async def second() -> None:
            await jobs.run(job_functions.echo, 1, log=ignore)

        nursery.start_soon(first)
        await working.wait()
        nursery.start_soon(second)
        await trio.testing.wait_all_tasks_blocked()
        assert (jobs.statistics().running, jobs.statistics().waiting) == (1, 1)
        (tmp_path / "x").touch()


async def test_cpu_cores() -> None:
    async with open_jobs(JobLimits(time_s=ANSWER_S, cpu_cores=1), workers=1) as jobs:
        assert (await jobs.run(job_functions.process, log=ignore))["cores"] == 1


async def test_idle_workers_end() -> None:
    async with open_jobs(LIMITS, workers=1, idle_s=0.01) as jobs:
        pid = (await jobs.run(job_functions.process, log=ignore))["pid"]
        assert isinstance(pid, int)
        with trio.fail_after(ANSWER_S):
            while jobs.statistics().idle_workers:  # noqa: ASYNC110 - no event tells of it
                await trio.sleep(0.01)
        assert not is_alive(pid)


async def test_workers_that_a_signal_ended_do_not_disturb_the_closing() -> None:
    async with open_jobs(LIMITS, workers=1) as jobs:
        pid = (await jobs.run(job_functions.process, log=ignore))["pid"]
        assert isinstance(pid, int)
        os.kill(pid, signal.SIGTERM)


async def test_closing_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with open_jobs(LIMITS, workers=1) as jobs:
        pid = (await jobs.run(job_functions.process, log=ignore))["pid"]
        assert isinstance(pid, int)
    assert not is_alive(pid)
    assert os.listdir(tmp_path) == []


_SERVER = """
import trio
from appliance.compute import JobLimits, open_jobs
from tests import job_functions

async def main():
    async with open_jobs(JobLimits(time_s=60), workers=1) as jobs:
        await jobs.run(job_functions.spin, log=lambda line: print(line, flush=True))

trio.run(main)
"""


@pytest.fixture
def busy_server() -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-c", _SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        yield server, int(server.stdout.readline())


async def test_a_worker_dies_with_its_server(
    busy_server: tuple[subprocess.Popen[str], int],
) -> None:
    server, pid = busy_server
    assert is_alive(pid)
    server.kill()
    await wait_until_dead(pid)


def test_the_sender_counts_characters_too(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    monkeypatch.setattr("socket.socket.connect", lambda self, address: None)
    monkeypatch.setattr("os.unlink", lambda path: None)
    monkeypatch.setattr("socket.socket.send", lambda self, data: sent.append(data))
    with LogSender("nowhere") as log:
        for _ in range(1000):
            log("x" * MAX_LINE_CHARACTERS)
    assert sent[-1].decode() == LOG_IS_FULL
    assert 2**20 - MAX_LINE_CHARACTERS <= sum(map(len, sent)) <= 2**20 + len(LOG_IS_FULL)
