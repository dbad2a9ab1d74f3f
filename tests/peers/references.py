"""The golden circuits and their reference solutions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from drivers.apb.codec import decode
from drivers.apb.items import CircuitFile, EntitySpecification
from tests.shared import fixtures

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LUCIDAC = [
    "const_tenth_split",
    "decay",
    "harmonic",
    "lorenz",
    "lotka_volterra",
    "mathieu",
    "roessler",
    "sprott_sqm",
    "van_der_pol",
]
MDR = "mredac_mdr_ops"


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """One circuit: its file, the op time, the rate, and the solution (samples, probes)."""

    path: Path
    op_ns: int
    rate: int
    solution: NDArray[np.float64]

    @property
    def file(self) -> CircuitFile:
        return decode(self.path.read_bytes())

    @property
    def machine(self) -> CircuitFile:
        """The description of the machine that it was made for."""
        items = (one for one in self.file.items if isinstance(one.config, EntitySpecification))
        return CircuitFile(items=tuple(items))


def golden(name: str) -> Golden:
    """Skips the calling test where the fixtures are not here."""
    folder = fixtures() / "circuits"
    told = json.loads((folder / f"{name}.json").read_text())
    table = np.loadtxt(folder / f"{name}.csv", delimiter=",", skiprows=1, ndmin=2)
    return Golden(
        path=folder / f"{name}.apb",
        op_ns=told["op_time_ns"],
        rate=told["sample_rate_hz"],
        solution=table[:, 1:],
    )
