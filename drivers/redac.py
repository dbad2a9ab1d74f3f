"""The REDAC: mREDAC carriers with three clusters each, behind one endpoint or several."""

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

REDAC: Final = MachineKind(name="REDAC", carriers=frozenset(CarrierKind))
"""LUCIDAC carriers are accepted as well: the vendor's mock of a REDAC calls its carriers so."""


def redac(
    endpoints: Sequence[Endpoint], jobs: JobRunner, options: DriverOptions | None = None
) -> RealDevice:
    """An mREDAC, several with an endpoint each, or a whole machine behind one."""
    return RealDevice(endpoints, REDAC, jobs, options)
