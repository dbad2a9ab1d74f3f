"""A key goes where it belongs and where it does not, through the real program: no trace is left."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from appliance.auth import fingerprint
from tests.api.process import Process
from tests.api.serving import ADA, AUTH, CONFIG, MODULE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY, SYSTEM = "wHoLe-SeCrEt-4711", "SyStEm-SeCrEt-0815"
STRANGER = "no-key-of-ours-31337"
SECRETS = (KEY, SYSTEM, STRANGER)
RUN = {"device_name": "bare", "module": MODULE}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    users = AUTH.replace(ADA, fingerprint(KEY)).replace(ROOT, fingerprint(SYSTEM))
    (tmp_path / "analogcloud.toml").write_text(CONFIG)
    (tmp_path / "auth.yml").write_text(users)
    return tmp_path


def calls(key: str) -> Iterator[dict[str, Any]]:
    """Requests with a key in its place, and with it where people put it by mistake."""
    right = {"Authorization": f"Bearer {key}"}
    search = "/api/v1/tasks/search"
    yield {"method": "GET", "url": "/api/v1/users/me", "headers": right}
    once = right | {"Idempotency-Key": key}
    run = {"method": "POST", "url": "/api/v1/tasks/run"}
    yield run | {"json": RUN, "headers": once}
    yield run | {"json": RUN, "headers": once}
    yield run | {"json": RUN | {"sample_rate": 1, "op_time": key}, "headers": right}
    yield run | {"json": RUN | {"device_name": key}, "headers": right}
    yield run | {"json": RUN | {"module": key}, "headers": right}
    yield run | {"content": key, "headers": right}
    yield {"method": "POST", "url": search, "json": {"user_id": [key]}, "headers": right}
    yield {"method": "POST", "url": search, "json": {"user_id": key}, "headers": right}
    yield {"method": "POST", "url": search, "json": {"state": [key]}, "headers": right}
    yield {"method": "GET", "url": f"/api/v1/tasks/{key}", "headers": right}
    yield {"method": "GET", "url": f"/api/v1/devices/{key}/entity", "headers": right}
    yield {"method": "GET", "url": f"/api/v1/tasks?state={key}&limit={key}", "headers": right}
    yield {"method": "GET", "url": f"/{key}", "headers": right}
    yield {"method": "GET", "url": f"/api/v1/devices?api_key={key}"}
    yield {"method": "GET", "url": "/api/v1/devices", "auth": (key, key)}
    for wrong in (key, f"Token {key}", f"Bearer  {key}", f"Bearer {key},{key}", f"Bearer{key}"):
        yield {"method": "GET", "url": "/api/v1/devices", "headers": {"Authorization": wrong}}
    yield {"method": "GET", "url": "/api/v1/devices", "headers": {"X-API-Key": key}}
    yield {"method": "GET", "url": "/api/v1/devices", "cookies": {"key": key}}
    yield {"method": key, "url": "/api/v1/devices", "headers": right}
    yield {"method": "GET", "url": "/", "headers": {f"{key} {key}": "x"}}


def answers(url: str, key: str) -> Iterator[tuple[int, str]]:
    for call in calls(key):
        with httpx.Client(base_url=url, timeout=10, cookies=call.pop("cookies", None)) as client:
            try:
                answer = client.request(**call)
            except httpx.LocalProtocolError:
                continue  # a client that is too careful to send it
        yield answer.status_code, answer.text


def traces(directory: Path) -> list[str]:
    """Files with a key in them, or in their names."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert len(files) > 3
    return [
        str(path)
        for path in files
        if any(key.encode() in path.read_bytes() or key in str(path) for key in SECRETS)
    ]


def test_no_key_is_left_anywhere(directory: Path) -> None:
    process = Process(directory)
    url = process.address()
    seen = [answer for key in SECRETS for answer in answers(url, key)]
    assert {200, 201, 403, 404, 405, 422} <= {status for status, _ in seen}
    # In its own search, and there only, a user gets the key back: the vendor's clients want it.
    leaked = [text for status, text in seen for key in SECRETS if key in text and status != 200]
    assert leaked == []
    shown = [text for status, text in seen if status == 200 and any(key in text for key in SECRETS)]
    assert all(f'"user_id":"{key}"' in text for key, text in zip(SECRETS, shown, strict=False))
    assert len(shown) == 2
    assert traces(directory) == []
    # A broken file of users with keys in clear is told about without them.
    (directory / "auth.yml").write_text(f"{KEY}: [\n{SYSTEM}: {STRANGER}\n")
    process.process.send_signal(signal.SIGHUP)
    process.line_with("event=reload_refused")
    (directory / "auth.yml").unlink()
    code, out, err = process.end(signal.SIGTERM)
    assert code == 0
    for key in SECRETS:
        assert key not in process.log + out + err
    assert traces(directory) == []
