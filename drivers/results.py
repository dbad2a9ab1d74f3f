"""Result files in the API's form: JSON, a list by probe number of lists of samples.

All numbers are written so that reading them gives the same doubles; what is not finite becomes
null. An existing file is replaced; after an error, what is there may be half a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from drivers.apb.model import Scaling
    from drivers.base import LogLine

Array: TypeAlias = NDArray[np.float64]

CHUNK: Final = 16_384
"""Numbers that stand in memory as text at the same time."""


def numbers(values: Array) -> bytes:
    """An array, contiguous in memory, as a JSON list (of lists)."""
    return orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)


def write_lists(lists: Mapping[int, Iterable[Array]], path: Path) -> None:
    """Write the samples of each probe, which come in pieces of one or more numbers; null for a
    number below the highest that has no probe, ``[]`` where nothing is probed."""
    with path.open("wb") as out:
        out.write(b"[")
        for probe in range(max(lists, default=-1) + 1):
            out.write(b"," if probe else b"")
            if probe not in lists:
                out.write(b"null")
                continue
            out.write(b"[")
            for number, piece in enumerate(lists[probe]):
                out.write(b"," if number else b"")
                out.write(numbers(piece)[1:-1])
            out.write(b"]")
        out.write(b"]")


def write_samples(samples: Array, scaling: Scaling | None, path: Path) -> None:
    """Write ``samples`` (samples, probes) in machine units, column n being probe n: in the
    problem's units where ``scaling`` knows them."""
    known = {one.probe: one for one in scaling.probes} if scaling is not None else {}
    lists = {}
    for probe, column in enumerate(samples.T):
        values = np.ascontiguousarray(column)
        if probe in known:
            values = values * known[probe].factor + known[probe].offset
        lists[probe] = _pieces(values)
    write_lists(lists, path)


def _pieces(values: Array) -> Iterable[Array]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def write_in_child(samples: Array, scaling: Scaling | None, path: Path, *, log: LogLine) -> None:
    """``write_samples`` for a JobRunner; at the top level so that its name can be sent there."""
    write_samples(samples, scaling, path)
    log(f"{samples.shape[0]} samples of {samples.shape[1]} probes written as JSON")
