"""Machines and circuits of our own for tests: small, written by hand, and drawn at random."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Final, TypeVar

from hypothesis import strategies as st

from drivers.apb.circuit import assemble
from drivers.apb.items import CircuitFile, EntitySpecification, Item
from drivers.apb.model import (
    ACL_PORTS,
    AdcChannel,
    Carrier,
    CarrierKind,
    Circuit,
    Cluster,
    Constant,
    Entity,
    EntityClass,
    Integrator,
    Lane,
    MBlock,
    MBlockKind,
    MdrOperation,
    ProbeScaling,
    Scaling,
)

LUCIDAC_PATH: Final = "04-E9-E5-00-00-01"
MREDAC_PATH: Final = "04-E9-E5-00-00-02"


T = TypeVar("T")


def float32(value: float) -> float:
    """The nearest float32, widened."""
    (rounded,) = struct.unpack("f", struct.pack("f", value))
    return float(rounded)


def _cluster(carrier: str, index: int, kinds: tuple[int, ...]) -> Entity:
    path = f"{carrier}/{index}"
    sockets = tuple(
        Entity(path=f"{path}/M{slot}", entity_class=EntityClass.M_BLOCK, type=kind, variant=1)
        for slot, kind in enumerate(kinds)
        if kind
    )
    blocks = tuple(
        Entity(path=f"{path}/{name}", entity_class=block, type=1, variant=1)
        for name, block in (
            ("U", EntityClass.U_BLOCK),
            ("C", EntityClass.C_BLOCK),
            ("I", EntityClass.I_BLOCK),
            ("SH", EntityClass.SH_BLOCK),
        )
    )
    return Entity(path=path, entity_class=EntityClass.CLUSTER, children=sockets + blocks)


def lucidac_board(path: str = LUCIDAC_PATH, kinds: tuple[int, ...] = (1, 2)) -> Entity:
    """A LUCIDAC; ``kinds`` are the types of M0 and M1, 0 for an empty socket."""
    plane = Entity(path=f"{path}/FP", entity_class=EntityClass.FRONT_PANEL)
    return Entity(
        path=path,
        entity_class=EntityClass.CARRIER,
        type=CarrierKind.LUCIDAC,
        variant=1,
        version=(1, 1, 0),
        eui="00-04-A3-00-00-00-00-01",
        children=(_cluster(path, 0, kinds), plane),
        location=(0, 0),
    )


def mredac_board(
    path: str = MREDAC_PATH, seconds: tuple[int, ...] = (3, 2, 3), position: int = 0
) -> Entity:
    """An mREDAC; ``seconds`` are the types of M1 in its clusters."""
    clusters = tuple(_cluster(path, index, (1, kind)) for index, kind in enumerate(seconds))
    switch = Entity(path=f"{path}/T", entity_class=EntityClass.T_BLOCK, type=1)
    return Entity(
        path=path,
        entity_class=EntityClass.CARRIER,
        type=CarrierKind.MREDAC,
        children=(*clusters, switch),
        location=(0, position),
    )


def describe(*trees: Entity) -> CircuitFile:
    """A machine description with one specification item for each tree."""
    return CircuitFile(items=tuple(Item(config=EntitySpecification(root=tree)) for tree in trees))


LUCIDAC: Final = describe(lucidac_board())
MREDAC: Final = describe(mredac_board())


def blank(description: CircuitFile) -> Circuit:
    return assemble(description)


def harmonic() -> Circuit:
    """a' = k b, b' = -k a, a(0) = 0.5, on the LUCIDAC."""
    lanes = [Lane(factor=1.0)] * 32
    lanes[0] = Lane(source=1, factor=-1.0, sinks=(0,))
    lanes[1] = Lane(source=0, factor=1.0, sinks=(1,))
    channels = (AdcChannel(output=0, probe=0), AdcChannel(output=1, probe=1))
    return _configured(lanes, (Integrator(ic=-0.5), Integrator()), channels)


def _configured(
    lanes: list[Lane], first: tuple[Integrator, ...], channels: tuple[AdcChannel, ...]
) -> Circuit:
    empty = blank(LUCIDAC)
    carrier = empty.carriers[0]
    cluster = carrier.clusters[0]
    integrators = (*first, *([Integrator()] * (8 - len(first))))
    itor = MBlock(kind=MBlockKind.INT, integrators=integrators)
    cluster = replace(cluster, blocks=(itor, cluster.blocks[1]), lanes=tuple(lanes))
    return replace(empty, carriers=(replace(carrier, clusters=(cluster,), channels=channels),))


_UNIT: Final = st.floats(-1.0, 1.0, width=32)
_NUMBERS: Final = st.floats(allow_nan=False, allow_infinity=False)


def _some(number: int, values: st.SearchStrategy[T], rest: T) -> st.SearchStrategy[tuple[T, ...]]:
    """``number`` values of which a few are drawn; drawing all would be slow."""
    drawn = st.dictionaries(st.integers(0, number - 1), values, max_size=6)
    return drawn.map(lambda found: tuple(found.get(n, rest) for n in range(number)))


def _lanes(filled: tuple[bool, bool]) -> st.SearchStrategy[tuple[Lane, ...]]:
    sources = st.sampled_from([None, *(o for o in range(16) if filled[o // 8])])
    sinks = st.just(()) | st.tuples(st.integers(0, 15))
    one = st.builds(Lane, source=sources, factor=_UNIT, sinks=sinks, upscaled=st.booleans())
    return _some(32, one, Lane(factor=1.0))


def _block(block: MBlock | None) -> st.SearchStrategy[MBlock | None]:
    if block is None or block.kind is MBlockKind.MUL:
        return st.just(block)
    if block.kind is MBlockKind.MDR:
        known = st.sampled_from([one for one in MdrOperation if one is not MdrOperation.IDENT])
        operations = st.tuples(known, known, known, known)
        return st.builds(MBlock, kind=st.just(block.kind), operations=operations)
    one = st.builds(Integrator, ic=_UNIT, k=st.sampled_from([100, 10_000]))
    return st.builds(MBlock, kind=st.just(block.kind), integrators=_some(8, one, Integrator()))


@st.composite
def _clusters(draw: st.DrawFn, cluster: Cluster) -> Cluster:
    first, second = cluster.blocks
    constants = st.sampled_from([1.0, -1.0, 0.1, -0.1])
    return replace(
        cluster,
        blocks=(draw(_block(first)), draw(_block(second))),
        lanes=draw(_lanes((first is not None, second is not None))),
        constant=draw(st.none() | st.builds(Constant, value=constants)),
    )


def _muxes(carrier: Carrier) -> st.SearchStrategy[tuple[int, ...]]:
    if carrier.kind is CarrierKind.LUCIDAC:
        return st.just(())
    rest = tuple(index % 4 for index in range(96))
    some = st.dictionaries(st.integers(0, 95), st.integers(0, 3), max_size=4)
    drawn = some.map(lambda found: tuple(found.get(n, one) for n, one in enumerate(rest)))
    return drawn.map(lambda muxes: () if muxes == rest else muxes)


@st.composite
def _carriers(draw: st.DrawFn, carrier: Carrier, first_probe: int) -> Carrier:
    outputs = [
        16 * cluster.index + 8 * slot + element
        for cluster in carrier.clusters
        for slot, block in enumerate(cluster.blocks)
        for element in range(8 if block else 0)
    ]
    chosen = draw(st.lists(st.sampled_from(outputs), max_size=8, unique=True))
    channels = tuple(
        AdcChannel(
            output=o, probe=first_probe + n, gain=draw(_NUMBERS.filter(bool)), offset=draw(_NUMBERS)
        )
        for n, o in enumerate(chosen)
    )
    ports = _some(ACL_PORTS, st.booleans(), rest=False)
    return replace(
        carrier,
        clusters=tuple(draw(_clusters(one)) for one in carrier.clusters),
        channels=channels,
        acl_external=draw(ports if carrier.kind is CarrierKind.LUCIDAC else st.just((False,) * 8)),
        muxes=draw(_muxes(carrier)),
    )


@st.composite
def _scalings(draw: st.DrawFn, probes: int) -> Scaling:
    positive = st.floats(1e-300, 1e300)
    names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    return Scaling(
        variable=draw(names),
        horizon=draw(positive),
        time_rate=draw(positive),
        probes=tuple(
            ProbeScaling(probe=n, name=draw(names), factor=draw(_NUMBERS), offset=draw(_NUMBERS))
            for n in range(probes)
        ),
    )


@st.composite
def circuits(draw: st.DrawFn, description: CircuitFile) -> Circuit:
    """Any sound circuit on the described machine."""
    empty = blank(description)
    drawn: list[Carrier] = []
    for carrier in empty.carriers:
        drawn.append(draw(_carriers(carrier, sum(len(one.channels) for one in drawn))))
    probes = sum(len(one.channels) for one in drawn)
    scaling = draw(st.none() | _scalings(probes))
    return Circuit(carriers=tuple(drawn), scaling=scaling)
