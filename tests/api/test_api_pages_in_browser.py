"""The documentation in a real browser: it shows, breaks no policy, and asks nobody else."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest
import trio

from tests.api.serving import serving

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
COMPILE = "#/Tasks/create_compile_api_v1_tasks_compile_post"
"""An address under which Swagger UI opens that operation."""

COMPLAINT = re.compile(r":CONSOLE:.*(Security Policy|Uncaught|Failed|Refused|Error)")

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs Debian's package chromium")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """``dom`` after all scripts, what the browser had to say of it, each URL that the page asked
    for."""

    dom: str
    complaints: tuple[str, ...]
    asked: tuple[str, ...]


def words(profile: Path) -> list[str]:
    """Without what a browser does for itself, and with no way to another machine."""
    return [
        str(BROWSER),
        "--headless",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        f"--user-data-dir={profile}",
        f"--log-net-log={profile}.json",
        "--enable-logging=stderr",
        "--virtual-time-budget=10000",
        "--dump-dom",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]


async def visit(url: str, profile: Path) -> Visit:
    run = partial(trio.run_process, capture_stdout=True, capture_stderr=True)
    with trio.fail_after(60):
        done: subprocess.CompletedProcess[bytes] = await run([*words(profile), url])
    said = [line for line in done.stderr.decode().splitlines() if COMPLAINT.search(line)]
    return Visit(
        dom=done.stdout.decode(),
        complaints=tuple(said),
        asked=requests_of_pages(profile.with_suffix(".json")),
    )


def requests_of_pages(log: Path) -> tuple[str, ...]:
    """URLs whose request was started by a page; what the browser wants has no origin."""
    text = log.read_text()
    read = json.loads(text if text.rstrip().endswith("}") else text.rstrip().rstrip(",") + "]}")
    start = read["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    found = [event.get("params", {}) for event in read["events"] if event["type"] == start]
    return tuple(it["url"] for it in found if it.get("initiator", "").startswith("http"))


@pytest.mark.parametrize(
    ("page", "shown", "files"),
    [
        ("docs", 'class="opblock', {"swagger-ui.css", "swagger-ui-bundle.js", "start.js"}),
        ("docs" + COMPILE, "Request body", {"swagger-ui.css", "swagger-ui-bundle.js", "start.js"}),
        ("redoc", "TaskCreated", {"reference.css"}),
    ],
)
async def test_page_shows_and_asks_only_us(
    tmp_path: Path, page: str, shown: str, files: set[str]
) -> None:
    async with serving(tmp_path) as here:
        seen = await visit(f"{here.url}/api/{page}", tmp_path / "profile")
    assert shown in seen.dom
    assert seen.complaints == ()
    assert [url for url in seen.asked if not url.startswith(here.url + "/")] == []
    assert files <= {url.rsplit("/", 1)[-1] for url in seen.asked}


async def test_the_browser_would_tell(tmp_path: Path) -> None:
    """A page that breaks its policy is noticed, or the tests above would show nothing."""
    page = tmp_path / "bad.html"
    policy = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
    page.write_text(f'<!doctype html>{policy}<p style="color: red">x<img src="//other.example/x">')
    seen = await visit(page.as_uri(), tmp_path / "profile")
    assert len(seen.complaints) == 2
