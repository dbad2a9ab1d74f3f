"""Typed circuit: what a circuit file says, in the terms of the machine.

All signals are in machine units (MU), all times in seconds of machine time. Coefficients are the
float32 values that the file holds, widened to Python floats, never the decimals that a user typed.
Source of the numbers: the project's hardware reference, sections 1 to 4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Final

LANES: Final = 32
"""Lanes of one cluster."""
OUTPUTS: Final = 16
"""M-block outputs, and likewise input sums, of one cluster."""
BLOCK_SIZE: Final = 8
"""Inputs (or outputs) of one M-block slot."""
ADC_CHANNELS: Final = 8
"""Converters of one carrier."""
ACL_PORTS: Final = 8
FIRST_ACL_LANE: Final = 24
"""ACL port p is tied to lane FIRST_ACL_LANE + p."""
FIRST_SHARED_LANE: Final = 8
"""Lanes below never leave their cluster; from here on a T block may exchange them."""


class CarrierKind(IntEnum):
    """Entity type of a carrier board."""

    LUCIDAC = 1
    MREDAC = 2


class MBlockKind(IntEnum):
    """Entity type of an M block: what sits in the socket."""

    INT = 1
    MUL = 2
    MDR = 3


class MdrOperation(IntEnum):
    """Operation of one M-MDR element."""

    MULTIPLY = 0
    SQUARE = 1
    DIVIDE = 2
    SQRT = 3
    IDENT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrator:
    """One integrator: o' = -k * s, o(0) = -ic."""

    ic: float = 0.0
    k: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MBlock:
    """What sits in one M-block slot.

    ``integrators`` has 8 entries on M-INT and none elsewhere; ``operations`` has 4 entries on M-MUL
    (all MULTIPLY) and M-MDR and none on M-INT.
    """

    kind: MBlockKind
    integrators: tuple[Integrator, ...] = ()
    operations: tuple[MdrOperation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """Setting of a cluster's constant giver: +-1 or +-0.1 MU."""

    value: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One lane: U input ``source`` (M output 0..15 of the same cluster, or None), ``factor`` in
    [-1, 1], the input sums it feeds (at most one in a valid circuit), the eightfold gain."""

    source: int | None = None
    factor: float = 0.0
    sinks: tuple[int, ...] = ()
    upscaled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One cluster: its path (``carrier/index``), slots M0 and M1, 32 lanes, constant giver."""

    path: str
    index: int
    blocks: tuple[MBlock | None, MBlock | None]
    lanes: tuple[Lane, ...] = (Lane(),) * LANES
    constant: Constant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdcChannel:
    """One ADC channel; ``output`` is the carrier-wide M output 16 * cluster + 8 * slot + element,
    ``probe`` the user's 0-based result position; value = gain * sample + offset."""

    output: int
    probe: int
    gain: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """One carrier board. ``muxes`` is the T block, 96 source sectors by ``4 * (lane - 8) + sink
    sector``, or empty where there is none or all are at rest (each cluster hears itself)."""

    path: str
    kind: CarrierKind
    stack: int = 0
    position: int = 0
    clusters: tuple[Cluster, ...] = ()
    channels: tuple[AdcChannel, ...] = ()
    acl_external: tuple[bool, ...] = (False,) * ACL_PORTS
    muxes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeScaling:
    """How one probe's samples become the user's numbers: value = factor * sample + offset."""

    probe: int
    name: str
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """The compiler's private note in a module: from machine units and seconds to the problem's.

    ``horizon`` is in problem time, ``time_rate`` in problem time units per second of machine time,
    so that problem time = time_rate * seconds.
    """

    variable: str
    horizon: float
    time_rate: float
    probes: tuple[ProbeScaling, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A whole configured machine; ``scaling`` where the module came from our compiler."""

    carriers: tuple[Carrier, ...]
    scaling: Scaling | None = None
    warnings: tuple[str, ...] = field(default=())


VIRTUAL_EUI: Final = "02-41-43-56-00-00-00-00"
"""Board identifier of our own virtual devices: locally administered, so no real board has it."""


class EntityClass(Enum):
    """Class of an entity in a hardware description."""

    UNKNOWN = 0
    CARRIER = 1
    CLUSTER = 2
    M_BLOCK = 3
    U_BLOCK = 4
    C_BLOCK = 5
    I_BLOCK = 6
    SH_BLOCK = 7
    FRONT_PANEL = 8
    CTRL_BLOCK = 9
    T_BLOCK = 10
    BACK_PANEL = 11
    BACK_PANEL_T_BLOCK = 12
    DEVICE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A node of the hardware tree; ``path`` has no leading slash and starts at the carrier."""

    path: str
    entity_class: EntityClass
    type: int = 0
    variant: int = 0
    version: tuple[int, int, int] = (0, 0, 0)
    eui: str = ""
    children: tuple[Entity, ...] = ()
    location: tuple[int, int] | None = None
