"""Where devices are: addresses, serial ports and lists of boards in analogcloud.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.config import load
from appliance.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '[system]\ndomain = "lab"\nversion = "1"\n'
LUCIDAC = '[[devices.available]]\nname = "one"\ntype = "LUCIDAC"\n'
REDAC = LUCIDAC.replace("LUCIDAC", "REDAC")
OWN = LUCIDAC.replace("LUCIDAC", "SIMULATOR")
REMOTE = '[[devices.available]]\nname = "two"\ntype = "SIMULATOR"\nhost = "box"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "analogcloud.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "where",
    [
        'host = "lucidac-15-87-a0"\n',
        'host = "fe80::1%eth0"\n',
        'serial = "/dev/ttyACM0"\n',
        'serial = "/dev/ttyACM0"\ndialect = "jsonl"\n',
        'endpoints = ["10.0.0.1", "10.0.0.2:5733", "[fe80::1]:5732"]\n',
        'host = "proxy"\nproxy_token = "t"\ndialect = "protobuf"\noverload = "fail"\n',
    ],
)
def test_each_way_to_say_where_a_machine_is(tmp_path: Path, where: str) -> None:
    config = load(written(tmp_path, LUCIDAC + where))
    assert config.devices[0].is_remote


def test_a_simulator_with_an_address_is_a_remote_one(tmp_path: Path) -> None:
    own = REMOTE.replace('host = "box"\n', "").replace("two", "three")
    config = load(written(tmp_path, REMOTE + 'emulates = "lucidac"\n' + own))
    assert set(config.entities) == {"two"}
    assert [device.is_remote for device in config.devices] == [True, False]


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        (LUCIDAC, "host", "is missing"),
        (LUCIDAC + 'host = "a"\nserial = "/dev/x"\n', "serial", "says again where"),
        (LUCIDAC + 'host = "a"\nendpoints = ["b"]\n', "endpoints", "says again where"),
        (LUCIDAC + 'endpoints = ["b:port"]\n', "endpoints", "HOST:PORT"),
        (LUCIDAC + 'endpoints = ["/dev/ttyACM0"]\n', "endpoints", "HOST:PORT"),
        (LUCIDAC + 'endpoints = ["b", "B:5732"]\n', "endpoints", "another device"),
        (LUCIDAC + "endpoints = []\n", "endpoints", "is empty"),
        (LUCIDAC + 'host = " "\n', "host", "not the name or address"),
        (LUCIDAC + 'host = "box:5732"\n', "host", "not the name or address"),
        (LUCIDAC + 'host = "http://box"\n', "host", "not the name or address"),
        (LUCIDAC + 'serial = "/dev/\\u0007"\n', "serial", "no path"),
        (LUCIDAC + 'serial = "/dev/x"\nproxy_token = "t"\n', "proxy_token", "firmware 1"),
        (
            LUCIDAC + 'host = "a"\ndialect = "jsonl"\nproxy_token = "t"\n',
            "proxy_token",
            "firmware 1",
        ),
        (LUCIDAC + 'endpoints = ["a", "b"]\ndialect = "jsonl"\n', "endpoints", "together"),
        (REDAC + 'serial = "/dev/x"\n', "serial", "no REDAC"),
        (REDAC + 'host = "a"\ndialect = "jsonl"\n', "dialect", "no REDAC"),
        (OWN + 'overload = "fail"\n', "overload", "within this appliance"),
        (OWN + 'proxy_token = "t"\n', "proxy_token", "within this appliance"),
        (OWN + 'serial = "/dev/x"\n', "serial", "machines only"),
        (OWN + 'endpoints = ["a", "b"]\n', "endpoints", "several simulators"),
        (LUCIDAC + 'serial = "/dev/x"\ndialect = "protobuf"\n', "dialect", "not spoken"),
        (LUCIDAC + 'host = "a"\ndialect = "morse"\n', "dialect", "'auto'"),
        (LUCIDAC + 'host = "a"\noverload = "ignore"\n', "overload", "'warn'"),
        (REMOTE + 'dialect = "jsonl"\n', "dialect", "not spoken by simulators"),
        (REMOTE + "simulator = {gain = 8}\n", "simulator", "not for a remote simulator"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, key: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text))
    (fault,) = caught.value.faults
    assert fault.path == f"devices.available[0].{key}"
    assert message in fault.message


def test_a_board_of_a_stack_is_no_second_device(tmp_path: Path) -> None:
    stack = LUCIDAC + 'endpoints = ["BOX:5732", "other"]\n'
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, stack + REMOTE))
    (fault,) = caught.value.faults
    assert fault.path == "devices.available[1].host"
