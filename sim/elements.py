"""Netlist: what is simulated, as flat tuples of numbers.

Outputs of all elements stand in one row: first the integrators in their order, then the elements
without memory, each after everything that it depends on. All indices below count in that row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """An element without memory; ``a`` and ``b`` are its input sums."""

    PRODUCT = "multiplier"  # a * b
    SQUARE = "squarer"  # a * a
    QUOTIENT = "divider"  # a / b
    ROOT = "square root"  # sqrt(-a)
    IDENTITY = "identity"  # -a
    UNKNOWN = "element"  # M-MDR's IDENT; never part of a netlist


@dataclass(frozen=True, slots=True)
class InputSum:
    """constant + the sum of weight * output over ``terms`` of (output, weight)."""

    terms: tuple[tuple[int, float], ...] = ()
    constant: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrator:
    """o' = -k * input, o(0) = initial, in machine units and seconds."""

    name: str
    k: float
    initial: float
    input: InputSum


@dataclass(frozen=True, slots=True, kw_only=True)
class Memoryless:
    """An element whose output follows its one or two inputs at once."""

    name: str
    kind: Kind
    inputs: tuple[InputSum, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A recorded output: the user's number of it, value = gain * output + offset."""

    probe: int
    element: int
    gain: float
    offset: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Netlist:
    """What is simulated; ``probes`` are in the order of their numbers, ``lanes`` counts the lanes
    that carry a signal, ``warnings`` are for the user's log."""

    integrators: tuple[Integrator, ...]
    memoryless: tuple[Memoryless, ...]
    probes: tuple[Probe, ...]
    lanes: int = 0
    gain: float = 8.0
    warnings: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        integrators = tuple(integrator.name for integrator in self.integrators)
        return integrators + tuple(element.name for element in self.memoryless)
