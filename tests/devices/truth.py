"""The circuit that these tests run, and what it must give."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

import numpy as np

from drivers.apb.codec import encode
from tests.virtual_network import harmonic

if TYPE_CHECKING:
    from numpy.typing import NDArray

VIRTUAL: Final = "00-00-00-00-00-00"
"""The address that compiled modules bear."""
MODULE: Final = encode(harmonic(VIRTUAL))
TEXT: Final = base64.b64encode(MODULE).decode()
OP_TIME_S: Final = 0.01
RATE: Final = 50_000
SAMPLES: Final = 500
SAFETY_S: Final = 30.0
"""However a run goes, it has ended so long after its op time."""
EXACT: Final = 2e-7
"""Samples travel as float32; the simulator's own errors are smaller."""


def truth(rate: int = RATE, samples: int = SAMPLES) -> NDArray[np.float64]:
    """(samples, 2): x = cos(wt) / 2 and y = -sin(wt) / 2, w = 10000/s."""
    phase = 10_000 / rate * np.arange(samples)
    return 0.5 * np.column_stack((np.cos(phase), -np.sin(phase)))


def is_right(measured: NDArray[np.float64]) -> bool:
    """Whether these are all samples, and nothing but them."""
    return measured.shape == (SAMPLES, 2) and bool(np.abs(measured - truth()).max() <= EXACT)
