"""Result files of the drivers are those of the simulator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from drivers.apb.model import ProbeScaling, Scaling
from drivers.results import CHUNK, write_in_child, write_lists, write_samples
from sim.engine import SampleBlock
from sim.grid import SampleGrid
from sim.results import write_json
from sim.table import Column, Table

if TYPE_CHECKING:
    from pathlib import Path

SCALING = Scaling(
    variable="t",
    horizon=1.0,
    time_rate=1.0,
    probes=(ProbeScaling(probe=1, name="y", factor=1.7, offset=-0.3),),
)


@pytest.mark.parametrize("count", [0, 1, 100, 2 * CHUNK + 1])
def test_they_are_the_same_to_the_byte(tmp_path: Path, count: int) -> None:
    samples = np.random.default_rng(count).uniform(-1.0, 1.0, (count, 3))
    table = Table(
        columns=(
            Column(probe=0, name="ch0"),
            Column(probe=1, name="y", factor=1.7, offset=-0.3),
            Column(probe=2, name="ch2"),
        ),
        grid=SampleGrid(count=count, numerator=1.0, denominator=1.0, end_s=1.0),
    )
    write_json(table, [SampleBlock(start=0, values=samples)] if count else [], tmp_path / "sim")
    write_samples(samples, SCALING, tmp_path / "driver")
    assert (tmp_path / "driver").read_bytes() == (tmp_path / "sim").read_bytes()


def test_without_scaling_numbers_are_machine_units(tmp_path: Path) -> None:
    lines: list[str] = []
    samples = np.array([[0.5, -0.5], [np.nan, 0.25]])
    write_in_child(samples, None, tmp_path / "out", log=lines.append)
    assert json.loads((tmp_path / "out").read_bytes()) == [[0.5, None], [-0.5, 0.25]]
    assert lines == ["2 samples of 2 probes written as JSON"]


def test_nothing_probed(tmp_path: Path) -> None:
    write_samples(np.empty((5, 0)), None, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"[]"


def test_a_probe_that_is_not_there_is_null(tmp_path: Path) -> None:
    write_lists({2: [np.array([1.0]), np.array([2.5])]}, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"[null,null,[1.0,2.5]]"
