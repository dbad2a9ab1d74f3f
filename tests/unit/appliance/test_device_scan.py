"""``analogcloud devices scan``: what is offered for the configuration, and what is left alone."""

from __future__ import annotations

import json
import socket
import tomllib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from zeroconf import ServiceInfo

from appliance import __main__, cli, device_scan
from appliance.config_models import ConfigFile, Device
from appliance.device_mdns import SERVICE, Announced, BrowseFailed, announced
from appliance.device_ports import USB_ID, SerialPort, serial_ports
from appliance.device_scan import ScanCommand, Senses, scan
from appliance.models import DeviceType
from drivers.apb.items import CircuitFile
from drivers.errors import ConnectError
from sim.virtual.hardware import lucidac, mredac
from tests.fake_links import FakeDevice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from drivers.link.endpoint import Endpoint
    from tests.fake_links import FakeLink

ONE = Announced(
    instance="lucidac-15-87-A0",
    host="lucidac-15-87-A0.local",
    addresses=("192.168.1.20", "fe80::1%2"),
    port=5732,
)
PORT = SerialPort(
    path="/dev/serial/by-id/usb-Teensyduino", device="/dev/ttyACM0", usb_id="16c0:0483"
)
HEAD = '[system]\ndomain = "lab"\nversion = "1"\n'


@dataclass(kw_only=True)
class Lab:
    """Surroundings that are told what is there; ``machines`` by host name or path."""

    machines: dict[str, FakeDevice] = field(default_factory=dict)
    found: tuple[Announced, ...] = ()
    ports: tuple[SerialPort, ...] = ()
    knows_names: bool = True
    asked: list[str] = field(default_factory=list)

    def senses(self) -> Senses:
        return Senses(
            browse=lambda seconds: self.found,
            ports=lambda: self.ports,
            resolves=self._resolves,
            open_link=self._open,
        )

    async def _resolves(self, host: str) -> bool:
        return self.knows_names or host[0].isdigit()

    @asynccontextmanager
    async def _open(self, place: Endpoint) -> AsyncIterator[FakeLink]:
        self.asked.append(str(place))
        where = place.host or place.serial
        if where not in self.machines:
            raise ConnectError(f"{place} refuses connections")
        async with self.machines[where].open(place, "auto", None) as link:
            yield link


def command(*devices: Device, as_json: bool = False, asks: bool = True) -> ScanCommand:
    return ScanCommand(seconds=0.1, asks=asks, as_json=as_json, devices=devices)


def pasted(text: str) -> tuple[Device, ...]:
    """What an operator gets who pastes it."""
    return ConfigFile.model_validate(tomllib.loads(HEAD + text)).devices.available


def test_a_machine_is_offered_with_what_it_says_of_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lab = Lab(found=(ONE,), machines={ONE.host: FakeDevice(description=lucidac())})
    assert scan(command(), lab.senses()) == 0
    shown = capsys.readouterr()
    (device,) = pasted(shown.out)
    assert device.name == "lucidac-15-87-A0"
    assert (device.host, device.port) == ("lucidac-15-87-A0.local", 5732)
    assert (device.type, device.dialect) == (DeviceType.LUCIDAC, "protobuf")
    assert "192.168.1.20" in shown.out
    assert "Found: 1, of which 0 configured already." in shown.err


def test_the_type_is_what_the_boards_are_whatever_the_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lab = Lab(found=(ONE,), machines={ONE.host: FakeDevice(description=mredac())})
    scan(command(), lab.senses())
    assert pasted(capsys.readouterr().out)[0].type is DeviceType.REDAC


def test_a_name_that_this_computer_does_not_know_gives_way_to_the_address(
    capsys: pytest.CaptureFixture[str],
) -> None:
    machine = FakeDevice(description=lucidac(), dialect="jsonl")
    lab = Lab(found=(ONE,), machines={"192.168.1.20": machine}, knows_names=False)
    scan(command(), lab.senses())
    out = capsys.readouterr().out
    assert pasted(out)[0].host == "192.168.1.20"
    assert pasted(out)[0].dialect == "jsonl"
    assert "does not know the name lucidac-15-87-A0.local" in out


def test_the_way_that_works_is_offered(capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(found=(ONE,), machines={"fe80::1%2": FakeDevice(description=lucidac())})
    scan(command(), lab.senses())
    assert pasted(capsys.readouterr().out)[0].host == "fe80::1%2"


def test_without_probing_nobody_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(found=(ONE,), ports=(PORT,))
    scan(command(asks=False), lab.senses())
    out = capsys.readouterr().out
    assert lab.asked == []
    assert [device.dialect for device in pasted(out)] == ["auto", "auto"]
    assert "not found out" in out


def test_who_does_not_answer_is_offered_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(found=(ONE,))
    scan(command(), lab.senses())
    out = capsys.readouterr().out
    assert len(pasted(out)) == 1
    assert "refuses connections" in out
    assert len(lab.asked) == 3


def test_an_answer_that_makes_no_sense_is_a_reason_too(capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(found=(ONE,), machines={ONE.host: FakeDevice(description=CircuitFile(items=()))})
    scan(command(), lab.senses())
    assert "no carrier" in capsys.readouterr().out


@pytest.mark.parametrize(
    "where",
    [
        {"host": "LUCIDAC-15-87-a0.local."},
        {"host": "192.168.1.20"},
        {"endpoints": ("10.0.0.1", "[FE80:0::1%2]:5732")},
    ],
)
def test_what_is_configured_is_named_and_left_alone(
    capsys: pytest.CaptureFixture[str], where: dict[str, Any]
) -> None:
    known = Device(name="lab-1", type=DeviceType.LUCIDAC, **where)
    lab = Lab(found=(ONE,))
    scan(command(known), lab.senses())
    shown = capsys.readouterr()
    assert lab.asked == []
    assert pasted(shown.out) == ()
    assert "lab-1 is configured already" in shown.out
    assert "1 configured already" in shown.err


def test_another_port_of_a_configured_host_is_another_machine(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = Device(name="lab-1", type=DeviceType.LUCIDAC, host=ONE.host, port=5733)
    scan(command(known, asks=False), Lab(found=(ONE,)).senses())
    assert len(pasted(capsys.readouterr().out)) == 1


def test_names_that_are_taken_get_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    known = Device(name="lucidac-15-87-A0", type=DeviceType.SIMULATOR)
    twin = Announced(instance=ONE.instance, host="b.local", addresses=(), port=5732)
    scan(command(known, asks=False), Lab(found=(ONE, twin)).senses())
    names = [device.name for device in pasted(capsys.readouterr().out)]
    assert names == ["lucidac-15-87-A0-2", "lucidac-15-87-A0-3"]


@pytest.mark.parametrize(
    "odd",
    [
        Announced(instance='we"ird\n[x]\\', host='we"ird.local', addresses=(), port=0),
        Announced(instance="", host="", addresses=(), port=0),
        Announced(instance="…", host="a b.local", addresses=("::1",), port=70000),
        Announced(instance="x" * 300, host="x" * 300, addresses=("10.0.0.1",), port=5732),
        Announced(instance="esc\x1b[31m", host="esc\x1b.local", addresses=("10.0.0.1",), port=1),
    ],
)
@pytest.mark.parametrize("asks", [True, False])
def test_odd_records_give_an_entry_or_a_remark_and_never_bad_toml(
    capsys: pytest.CaptureFixture[str], odd: Announced, asks: bool
) -> None:
    assert scan(command(asks=asks), Lab(found=(odd,)).senses()) == 0
    out = capsys.readouterr().out
    devices = pasted(out)
    assert len(devices) == bool(odd.addresses or '"' in odd.host)
    assert "\x1b" not in out
    assert all(1 <= device.port <= 65535 for device in devices)


def test_a_serial_port_is_offered_under_the_name_of_the_board(
    capsys: pytest.CaptureFixture[str],
) -> None:
    machine = FakeDevice(description=lucidac(), dialect="jsonl")
    lab = Lab(ports=(PORT,), machines={PORT.path: machine})
    scan(command(), lab.senses())
    (device,) = pasted(capsys.readouterr().out)
    assert device.name == "lucidac-00-00-01"
    assert (device.serial, device.host, device.dialect) == (PORT.path, None, "jsonl")


def test_a_port_is_known_by_either_of_its_names(capsys: pytest.CaptureFixture[str]) -> None:
    known = Device(name="usb", type=DeviceType.LUCIDAC, serial="/dev/ttyACM0")
    scan(command(known), Lab(ports=(PORT,)).senses())
    assert "usb is configured already" in capsys.readouterr().out


def test_nothing_is_sent_to_a_port_that_may_be_anything(capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(ports=(SerialPort(path="/dev/ttyACM3", device="/dev/ttyACM3", usb_id=""),))
    scan(command(), lab.senses())
    out = capsys.readouterr().out
    assert lab.asked == []
    assert pasted(out)[0].serial == "/dev/ttyACM3"
    assert "not known" in out


def test_a_network_that_cannot_be_searched_leaves_the_serial_ports(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(seconds: float) -> tuple[Announced, ...]:
        raise BrowseFailed("No such device")

    lab = Lab(ports=(PORT,))
    senses = Senses(browse=broken, ports=lab.senses().ports, open_link=lab.senses().open_link)
    assert scan(command(), senses) == 0
    shown = capsys.readouterr()
    assert "No such device" in shown.err
    assert len(pasted(shown.out)) == 1


def test_nothing_found_says_what_to_look_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert scan(command(), Lab().senses()) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Nothing was found" in shown.err


def test_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(found=(ONE,), ports=(PORT,), machines={ONE.host: FakeDevice(description=lucidac())})
    scan(command(as_json=True), lab.senses())
    shown = capsys.readouterr()
    first, second = json.loads(shown.out)
    assert shown.err == ""
    assert first["type"] == "LUCIDAC"
    assert first["places"][0] == {"host": ONE.host, "port": 5732}
    assert pasted(first["toml"])[0].name == first["name"]
    assert second["type"] is None
    assert second["places"][0] == {"serial": PORT.path}


def test_records_of_the_network_in_our_words() -> None:
    name = f"lucidac-15-87-A0.{SERVICE}"
    addresses = [socket.inet_pton(socket.AF_INET6, "fe80::1"), socket.inet_aton("10.0.0.9")]
    full = ServiceInfo(SERVICE, name, port=5732, addresses=addresses, server="l.local.")
    bare = ServiceInfo(SERVICE, f"b.{SERVICE}")
    found = announced({name: full, f"b.{SERVICE}": bare, f"a\n.{SERVICE}": None})
    assert [one.instance for one in found] == ["a\n", "b", "lucidac-15-87-A0"]
    assert found[2].addresses == ("10.0.0.9", "fe80::1")
    assert (found[2].host, found[2].port) == ("l.local", 5732)
    assert found[1].port == 0


def usb(tty: Path, name: str, vendor: str, product: str) -> None:
    """A serial port as the kernel shows it: an interface below its USB device."""
    interface = tty / "bus" / name / "1-1:1.0"
    interface.mkdir(parents=True)
    (interface.parent / "idVendor").write_text(vendor + "\n")
    (interface.parent / "idProduct").write_text(product + "\n")
    (tty / name).mkdir()
    (tty / name / "device").symlink_to(interface)


def test_ports_once_each_by_their_lasting_name(tmp_path: Path) -> None:
    dev, tty = tmp_path / "dev", tmp_path / "tty"
    (dev / "serial" / "by-id").mkdir(parents=True)
    tty.mkdir()
    for name in ("ttyACM0", "ttyACM1", "ttyACM2", "ttyUSB0"):
        (dev / name).touch()
    for link, name in (("usb-Teensy", "ttyACM1"), ("usb-modem", "ttyUSB0")):
        (dev / "serial" / "by-id" / link).symlink_to(dev / name)
    (dev / "serial" / "by-id" / "usb-gone").symlink_to(dev / "ttyACM9")
    usb(tty, "ttyACM1", "16C0", "0483")
    usb(tty, "ttyACM2", "2341", "0043")
    usb(tty, "ttyUSB0", "1a86", "7523")
    found = serial_ports(dev, tty)
    assert [(one.path, one.usb_id) for one in found] == [
        (str(dev / "serial" / "by-id" / "usb-Teensy"), USB_ID),
        (str(dev / "ttyACM0"), ""),
    ]


def test_a_computer_without_serial_ports(tmp_path: Path) -> None:
    assert serial_ports(tmp_path / "dev", tmp_path / "tty") == ()


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "301", "soon"])
def test_impossible_times_are_wrong_usage(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.run(["devices", "scan", "--seconds", seconds])
    assert ended.value.code == 2
    assert "not between" in capsys.readouterr().err


def test_the_configuration_is_read_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = list[ScanCommand]()

    def remember(command: ScanCommand) -> int:
        asked.append(command)
        return 0

    monkeypatch.setattr(device_scan, "scan", remember)
    path = tmp_path / "analogcloud.toml"
    arguments = ["devices", "scan", "--no-probe", "--json", "--config", str(path)]
    assert cli.run(arguments) == 0
    path.write_text(HEAD + '[[devices.available]]\nname = "a"\ntype = "SIMULATOR"\n')
    assert cli.run(arguments) == 0
    path.write_text("wrong =")
    assert cli.run(arguments) == 2
    assert [len(one.devices) for one in asked] == [0, 1]
    assert asked[0] == ScanCommand(seconds=5.0, asks=False, as_json=True, devices=())
    assert "is not there" in capsys.readouterr().err


@pytest.mark.parametrize(
    "ended", [KeyboardInterrupt(), BaseExceptionGroup("nursery", [KeyboardInterrupt()])]
)
def test_ctrl_c_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, ended: BaseException
) -> None:
    def run(arguments: list[str]) -> int:
        raise ended

    monkeypatch.setattr(cli, "run", run)
    with pytest.raises(SystemExit) as exit:
        __main__.main()
    assert exit.value.code == 130
