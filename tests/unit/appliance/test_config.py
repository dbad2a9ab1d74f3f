from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.config import Config, load
from appliance.config_checks import Bind, parse_bind
from appliance.config_lines import key_lines, line_at
from appliance.errors import ConfigError, Fault

SYSTEM = '[system]\ndomain = "lab"\nversion = "1"\n'
SIMULATOR = '[[devices.available]]\nname = "sim"\ntype = "SIMULATOR"\n'


def load_text(directory: Path, text: str) -> Config:
    path = directory / "analogcloud.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def faults_in(directory: Path, text: str) -> dict[str, Fault]:
    with pytest.raises(ConfigError) as caught:
        load_text(directory, text)
    return {fault.path: fault for fault in caught.value.faults}


def test_smallest_file(tmp_path: Path) -> None:
    config = load_text(tmp_path, SYSTEM)
    assert config.system.domain == "lab"
    assert config.state_dir == tmp_path / "state"
    assert config.auth_file == tmp_path / "auth.yml"
    assert config.bind == Bind("127.0.0.1", 8000)
    assert config.workers.compile.num_instances == 1
    assert config.workers.compile.instance_timeout_s == 120
    assert config.workers.run_op_time_limit_s == 10
    assert config.scanner.interval_s == 60
    assert config.limits.body_bytes == 16 * 2**20
    assert (config.limits.module_bytes, config.limits.source_bytes) == (256 * 2**10, 64 * 2**10)
    assert config.devices == ()
    assert config.warnings == ()


def test_paths_start_at_the_file(tmp_path: Path) -> None:
    config = load_text(tmp_path, 'state_dir = "a/b"\nauth_file = "/etc/auth.yml"\n' + SYSTEM)
    assert config.state_dir == tmp_path / "a/b"
    assert config.auth_file == Path("/etc/auth.yml")


def test_devices_keep_their_order_and_a_simulator_needs_no_host(tmp_path: Path) -> None:
    machine = '[[devices.available]]\nname = "a-machine"\ntype = "LUCIDAC"\nhost = "lab-1"\n'
    config = load_text(tmp_path, SYSTEM + SIMULATOR + machine)
    assert [device.name for device in config.devices] == ["sim", "a-machine"]
    assert config.devices[0].host is None
    assert config.devices[1].port == 5732


def test_every_fault_at_once_with_line_value_and_hint(tmp_path: Path) -> None:
    text = """state_dir = 5
bind = "localhost"
[system]
domain = "x"
[limits]
body_byte = 3
module_bytes = "no"
[workers.compile]
num_instances = true
[[devices.available]]
name = "sim"
type = "SIMULATOR"
emulates = "nowhere.apb"
workers = 2
[[devices.available]]
name = "sim"
type = "LUCIDAC"
simulator = {gain = 9}
"""
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, text)
    found = [(f.line, f.path, f.value) for f in caught.value.faults]
    assert found == [
        (1, "state_dir", "5"),
        (2, "bind", "'localhost'"),
        (3, "system.version", ""),
        (6, "limits.body_byte", "3"),
        (7, "limits.module_bytes", "'no'"),
        (9, "workers.compile.num_instances", "true"),
        (13, "devices.available[0].emulates", "'nowhere.apb'"),
        (14, "devices.available[0].workers", "2"),
        (15, "devices.available[1].host", ""),
        (16, "devices.available[1].name", "'sim'"),
        (18, "devices.available[1].simulator", "{'gain': 9}"),
        (18, "devices.available[1].simulator.gain", "9"),
    ]
    hints = {f.path: f.hint for f in caught.value.faults}
    assert hints["limits.body_byte"] == "did you mean body_bytes?"
    assert "one task at a time" in hints["devices.available[0].workers"]
    assert str(tmp_path / "analogcloud.toml") in str(caught.value)


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("", "system", "is missing"),
        (SYSTEM + "[colours]\n", "colours", "is no key that is known here"),
        (SYSTEM + "[limits]\nbody_bytes = 1\n", "limits.body_bytes", "must be at least 1024"),
        (SYSTEM + "[limits]\nbody_bytes = 2.5\n", "limits.body_bytes", "must be a whole number"),
        (SYSTEM + "[limits]\nbody_bytes = 1979-05-27\n", "limits.body_bytes", "whole number"),
        (SYSTEM + "[devices.scanner]\ninterval_s = nan\n", "devices.scanner.interval_s", "finite"),
        (SYSTEM + "[devices.scanner]\ninterval_s = 0\n", "devices.scanner.interval_s", "above 0"),
        (SYSTEM + "devices = 3\n".join(["", ""]), "system.devices", "is no key"),
        ("devices = 3\n" + SYSTEM, "devices", "must be a section"),
        ("devices = {available = {}}\n" + SYSTEM, "devices.available", "must be a list"),
        ("devices = {available = [3]}\n" + SYSTEM, "devices.available[0]", "must be a section"),
        ('bind = "[::1"\n' + SYSTEM, "bind", "must be HOST:PORT"),
        (SYSTEM + SIMULATOR.replace("sim", "a b"), "devices.available[0].name", "not allowed"),
        (SYSTEM + SIMULATOR + "max_sample_rate = 0\n", "devices.available[0].max_sample_rate", "1"),
        (SYSTEM + SIMULATOR.replace("SIMULATOR", "VAX"), "devices.available[0].type", "LUCIDAC"),
    ],
)
def test_a_single_fault(tmp_path: Path, text: str, path: str, message: str) -> None:
    faults = faults_in(tmp_path, text)
    assert list(faults) == [path]
    assert message in faults[path].message


@pytest.mark.parametrize(
    ("text", "line"), [("a = \n", 1), ("[system]\na = 1\na = 2\n", 3), ("x = " + "[" * 5000, None)]
)
def test_syntax(tmp_path: Path, text: str, line: int | None) -> None:
    (fault,) = faults_in(tmp_path, text).values()
    assert fault.line == line
    assert fault.hint


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe4")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path / "latin.toml")
    (tmp_path / "huge.toml").write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(ConfigError, match="larger than"):
        load(tmp_path / "huge.toml")


def test_two_simulators_may_not_share_an_address(tmp_path: Path) -> None:
    second = SIMULATOR.replace("sim", "sim-2")
    assert len(load_text(tmp_path, SYSTEM + SIMULATOR + second).devices) == 2
    host = 'host = "box"\n'
    faults = faults_in(tmp_path, SYSTEM + SIMULATOR + host + second + host)
    assert list(faults) == ["devices.available[1].host"]
    other_port = second + host + "port = 5733\n"
    assert len(load_text(tmp_path, SYSTEM + SIMULATOR + host + other_port).devices) == 2


def test_a_simulator_called_lucidac_is_warned_about(tmp_path: Path) -> None:
    config = load_text(tmp_path, SYSTEM + SIMULATOR.replace("sim", "MyLucidac"))
    assert len(config.warnings) == 1
    assert "MyLucidac" in config.warnings[0]


def test_emulates(tmp_path: Path) -> None:
    built_in = load_text(tmp_path, SYSTEM + SIMULATOR + 'emulates = "lucidac"\n')
    entity = built_in.entities["sim"]
    (tmp_path / "own.apb").write_bytes(entity)
    own = load_text(tmp_path, SYSTEM + SIMULATOR + 'emulates = "own.apb"\n')
    assert own.entities == {"sim": entity}
    assert load_text(tmp_path, SYSTEM + SIMULATOR).entities == {}


@pytest.mark.parametrize("content", [b"", b"\xff" * 50, b"\x0a\x02\x10\x01", b"x" * (2**18 + 1)])
def test_emulates_something_unusable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "own.apb").write_bytes(content)
    faults = faults_in(tmp_path, SYSTEM + SIMULATOR + 'emulates = "own.apb"\n')
    assert list(faults) == ["devices.available[0].emulates"]
    assert '"lucidac"' in faults["devices.available[0].emulates"].hint


def test_emulates_a_directory_or_an_impossible_path(tmp_path: Path) -> None:
    for name in (".", "a\\u0000b"):
        faults = faults_in(tmp_path, SYSTEM + SIMULATOR + f'emulates = "{name}"\n')
        assert list(faults) == ["devices.available[0].emulates"]


@pytest.mark.parametrize(
    ("text", "bind"),
    [
        ("127.0.0.1:0", Bind("127.0.0.1", 0)),
        ("[::1]:8000", Bind("::1", 8000)),
        ("lab.example.org:65535", Bind("lab.example.org", 65535)),
        ("::1:80", None),
        (":80", None),
        ("host:", None),
        ("host:65536", None),
        ("host:٣", None),
        ("a b:1", None),
        ("host:" + "9" * 5000, None),
    ],
)
def test_parse_bind(text: str, bind: Bind | None) -> None:
    assert parse_bind(text) == bind
    if bind:
        assert parse_bind(str(bind)) == bind


def test_lines_of_keys() -> None:
    lines = key_lines("a = 1\n[b.c] # x\nd.e = 2\n[[f.g]]\nh = 1\n[[f.g]]\nh = 2\n[f.g.i]\nj = 3\n")
    assert lines["b", "c", "d", "e"] == 3
    assert lines["f", "g", 1, "h"] == 7
    assert lines["f", "g", 1, "i", "j"] == 9
    assert line_at(lines, ("f", "g", 0, "zz")) == 4
    assert line_at(lines, ("nowhere",)) is None


def test_loading_stays_light() -> None:
    code = (
        "import sys, appliance.config, appliance.auth, appliance.store, appliance.job_process\n"
        "heavy = {'heyoka', 'scipy', 'numpy', 'quart', 'hypercorn'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_fault_as_text() -> None:
    fault = Fault(path="a.b", message="is wrong", value="3", hint="do that", line=7)
    assert str(fault) == "line 7: a.b: is wrong (found 3)\n    hint: do that"
    assert re.fullmatch("x: y", str(Fault(path="x", message="y")))
