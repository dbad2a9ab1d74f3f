"""Layout: which element does what, the pass-through elements that this takes, and the channels.

The search: probed sums to taps (``tap_choice``), common sums to further passes where lanes are
short (``sharing``), elements to places (``place``). What no layout can have is refused
(``shortages``); whether the lanes do is for the wiring to say, which knows the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from appliance.compiler.diagnostics import CompileError
from appliance.compiler.place import Placement, connections, has_room, place
from appliance.compiler.sharing import share
from appliance.compiler.shortages import Shortage, shortages
from appliance.compiler.tap_choice import WantedSum, probe_channels, tap_choices, wanted_sums

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.compiler.channels import Channels
    from appliance.compiler.elements import Elements
    from appliance.compiler.target import Target, TargetCluster

_TAP_CHOICES: Final = 3
"""Ways to show the probed sums that are worth a try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The elements with all passes, where they are, and from which signal each probe is read."""

    elements: Elements
    channels: Channels
    placement: Placement


def layouts(elements: Elements, target: Target) -> Iterator[Layout]:
    """Layouts worth trying, in order of preference: those that take no more lanes than there are,
    or, if there are none, the one that takes the fewest.

    ``elements`` come without passes. Raises CompileError ``capacity`` (at once, not when the first
    layout is asked for) with all that the nearest cluster lacks, if that is so of each cluster.
    """
    wanted = wanted_sums(elements)
    clusters = _different(target.clusters)
    short = [shortages(elements, wanted, cluster) for cluster in clusters]
    able = [cluster for cluster, rows in zip(clusters, short, strict=True) if not rows]
    if not able:
        cluster, rows = min(zip(clusters, short, strict=True), key=lambda pair: _distance(pair[1]))
        raise CompileError(*(row.diagnostic(cluster.path) for row in rows))
    return _search(elements, wanted, able)


def _different(clusters: tuple[TargetCluster, ...]) -> list[TargetCluster]:
    """The first cluster of each kind: the others offer nothing else."""
    kinds: dict[object, TargetCluster] = {}
    for cluster in clusters:
        kind = (cluster.integrators, cluster.multipliers, cluster.lanes, cluster.channels)
        kinds.setdefault(kind, cluster)
    return list(kinds.values())


def _distance(rows: tuple[Shortage, ...]) -> tuple[int, int]:
    return len(rows), sum(row.needed - row.have for row in rows)


def _search(
    elements: Elements, wanted: tuple[WantedSum, ...], clusters: list[TargetCluster]
) -> Iterator[Layout]:
    nearest: tuple[int, Layout] | None = None
    has_any = False
    for cluster in clusters:
        for layout in _on(elements, wanted, cluster):
            excess = connections(layout.elements) - cluster.lanes
            if excess <= 0:
                has_any = True
                yield layout
            elif nearest is None or excess < nearest[0]:
                nearest = excess, layout
    if not has_any and nearest is not None:
        yield nearest[1]


def _on(
    elements: Elements, wanted: tuple[WantedSum, ...], cluster: TargetCluster
) -> Iterator[Layout]:
    """On one cluster: with sums shared only where the lanes are not enough otherwise."""
    room = partial(has_room, cluster=cluster)
    for chosen in islice(tap_choices(elements, wanted, cluster), _TAP_CHOICES):
        shared = share(chosen, cluster.lanes, room) if _is_tight(chosen, cluster) else chosen
        placed = place(shared, cluster)
        if placed is not None:
            found, placement = placed
            channels = probe_channels(chosen)  # sharing and placing keep every pass's value
            yield Layout(elements=found, channels=channels, placement=placement)


def _is_tight(elements: Elements, cluster: TargetCluster) -> bool:
    return connections(elements) > cluster.lanes
