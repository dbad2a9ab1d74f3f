"""Factors for a machine whose lane gain differs from the one that modules are made for.

A lane's weight is its factor, times the lane gain where the lane is upscaled. Modules are made for
a gain of 8 (schema 0.1); machines with firmware 1.x have 10. Which lanes are upscaled stays as it
is, and with it what the routing notes (``dependency_info``) say of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from drivers.apb import items as it
from drivers.apb.model import FIRST_ACL_LANE, FIRST_SHARED_LANE
from drivers.apb.rules import SECTORS
from drivers.errors import RunRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drivers.apb.items import CircuitFile, Item

MODULE_GAIN: Final = 8.0
"""The gain that a module's factors are meant for."""
_LARGEST: Final = 1.0 + 1e-7
"""Factors are float32: 1, after two roundings."""


def rescale(file: CircuitFile, gain: float) -> CircuitFile:
    """The file with the factors of upscaled lanes changed so that a machine with this lane gain
    computes the same; the file itself where nothing has to change. Expressions must have been
    resolved.

    Raises RunRefused for a factor that would leave [-1, 1] and for a lane whose factor is not
    between its source and its gain (a jack, or another cluster's lane).
    """
    if gain == MODULE_GAIN:
        return file
    items = list(file.items)
    is_changed = False
    for item in file.items:
        if isinstance(item.config, it.SumConfig):
            cluster = item.entity.rpartition("/")[0]
            lanes = _lanes(file, cluster, item.config)
            if lanes:
                _rescale_cluster(items, f"{cluster}/C", lanes, MODULE_GAIN / gain)
                is_changed = True
    return replace(file, items=tuple(items)) if is_changed else file


def _lanes(file: CircuitFile, cluster: str, sums: it.SumConfig) -> frozenset[int]:
    """The upscaled lanes that carry something to a sum."""
    feeding = {lane for _, lanes in sums.sums for lane in lanes}
    upscaled = frozenset(lane for lane, enabled in sums.upscales if enabled and lane in feeding)
    outside = _outside(file, cluster)
    for lane in sorted(upscaled):
        if lane in outside:
            raise RunRefused(
                f"{cluster}: lane {lane} is upscaled and takes {outside[lane]}, which has no "
                "factor here; a machine with another lane gain cannot run this module"
            )
    return upscaled


def _outside(file: CircuitFile, cluster: str) -> Mapping[int, str]:
    """Lanes of a cluster whose signal comes from elsewhere, and from where."""
    carrier, _, index = cluster.partition("/")
    found = dict[int, str]()
    for item in file.items:
        if isinstance(item.config, it.PortConfig) and item.entity == carrier:
            states = enumerate(item.config.states)
            found |= {FIRST_ACL_LANE + port: "a jack's signal" for port, state in states if state}
        elif isinstance(item.config, it.SwitchConfig) and item.entity == f"{carrier}/T":
            home = int(index) + 1
            for mux, sector in item.config.muxes:
                if mux % SECTORS == home and sector != home:
                    found[FIRST_SHARED_LANE + mux // SECTORS] = "another cluster's signal"
    return found


def _rescale_cluster(items: list[Item], path: str, lanes: frozenset[int], ratio: float) -> None:
    for number, item in enumerate(items):
        if isinstance(item.config, it.CoefConfig) and item.entity == path:
            items[number] = replace(item, config=_rescaled(item.config, path, lanes, ratio))
            return
    config = _rescaled(it.CoefConfig(), path, lanes, ratio)
    items.append(it.Item(entity=path, config=config))


def _rescaled(
    config: it.CoefConfig, path: str, lanes: frozenset[int], ratio: float
) -> it.CoefConfig:
    """A lane without a factor has 1, as in the client's model of a machine."""
    absent = lanes - {one.lane for one in config.elements}
    full = (
        *config.elements,
        *(it.CoefEntry(lane=lane, factor=1.0) for lane in sorted(absent)),
    )
    changed = tuple(
        replace(one, factor=_fitting(one.factor * ratio, path, one.lane))
        if one.lane in lanes
        else one
        for one in full
    )
    return replace(config, elements=changed)


def _fitting(factor: float, path: str, lane: int) -> float:
    if abs(factor) > _LARGEST:
        raise RunRefused(
            f"{path}: lane {lane} would need the factor {factor:.4g} on this machine, whose lane "
            "gain is smaller than the 8 that the module was made for; factors end at 1"
        )
    return max(-1.0, min(1.0, factor))
