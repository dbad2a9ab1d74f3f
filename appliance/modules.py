"""The cheap looks at circuit files that a request can afford, in the appliance's own words.

Each takes a few milliseconds at most for the largest file; deeper faults are found by the task.
"""

from __future__ import annotations

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


def probes_of(data: bytes) -> int:
    """How many signals a run of this circuit samples. Raises ModuleRefused for what is not a
    circuit file with something in it."""
    return _peek(data).adc_channels


def _peek(data: bytes) -> Peek:
    try:
        return peek(data)
    except CircuitFileError as error:
        raise ModuleRefused(f"is no usable circuit file: {error}") from error
