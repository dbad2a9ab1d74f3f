"""What concerns several keys of analogcloud.toml at once, checked on the file as it was read, so
that these faults are reported together with those of single keys."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from appliance.config_models import DEFAULT_PORT
from appliance.errors import Fault
from appliance.faults import path_of, shortened
from appliance.models import DeviceType
from drivers.link.endpoint import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    Location = tuple[int | str, ...]
    Table = dict[str, Any]  # what TOML gives; not checked yet

HARDWARE: Final = (DeviceType.LUCIDAC, DeviceType.REDAC)
_ADDRESS_HINT: Final = (
    'the address or name of the machine on the network, as in host = "192.168.1.20"'
)


@dataclass(frozen=True, slots=True)
class Bind:
    """Where the server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_bind(text: str) -> Bind | None:
    """``HOST:PORT`` or ``[IPv6]:PORT``; port 0 lets the system choose. None for anything else."""
    host, colon, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if is_bracketed else host
    if not (colon and host and port.isascii() and port.isdigit() and int(port[:6]) <= 65_535):
        return None
    if (":" in host) is not is_bracketed or any(c.isspace() for c in host):
        return None
    return Bind(host, int(port))


def check(data: Table) -> Iterator[tuple[Location, Fault]]:
    """Faults of ``bind`` and of the list of devices."""
    bind = data.get("bind")
    if isinstance(bind, str) and parse_bind(bind) is None:
        message, hint = "must be HOST:PORT", 'for example "127.0.0.1:8000" or "[::1]:8000"'
        yield _at(("bind",), message, bind, hint)
    devices = devices_in(data)
    yield from _same_names(devices)
    yield from _same_addresses(devices)
    for location, device in devices:
        yield from _one_device(location, device)


def warnings(data: Table) -> Iterator[str]:
    """What is allowed but will surprise somebody."""
    for location, device in devices_in(data):
        name = device.get("name")
        is_simulator = device.get("type") == DeviceType.SIMULATOR
        if is_simulator and isinstance(name, str) and "lucidac" in name.lower():
            yield (
                f"{path_of((*location, 'name'))}: the vendor's command line takes the first device"
                f" with lucidac in its name for a real machine; {name!r} is a simulator"
            )


def devices_in(data: Table) -> list[tuple[Location, Table]]:
    """The devices of a file, as far as they have the form of devices."""
    section = data.get("devices")
    available = section.get("available") if isinstance(section, dict) else None
    listed = available if isinstance(available, list) else ()
    return [
        (("devices", "available", index), device)
        for index, device in enumerate(listed)
        if isinstance(device, dict)
    ]


def _same_names(devices: list[tuple[Location, Table]]) -> Iterator[tuple[Location, Fault]]:
    seen: Counter[str] = Counter()
    for location, device in devices:
        name = device.get("name")
        if isinstance(name, str):
            seen[name] += 1
            if seen[name] > 1:
                hint = "give every device a name of its own"
                yield _at((*location, "name"), "is the name of another device too", name, hint)


def _same_addresses(devices: list[tuple[Location, Table]]) -> Iterator[tuple[Location, Fault]]:
    seen: set[str] = set()
    for location, device in devices:
        for key, where in _places(device):
            if where in seen:
                hint = "a device runs one task at a time, so it can be listed only once"
                yield _at((*location, key), "is where another device is too", where, hint)
            seen.add(where)


def _places(device: Table) -> Iterator[tuple[str, str]]:
    """Where a device is said to be, each place with the key that says so; as far as it can be
    read."""
    host, port, listed = (
        device.get("host"),
        device.get("port", DEFAULT_PORT),
        device.get("endpoints"),
    )
    if isinstance(host, str) and isinstance(port, int):
        yield "host", f"{host.lower()}:{port}"
    if isinstance(device.get("serial"), str):
        yield "serial", device["serial"]
    for text in listed if isinstance(listed, list) else ():
        endpoint = _endpoint(text)
        if endpoint is not None:
            yield "endpoints", f"{endpoint.host.lower()}:{endpoint.port}"


def _endpoint(text: object) -> Endpoint | None:
    """``HOST:PORT`` or ``HOST``, never a serial port."""
    try:
        endpoint = Endpoint.parse(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return endpoint if endpoint is not None and endpoint.host else None


def _one_device(location: Location, device: Table) -> Iterator[tuple[Location, Fault]]:
    keys: tuple[str, ...] = ("host", "serial", "endpoints")
    given = [key for key in keys if key in device]
    if len(given) > 1:
        hint = f"keep one of {', '.join(given)}"
        yield _at(
            (*location, given[1]), f"says again where the device is, as {given[0]} does", None, hint
        )
    yield from _addresses(location, device)
    yield from _dialects(location, device)
    if device.get("type") in HARDWARE:
        yield from _one_machine(location, device, given)
    elif device.get("type") == DeviceType.SIMULATOR:
        yield from _one_simulator(location, device, given)


def _addresses(location: Location, device: Table) -> Iterator[tuple[Location, Fault]]:
    """What cannot be an address, as far as the types are right."""
    host, serial, listed = device.get("host"), device.get("serial"), device.get("endpoints")
    if isinstance(host, str) and host and not _is_host(host):
        hint = f"{_ADDRESS_HINT}; a port has a key of its own, as in port = {DEFAULT_PORT}"
        yield _at((*location, "host"), "is not the name or address of a machine", host, hint)
    if isinstance(serial, str) and serial and not serial.isprintable():
        hint = 'the path of a serial port, as in serial = "/dev/ttyACM0"'
        yield _at((*location, "serial"), "is no path", serial, hint)
    hint = 'for example endpoints = ["192.168.1.20:5732", "192.168.1.21:5732"]'
    if listed == []:
        yield _at((*location, "endpoints"), "is empty", None, hint)
    for text in listed if isinstance(listed, list) else ():
        if _endpoint(text) is None:
            yield _at((*location, "endpoints"), "must be HOST:PORT each", text, hint)


def _is_host(text: str) -> bool:
    """A name, or an address (IPv6 without brackets), without a port or anything else."""
    try:
        Endpoint(host=text)
    except ValueError:
        return False
    return text.count(":") != 1 and not set("/[]@") & set(text)


def _dialects(location: Location, device: Table) -> Iterator[tuple[Location, Fault]]:
    """What does not go together with firmware 1, which is all that serial ports and the dialect
    jsonl are for."""
    listed = device.get("endpoints")
    if "serial" in device and device.get("dialect") == "protobuf":
        hint = 'leave dialect out: a serial port always speaks "jsonl"'
        yield _at((*location, "dialect"), "is not spoken on a serial port", "protobuf", hint)
    if "serial" not in device and device.get("dialect") != "jsonl":
        return
    if "proxy_token" in device:
        hint = "remove it: the vendor's proxy is for firmware 2 on the network"
        yield _at((*location, "proxy_token"), "is not known to firmware 1", None, hint)
    key = "serial" if "serial" in device else "dialect"
    if device.get("type") == DeviceType.REDAC:
        hint = f"remove {key} and say where the machine is on the network"
        yield _at((*location, key), "is for firmware 1, which no REDAC has", device[key], hint)
    if isinstance(listed, list) and len(listed) > 1:
        hint = "give each machine an entry of its own, or update their firmware"
        what = "has several machines, which firmware 1 cannot run together"
        yield _at((*location, "endpoints"), what, None, hint)


def _one_machine(
    location: Location, device: Table, given: list[str]
) -> Iterator[tuple[Location, Fault]]:
    if not given:
        hint = f"{_ADDRESS_HINT}, or serial, or endpoints"
        yield _at((*location, "host"), "is missing", None, hint)
    for key in ("emulates", "simulator"):
        if key in device:
            hint = 'remove it, or make the device type = "SIMULATOR"'
            yield _at((*location, key), "is for simulators only", device[key], hint)


def _one_simulator(
    location: Location, device: Table, given: list[str]
) -> Iterator[tuple[Location, Fault]]:
    if not given:
        for key in ("dialect", "proxy_token", "overload"):
            if key in device:
                hint = "remove it, or say with host where a remote simulator is"
                what = "is not for a simulator within this appliance"
                yield _at((*location, key), what, None, hint)
        return
    if "simulator" in device:
        hint = f"remove it, or remove {given[0]} for a simulator within this appliance"
        what = "is not for a remote simulator"
        yield _at((*location, "simulator"), what, device["simulator"], hint)
    if "serial" in device:
        hint = "say with host where it is on the network"
        yield _at((*location, "serial"), "is for machines only", device["serial"], hint)
    elif device.get("dialect") == "jsonl":
        hint = "leave dialect out"
        yield _at((*location, "dialect"), "is not spoken by simulators", "jsonl", hint)
    listed = device.get("endpoints")
    if isinstance(listed, list) and len(listed) > 1:
        hint = "keep one of them, or give each an entry of its own"
        yield _at((*location, "endpoints"), "names several simulators", None, hint)


def _at(location: Location, message: str, value: object, hint: str) -> tuple[Location, Fault]:
    shown = "" if value is None else shortened(value)
    return location, Fault(path=path_of(location), message=message, value=shown, hint=hint)
