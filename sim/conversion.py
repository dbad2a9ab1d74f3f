"""A run's stored result, JSON lists by probe number, in other forms: with times and names.

Works in pieces: neither the lists nor the new file ever stand in memory as a whole.
"""

from __future__ import annotations

import mmap
import os
import re
import tempfile
from typing import IO, TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
import orjson

from drivers.apb.codec import decode
from drivers.apb.errors import CircuitFileError
from sim.engine import SampleBlock
from sim.errors import Unusable
from sim.grid import SampleGrid
from sim.results import write
from sim.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drivers.apb.model import Scaling
    from sim.algebra import Array

TableFormat: TypeAlias = Literal["csv", "npz"]

_PIECE: Final = 2**18
"""Bytes of JSON that are parsed at a time."""
_ROWS: Final = 4096
_NUMBER: Final = np.dtype(np.float64)
_NEXT: Final = re.compile(rb"[\s,]*(null|\[|\]\s*\Z)")


def convert_result(
    result: Path, module: bytes, sample_rate_hz: int, format: TableFormat, output: Path
) -> None:
    """Write the samples in ``result`` to ``output``, in the form of the command line.

    ``module`` is the circuit file of the run: names of columns and the time of the problem come
    from its scaling. Values stay as they are; null becomes what the form has for no number. Raises
    Unusable where ``result`` is not what runs write, and OSError.
    """
    with tempfile.TemporaryFile(dir=output.parent) as raw:
        with result.open("rb") as file:
            counts = _lay_out(file, raw)
        if len(set(counts.values())) > 1:
            raise Unusable("the result is damaged: its lists are not equally long")
        count = max(counts.values(), default=0)
        grid = SampleGrid(
            count=count,
            numerator=1.0,
            denominator=float(sample_rate_hz),
            end_s=count / sample_rate_hz,
        )
        table = _table(tuple(counts), _scaling(module), grid)
        write(format, table, _blocks(raw, count, len(counts)), output)


def _scaling(module: bytes) -> Scaling | None:
    try:
        return decode(module).scaling
    except CircuitFileError:
        # A machine may take files that we do not: its samples are still samples.
        return None


def _table(probes: tuple[int, ...], scaling: Scaling | None, grid: SampleGrid) -> Table:
    names = {} if scaling is None else {one.probe: one.name for one in scaling.probes}
    columns = tuple(Column(probe=probe, name=names.get(probe) or f"ch{probe}") for probe in probes)
    if scaling is None:
        return Table(columns=columns, grid=grid)
    return Table(columns=columns, grid=grid, time_name="t", time_rate=scaling.time_rate)


def _lay_out(file: IO[bytes], raw: IO[bytes]) -> dict[int, int]:
    """Write every list's numbers to ``raw``, one list after the other; their lengths by probe."""
    counts: dict[int, int] = {}
    if not os.fstat(file.fileno()).st_size:
        raise _damaged()
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        probe, place = 0, _opened(text)
        while (found := _NEXT.match(text, place)) is not None and found[1][:1] != b"]":
            place = found.end()
            if found[1] == b"[":
                end = text.find(b"]", place)
                if end < 0:
                    raise _damaged()
                counts[probe] = _put_list(text, place, end, raw)
                place = end + 1
            probe += 1
        if found is None:
            raise _damaged()
    return counts


def _opened(text: mmap.mmap) -> int:
    """The place behind the bracket that opens the whole."""
    start = re.compile(rb"\s*\[").match(text)
    if start is None:
        raise _damaged()
    return start.end()


def _put_list(text: mmap.mmap, start: int, end: int, raw: IO[bytes]) -> int:
    """Copy the numbers between two brackets, piece after piece; returns how many they are."""
    count = 0
    while start < end:
        stop = end if end - start <= _PIECE else text.rfind(b",", start, start + _PIECE)
        if stop <= start:
            raise _damaged()
        numbers = _numbers(text[start:stop])
        raw.write(numbers.tobytes())
        count += len(numbers)
        start = stop + 1
    return count


def _numbers(text: bytes) -> Array:
    try:
        return np.array(orjson.loads(b"[%s]" % text), dtype=_NUMBER)  # null becomes NaN
    except (TypeError, ValueError) as error:
        raise _damaged() from error


def _blocks(raw: IO[bytes], count: int, columns: int) -> Iterator[SampleBlock]:
    if not count:
        return
    raw.flush()
    values = np.memmap(raw, dtype=_NUMBER, mode="r", shape=(columns, count))
    for start in range(0, count, _ROWS):
        rows = np.ascontiguousarray(values[:, start : start + _ROWS].T)
        yield SampleBlock(start=start, values=rows)


def _damaged() -> Unusable:
    return Unusable("the result is damaged: it is not a list of lists of numbers")
