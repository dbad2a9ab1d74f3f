"""Run as a program: the vendor's Python interfaces for firmware 2.x, against a device on loopback.

Reads an order, prints what came of it, both JSON: {"port": 1, "recipes": [...], "modules": [...],
"times": {name: [op time in ns, rate]}}. Recipes are built with the interface that is like lucipy's
(``built``), modules (paths of circuit files) are sent by a session of the controller (``sent``).
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from pybrid.base.proto.io import ProtoIO
from pybrid.lucipy import LUCIDAC
from pybrid.native import ControlChannel
from pybrid.redac import DAQConfig, RunConfig
from pybrid.redac.controller import Controller

from tests.peers.recipes import RECIPES, build

PATIENCE_S = 3.0


# Any: JSON, and samples as the vendor's classes hold them.
def told(run: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"state": run.state.name, "data": run.data}


def build_and_run(order: dict[str, Any], name: str) -> dict[str, Any]:
    machine = LUCIDAC(f"tcp://127.0.0.1:{order['port']}")
    build(machine.create_circuit(), RECIPES[name], probe="probe")
    op_ns, rate = order["times"][name]
    machine.set_daq(sample_rate=rate)
    machine.set_run(op_time=op_ns)
    run = machine.run()
    asyncio.run(machine.close())
    return told(run)


async def send_and_run(order: dict[str, Any]) -> dict[str, Any]:
    controller = Controller()
    await controller.add_device("127.0.0.1", order["port"])
    sent = {}
    try:
        await controller.reset()
        for path in order["modules"]:
            name = Path(path).stem
            op_ns, rate = order["times"][name]
            session = controller.create_session()
            session.set_module(ProtoIO.load_module(path), raw=True)
            session.calibrate(gain=True, offset=True)
            session.run(RunConfig(op_time=op_ns), DAQConfig(sample_rate=rate))
            sent[name] = told((await session.execute())[0])
        return {"carriers": [str(one.path) for one in controller.computer.carriers], "sent": sent}
    finally:
        await controller.stop()


def ping(port: int) -> None:
    """Raises what the vendor's client raises where nothing comes back."""
    channel = ControlChannel.create("127.0.0.1", port, PATIENCE_S)
    channel.start()
    try:
        channel.ping(PATIENCE_S)
    finally:
        channel.stop()


def main() -> None:
    order = json.load(sys.stdin)
    ping(order["port"])
    built = {name: build_and_run(order, name) for name in order["recipes"]}
    print(json.dumps({"built": built, **asyncio.run(send_and_run(order))}))


if __name__ == "__main__":
    main()
