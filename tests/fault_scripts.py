"""Fault scripts by seed: the same number gives the same script, for thousands of them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from sim.virtual.fault_kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sim.virtual.fault_kinds import Limits, Value

MOST_FAULTS = 4
LONGEST_S = 40.0
"""Hangs and pauses last up to so long: beyond what a driver waits for a short run."""
_SHORT = {"pause_s": 0.02, "by_s": 5.0, "down_s": 10.0, "for_s": LONGEST_S}
"""Settings that are drawn from 0 up to this, whatever a script may say."""


def draw(seed: int, *, without: Iterable[str] = ()) -> str:
    """A script of one to four faults of any kind but ``without``."""
    source = random.Random(seed)
    kinds = sorted(set(KINDS) - set(without))
    faults = [_fault(source.choice(kinds), source) for _ in range(source.randint(1, MOST_FAULTS))]
    return f"seed = {seed}\n" + "\n".join(faults)


def _fault(what: str, source: random.Random) -> str:
    kind = KINDS[what]
    points = sorted(kind.points)
    at = source.sample(points, source.randint(1, min(3, len(points))))
    lines = {
        "what": what,
        "at": at,
        "after": source.choice((0, 0, 0, 1, 2, 5)),
        "count": source.choice((1, 1, 1, 2, 5)),
        "chance": source.choice((1.0, 1.0, 0.5)),
    } | {name: _value(name, limits, source) for name, limits in kind.settings.items()}
    return "[[fault]]\n" + "\n".join(f"{key} = {_written(value)}" for key, value in lines.items())


def _value(name: str, limits: Limits, source: random.Random) -> Value:
    if isinstance(limits.default, bool):
        return source.random() < 0.5
    if limits.choices:
        return source.choice(limits.choices)
    if isinstance(limits.default, str):
        return limits.default
    if isinstance(limits.default, int):
        return source.randint(int(limits.least), min(int(limits.most), 100))
    return round(source.uniform(limits.least, _SHORT.get(name, limits.most)), 4)


def _written(value: Value | list[str]) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)
