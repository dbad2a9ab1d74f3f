"""What can be set about a device, and what each kind of machine has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from drivers.rates import MAX_TOTAL_HZ

if TYPE_CHECKING:
    from drivers.apb.model import CarrierKind

Dialect: TypeAlias = Literal["auto", "protobuf", "jsonl"]
OverloadPolicy: TypeAlias = Literal["warn", "fail"]
UdpPolicy: TypeAlias = Literal["auto", "never", "always"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverOptions:
    """How to use a device.

    token: for the vendor's proxy.
    overload: a signal out of range is told in the log (``warn``) or fails the run as well.
    slack: samples that a result of hardware may have more or fewer than asked for (of our virtual
        devices: none).
    max_rate: samples per second of one channel, where the device has a limit of its own.
    max_op_time_s: the longest run; firmware 1.x ends at 9 s, for 2.x no limit is known.
    calibrate: before each run. State survives runs, but lanes and gains change with each circuit.
    udp: ``auto`` asks for samples by UDP only where their rate needs it, as datagrams get lost.
    keep_s: an unused connection is kept for so long.
    exact_rates: refuse sample rates that hardware would silently round.
    """

    dialect: Dialect = "auto"
    token: str | None = None
    overload: OverloadPolicy = "warn"
    slack: int = 1
    max_rate: float = MAX_TOTAL_HZ
    max_op_time_s: float = 9.0
    calibrate: bool = True
    udp: UdpPolicy = "auto"
    keep_s: float = 30.0
    exact_rates: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineKind:
    """A kind of machine: its name and the carriers that it may be made of.

    ``is_simulated``: settings for simulators are sent along.
    """

    name: str
    carriers: frozenset[CarrierKind]
    is_simulated: bool = False
