from __future__ import annotations

from dataclasses import replace

from appliance.compiler.target import read_target
from appliance.descriptions import lucidac
from drivers.apb.circuit import build_file
from drivers.apb.codec import decode
from drivers.apb.model import Constant, Lane, Scaling


def test_a_configured_circuit_stands_for_its_machine_at_rest() -> None:
    blank = read_target(lucidac()).blank
    (carrier,) = blank.carriers
    (cluster,) = carrier.clusters
    lanes = (Lane(source=0, factor=0.5, sinks=(0,)), *cluster.lanes[1:])
    busy = replace(cluster, lanes=lanes, constant=Constant(value=-1.0))
    external = replace(carrier, clusters=(busy,), acl_external=(True,) * 8)
    scaling = Scaling(variable="t", horizon=1.0, time_rate=1.0)
    configured = build_file(
        decode(lucidac()), replace(blank, carriers=(external,), scaling=scaling)
    )
    found = read_target(configured)
    assert found.blank == blank
    assert found.description.scaling is None
