"""Programs of our own, compiled once and explained, for the tests of this folder."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from appliance.compiler.pipeline import CompileOptions, compile_circuit
from appliance.descriptions import lucidac
from appliance.explain.reading import read_schematic
from drivers.apb.circuit import assemble
from drivers.apb.codec import decode
from tests.unit.appliance.compiler.programs import LORENZ, program

if TYPE_CHECKING:
    from appliance.explain.model import Schematic
    from drivers.apb.model import Circuit

RING = program(
    "let diff[x, t](t) = (0.5 - r2(t))*x(t) - 2*y(t);",
    "let diff[y, t](t) = (0.5 - r2(t))*y(t) + 2*x(t);",
    "let x(t: 0) = 0.1; let y(t: 0) = 0; let r2(t) = x(t)*x(t) + y(t)*y(t);",
    "probe x(t); probe y(t); probe r2(t);",
)
"""All multipliers busy; r2 is read at the input of one of them."""
STIFF = program(
    "let diff[x, t](t) = -20*x(t) + 7*y(t);",
    "let diff[y, t](t) = -30*y(t) + 2 - 0.5*x(t);",
    "let x(t: 0) = 0.1; let y(t: 0) = 0.2; let s(t) = x(t) - 3*y(t);",
    "probe x(t); probe y(t); probe s(t);",
)
"""Run so fast that it takes all lanes; s has a pass-through element of its own."""
TANK = program(
    "let diff[h, t](t) = 0.05 - 0.3*sqrt(h(t));",
    "let h(t: 0) = 0.9;",
    "probe h(t);",
)
"""A root, by relaxation."""
DRIVEN = program(
    "let diff[a_rather_long_name_for_a_state, t, t](t) = sin(2*t)",
    " - a_rather_long_name_for_a_state(t);",
    "let a_rather_long_name_for_a_state(t: 0) = 0;",
    "probe a_rather_long_name_for_a_state(t);",
)
"""A sine and its cosine; names that no tag has room for."""

SOURCES = {"lorenz": LORENZ, "ring": RING, "stiff": STIFF, "tank": TANK, "driven": DRIVEN}


@cache
def explained(name: str) -> tuple[Schematic, Circuit]:
    """The schematic of one of our programs, and the circuit that its file holds."""
    return explained_source(SOURCES[name], f"{name}.ana", 100_000 if name == "stiff" else None)


def explained_source(
    source: str, title: str, k0: int | None = None, horizon: float = 4.0
) -> tuple[Schematic, Circuit]:
    options = CompileOptions(k0=k0, horizon=horizon)
    compiled = compile_circuit(source, title, lucidac(), options, lambda _: None)
    return read_schematic(compiled, title), assemble(decode(compiled.data))
