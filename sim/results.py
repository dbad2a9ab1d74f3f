"""Result files, written from blocks: no file needs more memory than a few blocks.

All numbers are written so that reading them gives the same doubles; what is not finite becomes
null in JSON, an empty field in CSV. An existing file is replaced; after an error, what is there
may be half a file.
"""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from typing import IO, TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import numpy as np

from drivers.results import CHUNK, numbers, write_lists
from sim.svg import Sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from sim.algebra import Array
    from sim.engine import SampleBlock
    from sim.table import Table

Format: TypeAlias = Literal["json", "csv", "npz", "svg"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
_WIDTH: Final = np.dtype(np.float64).itemsize


def write(format: Format, table: Table, blocks: Iterable[SampleBlock], path: Path) -> None:
    """Write all blocks to a file of the wanted format."""
    writers: dict[Format, Callable[[Table, Iterable[SampleBlock], Path], None]] = {
        "json": write_json,
        "csv": write_csv,
        "npz": write_npz,
        "svg": write_svg,
    }
    writers[format](table, blocks, path)


def write_json(table: Table, blocks: Iterable[SampleBlock], path: Path) -> None:
    """The API's run result: a list by probe number of lists of samples, null for a number that
    has no probe, ``[]`` where nothing is probed."""
    with tempfile.TemporaryFile(dir=path.parent) as raw:
        for block in blocks:
            _put_columns(raw, table, block)
        count = table.grid.count
        lists = {
            column.probe: _column(raw, number, count) for number, column in enumerate(table.columns)
        }
        write_lists(lists, path)


def _put_columns(raw: IO[bytes], table: Table, block: SampleBlock) -> None:
    """Lay a block's columns at their places in a file that holds one column after the other."""
    for number, column in enumerate(table.values(block).T):
        raw.seek((number * table.grid.count + block.start) * _WIDTH)
        raw.write(column.tobytes())


def _column(raw: IO[bytes], number: int, count: int) -> Iterator[Array]:
    for start in range(0, count, CHUNK):
        raw.seek((number * count + start) * _WIDTH)
        yield np.frombuffer(raw.read(min(CHUNK, count - start) * _WIDTH))


def write_csv(table: Table, blocks: Iterable[SampleBlock], path: Path) -> None:
    """A header line, then one line per sample: the time, then one column per probe."""
    with path.open("wb") as out:
        header = io.StringIO()
        names = [table.time_name, *(column.name for column in table.columns)]
        csv.writer(header, lineterminator="\n").writerow(names)
        out.write(header.getvalue().encode())
        for block in blocks:
            times = table.times(block.start, block.start + len(block.values))
            rows = np.column_stack((times, table.values(block)))
            for start in range(0, len(rows), CHUNK):
                # JSON writes the shortest text of each double, and quickly: [[a,b],[c,d]].
                text = numbers(rows[start : start + CHUNK])[2:-2].replace(b"],[", b"\n")
                out.write(text.replace(b"null", b""))
                out.write(b"\n")


def write_npz(table: Table, blocks: Iterable[SampleBlock], path: Path) -> None:
    """numpy's archive with ``t`` (samples), ``values`` (samples, probes) and ``names`` (probes)."""
    count = table.grid.count
    shape = (count, len(table.columns))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        _put_array(archive, "values", shape, (table.values(block) for block in blocks))
        starts = range(0, count, CHUNK)
        times = (table.times(start, min(start + CHUNK, count)) for start in starts)
        _put_array(archive, "t", (count,), times)
        with archive.open("names.npy", "w") as member:
            names = [column.name for column in table.columns]
            np.lib.format.write_array(member, np.array(names, dtype=np.str_))


def _put_array(
    archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], parts: Iterator[Array]
) -> None:
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array_header_1_0(member, header)
        for part in parts:
            member.write(np.ascontiguousarray(part, dtype="<f8").tobytes())


def write_svg(table: Table, blocks: Iterable[SampleBlock], path: Path) -> None:
    """A plot of all probes over time; its size does not depend on the number of samples."""
    sketch = Sketch(table)
    for block in blocks:
        sketch.add(block)
    path.write_bytes(sketch.render())
