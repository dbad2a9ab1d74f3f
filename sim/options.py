"""How to simulate: the knobs that are not part of the circuit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sim.errors import Unusable

EngineName: TypeAlias = Literal["auto", "heyoka", "scipy"]

OVERLOAD: Final = 1.0 + 1e-6
"""An output beyond this, in machine units, counts as overloaded."""
FULL_SCALE: Final = 1.25
"""Range of the converters that take the samples, in machine units."""
DIVERGED: Final = 1e6
"""Beyond this, in machine units, a signal is taken to grow without bound."""
MAX_QUANTISATION_BITS: Final = 32
_LARGEST_GAIN: Final = 100.0
_TIGHTEST: Final = 1e-15
_LOOSEST: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationOptions:
    """How to simulate.

    gain: the lane gain of the machine, 8 (10 on older ones); a netlist is built with it.
    with_limits: integrators hold at +-``limit`` machine units while their input points outward.
    noise_sigma: standard deviation of Gaussian noise added to each sample, in machine units.
    quantisation_bits: samples are rounded to so many bits over +-1.25 machine units; None: not.
    rtol: error that one step may make, relative to the signals' size.

    Raises Unusable for a value out of range.
    """

    gain: float = 8.0
    with_limits: bool = False
    limit: float = 1.25
    noise_sigma: float = 0.0
    noise_seed: int = 0
    quantisation_bits: int | None = None
    rtol: float = 1e-12
    engine: EngineName = "auto"

    def __post_init__(self) -> None:
        bits = self.quantisation_bits
        _require(
            1.0 <= self.gain <= _LARGEST_GAIN,
            f"gain is {self.gain!r}: must lie in 1..{_LARGEST_GAIN:g} (machines have 8 or 10)",
        )
        _require(
            math.isfinite(self.limit) and self.limit > 0.0,
            f"limit is {self.limit!r}: must be a positive number of machine units",
        )
        _require(
            math.isfinite(self.noise_sigma) and self.noise_sigma >= 0.0,
            f"noise_sigma is {self.noise_sigma!r}: must be zero or a positive number",
        )
        _require(self.noise_seed >= 0, f"noise_seed is {self.noise_seed!r}: must not be negative")
        _require(
            bits is None or 1 <= bits <= MAX_QUANTISATION_BITS,
            f"quantisation_bits is {bits!r}: must lie in 1..{MAX_QUANTISATION_BITS}",
        )
        _require(
            _TIGHTEST <= self.rtol <= _LOOSEST,
            f"rtol is {self.rtol!r}: must lie in {_TIGHTEST:g}..{_LOOSEST:g}",
        )
        _require(
            self.engine in ("auto", "heyoka", "scipy"),
            f"engine is {self.engine!r}: must be auto, heyoka or scipy",
        )


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise Unusable(message)
