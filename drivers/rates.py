"""Which sample rates the hardware keeps exactly, and what to offer instead of others.

A converter's period is a whole number of microseconds: other rates would be rounded by the machine
without a word (hardware reference 1.4). All channels of a carrier share its throughput, and the
number of channels counts as the next power of two.
"""

from __future__ import annotations

import math
from typing import Final

from drivers.errors import RunRefused

MICROSECONDS: Final = 1_000_000
MIN_RATE_HZ: Final = 32
MAX_TOTAL_HZ: Final = 500_000
"""Samples per second over all channels of a carrier."""
_WHOLE: Final = 1e-6
"""How near a number of samples must be to a whole one to be meant as such."""

RATES: Final = tuple(
    rate for rate in range(MIN_RATE_HZ, MAX_TOTAL_HZ + 1) if MICROSECONDS % rate == 0
)
"""Every rate with a period of whole microseconds, slowest first."""


class RateRefused(RunRefused):
    """The hardware would not keep this rate; ``nearest`` holds the next one below and above that it
    keeps, as far as they exist (empty: none at all)."""

    def __init__(self, text: str, nearest: tuple[int, ...]) -> None:
        super().__init__(text)
        self.nearest = nearest


def counted_channels(channels: int) -> int:
    """The channels as the converters count them: the next power of two, at least one."""
    return 1 << max(0, channels - 1).bit_length()


def expected_samples(op_time_s: float, rate: float) -> int:
    """The samples of one channel in so many seconds: the product where that is within 1e-6 of a
    whole number, else its floor. They are taken at 0, 1 / rate and so on."""
    product = op_time_s * rate
    nearest = round(product)
    return nearest if abs(product - nearest) <= _WHOLE else math.floor(product)


def valid_rates(channels: int, max_rate: float) -> tuple[int, ...]:
    """The rates for so many channels of one carrier, slowest first, none above ``max_rate``."""
    limit = min(max_rate, MAX_TOTAL_HZ / counted_channels(channels))
    return tuple(rate for rate in RATES if rate <= limit)


def check_rate(rate: float, channels: int, max_rate: float = MAX_TOTAL_HZ) -> None:
    """Raise RateRefused unless a carrier samples ``channels`` channels at exactly ``rate`` samples
    per second each; ``max_rate`` is a lower limit of the device's own."""
    rates = valid_rates(channels, max_rate)
    if rate in rates:
        return
    below = tuple(one for one in rates if one < rate)[-1:]
    above = tuple(one for one in rates if one > rate)[:1]
    nearest = below + above
    raise RateRefused(f"{_reason(rate, channels, max_rate)}{_offer(nearest)}", nearest)


def _reason(rate: float, channels: int, max_rate: float) -> str:
    counted = counted_channels(channels)
    if not rate >= MIN_RATE_HZ:
        return f"the machine samples at least {MIN_RATE_HZ} times a second, not {rate:g}"
    if rate > max_rate:
        return f"this device samples at most {max_rate:g} times a second, not {rate:g}"
    if rate * counted > MAX_TOTAL_HZ:
        counts = f" (they count as {counted})" if counted != channels else ""
        return (
            f"{channels} channels{counts} at {rate:g} samples a second are more than the "
            f"{MAX_TOTAL_HZ} in total that the machine delivers"
        )
    return (
        f"the machine would silently sample at another rate than {rate:g}: its period is a whole "
        "number of microseconds"
    )


def _offer(nearest: tuple[int, ...]) -> str:
    if not nearest:
        return "; no other rate will do"
    return f"; the nearest rate{'s are' if len(nearest) > 1 else ' is'} " + " and ".join(
        map(str, nearest)
    )
