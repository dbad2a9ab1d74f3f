"""A cluster of our own for placement and routing, without a description file."""

from __future__ import annotations

from appliance.compiler.target import Multiplier, Target, TargetCluster
from drivers.apb.model import MBlockKind

MULTIPLIERS = tuple(
    Multiplier(
        slot=1,
        element=j,
        kind=MBlockKind.MUL,
        taps=((8 + 2 * j, 12 + 2 * j), (9 + 2 * j, 13 + 2 * j)) if j < 2 else (),
    )
    for j in range(4)
)

LUCIDAC_CLUSTER = TargetCluster(
    carrier=0,
    cluster=0,
    path="AA-BB-CC-00-00-01/0",
    bus_index=0,
    integrators=tuple(range(8)),
    multipliers=MULTIPLIERS,
)

INTEGRATORS_ONLY = TargetCluster(
    carrier=0,
    cluster=0,
    path="AA-BB-CC-00-00-01/0",
    bus_index=0,
    integrators=tuple(range(16)),
    multipliers=(),
)

MDR_CLUSTER = TargetCluster(
    carrier=0,
    cluster=0,
    path="AA-BB-CC-00-00-02/0",
    bus_index=0,
    integrators=tuple(range(8)),
    multipliers=tuple(
        Multiplier(slot=1, element=j, kind=MBlockKind.MDR, taps=((9 + 2 * j, 12 + j),))
        for j in range(4)
    ),
)


def target(*clusters: TargetCluster) -> Target:
    """A machine of these clusters, without description and circuit: for stages before emit."""

    class Nothing:
        pass

    blank = Nothing()
    return Target(description=blank, blank=blank, clusters=clusters)  # type: ignore[arg-type]
