"""Stored results in other forms: the same numbers, with times and names."""

from __future__ import annotations

import csv
import io
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pytest

from appliance.descriptions import lucidac
from drivers.apb.codec import decode, encode
from drivers.apb.items import CircuitFile
from drivers.apb.model import ProbeScaling, Scaling
from sim import conversion
from sim.conversion import convert_result
from sim.errors import Unusable

if TYPE_CHECKING:
    from pathlib import Path

SCALED = encode(
    CircuitFile(
        items=decode(lucidac()).items,
        scaling=Scaling(
            variable="t",
            horizon=1.0,
            time_rate=100.0,
            probes=(
                ProbeScaling(probe=0, name="x", factor=2.0, offset=1.0),
                ProbeScaling(probe=2, name="x'", factor=1.0, offset=0.0),
            ),
        ),
    )
)
BARE = lucidac()


def converted(directory: Path, text: bytes, module: bytes, format: conversion.TableFormat) -> bytes:
    (directory / "result").write_bytes(text)
    convert_result(directory / "result", module, 1000, format, directory / "out")
    assert sorted(one.name for one in directory.iterdir()) == ["out", "result"]
    return (directory / "out").read_bytes()


def test_csv_in_problem_time_with_names(tmp_path: Path) -> None:
    data = converted(tmp_path, b"[[0.5,-0.25,null],null,[1,2e-3,3],[0,0,0]]", SCALED, "csv")
    assert list(csv.reader(io.StringIO(data.decode()))) == [
        ["t", "x", "x'", "ch3"],
        ["0.0", "0.5", "1.0", "0.0"],
        ["0.1", "-0.25", "0.002", "0.0"],
        ["0.2", "", "3.0", "0.0"],
    ]


def test_csv_in_seconds_where_the_problem_is_not_known(tmp_path: Path) -> None:
    for module in (BARE, b"in words of its own"):
        data = converted(tmp_path, b"[null,[1,2]]", module, "csv")
        assert data == b"t_s,ch1\n0.0,1.0\n0.001,2.0\n"


def test_npz_is_the_same_each_time(tmp_path: Path) -> None:
    text = b"[[0.5,-0.25,null],null,[1,2e-3,3]]"
    data = converted(tmp_path, text, SCALED, "npz")
    with np.load(io.BytesIO(data)) as archive:
        assert archive["names"].tolist() == ["x", "x'"]
        np.testing.assert_allclose(archive["t"], [0.0, 0.1, 0.2])
        np.testing.assert_array_equal(
            archive["values"], [[0.5, 1.0], [-0.25, 0.002], [np.nan, 3.0]]
        )
    (tmp_path / "out").unlink()
    assert converted(tmp_path, text, SCALED, "npz") == data


@pytest.mark.parametrize("format", ["csv", "npz"])
@pytest.mark.parametrize("text", [b"[]", b"[[],null,[]]", b" [ [ ] ] "])
def test_nothing_probed_or_no_samples(
    tmp_path: Path, text: bytes, format: conversion.TableFormat
) -> None:
    data = converted(tmp_path, text, SCALED, format)
    if format == "csv":
        assert data.count(b"\n") == 1
    else:
        with np.load(io.BytesIO(data)) as archive:
            assert archive["values"].shape[0] == 0


@pytest.mark.parametrize(
    "text",
    [b"", b" ", b"{}", b"[", b"[[1,2", b"[[1,2]", b"[[1,[2]]]", b"[[1],[1,2]]", b'[["x"]]', b"[1]"],
)
def test_damaged_results_are_refused(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(Unusable, match="damaged"):
        converted(tmp_path, text, SCALED, "csv")


@pytest.mark.parametrize("piece", [40, 64, 1000])
def test_pieces_make_no_difference(
    tmp_path: Path, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "_PIECE", piece)
    monkeypatch.setattr(conversion, "_ROWS", 7)
    values = np.random.default_rng(5).uniform(-1, 1, (3, 100))
    data = converted(tmp_path, orjson.dumps(values.tolist()), BARE, "csv")
    rows = np.loadtxt(io.BytesIO(data), delimiter=",", skiprows=1)
    np.testing.assert_array_equal(rows[:, 1:], values.T)
    np.testing.assert_allclose(rows[:, 0], np.arange(100) / 1000)


def test_memory_stays_small(tmp_path: Path) -> None:
    values = np.random.default_rng(5).uniform(-1, 1, (4, 100_000))
    text = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
    (tmp_path / "result").write_bytes(text)
    tracemalloc.start()
    try:
        convert_result(tmp_path / "result", BARE, 1000, "csv", tmp_path / "out")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(text) > 7e6
    assert peak < 8e6
