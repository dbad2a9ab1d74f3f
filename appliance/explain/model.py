"""Schematic: a compiled circuit as a person would describe it, for the text and the drawing.

What the lanes do is read from the circuit file itself; only the names come from the compiler.
M outputs and input sums are cluster-wide numbers (0 to 15), MU stands for machine unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What one input sum gets from one M output, or from the constant giver (``source`` None).

    All ``lanes`` have the same ``factor`` (-1 to 1), and the eightfold gain if ``is_upscaled``;
    ``share`` is what the term stands for in the user's units: the coefficient of the source's
    signal, or a number where the source is the constant.
    """

    source: int | None
    lanes: tuple[int, ...]
    factor: float
    is_upscaled: bool
    share: float

    @property
    def lane_weight(self) -> float:
        """Weight of one lane."""
        return self.factor * (8.0 if self.is_upscaled else 1.0)

    @property
    def weight(self) -> float:
        """Weight of all lanes together."""
        return len(self.lanes) * self.lane_weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """An input sum, ``unit`` of the user's units being one MU of it."""

    number: int
    unit: float
    terms: tuple[Term, ...]


class Shape(Enum):
    """Kinds of elements."""

    INTEGRATOR = "integrator"
    MULTIPLIER = "multiplier"
    PASS = "pass-through element"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How an integrator runs: rate k (1/s), and what its output starts at, in MU and the user's
    units."""

    rate: int
    machine: float
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element in use. ``name`` is short and no other element's, ``words`` may be longer: what
    the output is in the user's quantities, 1 MU of it being ``unit``.

    ``inputs`` are one sum, of a multiplier two, and none where a pass-through element listens to
    the input sum ``tapped`` of a multiplier. ``start`` is of integrators only, ``remark`` what else
    there is to say.
    """

    shape: Shape
    output: int
    name: str
    words: str
    unit: float
    inputs: tuple[Input, ...]
    tapped: int | None = None
    start: Start | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """An ADC channel: the probe's value is ``factor * sample + offset``."""

    number: int
    output: int
    label: str
    factor: float
    offset: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Schematic:
    """A whole circuit. ``chains`` has the outputs of the integrators of each equation, from the
    highest derivative down; ``constant`` is what the constant giver gives in MU, None if off;
    ``worst`` the largest deviation from the equations as a part of a probe's amplitude, up to
    ``until``."""

    title: str
    machine: str
    elements: tuple[Element, ...]
    channels: tuple[Channel, ...]
    chains: tuple[tuple[int, ...], ...]
    resources: tuple[tuple[str, int, int], ...]
    constant: float | None
    variable: str
    rate: float
    horizon: float
    worst: float
    until: float

    def element(self, output: int) -> Element:
        """The element with an M output that is in use."""
        return next(element for element in self.elements if element.output == output)

    def words(self, source: int | None) -> str:
        """Short name of what a term reads."""
        return "1" if source is None else self.element(source).name
