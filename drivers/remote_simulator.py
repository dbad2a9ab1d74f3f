"""A simulator on another host that speaks the machines' protocol, such as the vendor's.

It has no hardware to describe: the operator gives the description of the machine that it stands
for. It keeps any sample rate and needs no calibration.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from drivers.apb.model import CarrierKind
from drivers.options import DriverOptions, MachineKind
from drivers.real_device import RealDevice

if TYPE_CHECKING:
    from drivers.base import JobRunner
    from drivers.link.endpoint import Endpoint

SIMULATOR: Final = MachineKind(name="SIMULATOR", carriers=frozenset(CarrierKind), is_simulated=True)


def remote_simulator(
    endpoint: Endpoint, jobs: JobRunner, known: bytes | None, options: DriverOptions | None = None
) -> RealDevice:
    """``known`` is the description as a circuit file; None asks the simulator for one. Raises
    CircuitFileError where it is unsound."""
    settings = replace(
        options or DriverOptions(), dialect="protobuf", calibrate=False, exact_rates=False
    )
    return RealDevice([endpoint], SIMULATOR, jobs, settings, known=known)
