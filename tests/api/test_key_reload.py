"""auth.yml changes under the real program: who is let in changes, what runs does not."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.api.process import Process
from tests.api.serving import ADA, AUTH, BOB, CONFIG
from tests.api.test_api_tls import put, trusting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "analogcloud.toml").write_text(f"reload_check_s = 3600\n{CONFIG}")
    (tmp_path / "auth.yml").write_text(AUTH)
    return tmp_path


@pytest.fixture
def process(directory: Path) -> Iterator[Process]:
    process = Process(directory)
    yield process
    process.process.kill()
    process.process.communicate()


def without_ada() -> str:
    return "".join(line for line in AUTH.splitlines(True) if ADA not in line)


def test_sighup_reads_the_users_anew(directory: Path, process: Process) -> None:
    url, path = f"{process.address()}/api/v1/users/me", directory / "auth.yml"

    def status(key: str) -> int:
        return httpx.get(url, headers={"Authorization": f"Bearer {key}"}).status_code

    def hang_up() -> None:
        os.kill(process.process.pid, signal.SIGHUP)

    assert (status(ADA), status(BOB)) == (200, 200)
    path.write_text(without_ada())
    hang_up()
    assert "what=users users=3" in process.line_with("event=reloaded")
    assert (status(ADA), status(BOB)) == (403, 200)
    path.write_text(AUTH.replace("enabled", "enable"))
    hang_up()
    refusal = process.line_with("event=reload_refused")
    assert "kept=old" in refusal
    assert "did you mean enabled?" in refusal
    assert BOB not in refusal
    assert (status(ADA), status(BOB)) == (403, 200)
    path.write_text(AUTH)
    hang_up()
    process.line_with("event=reloaded")
    assert status(ADA) == 200
    code, _, err = process.end(signal.SIGTERM)
    assert code == 0, err


def test_a_change_is_seen_without_a_signal(directory: Path) -> None:
    (directory / "analogcloud.toml").write_text(f"reload_check_s = 0.05\n{CONFIG}")
    process = Process(directory)
    url = f"{process.address()}/api/v1/users/me"
    (directory / "new.yml").write_text(without_ada())
    (directory / "new.yml").replace(directory / "auth.yml")
    process.line_with("event=reloaded")
    assert httpx.get(url, headers={"Authorization": f"Bearer {ADA}"}).status_code == 403
    assert process.end(signal.SIGTERM)[0] == 0


def test_https_with_the_certificate_of_the_day(directory: Path) -> None:
    (directory / "analogcloud.toml").write_text(
        f'reload_check_s = 0.05\n{CONFIG}\n[tls]\ncertificate = "c.pem"\nkey = "k.pem"\n'
    )
    put(directory, "one")
    process = Process(directory)
    address = process.address()
    assert address.startswith("https://")
    assert httpx.get(f"{address}/health", verify=trusting("one")).status_code == 200
    (directory / "k.pem").unlink()
    assert "tls.key: names no file" in process.line_with("event=reload_refused what=certificate")
    assert httpx.get(f"{address}/health", verify=trusting("one")).status_code == 200
    put(directory, "other")
    process.line_with("event=reloaded what=certificate")
    assert httpx.get(f"{address}/health", verify=trusting("other")).status_code == 200
    assert process.end(signal.SIGTERM)[0] == 0
