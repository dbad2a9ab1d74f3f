"""Run as a program: the vendor's mock device, which needs asyncio and so a process of its own.

    python -m tests.peers.mock_process PORT {"lucidac_mode": true, ...}

Prints the port that it listens on. Then each line on standard input is an order, answered by a
line: the name of an error stage, from now on, or ``udp``: how many connections send samples by UDP.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from pybrid.mock import DummyDAC, DummyDACConfig, DummyDACErrorStage, DummyDACMacMode


# Any: the fields of DummyDACConfig, as keyword arguments.
async def serve(port: int, settings: dict[str, Any]) -> None:
    mac_mode = DummyDACMacMode[settings.pop("mac_mode", "VIRTUAL")]
    config = DummyDACConfig(mac_mode=mac_mode, **settings)
    async with DummyDAC("127.0.0.1", port, config) as device:
        print(device.port, flush=True)
        while order := (await asyncio.to_thread(sys.stdin.readline)).strip():
            print(obey(device, order), flush=True)


def obey(device: DummyDAC, order: str) -> str:
    if order == "udp":
        connections = device._active_connections
        return str(sum(one.data_transport is not None for one in connections))
    device.config.error_stage = DummyDACErrorStage[order]
    return order


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), json.loads(sys.argv[2])))
