"""Shortages: what a cluster lacks for a program, in the user's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.compiler.diagnostics import Diagnostic, Kind, Position
from appliance.compiler.place import arrange
from appliance.compiler.tap_choice import WantedSum, most_served

if TYPE_CHECKING:
    from appliance.compiler.elements import Elements
    from appliance.compiler.target import TargetCluster

_NAMED: Final = 3
"""Functions that a hint lists; of further ones it has the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """``needed`` of something of which there are only ``have``."""

    resource: str
    needed: int
    have: int
    hint: str
    at: Position | None = None

    def diagnostic(self, path: str) -> Diagnostic:
        return Diagnostic(
            kind=Kind.CAPACITY,
            message=f"{self.resource}: needed {self.needed}, have {self.have} on {path}",
            at=self.at,
            hint=self.hint,
        )


def shortages(
    elements: Elements, wanted: tuple[WantedSum, ...], cluster: TargetCluster
) -> tuple[Shortage, ...]:
    """All that is short on the cluster, whatever the layout; lanes aside."""
    rows = (
        _integrators(elements, cluster),
        _multipliers(elements, cluster),
        _channels(elements, cluster),
    )
    short = tuple(row for row in rows if row.needed > row.have)
    passes = _passes(elements, wanted, cluster, is_hopeless=bool(short))
    return (*short, passes) if passes.needed > passes.have else short


def _integrators(elements: Elements, cluster: TargetCluster) -> Shortage:
    made = [state.label for state in elements.system.states if state.value is not None]
    hint = f"fewer states; {_made(made)}" if made else "fewer states"
    return Shortage(
        resource="integrators",
        needed=elements.state_count,
        have=len(cluster.integrators),
        hint=hint,
    )


def _multipliers(elements: Elements, cluster: TargetCluster) -> Shortage:
    made = _made_products(elements)
    hint = "fewer products"
    if made:
        hint += f"; {made} of them {'serves' if made == 1 else 'serve'} to compute functions"
    return Shortage(
        resource="multipliers",
        needed=len(elements.products),
        have=len(cluster.multipliers),
        hint=hint,
    )


def _made(labels: list[str]) -> str:
    """What the compiler's own states compute."""
    labels = list(dict.fromkeys(labels))
    listed = ", ".join(labels[:_NAMED])
    if len(labels) > _NAMED:
        listed += f" and {len(labels) - _NAMED} more"
    return f"{len(labels)} of them {'computes' if len(labels) == 1 else 'compute'} {listed}"


def _made_products(elements: Elements) -> int:
    """Products that only states need which the compiler made."""
    first = elements.state_count
    own = [
        derivative
        for state, derivative in zip(elements.system.states, elements.derivatives, strict=True)
        if state.value is None
    ]
    wanted = [signal for total in (*own, *elements.readings) for signal, _ in total.terms]
    reached: set[int] = set()
    while wanted:
        signal = wanted.pop()
        if signal >= first and signal not in reached:
            reached.add(signal)
            wanted += (used for total in elements.operands(signal) for used, _ in total.terms)
    return len(elements.products) - len(reached)


def _channels(elements: Elements, cluster: TargetCluster) -> Shortage:
    probes = elements.system.program.probes
    return Shortage(
        resource="ADC channels",
        needed=len(probes),
        have=cluster.channels,
        hint="fewer probes",
        at=probes[cluster.channels].at if len(probes) > cluster.channels else None,
    )


def _passes(
    elements: Elements, wanted: tuple[WantedSum, ...], cluster: TargetCluster, *, is_hopeless: bool
) -> Shortage:
    """Sums to show, and how many can be shown together. For a program that is short of other
    things as well no layout is searched: then that is an upper limit."""
    if is_hopeless:
        served = tuple(range(min(len(wanted), _at_most_served(elements, wanted, cluster))))
    else:
        served = most_served(elements, wanted, cluster)
    left = next((item for number, item in enumerate(wanted) if number not in served), None)
    return Shortage(
        resource="pass-through elements for probes of sums",
        needed=len(wanted),
        have=len(served),
        hint="probe states or products instead of sums, or use fewer products: idle multipliers "
        "show sums, busy ones only those that are a factor of their product",
        at=left.at if left is not None else None,
    )


def _at_most_served(
    elements: Elements, wanted: tuple[WantedSum, ...], cluster: TargetCluster
) -> int:
    taps = sum(len(multiplier.taps) for multiplier in cluster.multipliers)
    is_short = len(elements.products) > len(cluster.multipliers)
    found = arrange(elements, cluster) if not is_short else None
    idle = len(found.taps) if found is not None else 0
    return min(taps, idle + sum(bool(item.hosts) for item in wanted))
