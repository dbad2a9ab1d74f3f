"""From outputs to samples: what the converters and the host make of a signal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.options import FULL_SCALE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.algebra import Array
    from sim.elements import Probe
    from sim.options import SimulationOptions


class Converter:
    """Noise and quantisation on the machine, then the host's gain and offset for each probe.

    The noise depends on the seed alone, not on how the samples are cut into blocks.
    """

    def __init__(self, probes: Sequence[Probe], options: SimulationOptions) -> None:
        self._gains = np.array([probe.gain for probe in probes])
        self._offsets = np.array([probe.offset for probe in probes])
        self._sigma = options.noise_sigma
        self._bits = options.quantisation_bits
        self._random = np.random.default_rng(options.noise_seed)

    def convert(self, signals: Array) -> Array:
        """Samples of (n, probes) signals in machine units."""
        samples = signals
        if self._sigma > 0.0:
            samples = samples + self._sigma * self._random.standard_normal(samples.shape)
        if self._bits is not None:
            samples = quantised(samples, self._bits)
        return np.asarray(samples * self._gains + self._offsets)


def quantised(samples: Array, bits: int) -> Array:
    """The nearest of 2**bits levels from -1.25 up, one step below +1.25 being the highest."""
    half = 2.0 ** (bits - 1)
    step = FULL_SCALE / half
    return np.asarray(np.clip(np.round(samples / step), -half, half - 1.0) * step)
