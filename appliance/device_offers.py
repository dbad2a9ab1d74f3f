"""What was found, as entries for the configuration file."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from appliance.config_models import DEFAULT_PORT
from appliance.registry import endpoints_of
from drivers.link.endpoint import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from appliance.config_models import Device
    from appliance.device_mdns import Announced
    from appliance.device_ports import SerialPort

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a machine says of itself: its class, its dialect and its first board's address."""

    type: str
    dialect: str
    board: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Something that may be a machine. ``places`` are the ways to it, best first; none: no way is
    known. ``configured`` is the name that it has in the configuration already, or empty.
    ``answer`` is None where it was not asked or did not answer; ``remarks`` say what is odd."""

    name: str
    places: tuple[Endpoint, ...]
    configured: str = ""
    answer: Answer | None = None
    remarks: tuple[str, ...] = field(default=())


def network_offer(found: Announced, devices: Iterable[Device]) -> Offer:
    """The offer for a machine on the network. Never raises, whatever it announces."""
    port, remarks = found.port, []
    if not 1 <= port <= 65535 and (found.host or found.addresses):
        remarks.append(f"it announces the impossible port {port}; machines use {DEFAULT_PORT}")
        port = DEFAULT_PORT
    if not found.addresses:
        remarks.append("it does not announce an address")
    hosts = (found.host, *found.addresses)
    places = tuple(place for host in hosts if (place := _place(host, port)) is not None)
    return Offer(
        name=proper_name(found.instance, "device"),
        places=places,
        configured=_configured(places, devices),
        remarks=tuple(remarks),
    )


def port_offer(port: SerialPort, devices: Iterable[Device]) -> Offer:
    """The offer for a serial port."""
    short = port.device.rpartition("/")[2]
    ways = tuple(
        place
        for path in dict.fromkeys((port.path, port.device))
        if (place := _serial_place(path)) is not None
    )
    remarks = () if port.is_machine else ("what is behind this port is not known",)
    return Offer(
        name=proper_name(f"lucidac-{short}", "lucidac-usb"),
        places=ways,
        configured=_configured(ways, devices),
        remarks=remarks,
    )


def proper_name(text: str, otherwise: str) -> str:
    """The text as a device may be called in the configuration."""
    name = _NOT_IN_NAMES.sub("-", text).strip("-._")[:_LONGEST_NAME]
    return name or otherwise


def distinct(offers: Iterable[Offer], devices: Iterable[Device]) -> Iterator[tuple[Offer, str]]:
    """Each offer with a name that no device and no other offer has."""
    taken = {device.name for device in devices}
    for offer in offers:
        name, number = offer.name, 1
        while name in taken:
            number += 1
            name = f"{offer.name[: _LONGEST_NAME - 5]}-{number}"
        taken.add(name)
        yield offer, name


def block(offer: Offer, name: str) -> str:
    """The entry of the configuration file. Comments say what is not certain."""
    if offer.configured:
        return f"# {offer.configured} is configured already: {_ways(offer)}"
    lines = [f"# {printable(offer.name)}: {_ways(offer)}"]
    lines += [f"# {printable(remark)}" for remark in offer.remarks]
    if not offer.places:
        return "\n".join(lines)
    lines += ["[[devices.available]]", f"name = {_quoted(name)}"]
    answer = offer.answer
    if answer is None:
        lines.append('type = "LUCIDAC"  # not found out: LUCIDAC or REDAC')
    else:
        lines.append(f"type = {_quoted(answer.type)}")
    lines += _where(offer.places[0])
    if answer is not None:
        lines.append(f"dialect = {_quoted(answer.dialect)}")
    return "\n".join(lines)


def facts(offer: Offer, name: str) -> dict[str, object]:
    """The same for a program."""
    answer = offer.answer
    return {
        "name": offer.configured or name,
        "configured": bool(offer.configured),
        "type": None if answer is None else answer.type,
        "dialect": None if answer is None else answer.dialect,
        "places": [
            {"serial": one.serial} if one.serial else {"host": one.host, "port": one.port}
            for one in offer.places
        ],
        "remarks": list(offer.remarks),
        "toml": block(offer, name),
    }


def printable(text: str) -> str:
    """For terminals and comments: one line, nothing that acts."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _ways(offer: Offer) -> str:
    return ", ".join(map(str, offer.places)) or "no way to it is known"


def _where(place: Endpoint) -> list[str]:
    if place.serial:
        return [f"serial = {_quoted(place.serial)}"]
    return [f"host = {_quoted(place.host)}", f"port = {place.port}"]


def _quoted(text: str) -> str:
    """A text that is printable, as places and names are, in TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _place(host: str, port: int) -> Endpoint | None:
    try:
        return Endpoint(host=host, port=port)
    except ValueError:
        return None


def _serial_place(path: str) -> Endpoint | None:
    try:
        return Endpoint(serial=path)
    except ValueError:
        return None


def _configured(places: Iterable[Endpoint], devices: Iterable[Device]) -> str:
    known = {_key(place): device.name for device in devices for place in _configured_places(device)}
    return next((known[key] for place in places if (key := _key(place)) in known), "")


def _configured_places(device: Device) -> tuple[Endpoint, ...]:
    """A device without an address, and one whose address is none, is nowhere."""
    try:
        return endpoints_of(device) if device.is_remote else ()
    except ValueError:
        return ()


def _key(place: Endpoint) -> tuple[str, int]:
    """The same for two spellings of one place."""
    if place.serial:
        return place.serial, 0
    host = place.host.casefold().rstrip(".")
    try:
        host = str(ipaddress.ip_address(host))
    except ValueError:
        return host, place.port  # a name
    return host, place.port
