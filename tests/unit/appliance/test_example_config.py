"""analogcloud.toml of the repository: it works as it stands, and documents every key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appliance.config import load
from appliance.config_models import ConfigFile, Limits, Workers
from appliance.faults import known_keys
from appliance.models import DeviceType

if TYPE_CHECKING:
    from collections.abc import Iterator

TLS = Path(__file__).parents[2] / "tls"
EXAMPLE = Path(__file__).parents[3] / "analogcloud.toml"
_COMMENTED = re.compile(r"^#(?=\[|[a-z_]+ = )", re.MULTILINE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a configuration to be, with the files that the example names beside it."""
    (tmp_path / "certificate.pem").write_bytes((TLS / "test-only-one.crt").read_bytes())
    (tmp_path / "key.pem").write_bytes((TLS / "test-only-one.key").read_bytes())
    return tmp_path / "analogcloud.toml"


def uncommented() -> str:
    return _COMMENTED.sub("", EXAMPLE.read_text(encoding="utf-8"))


def keys_below(path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key that the models know, as a path without indices."""
    for name in known_keys(ConfigFile, path):
        yield (*path, name)
        if known_keys(ConfigFile, (*path, name)) != known_keys(ConfigFile, path):
            yield from keys_below((*path, name))


def has_key(data: object, path: tuple[str, ...]) -> bool:
    if not path:
        return True
    if isinstance(data, list):
        return any(has_key(entry, path) for entry in data)
    return isinstance(data, dict) and path[0] in data and has_key(data[path[0]], path[1:])


def test_it_works_as_it_stands() -> None:
    config = load(EXAMPLE)
    assert config.warnings == ()
    assert config.bind.host == "127.0.0.1"
    assert [device.type for device in config.devices] == [DeviceType.SIMULATOR]
    assert set(config.entities) == {config.devices[0].name}


def test_it_works_with_every_key_uncommented(path: Path) -> None:
    path.write_text(uncommented(), encoding="utf-8")
    assert len(load(path).devices) == 4


def test_every_key_is_there() -> None:
    data = tomllib.loads(uncommented())
    keys = set(keys_below())
    assert len(keys) > 40
    assert [key for key in sorted(keys) if not has_key(data, key)] == []


def test_commented_keys_show_the_defaults(path: Path) -> None:
    path.write_text(uncommented().replace("instance_cpu_cores", "#"), encoding="utf-8")
    shown, standing = load(path), load(EXAMPLE)
    assert (shown.limits, shown.workers) == (Limits(), Workers())
    assert (shown.bind, shown.scanner) == (standing.bind, standing.scanner)
    assert shown.reload_check_s == standing.reload_check_s
    assert (shown.state_dir.name, shown.auth_file.name) == ("state", "auth.yml")
    simulator = shown.devices[0].simulator.model_copy(update={"quantisation_bits": None})
    assert simulator == standing.devices[0].simulator
    assert shown.devices[1].port == 5732


@pytest.mark.parametrize("section", ["devices.available", "workers.compile", "limits"])
def test_sections_are_written_out(section: str) -> None:
    assert f"[{section}]" in EXAMPLE.read_text(encoding="utf-8")
