"""The LUCIDAC: one carrier with one cluster, or several side by side as a LUCIStack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.apb.model import CarrierKind
from drivers.options import MachineKind
from drivers.real_device import RealDevice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drivers.base import JobRunner
    from drivers.link.endpoint import Endpoint
    from drivers.options import DriverOptions

LUCIDAC: Final = MachineKind(name="LUCIDAC", carriers=frozenset({CarrierKind.LUCIDAC}))


def lucidac(
    endpoints: Sequence[Endpoint], jobs: JobRunner, options: DriverOptions | None = None
) -> RealDevice:
    """A LUCIDAC, or a LUCIStack with an endpoint for each device, the leader first in the order of
    their places. Firmware 1.x, with a lane gain of 10, is recognised by its dialect."""
    return RealDevice(endpoints, LUCIDAC, jobs, options)
