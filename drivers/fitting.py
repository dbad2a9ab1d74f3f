"""Whether a carrier has what a module uses of the one that it was made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.apb import items as it
from drivers.apb.entities import carrier_kind, cluster_indices, m_block_kind
from drivers.apb.model import BLOCK_SIZE, OUTPUTS, CarrierKind
from drivers.apb.rules import CONSTANT_INPUTS, HALF, SLOTS
from drivers.errors import RunRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.apb.items import CircuitFile
    from drivers.apb.model import Entity, MBlockKind

_KINDS: Final = {CarrierKind.LUCIDAC: "a LUCIDAC", CarrierKind.MREDAC: "an mREDAC"}


def check_fit(name: str, wanted: Entity | None, found: Entity, module: CircuitFile) -> None:
    """Raise RunRefused where the module uses of its carrier ``name`` (``wanted``, where the module
    describes it) what the device's carrier ``found`` is not or has not."""
    if wanted is None:
        return
    if carrier_kind(wanted) is not carrier_kind(found):
        raise RunRefused(
            f"the module was made for {_KINDS[carrier_kind(wanted)]} ({name}), but the device's "
            f"carrier {found.path} is {_KINDS[carrier_kind(found)]}"
        )
    for cluster, slot in sorted(_sockets_in_use(name, module)):
        needed = _block(wanted, cluster, slot)
        there = _block(found, cluster, slot)
        if needed is not None and needed is not there:
            has = "none" if there is None else f"an M-{there.name}"
            raise RunRefused(
                f"the module needs an M-{needed.name} block at {name}/{cluster}/M{slot}, but this "
                f"device has {has} there"
            )


def _block(carrier: Entity, cluster: int, slot: int) -> MBlockKind | None:
    return m_block_kind(carrier, cluster, slot) if cluster in cluster_indices(carrier) else None


def _sockets_in_use(name: str, module: CircuitFile) -> set[tuple[int, int]]:
    """(cluster, slot) of the M blocks that something is taken from or goes to."""
    found = set[tuple[int, int]]()
    for item in module.items:
        carrier, _, rest = item.entity.partition("/")
        if carrier != name:
            continue
        if isinstance(item.config, it.AdcConfig):
            outputs = (one.output for one in item.config.channels)
            found |= {(out // OUTPUTS, out % OUTPUTS // BLOCK_SIZE) for out in outputs}
        cluster = rest.partition("/")[0]
        if cluster.isdecimal():
            found |= {(int(cluster), number // BLOCK_SIZE) for number in _touched(item.config)}
    return {(cluster, slot) for cluster, slot in found if slot < SLOTS}


def _touched(config: it.Config) -> Iterator[int]:
    """The numbers of the M outputs and input sums of a cluster that are connected."""
    if isinstance(config, it.SelectConfig):
        for source, lane in config.connections:
            is_constant = config.constant and source == CONSTANT_INPUTS[lane >= HALF]
            if not is_constant:
                yield source
    elif isinstance(config, it.SumConfig):
        yield from (output for output, lanes in config.sums if lanes)
