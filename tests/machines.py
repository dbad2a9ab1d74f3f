"""Machines and circuits of our own for tests: small, written by hand, and drawn at random."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Final

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


@st.composite
def lanes(draw: st.DrawFn, filled: tuple[bool, bool]) -> Lane:
    sources = [o for o in range(16) if filled[o // 8]]
    sink = draw(st.none() | st.integers(0, 15))
    return Lane(
        source=draw(st.none() | st.sampled_from(sources)) if sources else None,
        factor=draw(_UNIT),
        sinks=() if sink is None else (sink,),
        upscaled=draw(st.booleans()),
    )


@st.composite
def blocks(draw: st.DrawFn, block: MBlock | None) -> MBlock | None:
    if block is None or block.kind is MBlockKind.MUL:
        return block
    if block.kind is MBlockKind.MDR:
        some = st.sampled_from([one for one in MdrOperation if one is not MdrOperation.IDENT])
        return replace(block, operations=tuple(draw(some) for _ in range(4)))
    one = st.builds(Integrator, ic=_UNIT, k=st.sampled_from([100, 10_000]))
    return replace(block, integrators=tuple(draw(one) for _ in range(8)))


@st.composite
def clusters(draw: st.DrawFn, cluster: Cluster) -> Cluster:
    first, second = cluster.blocks
    filled = first is not None, second is not None
    constants = st.sampled_from([1.0, -1.0, 0.1, -0.1])
    return replace(
        cluster,
        blocks=(draw(blocks(first)), draw(blocks(second))),
        lanes=tuple(draw(lanes(filled)) for _ in range(32)),
        constant=draw(st.none() | st.builds(Constant, value=constants)),
    )


@st.composite
def carriers(draw: st.DrawFn, carrier: Carrier, first_probe: int) -> Carrier:
    count = draw(st.integers(0, 8))
    outputs = [16 * c.index + 8 * s + e for c in carrier.clusters for s in (0, 1) for e in range(8)]
    chosen = draw(st.lists(st.sampled_from(outputs), min_size=count, max_size=count, unique=True))
    gains = _NUMBERS.filter(bool)
    channels = tuple(
        AdcChannel(output=o, probe=first_probe + n, gain=draw(gains), offset=draw(_NUMBERS))
        for n, o in enumerate(chosen)
    )
    ports = st.tuples(*[st.booleans()] * ACL_PORTS)
    switched = st.lists(st.integers(0, 3), min_size=96, max_size=96).map(tuple)
    lucidac = carrier.kind is CarrierKind.LUCIDAC
    return replace(
        carrier,
        clusters=tuple(draw(clusters(one)) for one in carrier.clusters),
        channels=channels,
        acl_external=draw(ports) if lucidac else carrier.acl_external,
        muxes=() if lucidac else draw(st.just(()) | switched),
    )


@st.composite
def scalings(draw: st.DrawFn, probes: int) -> Scaling:
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
        drawn.append(draw(carriers(carrier, sum(len(one.channels) for one in drawn))))
    probes = sum(len(one.channels) for one in drawn)
    scaling = draw(st.none() | scalings(probes))
    return Circuit(carriers=tuple(drawn), scaling=scaling)
