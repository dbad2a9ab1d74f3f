"""Programs that need lowering, each beside the same mathematics in Python.

``right`` and ``shown`` are written by hand and owe nothing to the compiler; a test lets scipy solve
them and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Right: TypeAlias = Callable[[float, Sequence[float]], list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``text``: statements, without the ``use`` lines. ``right``: derivatives of all states;
    ``shown``: the probes, in channel order."""

    name: str
    text: str
    start: tuple[float, ...]
    right: Right
    shown: Right
    horizon: float


def lowered_case(
    name: str,
    horizon: float,
    text: str,
    start: tuple[float, ...],
    right: Right,
    shown: Right | None = None,
) -> Case:
    """Without ``shown`` the first state is what is probed."""
    return Case(
        name=name,
        text=text,
        start=start,
        right=right,
        shown=shown or (lambda t, y: [y[0]]),
        horizon=horizon,
    )
