"""Circuits for the simulator's tests, put together by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.apb.model import (
    ACL_PORTS,
    LANES,
    AdcChannel,
    Carrier,
    CarrierKind,
    Circuit,
    Cluster,
    Constant,
    Integrator,
    Lane,
    MBlock,
    MBlockKind,
    MdrOperation,
    Scaling,
)
from sim.engine import Simulation
from sim.netlist import build
from sim.options import EngineName, SimulationOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENGINES: tuple[EngineName, ...] = ("heyoka", "scipy")
MULTIPLIERS = MBlock(kind=MBlockKind.MUL, operations=(MdrOperation.MULTIPLY,) * 4)
PATH = "04-00"


def lane(source: int | None, sink: int, factor: float, *, upscaled: bool = False) -> Lane:
    return Lane(source=source, factor=factor, sinks=(sink,), upscaled=upscaled)


def integrators(initial: Sequence[float] = (), k: Sequence[int] = ()) -> MBlock:
    """M-INT whose outputs start at ``initial``; rates k, 10000 where not given."""
    return MBlock(
        kind=MBlockKind.INT,
        integrators=tuple(
            Integrator(
                ic=-initial[i] if i < len(initial) else 0.0, k=k[i] if i < len(k) else 10_000
            )
            for i in range(8)
        ),
    )


def divider(*operations: MdrOperation) -> MBlock:
    rest = (MdrOperation.MULTIPLY,) * (4 - len(operations))
    return MBlock(kind=MBlockKind.MDR, operations=operations + rest)


def cluster(
    lanes: Sequence[Lane] | Mapping[int, Lane],
    *,
    first: MBlock | None = None,
    second: MBlock | None = MULTIPLIERS,
    constant: float | None = None,
    index: int = 0,
) -> Cluster:
    """A cluster with lanes from 0 on, or at the given numbers."""
    placed = dict(enumerate(lanes)) if not hasattr(lanes, "keys") else dict(lanes)
    return Cluster(
        path=f"{PATH}/{index}",
        index=index,
        blocks=(first or integrators(), second),
        lanes=tuple(placed.get(i, Lane()) for i in range(LANES)),
        constant=None if constant is None else Constant(value=constant),
    )


def circuit(
    *clusters: Cluster,
    probes: Sequence[int] = (),
    channels: Sequence[AdcChannel] | None = None,
    muxes: tuple[int, ...] = (),
    external: Sequence[int] = (),
    scaling: Scaling | None = None,
) -> Circuit:
    """One carrier; ``probes`` are carrier-wide M outputs in the order of their probe numbers."""
    if channels is None:
        channels = [AdcChannel(output=output, probe=i) for i, output in enumerate(probes)]
    carrier = Carrier(
        path=PATH,
        kind=CarrierKind.LUCIDAC if len(clusters) == 1 else CarrierKind.MREDAC,
        clusters=clusters,
        channels=tuple(channels),
        acl_external=tuple(port in external for port in range(ACL_PORTS)),
        muxes=muxes,
    )
    return Circuit(carriers=(carrier,), scaling=scaling)


def oscillator(amplitude: float = 0.42, damping: float = 0.0) -> Circuit:
    """a' = k (b - damping a), b' = -k a from a(0) = amplitude, b(0) = 0; both probed."""
    lanes = [lane(1, 0, -1.0), lane(0, 1, 1.0), lane(0, 0, damping)]
    return circuit(cluster(lanes, first=integrators([amplitude])), probes=(0, 1))


def simulation(source: Circuit, options: SimulationOptions | None = None) -> Simulation:
    options = options or SimulationOptions()
    return Simulation(build(source, gain=options.gain), options)
