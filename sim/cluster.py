"""One cluster's lanes as weighted connections, and its M blocks as elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drivers.apb.model import (
    ACL_PORTS,
    BLOCK_SIZE,
    FIRST_ACL_LANE,
    FIRST_SHARED_LANE,
    MBlockKind,
    MdrOperation,
)
from sim.elements import Kind
from sim.errors import Unsupported, Unusable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.apb.model import Carrier, Cluster, Lane, MBlock

_CONSTANT_LOW: Final = 15
_CONSTANT_HIGH: Final = 14
_HALF: Final = 16
"""The constant appears at U input 15 for lanes below 16 and at U input 14 for the others."""
_SECTORS: Final = 4
_PRODUCTS: Final = 4

_KINDS: Final = {
    MdrOperation.MULTIPLY: Kind.PRODUCT,
    MdrOperation.SQUARE: Kind.SQUARE,
    MdrOperation.DIVIDE: Kind.QUOTIENT,
    MdrOperation.SQRT: Kind.ROOT,
    MdrOperation.IDENT: Kind.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Connection:
    """A lane as mathematics: ``weight`` times M output ``source`` (None: one machine unit) goes
    into input sum ``sink``; source and sink count within the cluster."""

    source: int | None
    sink: int
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Socket:
    """One M output of a cluster: its name, its law (None: integrator), its input sums."""

    name: str
    kind: Kind | None
    inputs: tuple[int, ...]
    k: float = 0.0
    initial: float = 0.0


def connections(
    carrier: Carrier, cluster: Cluster, gain: float, warnings: list[str]
) -> Iterator[Connection]:
    """What each lane of a cluster that feeds a sum adds to it; lanes without signal add nothing.

    Raises Unsupported for signals that come from outside of the cluster.
    """
    for number, lane in enumerate(cluster.lanes):
        if not lane.sinks:
            continue
        _refuse_foreign(carrier, cluster, number)
        signal = _signal(cluster, number, lane, warnings)
        if signal is None:
            continue
        source, scale = signal
        weight = (gain if lane.upscaled else 1.0) * lane.factor * scale
        yield from (Connection(source, sink, weight) for sink in lane.sinks)


def _signal(
    cluster: Cluster, number: int, lane: Lane, warnings: list[str]
) -> tuple[int | None, float] | None:
    """(M output or None for the constant, scale) of what the lane takes; None for nothing."""
    if lane.source is None:
        return None
    if lane.source == (_CONSTANT_LOW if number < _HALF else _CONSTANT_HIGH):
        if cluster.constant is not None:
            return None, cluster.constant.value
        warnings.append(
            f"{cluster.path}: lane {number} takes U input {lane.source} while the constant is off; "
            "the M output passes here, but a machine may ground it"
        )
    return lane.source, 1.0


def _refuse_foreign(carrier: Carrier, cluster: Cluster, number: int) -> None:
    port = number - FIRST_ACL_LANE
    if 0 <= port < ACL_PORTS and cluster.index == 0 and carrier.acl_external[port]:
        raise Unsupported(
            f"{cluster.path}: lane {number} takes its signal from the input jack of ACL port "
            f"{port}; external signals are not supported by this version's simulator"
        )
    if number < FIRST_SHARED_LANE or not carrier.muxes:
        return
    home = cluster.index + 1
    sector = carrier.muxes[_SECTORS * (number - FIRST_SHARED_LANE) + home]
    if sector != home:
        origin = f"cluster {sector - 1}" if sector else "the backplane"
        raise Unsupported(
            f"{cluster.path}: lane {number} takes its signal from {origin}; signals between "
            "clusters or carriers are not supported by this version's simulator"
        )


def sockets(cluster: Cluster) -> dict[int, Socket]:
    """The M outputs of a cluster by their number within it."""
    found: dict[int, Socket] = {}
    for slot, block in enumerate(cluster.blocks):
        if block is not None:
            path = f"{cluster.path}/M{slot}"
            found.update(_integrators(path, BLOCK_SIZE * slot, block))
            found.update(_operations(path, BLOCK_SIZE * slot, block))
    return found


def _integrators(path: str, base: int, block: MBlock) -> Iterator[tuple[int, Socket]]:
    for number, integrator in enumerate(block.integrators):
        name = f"{path} integrator {number}"
        if integrator.k <= 0:
            raise Unusable(f"{name}: k0 is {integrator.k}, must be 100 or 10000")
        yield (
            base + number,
            Socket(
                name=name,
                kind=None,
                inputs=(base + number,),
                k=float(integrator.k),
                initial=0.0 - integrator.ic,
            ),
        )


def _operations(path: str, base: int, block: MBlock) -> Iterator[tuple[int, Socket]]:
    for number, operation in enumerate(block.operations):
        a, b = base + 2 * number, base + 2 * number + 1
        kind = _KINDS[operation]
        inputs = (a, b) if kind in (Kind.PRODUCT, Kind.QUOTIENT) else (a,)
        name = f"{path} {kind.value} {number}"
        yield base + number, Socket(name=name, kind=kind, inputs=inputs)
        # On M-MUL the taps sit on the inputs of multipliers 0 and 1, on M-MDR on each input b.
        tapped = b if block.kind is MBlockKind.MDR else base + number
        name = f"{path} identity {number}"
        yield (
            base + _PRODUCTS + number,
            Socket(name=name, kind=Kind.IDENTITY, inputs=(tapped,)),
        )
