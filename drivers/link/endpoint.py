"""Where a device can be reached: a host and port, or a serial port of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFAULT_PORT: Final = 5732
"""What the machines listen on, whatever their firmware."""

_LONGEST: Final = 255
"""Characters of a host name (the limit of DNS) or of a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """``host`` (a name or an address, IPv6 without brackets) and ``port``, or the path of a
    ``serial`` port, then without a host. ValueError, in words for who wrote it, when it is neither.
    """

    host: str = ""
    port: int = DEFAULT_PORT
    serial: str = ""

    def __post_init__(self) -> None:
        where = self.host or self.serial
        if bool(self.host) == bool(self.serial):
            raise ValueError("give either a host or a serial port")
        if len(where) > _LONGEST or not where.isprintable() or any(c.isspace() for c in self.host):
            raise ValueError(f"{where[:60]!r} is no name of a host or serial port")
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port {self.port} is not between 1 and 65535")

    def __str__(self) -> str:
        """As in the configuration, readable by ``parse``."""
        if self.serial:
            return self.serial
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Endpoint:
        """``host``, ``host:port``, ``[IPv6]``, ``[IPv6]:port``, a bare IPv6 address, or a path
        that starts with ``/``. ValueError when it is none of these."""
        text = text.strip()
        if text.startswith("/"):
            return cls(serial=text)
        host, port = _split(text)
        if not host:
            raise ValueError(f"{text[:60]!r} names no host")
        return cls(host=host, port=DEFAULT_PORT if port is None else _number(port))


def _split(text: str) -> tuple[str, str | None]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{text[:60]!r} is not of the form [address]:port")
        return host, rest[1:] if rest else None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    return text, None


def _number(port: str) -> int:
    if not (port.isascii() and port.isdigit() and len(port) <= 5):
        raise ValueError(f"{port[:60]!r} is no port number")
    return int(port)
