"""The cheap looks at circuit files that a request can afford, in the appliance's own words.

Each takes a few milliseconds at most for the largest file; deeper faults are found by the task.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.errors import ApplianceError
from appliance.models import DeviceType
from drivers.apb.codec import Peek, peek
from drivers.apb.errors import CircuitFileError


class ModuleRefused(ApplianceError):
    """The bytes are not what the request needs; the text says why."""


def target_class(data: bytes) -> DeviceType:
    """The class of the machine that an entity file describes. Raises ModuleRefused."""
    found = _peek(data).device_class
    if found is None:
        raise ModuleRefused(
            "describes no machine: send what GET /api/v1/devices/<name>/entity answers"
        )
    return DeviceType(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """How many signals a run samples: in all, and of the carrier with the most of them."""

    probes: int
    carrier_probes: int


def sampled_by(data: bytes) -> Sampled:
    """What a run of this circuit samples. Raises ModuleRefused for what is not a circuit file with
    something in it."""
    found = _peek(data)
    return Sampled(probes=found.adc_channels, carrier_probes=found.carrier_channels)


def _peek(data: bytes) -> Peek:
    try:
        return peek(data)
    except CircuitFileError as error:
        raise ModuleRefused(f"is no usable circuit file: {error}") from error
