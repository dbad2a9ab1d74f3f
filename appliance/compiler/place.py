"""Count and place: which integrator, multiplier and tap of which cluster does what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind

if TYPE_CHECKING:
    from appliance.compiler.channels import Channels
    from appliance.compiler.elements import Elements
    from appliance.compiler.target import Multiplier, Target, TargetCluster

HALF_REACH_OUTPUTS: Final = (14, 15)
"""M outputs that share their U input with the constant giver on one half of the lanes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a program needs before anything is scaled."""

    integrators: int
    multipliers: int
    taps: int
    channels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Cluster-wide indices: the output (and input sum) of each state's integrator, the multiplier
    of each product, and of each tap its (input sum, output)."""

    cluster: TargetCluster
    integrators: tuple[int, ...]
    multipliers: tuple[Multiplier, ...]
    taps: tuple[tuple[int, int], ...]

    @property
    def half_reach(self) -> frozenset[int]:
        """Signals whose output reaches only one half of the lanes."""
        signals = range(len(self.integrators) + len(self.multipliers))
        return frozenset(s for s in signals if self.output(s) in HALF_REACH_OUTPUTS)

    def output(self, signal: int) -> int:
        """Cluster-wide M output of a signal."""
        states = len(self.integrators)
        if signal < states:
            return self.integrators[signal]
        return self.multipliers[signal - states].output


def count(elements: Elements, channels: Channels) -> Demand:
    """Elements and channels that the program needs; connections depend on scaling."""
    return Demand(
        integrators=elements.state_count,
        multipliers=len(elements.products),
        taps=len(channels.taps),
        channels=len(channels.readings),
    )


def place(demand: Demand, target: Target) -> Placement:
    """Place on the first cluster with room.

    Raises CompileError ``capacity`` with every shortage of the cluster that comes nearest.
    """
    fewest: list[Diagnostic] | None = None
    for cluster in target.clusters:
        shortages = _shortages(demand, cluster)
        if not shortages:
            return _place_on(demand, cluster)
        if fewest is None or len(shortages) < len(fewest):
            fewest = shortages
    raise CompileError(*(fewest or ()))


def _place_on(demand: Demand, cluster: TargetCluster) -> Placement:
    free = sorted(cluster.integrators, key=lambda output: output in HALF_REACH_OUTPUTS)
    busy, idle = _split(demand, cluster)
    taps = [tap for multiplier in idle for tap in multiplier.taps]
    return Placement(
        cluster=cluster,
        integrators=tuple(free[: demand.integrators]),
        multipliers=busy,
        taps=tuple(taps[: demand.taps]),
    )


def _split(
    demand: Demand, cluster: TargetCluster
) -> tuple[tuple[Multiplier, ...], tuple[Multiplier, ...]]:
    """Products go to multipliers without taps first, so that the taps of the others stay free."""
    order = sorted(cluster.multipliers, key=lambda m: (len(m.taps), m.slot, m.element))
    return tuple(order[: demand.multipliers]), tuple(order[demand.multipliers :])


def _shortages(demand: Demand, cluster: TargetCluster) -> list[Diagnostic]:
    _, idle = _split(demand, cluster)
    rows = (
        ("integrators", demand.integrators, len(cluster.integrators), "fewer states"),
        ("multipliers", demand.multipliers, len(cluster.multipliers), "fewer products"),
        ("ADC channels", demand.channels, cluster.channels, "fewer probes"),
        (
            "pass-through elements for probes of sums (idle multipliers serve as such)",
            demand.taps,
            sum(len(multiplier.taps) for multiplier in idle),
            "probe states instead of sums, or use fewer products",
        ),
    )
    return [
        Diagnostic(
            kind=Kind.CAPACITY,
            message=f"{resource}: needed {needed}, have {have} on {cluster.path}",
            hint=hint,
        )
        for resource, needed, have, hint in rows
        if needed > have
    ]
