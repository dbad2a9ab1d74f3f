"""Our virtual devices for clients that we did not write, on loopback."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

from sim.virtual.server import VirtualOptions, run_virtual_device
from tests.virtual_network import InPlace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def virtual(options: VirtualOptions) -> AsyncIterator[int]:
    """The port of a virtual device that runs for as long as the block lasts."""
    async with trio.open_nursery() as nursery:
        yield await nursery.start(run_virtual_device, options, InPlace())
        nursery.cancel_scope.cancel()
