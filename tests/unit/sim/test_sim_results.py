"""Result files: what stands in them, and that they need little memory."""

from __future__ import annotations

import csv
import json
import tracemalloc
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest

from sim.engine import SampleBlock
from sim.grid import SampleGrid
from sim.results import FORMATS, write, write_csv, write_json, write_npz, write_svg
from sim.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sim.algebra import Array

SVG = "{http://www.w3.org/2000/svg}"


def table(count: int, *columns: Column, time_rate: float = 1.0) -> Table:
    grid = SampleGrid.at_rate((count or 0.5) / 1000, 1000)
    return Table(columns=columns, grid=grid, time_name="t", time_rate=time_rate)


def blocks(values: Array, rows: int = 3) -> Iterator[SampleBlock]:
    for start in range(0, len(values), rows):
        yield SampleBlock(start=start, values=values[start : start + rows])


X = Column(probe=0, name="x")
Y = Column(probe=1, name="x'", factor=10.0, offset=1.0)
VALUES = np.random.default_rng(3).uniform(-1.0, 1.0, (10, 2))
SCALED = VALUES * [1.0, 10.0] + [0.0, 1.0]


def test_json_is_a_list_by_probe(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write_json(table(10, X, Y), blocks(VALUES), path)
    assert json.loads(path.read_bytes()) == SCALED.T.tolist()
    assert list(tmp_path.iterdir()) == [path]


def test_json_has_null_for_what_is_not_there(tmp_path: Path) -> None:
    values = np.array([[0.5], [np.nan], [np.inf]])
    write_json(table(3, Column(probe=2, name="z")), blocks(values), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"[null,null,[0.5,null,null]]"


def test_json_without_probes_or_samples(tmp_path: Path) -> None:
    write_json(table(3), blocks(np.empty((3, 0))), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"[]"
    write_json(table(0, X, Y), blocks(np.empty((0, 2))), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"[[],[]]"


def test_csv_gives_the_same_doubles(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_csv(table(10, X, Y, time_rate=100.0), blocks(VALUES), path)
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["t", "x", "x'"]
    found = np.array([[float(cell) for cell in row] for row in rows])
    assert np.array_equal(found[:, 1:], SCALED)
    assert found[:, 0].tolist() == pytest.approx([0.1 * i for i in range(10)])


def test_csv_of_awkward_values_and_names(tmp_path: Path) -> None:
    values = np.array([[np.nan, 1e-300], [-0.0, 1e22]])
    columns = (Column(probe=0, name='a,"b"\nc'), Column(probe=1, name="y"))
    path = tmp_path / "out.csv"
    write_csv(table(2, *columns), blocks(values), path)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["t", 'a,"b"\nc', "y"]
    assert rows[1][1] == ""
    assert [float(cell) for cell in (rows[1][2], *rows[2][1:])] == [1e-300, 0.0, 1e22]


def test_csv_without_probes_has_the_times(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_csv(table(2), blocks(np.empty((2, 0))), path)
    assert path.read_text().split() == ["t", "0.0", "0.001"]


def test_npz_has_times_values_and_names(tmp_path: Path) -> None:
    path = tmp_path / "out.npz"
    write_npz(table(10, X, Y), blocks(VALUES), path)
    with np.load(path) as found:
        assert np.array_equal(found["values"], SCALED)
        assert found["t"].tolist() == [i / 1000 for i in range(10)]
        assert found["names"].tolist() == ["x", "x'"]


def test_svg_shows_every_probe(tmp_path: Path) -> None:
    path = tmp_path / "out.svg"
    hostile = Column(probe=0, name="<b>&\x00")
    write_svg(table(10, hostile, Y), blocks(VALUES), path)
    root = ElementTree.parse(path).getroot()
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert {"<b>&?", "x'", "t"} <= set(texts)
    lines = list(root.iter(f"{SVG}polyline"))
    assert [len(line.get("points", "").split()) for line in lines] == [10, 10]


def test_svg_stays_small_and_keeps_single_spikes(tmp_path: Path) -> None:
    values = np.zeros((100_000, 1))
    values[77_777] = 5.0
    path = tmp_path / "out.svg"
    write_svg(table(100_000, X), blocks(values, 999), path)
    assert path.stat().st_size < 20_000
    (line,) = ElementTree.parse(path).getroot().iter(f"{SVG}polyline")
    heights = [float(point.split(",")[1]) for point in line.get("points", "").split()]
    assert heights.count(min(heights)) == 1


def test_svg_of_odd_results(tmp_path: Path) -> None:
    path = tmp_path / "out.svg"
    gaps = np.array([[0.0], [np.nan], [1.0], [np.inf], [2.0]])
    write_svg(table(5, X), blocks(gaps), path)
    assert len(list(ElementTree.parse(path).getroot().iter(f"{SVG}polyline"))) == 3
    for count, columns in ((0, (X,)), (1, (X,)), (3, ()), (3, (X,))):
        write_svg(table(count, *columns), blocks(np.full((count, len(columns)), 0.25)), path)
        assert ElementTree.parse(path).getroot().tag == f"{SVG}svg"


@pytest.mark.parametrize("format", FORMATS)
def test_memory_does_not_grow_with_the_samples(format: str, tmp_path: Path) -> None:
    rows, count = 2000, 100_000  # the whole: 1.6 MB as doubles
    one = np.random.default_rng(1).uniform(-1.0, 1.0, (rows, 2))
    many = (SampleBlock(start=start, values=one) for start in range(0, count, rows))
    tracemalloc.start()
    try:
        write(format, table(count, X, Y), many, tmp_path / "out")  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (tmp_path / "out").stat().st_size > (0 if format == "svg" else 1_600_000)
    assert peak < 1_500_000
