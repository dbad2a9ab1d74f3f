"""From a typed circuit to the items of a file, as the machines' own client writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.apb import analog_pb2 as pb
from drivers.apb import items as it
from drivers.apb.codec import decode, encode
from drivers.apb.errors import CircuitFileError, refuse
from drivers.apb.items import CircuitFile, EntitySpecification, Item
from drivers.apb.machine import machine_of
from drivers.apb.model import FIRST_SHARED_LANE, CarrierKind, Circuit, MBlockKind
from drivers.apb.rules import MUXES, SECTORS
from drivers.apb.validate import examine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.apb.items import Config
    from drivers.apb.model import Carrier, Cluster, Constant, MBlock

REST: Final = tuple(index % SECTORS for index in range(MUXES))
"""The T block at rest: every sector hears itself."""


def to_items(circuit: Circuit) -> tuple[Item, ...]:
    """The configuration items: for each carrier its own and those of its clusters, block by block,
    and in the end the routing summaries. Factors and start values become float32 as bytes."""
    boards = circuit.carriers
    paths = tuple(carrier.path for carrier in boards)
    return (
        *(item for carrier in boards for item in _carrier(carrier)),
        *(
            Item(entity=carrier.path, config=_dependency(carrier, number, paths))
            for number, carrier in enumerate(boards)
        ),
    )


def build_file(description: CircuitFile | bytes, circuit: Circuit) -> bytes:
    """The file that configures the described machine as ``circuit``: the description's
    specification items as they are, the configuration, and the circuit's scaling.

    Raises CircuitFileError when the description is none or the circuit does not fit the machine.
    """
    source = decode(description) if isinstance(description, bytes) else description
    trees = tuple(item for item in source.items if isinstance(item.config, EntitySpecification))
    if not trees:
        raise refuse("no-specification", "The description of the machine has no specification.")
    file = CircuitFile(items=trees + to_items(circuit), scaling=circuit.scaling)
    findings = examine(file, machine_of(file))
    if findings.faults:
        raise CircuitFileError(*findings.faults)
    return encode(file)


def _carrier(carrier: Carrier) -> Iterator[Item]:
    channels = tuple(
        it.AdcEntry(output=one.output, probe=one.probe, gain=one.gain, offset=one.offset)
        for one in carrier.channels
    )
    yield Item(entity=carrier.path, config=it.AdcConfig(channels=channels))
    if carrier.kind is CarrierKind.LUCIDAC:
        states = tuple(int(external) for external in carrier.acl_external)
        yield Item(entity=carrier.path, config=it.PortConfig(states=states))
    else:
        muxes = tuple(enumerate(carrier.muxes or REST))
        yield Item(entity=f"{carrier.path}/T", config=it.SwitchConfig(muxes=muxes))
    for cluster in carrier.clusters:
        yield from _cluster(cluster)


def _cluster(cluster: Cluster) -> Iterator[Item]:
    for slot, block in enumerate(cluster.blocks):
        for config in _block(block):
            yield Item(entity=f"{cluster.path}/M{slot}", config=config)
    select = _select(cluster)
    if select != it.SelectConfig():
        yield Item(entity=f"{cluster.path}/U", config=select)
    yield Item(entity=f"{cluster.path}/C", config=_coef(cluster))
    yield Item(entity=f"{cluster.path}/I", config=_sum(cluster))


def _block(block: MBlock | None) -> Iterator[Config]:
    """Nothing is written for an M-MUL, which has no settings."""
    if block is None or block.kind is MBlockKind.MUL:
        return
    if block.kind is MBlockKind.MDR:
        yield it.MdrConfig(operations=tuple(int(one) for one in block.operations))
        return
    numbered = tuple(enumerate(block.integrators))
    yield it.ItorConfig(
        elements=tuple(it.ItorEntry(element=n, ic=one.ic, k=one.k) for n, one in numbered)
    )
    yield it.LimiterConfig(elements=tuple(it.LimiterEntry(element=n) for n, _ in numbered))


def _select(cluster: Cluster) -> it.SelectConfig:
    constant, magnitude = _constant(cluster.constant)
    return it.SelectConfig(
        connections=tuple(
            (one.source, lane) for lane, one in enumerate(cluster.lanes) if one.source is not None
        ),
        constant=constant,
        magnitude=magnitude,
    )


def _constant(constant: Constant | None) -> tuple[int, int]:
    """Setting and magnitude of the constant giver."""
    if constant is None:
        return pb.SelectConfig.GROUND, pb.SelectConfig.ONE
    if constant.value not in (1.0, -1.0, 0.1, -0.1):
        raise ValueError(f"a constant giver gives 1 or 0.1, plus or minus, not {constant.value}")
    sign = pb.SelectConfig.POS_REF if constant.value > 0 else pb.SelectConfig.NEG_REF
    tenth = abs(constant.value) < 1.0
    return sign, pb.SelectConfig.ONE_TENTH if tenth else pb.SelectConfig.ONE


def _coef(cluster: Cluster) -> it.CoefConfig:
    return it.CoefConfig(
        elements=tuple(
            it.CoefEntry(lane=lane, factor=one.factor) for lane, one in enumerate(cluster.lanes)
        )
    )


def _sum(cluster: Cluster) -> it.SumConfig:
    sums: dict[int, list[int]] = {}
    for lane, one in enumerate(cluster.lanes):
        for sink in one.sinks:
            sums.setdefault(sink, []).append(lane)
    return it.SumConfig(
        sums=tuple((output, tuple(lanes)) for output, lanes in sorted(sums.items())),
        upscales=tuple((lane, one.upscaled) for lane, one in enumerate(cluster.lanes)),
    )


def _dependency(carrier: Carrier, number: int, paths: tuple[str, ...]) -> it.DependencyInfo:
    """The lanes in use inside of this carrier; signals from other carriers are not traced."""
    clusters = {one.index: one for one in carrier.clusters}
    traces: list[it.Trace] = []
    for sink in carrier.clusters:
        for lane, end in enumerate(sink.lanes):
            source = clusters.get(_source_cluster(carrier, sink.index, lane))
            if end.sinks and source is not None and source.lanes[lane].source is not None:
                start = it.TraceLane(carrier=number, cluster=source.index, lane=lane)
                stop = it.TraceLane(carrier=number, cluster=sink.index, lane=lane)
                traces.append(it.Trace(source=start, sink=stop, upscaled=end.upscaled))
    active = sum({1 << one.sink.lane for one in traces})
    return it.DependencyInfo(entities=paths, traces=tuple(traces), active_lanes=active)


def _source_cluster(carrier: Carrier, sink: int, lane: int) -> int:
    """The cluster that a cluster hears on a lane; -1 for the backplane."""

    if not carrier.muxes or lane < FIRST_SHARED_LANE:
        return sink
    return carrier.muxes[SECTORS * (lane - FIRST_SHARED_LANE) + sink + 1] - 1
