"""Random circuits of one cluster: both engines give the same samples and overloads, or refuse."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from drivers.apb.model import MdrOperation
from sim.engine import collect
from sim.errors import SimulationError
from sim.grid import SampleGrid
from sim.options import EngineName, SimulationOptions
from tests.unit.sim.machines import (
    MULTIPLIERS,
    circuit,
    cluster,
    divider,
    integrators,
    lane,
    simulation,
)

if TYPE_CHECKING:
    from drivers.apb.model import Circuit
    from sim.algebra import Array

OPERATIONS = (MdrOperation.MULTIPLY, MdrOperation.SQUARE, MdrOperation.DIVIDE, MdrOperation.SQRT)
Outcome = tuple["Array", dict[str, float]] | str


def random_circuit(seed: int) -> Circuit:
    chance = random.Random(seed)
    states = range(chance.randint(1, 8))
    lanes = [
        lane(
            chance.choice([*states, 8, 9, 10, 11, 12, 13, 15]),
            chance.choice([*states, *states, *range(8, 16)]),
            chance.choice([chance.uniform(-1.0, 1.0), 1.0, -1.0, 0.5]),
            upscaled=chance.random() < 0.1,
        )
        for _ in range(chance.randint(len(states), 24))
    ]
    starts = [chance.choice([0.0, chance.uniform(-1.0, 1.0)]) for _ in states]
    speeds = [chance.choice([100, 10_000, 10_000]) for _ in states]
    block = chance.choice([MULTIPLIERS, divider(*chance.choices(OPERATIONS, k=4))])
    one = cluster(
        lanes,
        first=integrators(starts, speeds),
        second=block,
        constant=chance.choice([None, 1.0, -0.1]),
    )
    return circuit(one, probes=tuple(states))


def outcome(source: Circuit, engine: EngineName, with_limits: bool) -> Outcome:
    try:
        run = simulation(source, SimulationOptions(engine=engine, with_limits=with_limits))
        samples = collect(run, SampleGrid.evenly(1e-3, 51))
    except SimulationError as error:
        return type(error).__name__
    return samples, {o.element: o.time_s for o in run.overloads}


def compare(seed: int) -> None:
    source, with_limits = random_circuit(seed), seed % 2 == 0
    one, other = (outcome(source, engine, with_limits) for engine in ("auto", "scipy"))
    if isinstance(one, str) or isinstance(other, str):
        assert one == other
        return
    scale = max(1.0, float(np.abs(one[0]).max()))
    assert np.abs(one[0] - other[0]).max() < 1e-8 * scale
    assert one[1] == pytest.approx(other[1], abs=1e-9)


@pytest.mark.parametrize("seed", range(10, 35))
def test_engines_agree_on_random_circuits(seed: int) -> None:
    compare(seed)


@pytest.mark.long
@pytest.mark.parametrize("first", range(100, 500, 100))
def test_engines_agree_on_many_random_circuits(first: int) -> None:
    for seed in range(first, first + 100):
        compare(seed)
