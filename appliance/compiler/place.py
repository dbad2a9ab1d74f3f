"""Place: which integrator, multiplier and tap of a cluster does what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from appliance.compiler.elements import Elements, Pass, Product, Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.compiler.channels import Channels
    from appliance.compiler.elements import Sum
    from appliance.compiler.target import Multiplier, TargetCluster

HALF_REACH_OUTPUTS: Final = (14, 15)
"""M outputs that share their U input with the constant giver on one half of the lanes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a program needs before anything is scaled."""

    integrators: int
    multipliers: int
    passes: int
    channels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Cluster-wide indices: the output (and input sum) of each state's integrator, the multiplier
    of each product, and of each pass its (input sum, output)."""

    cluster: TargetCluster
    integrators: tuple[int, ...]
    multipliers: tuple[Multiplier, ...]
    passes: tuple[tuple[int, int], ...]

    @property
    def half_reach(self) -> frozenset[int]:
        """Signals whose output reaches only one half of the lanes."""
        signals = range(len(self.integrators) + len(self.multipliers) + len(self.passes))
        return frozenset(s for s in signals if self.output(s) in HALF_REACH_OUTPUTS)

    def output(self, signal: int) -> int:
        """Cluster-wide M output of a signal."""
        product = signal - len(self.integrators)
        if product < 0:
            return self.integrators[signal]
        if product < len(self.multipliers):
            return self.multipliers[product].output
        return self.passes[product - len(self.multipliers)][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """The multiplier of each product, and those without one."""

    multipliers: tuple[Multiplier, ...]
    idle: tuple[Multiplier, ...]

    @property
    def taps(self) -> tuple[tuple[int, int], ...]:
        """Taps that passes with lanes of their own can have, as (input sum, output): those first
        that reach all lanes."""
        taps = (tap for multiplier in self.idle for tap in multiplier.taps)
        return tuple(sorted(taps, key=lambda tap: tap[1] in HALF_REACH_OUTPUTS))


def count(elements: Elements, channels: Channels) -> Demand:
    """Elements and channels that the program needs; connections depend on scaling."""
    return Demand(
        integrators=elements.state_count,
        multipliers=len(elements.products),
        passes=len(elements.passes),
        channels=len(channels.readings),
    )


def connected_sums(elements: Elements) -> Iterator[Sum]:
    """The sums that lanes feed, one or more per term and constant. A hosted pass has none: its
    product's operand is fed already."""
    yield from elements.derivatives
    for product in elements.products:
        yield product.left
        yield product.right
    yield from (item.total for item in elements.passes if item.host is None)


def connections(elements: Elements) -> int:
    """The fewest lanes that the elements take."""
    return sum(len(s.terms) + (s.constant != 0.0) for s in connected_sums(elements))


def arrange(elements: Elements, cluster: TargetCluster) -> Arrangement | None:
    """Products to multipliers: whose inputs are tapped to those with as many taps, all others so
    that the most taps stay idle. None if that is impossible."""
    lanes = _lanes_from(elements)
    tapped = Counter(item.host[0] for item in elements.passes if item.host is not None)
    feeding = {p.host[0] for s, p in numbered_passes(elements) if p.host is not None and lanes[s]}
    free = list(cluster.multipliers)
    chosen: dict[int, Multiplier] = {}
    products = range(len(elements.products))
    for product in sorted(products, key=lambda p: (-tapped[p], p not in feeding, p)):
        found = _suitable(free, tapped[product], product in feeding)
        if found is None:
            return None
        free.remove(found)
        chosen[product] = found
    return Arrangement(multipliers=tuple(chosen[p] for p in products), idle=tuple(free))


def has_room(elements: Elements, cluster: TargetCluster) -> bool:
    """Whether the cluster has multipliers and taps enough."""
    found = arrange(elements, cluster)
    own = sum(item.host is None for item in elements.passes)
    return found is not None and own <= len(found.taps)


def place(elements: Elements, cluster: TargetCluster) -> tuple[Elements, Placement] | None:
    """Place on a cluster with integrators enough; None without multipliers or taps enough.

    The elements come back with the operands of a product exchanged where that puts the right one
    on a tapped input.
    """
    found = arrange(elements, cluster)
    if found is None:
        return None
    elements = _exchanged(elements, found)
    own = _own_taps(elements, found)
    if own is None:
        return None
    integrators = sorted(cluster.integrators, key=lambda output: output in HALF_REACH_OUTPUTS)
    placement = Placement(
        cluster=cluster,
        integrators=tuple(integrators[: elements.state_count]),
        multipliers=found.multipliers,
        passes=tuple(own.get(s) or _host_tap(p, found) for s, p in numbered_passes(elements)),
    )
    return elements, placement


def numbered_passes(elements: Elements) -> Iterator[tuple[int, Pass]]:
    """Passes with their signals."""
    return enumerate(elements.passes, elements.state_count + len(elements.products))


def _lanes_from(elements: Elements) -> Counter[int]:
    """How many lanes each signal feeds, at least."""
    return Counter(signal for total in connected_sums(elements) for signal, _ in total.terms)


def _suitable(free: list[Multiplier], taps: int, is_feeding: bool) -> Multiplier | None:
    """With as few taps as will do. Those whose taps reach half of the lanes only are for products
    whose taps feed no lanes, if there is a choice."""
    able = [multiplier for multiplier in free if len(multiplier.taps) >= taps]
    return min(
        able,
        key=lambda m: (len(m.taps), _is_half(m) == is_feeding, m.slot, m.element),
        default=None,
    )


def _is_half(multiplier: Multiplier) -> bool:
    return any(output in HALF_REACH_OUTPUTS for _, output in multiplier.taps)


def _exchanged(elements: Elements, found: Arrangement) -> Elements:
    """Operands exchanged where the tapped one would be on an input without tap."""
    turned = {
        item.host[0]
        for item in elements.passes
        if item.host is not None and _tap_of(item.host, found) is None
    }
    products = tuple(
        Product(left=p.right, right=p.left, at=p.at) if number in turned else p
        for number, p in enumerate(elements.products)
    )
    passes = tuple(
        replace(p, host=(p.host[0], Side(1 - p.host[1]))) if p.host and p.host[0] in turned else p
        for p in elements.passes
    )
    return replace(elements, products=products, passes=passes)


def _tap_of(host: tuple[int, Side], found: Arrangement) -> tuple[int, int] | None:
    product, side = host
    multiplier = found.multipliers[product]
    return next((tap for tap in multiplier.taps if tap[0] == multiplier.inputs[side]), None)


def _host_tap(item: Pass, found: Arrangement) -> tuple[int, int]:
    tap = _tap_of(item.host, found) if item.host is not None else None
    if tap is None:
        raise ValueError("a pass was arranged on an input without tap")
    return tap


def _own_taps(elements: Elements, found: Arrangement) -> dict[int, tuple[int, int]] | None:
    """Taps of passes with lanes of their own; those that feed the most lanes choose first."""
    lanes = _lanes_from(elements)
    own = [signal for signal, item in numbered_passes(elements) if item.host is None]
    if len(own) > len(found.taps):
        return None
    own.sort(key=lambda signal: -lanes[signal])
    return dict(zip(own, found.taps, strict=False))
