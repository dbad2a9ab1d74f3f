"""Run as a program: the vendor's Python client for firmware 1.x, against a device on loopback.

Reads an order, prints what came of it, both JSON: {"port": 1, "recipes": [...], "times": {name: [op
time in ns, rate]}}.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from lucipy import LUCIDAC, Circuit

from tests.peers.recipes import RECIPES, build


def build_and_run(machine: LUCIDAC, name: str, op_ns: int, rate: int) -> dict[str, Any]:
    circuit = Circuit()
    build(circuit, RECIPES[name], probe="measure")
    machine.reset_circuit()
    machine.set_circuit(circuit)
    machine.set_daq(sample_rate=rate)
    machine.set_run(op_time=op_ns)
    run = machine.start_run()
    return {"data": run.data(), "final": run.op_end_state()}


def main() -> None:
    order = json.load(sys.stdin)
    machine = LUCIDAC(f"tcp://127.0.0.1:{order['port']}")
    found = {"entities": machine.get_entities(), "runs": {}}
    for name in order["recipes"]:
        found["runs"][name] = build_and_run(machine, name, *order["times"][name])
    machine.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
