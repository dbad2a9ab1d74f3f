"""Whether a virtual device works: it may hang, and it may be down for a while."""

from __future__ import annotations

import trio


class Power:
    """Times are trio's."""

    def __init__(self) -> None:
        self._frozen_until = -1.0
        self._up_at = -1.0
        self._crashed = trio.Event()
        self.crashes = 0
        """How often the device went down."""

    @property
    def is_up(self) -> bool:
        return trio.current_time() >= self._up_at

    async def wait_up(self) -> None:
        """Until connections are possible (again)."""
        while not self.is_up:  # noqa: ASYNC110  # for a time, which may have been put off
            await trio.sleep_until(self._up_at)

    async def wait_down(self) -> None:
        """Until the device goes down the next time."""
        await self._crashed.wait()

    def crash(self, down_s: float) -> None:
        """Go down for so long; a hang is over then."""
        self.crashes += 1
        self._frozen_until = -1.0
        self._up_at = trio.current_time() + down_s
        self._crashed.set()
        self._crashed = trio.Event()

    def hang(self, for_s: float) -> None:
        """Do nothing for so long, and nothing in between."""
        self._frozen_until = max(self._frozen_until, trio.current_time() + for_s)

    async def pass_hang(self) -> None:
        """Wait while the device hangs."""
        while trio.current_time() < self._frozen_until:  # noqa: ASYNC110  # see above
            await trio.sleep_until(self._frozen_until)
