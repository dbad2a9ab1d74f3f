"""The vendor's client for firmware 1.x, lucipy, unmodified, against our virtual LUCIDAC."""

from __future__ import annotations

import numpy as np

from sim.virtual.dialect import JSONL
from sim.virtual.server import VirtualOptions
from tests.peers.processes import need, program, run_program
from tests.peers.recipes import RECIPES
from tests.peers.references import golden
from tests.peers.virtual import virtual
from tests.virtual_network import LUCIDAC

need("lucipy")

LIMIT_S = 60.0
NEAR = 1e-5


async def test_lucipy_describes_configures_and_runs() -> None:
    known = {name: golden(name) for name in RECIPES}
    times = {name: (one.op_ns, one.rate) for name, one in known.items()}
    async with virtual(VirtualOptions(dialect=JSONL, port=0)) as port:
        order = {"port": port, "recipes": list(RECIPES), "times": times}
        found = await run_program(program("use_lucipy"), order, LIMIT_S)
    assert list(found["entities"]) == [f"/{LUCIDAC}"]
    assert {"/M0", "/M1", "/U", "/C", "/I"} <= set(found["entities"][f"/{LUCIDAC}"]["/0"])
    for name, told in found["runs"].items():
        table = np.array(told["data"])
        assert table.shape == known[name].solution.shape, name
        assert np.abs(table - known[name].solution).max() <= NEAR, name
        assert np.array(told["final"]).shape == (1, 1, table.shape[1])
