"""The golden circuits: both engines against the equation's own solution and each other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from drivers.apb.circuit import assemble
from drivers.apb.codec import decode
from sim.engine import Simulation, collect
from sim.errors import Unsupported
from sim.grid import SampleGrid
from sim.netlist import build
from sim.options import SimulationOptions
from tests.shared import fixtures
from tests.unit.sim.machines import ENGINES

if TYPE_CHECKING:
    from sim.elements import Netlist

ONE_CLUSTER = (
    "const_tenth_split",
    "decay",
    "harmonic",
    "lorenz",
    "lotka_volterra",
    "mathieu",
    "mredac_mdr_ops",
    "roessler",
    "sprott_sqm",
    "van_der_pol",
)
NUMBERS = dict[str, Any]  # JSON


def load(name: str) -> tuple[Netlist, NUMBERS]:
    folder = fixtures() / "circuits"
    netlist = build(assemble(decode((folder / f"{name}.apb").read_bytes())))
    return netlist, json.loads((folder / f"{name}.json").read_text())


@pytest.mark.parametrize("name", ONE_CLUSTER)
def test_within_tolerance_of_the_equation(name: str) -> None:
    netlist, numbers = load(name)
    reference = np.loadtxt(fixtures() / "circuits" / f"{name}.csv", delimiter=",", skiprows=1)
    grid = SampleGrid.at_rate(numbers["op_time_s"], numbers["sample_rate_hz"])
    found = {}
    for engine in ENGINES:
        simulation = Simulation(netlist, SimulationOptions(engine=engine))
        found[engine] = collect(simulation, grid)
        assert found[engine].shape == (numbers["num_samples"], len(numbers["channels"]))
        error = np.abs(found[engine] - reference[:, 1:]).max()
        assert error < 0.1 * numbers["tolerance_abs"]
        assert simulation.overloads == []
    assert np.abs(found["heyoka"] - found["scipy"]).max() < 1e-9


def test_signals_between_clusters_are_refused_by_name() -> None:
    with pytest.raises(Unsupported, match="lane 9 takes its signal from cluster 1"):
        load("mredac_split_harmonic")


def test_every_circuit_is_looked_at() -> None:
    names = {path.stem for path in (fixtures() / "circuits").glob("*.apb")}
    assert names == {*ONE_CLUSTER, "mredac_split_harmonic"}
