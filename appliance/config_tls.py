"""The section ``[tls]``: whether its files can be used, and what to say about them."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from pydantic import ValidationError

from appliance.config_models import Tls
from appliance.errors import Fault
from appliance.faults import shortened

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.config_checks import Bind, Location, Table


def read_tls(
    data: Table, directory: Path, faults: list[tuple[Location, Fault]]
) -> tuple[Tls | None, tuple[str, ...]]:
    """The section with absolute paths, and warnings. ``data`` is the file as it was read; what
    cannot be used is added to ``faults``."""
    try:
        section = Tls.model_validate(data["tls"])
    except (KeyError, ValidationError):
        return None, ()  # there is none, or the checks of single keys tell what is wrong
    section = Tls(certificate=directory / section.certificate, key=directory / section.key)
    from appliance.tls import TlsFault, server_context, tls_warnings  # only who uses it pays

    try:
        context = server_context(section)
    except TlsFault as error:
        shown = shortened(str(data["tls"][error.key]))
        fault = Fault(path=f"tls.{error.key}", message=str(error), value=shown, hint=error.hint)
        faults.append((("tls", error.key), fault))
        return None, ()
    return section, tls_warnings(section, context)


def open_warning(bind: Bind, tls: Tls | None) -> str | None:
    """Why an address is not a good one to listen on without TLS; None where it is, or with TLS."""
    if tls is not None or is_loopback(bind.host):
        return None
    return (
        f"bind: {bind} can be reached from other machines, and API keys travel there in clear;"
        " give [tls] a certificate, or put something that speaks TLS in front"
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address. A name counts only if it is localhost."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host.lower() == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
