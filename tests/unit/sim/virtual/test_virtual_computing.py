"""What a virtual machine measures, without a machine."""

from __future__ import annotations

from math import cos, exp
from typing import TYPE_CHECKING, TypeVar

import pytest

from drivers.apb.items import CircuitFile, Item
from drivers.apb.machine import machine_of
from sim.options import SimulationOptions
from sim.virtual.computing import (
    JobComputer,
    Overloaded,
    Work,
    compute,
    compute_in_child,
    simulation_of,
)
from sim.virtual.dialect import PROTOBUF
from sim.virtual.hardware import lucidac, mredac, redac
from sim.virtual.machine import Machine
from tests.virtual_network import LUCIDAC, decay, growth, harmonic, lanes, probes

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.base import Picklable

T = TypeVar("T")
EXACT = SimulationOptions()


def whole(circuit: CircuitFile) -> CircuitFile:
    return Machine(lucidac(), PROTOBUF).merged(circuit, reset_before=True).circuit


class Here:
    """A JobRunner in this process that counts."""

    def __init__(self) -> None:
        self.jobs: list[str] = []

    async def run(
        self, function: Callable[..., T], *args: Picklable, log: Callable[[str], None]
    ) -> T:
        self.jobs.append(function.__name__)
        return function(*args, log=log)


async def test_a_circuit_is_prepared_once() -> None:
    jobs = Here()
    computer = JobComputer(jobs)
    circuit = whole(harmonic())
    for _ in range(3):
        await computer.prepare(circuit, EXACT)
    await computer.prepare(whole(decay()), EXACT)
    assert jobs.jobs == ["prepare_in_child"] * 2
    work = Work(circuit=circuit, op_time_s=0.001, sample_rate_hz=10_000, options=EXACT)
    computed = await computer.compute(work)
    assert jobs.jobs[2:] == [compute_in_child.__name__]
    assert computed.samples[5, 0] == pytest.approx(0.5 * cos(5.0), abs=1e-11)


@pytest.mark.parametrize("op_time_s", [0.01, 0.01004, 0.00001])
def test_the_last_sample_is_taken_at_the_end_whatever_the_rate(op_time_s: float) -> None:
    computed = compute(simulation_of(whole(decay()), EXACT), op_time_s, 10_000)
    assert len(computed.samples) == int(op_time_s * 10_000 + 1e-9)
    assert computed.final[0] == pytest.approx(exp(-100 * op_time_s), rel=1e-11)


def test_overloads_are_named_by_block_and_output() -> None:
    item = Item(entity=LUCIDAC, config=probes(12))
    inner = (i for i in growth().items if i.entity == f"{LUCIDAC}/0/M0")
    circuit = CircuitFile(items=(item, *inner, *lanes(LUCIDAC, (0, 0, -1.0), (0, 8, 1.0))))
    computed = compute(simulation_of(whole(circuit), EXACT), 0.03, 10_000)
    assert [(one.path, one.index) for one in computed.overloads] == [
        (f"{LUCIDAC}/0/M0", 0),
        (f"{LUCIDAC}/0/M1", 4),
    ]
    assert isinstance(computed.overloads[0], Overloaded)
    assert computed.overloads[0].time_s == pytest.approx(0.0230258, rel=1e-4)


def test_machines_that_are_not_there_are_sound() -> None:
    assert len(machine_of(lucidac()).carriers) == len(machine_of(mredac()).carriers) == 1
    carriers = machine_of(redac(7)).carriers
    assert [one.location for one in carriers] == [(0, n) for n in range(7)]
    assert len({one.path for one in carriers}) == 7
    with pytest.raises(ValueError, match="1 to 7 carriers"):
        redac(8)
