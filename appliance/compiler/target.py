"""Target: the clusters of the machine, read from its description; nothing is assumed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind
from drivers.apb.circuit import assemble
from drivers.apb.codec import CircuitFile, decode
from drivers.apb.items import EntitySpecification
from drivers.apb.model import ADC_CHANNELS, BLOCK_SIZE, LANES, Circuit, Cluster, MBlockKind

MULTIPLIERS: Final = 4
"""Multiplying elements of one M-MUL or M-MDR block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiplier:
    """One multiplying element by its cluster-wide indices: input sums a and b, output, and the
    pass-through outputs that tap its inputs, as (input sum, output)."""

    slot: int
    element: int
    kind: MBlockKind
    taps: tuple[tuple[int, int], ...]

    @property
    def inputs(self) -> tuple[int, int]:
        first = BLOCK_SIZE * self.slot + 2 * self.element
        return first, first + 1

    @property
    def output(self) -> int:
        return BLOCK_SIZE * self.slot + self.element


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCluster:
    """One cluster: where it is (positions in the circuit's tuples) and what it has."""

    carrier: int
    cluster: int
    path: str
    bus_index: int
    integrators: tuple[int, ...]
    multipliers: tuple[Multiplier, ...]
    lanes: int = LANES
    channels: int = ADC_CHANNELS


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A machine description and its blank circuit (everything at rest)."""

    description: CircuitFile
    blank: Circuit
    clusters: tuple[TargetCluster, ...]


def read_target(description: bytes) -> Target:
    """Read a machine description (an entity blob, or any circuit file with one).

    Raises CircuitFileError for bytes that are none, CompileError ``capacity`` for a machine
    without a single cluster.
    """
    file = _specification(decode(description))
    blank = assemble(file)
    clusters = tuple(
        _cluster(carrier_number, cluster_number, cluster)
        for carrier_number, carrier in enumerate(blank.carriers)
        for cluster_number, cluster in enumerate(carrier.clusters)
    )
    if not clusters:
        message = "the description of the target machine has no cluster: needed 1, have 0"
        raise CompileError(Diagnostic(kind=Kind.CAPACITY, message=message))
    return Target(description=file, blank=blank, clusters=clusters)


def _specification(file: CircuitFile) -> CircuitFile:
    """The machine alone: a description may be a circuit file, whose settings are not ours."""
    trees = tuple(item for item in file.items if isinstance(item.config, EntitySpecification))
    return replace(file, items=trees, scaling=None)


def _cluster(carrier_number: int, cluster_number: int, cluster: Cluster) -> TargetCluster:
    integrators: list[int] = []
    multipliers: list[Multiplier] = []
    for slot, block in enumerate(cluster.blocks):
        if block is None:
            continue
        if block.kind is MBlockKind.INT:
            integrators += range(BLOCK_SIZE * slot, BLOCK_SIZE * (slot + 1))
        else:
            multipliers += [_multiplier(slot, j, block.kind) for j in range(MULTIPLIERS)]
    return TargetCluster(
        carrier=carrier_number,
        cluster=cluster_number,
        path=cluster.path,
        bus_index=cluster.index,
        integrators=tuple(integrators),
        multipliers=tuple(multipliers),
    )


def _multiplier(slot: int, element: int, kind: MBlockKind) -> Multiplier:
    """Taps: on M-MUL the inputs of multipliers 0 and 1, on M-MDR the second input of each."""
    base = BLOCK_SIZE * slot
    first = base + 2 * element
    if kind is MBlockKind.MDR:
        taps: tuple[tuple[int, int], ...] = ((first + 1, base + MULTIPLIERS + element),)
    elif element < MULTIPLIERS // 2:
        output = base + MULTIPLIERS + 2 * element
        taps = ((first, output), (first + 1, output + 1))
    else:
        taps = ()
    return Multiplier(slot=slot, element=element, kind=kind, taps=taps)
