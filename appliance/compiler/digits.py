"""Round numbers: two significant digits, on the safe side."""

from __future__ import annotations

import math
from typing import Final

SMALLEST: Final = 1e-300
LARGEST: Final = 1e300
"""Sizes to calculate with."""


def round_up(value: float) -> float:
    """Two significant digits, never below the value; 1 for zero. What is out of range comes back
    as it is."""
    if value == 0.0:
        return 1.0
    if not SMALLEST <= value <= LARGEST:
        return value
    exponent = math.floor(math.log10(value)) - 1
    digits = math.ceil(value / 10.0**exponent * (1 - 1e-12))
    return float(f"{digits}e{exponent}")


def round_down(value: float) -> float:
    """Two significant digits, never above the value. What is out of range comes back as it is."""
    if not SMALLEST <= value <= LARGEST:
        return value
    exponent = math.floor(math.log10(value)) - 1
    digits = math.floor(value / 10.0**exponent * (1 + 1e-12))
    return float(f"{digits}e{exponent}")
