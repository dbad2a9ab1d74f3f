"""What announces itself on the network as an analog computer, by multicast DNS.

Both generations of the machines announce the service ``_lucijsonl._tcp.local.``, whatever dialect
they speak. python-zeroconf listens in a thread of its own, which ends with the browsing.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zeroconf import ServiceInfo, ServiceStateChange, Zeroconf

SERVICE: Final = "_lucijsonl._tcp.local."
MAX_ANNOUNCED: Final = 64
"""A lab has a dozen; who announces more shall not fill the terminal."""
_RESOLVE_MS: Final = 1000
"""For an instance whose address did not come along with its name."""
_RESOLVE_ALL_S: Final = 5.0


class BrowseFailed(Exception):
    """This computer cannot listen for mDNS; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """One machine as it announces itself, unchecked: ``instance`` without the service's name,
    ``host`` (``...local``, or empty), textual ``addresses`` best first, and ``port``; 0 where it
    announces none."""

    instance: str
    host: str
    addresses: tuple[str, ...]
    port: int


def browse(seconds: float) -> tuple[Announced, ...]:
    """Listen for so long, and a few seconds more where answers are incomplete. Blocks: call it in a
    thread. Raises BrowseFailed."""
    from zeroconf import ServiceBrowser, Zeroconf

    names = _Names()
    try:
        network = Zeroconf()
    except OSError as error:
        raise BrowseFailed(error.strerror or str(error)) from error
    try:
        browser = ServiceBrowser(network, SERVICE, handlers=[names.change])
        threading.Event().wait(seconds)
        browser.cancel()
        return announced(_resolved(network, names.seen()))
    finally:
        network.close()


class _Names:
    """The instances that were heard of; zeroconf's thread calls it."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def change(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if state_change.name == "Removed":
            self._names.pop(name, None)
        elif len(self._names) < MAX_ANNOUNCED:
            self._names[name] = None

    def seen(self) -> list[str]:
        return sorted(self._names.copy())


def _resolved(network: Zeroconf, names: Iterable[str]) -> dict[str, ServiceInfo | None]:
    """What is known of each name; None for one that nobody explains, or that is no proper one."""
    from zeroconf import Error

    until = time.monotonic() + _RESOLVE_ALL_S
    found: dict[str, ServiceInfo | None] = {}
    for name in names:
        left_ms = min(_RESOLVE_MS, int(1000 * (until - time.monotonic())))
        try:
            found[name] = network.get_service_info(SERVICE, name, timeout=max(1, left_ms))
        except Error:
            found[name] = None
    return found


def announced(infos: Mapping[str, ServiceInfo | None]) -> tuple[Announced, ...]:
    """Records of zeroconf, by their full names, in our words and in the order of the names."""
    return tuple(_announced(name, infos[name]) for name in sorted(infos))


def _announced(name: str, info: ServiceInfo | None) -> Announced:
    instance = name.removesuffix(SERVICE).rstrip(".")
    if info is None:
        return Announced(instance=instance, host="", addresses=(), port=0)
    return Announced(
        instance=instance,
        host=(info.server or "").rstrip("."),
        addresses=tuple(sorted(info.parsed_scoped_addresses(), key=_preference)),
        port=info.port or 0,
    )


def _preference(address: str) -> tuple[int, str]:
    """IPv4 first, and what works on one cable only last."""
    bare = ipaddress.ip_address(address.partition("%")[0])
    return (2 if bare.is_link_local else bare.version == 6), address
