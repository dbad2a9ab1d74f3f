"""The items of a circuit file as typed values: one record for each kind that means something to us.

The records say what the file says, not more: indices may be out of range and lists too long until
``drivers.apb.validate`` has looked at them. Numbers of the schema's type ``float`` are float32
values, widened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from drivers.apb.model import Entity, Scaling


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Value of a coefficient: a literal or a declared parameter, perhaps negated. Neither of the
    two is an expression without a meaning, which the schema allows and the validator refuses."""

    literal: float | None = None
    parameter: int | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdcEntry:
    """``output`` is the carrier-wide M output; ``gain`` 0 when the writer left it out."""

    output: int = 0
    probe: int = 0
    gain: float = 0.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AdcConfig:
    channels: tuple[AdcEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CoefEntry:
    """Factor of one lane; the expression, where there is one, takes the factor's place."""

    lane: int = 0
    factor: float = 0.0
    gain_correction: float | None = None
    expression: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoefConfig:
    elements: tuple[CoefEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItorEntry:
    """Start value and speed of one integrator; the expression takes the place of ``ic``."""

    element: int = 0
    ic: float = 0.0
    k: int = 0
    expression: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItorConfig:
    elements: tuple[ItorEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LimiterEntry:
    element: int = 0
    enable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LimiterConfig:
    elements: tuple[LimiterEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectConfig:
    """``connections`` as (M output, lane); ``constant`` and ``magnitude`` by schema number."""

    connections: tuple[tuple[int, int], ...] = ()
    constant: int = 0
    magnitude: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SumConfig:
    """``sums`` as (input sum, lanes); ``upscales`` as (lane, enabled)."""

    sums: tuple[tuple[int, tuple[int, ...]], ...] = ()
    upscales: tuple[tuple[int, bool], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchConfig:
    """T block: ``muxes`` as (index, source sector)."""

    muxes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackplaneSwitchConfig:
    """ST block: ``muxes`` as (index, source sector)."""

    muxes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MdrConfig:
    """``operations`` of the elements in order, by schema number; missing ones multiply."""

    operations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PortConfig:
    """``states`` of the ACL ports in order, by schema number."""

    states: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitySpecification:
    """One hardware tree; None when the item is empty."""

    root: Entity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLane:
    """``carrier`` is a position in the note's list of entities."""

    carrier: int = 0
    cluster: int = 0
    lane: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    source: TraceLane = TraceLane()
    sink: TraceLane = TraceLane()
    upscaled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyInfo:
    """Routing summary for calibration; ``active_lanes`` is a bit set."""

    entities: tuple[str, ...] = ()
    traces: tuple[Trace, ...] = ()
    active_lanes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    index: int = 0
    name: str = ""
    default: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamSpecification:
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SimConfig:
    """What the vendor's simulator is asked for; ``external`` says that circuits outside of the
    machine are described."""

    k0: int | None = None
    with_limits: bool = False
    only_module_sinks: bool = False
    external: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opaque:
    """An item that we carry along as it is: ``kind`` is the schema's name for it, such as
    ``front_panel_config``, or empty where the schema has none."""

    kind: str = ""
    data: bytes = b""


Config: TypeAlias = (
    AdcConfig
    | CoefConfig
    | ItorConfig
    | LimiterConfig
    | SelectConfig
    | SumConfig
    | SwitchConfig
    | BackplaneSwitchConfig
    | MdrConfig
    | PortConfig
    | EntitySpecification
    | DependencyInfo
    | ParamSpecification
    | SimConfig
    | Opaque
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a module: what ``config`` says about the entity at the path ``entity`` (without
    leading slash; empty for the whole module).

    ``source`` are the bytes it was read from, None for a new item. As long as the rest is not
    changed they are written again as they were; after a change whatever we do not know in them is
    kept.
    """

    entity: str = ""
    config: Config
    source: bytes | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What a file held besides the items, in its bytes: its version and scaling as they were
    written, and whole fields of File and Module that the schema has no name for."""

    version: bytes = b""
    scaling: bytes = b""
    file: bytes = b""
    module: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitFile:
    """A circuit file or a machine description (a file with specification items only).

    ``version`` is None where the writer left it out. ``warnings`` are texts for the user.
    """

    version: tuple[int, int, int] | None = (0, 1, 0)
    items: tuple[Item, ...]
    scaling: Scaling | None = None
    warnings: tuple[str, ...] = ()
    rest: Rest = field(default=Rest(), repr=False)
