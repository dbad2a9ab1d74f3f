"""Items that the circuit files of the machines' own tools always hold, although they say nothing.

The JSONL dialect could set the front plane, but no record of ours describes it; so what it says is
only looked at to tell whether anything would be lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.apb.wire import WireError, fields, read_varint

if TYPE_CHECKING:
    from drivers.apb.items import Opaque

_GENERATOR: Final = "signal_generator_config"
_HARMLESS: Final = frozenset({"", "front_panel_config", "cluster_config", "device_config"})
"""LEDs, and items without fields."""
_AMPLITUDE: Final = 4
_SLEEP: Final = 8
_DAC_OUTPUTS: Final = 9


def is_silent(item: Opaque) -> bool:
    """Whether leaving the item out changes no signal of the machine."""
    if item.kind in _HARMLESS:
        return True
    return item.kind == _GENERATOR and _is_off(item.data)


def _is_off(data: bytes) -> bool:
    """Whether a signal generator sleeps, or has no amplitude, and both constant outputs are 0."""
    sleeps, speaks, holds = False, False, False
    try:
        for tag, _, start, stop in fields(data):
            number = tag >> 3
            if number == _SLEEP:
                sleeps = read_varint(data, start)[0] != 0
            speaks |= number == _AMPLITUDE and any(data[start:stop])
            holds |= number == _DAC_OUTPUTS and any(data[start:stop])
    except WireError:
        return False
    return (sleeps or not speaks) and not holds
