"""Keeps a device's connections open between its users, who come one at a time."""

from __future__ import annotations

import logging
import math
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

import trio

from drivers.errors import ConnectError, DeviceTimeout, DriverError
from drivers.link.background import background
from drivers.session import Session, explore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from typing import TypeAlias

    from drivers.apb.items import CircuitFile
    from drivers.link.contract import Link
    from drivers.link.endpoint import Endpoint
    from drivers.options import Dialect, DriverOptions, MachineKind

    OpenLink: TypeAlias = Callable[
        [Endpoint, Dialect, str | None], AbstractAsyncContextManager[Link]
    ]

_log = logging.getLogger("analogcloud.driver")

CONNECT_S: Final = 5.0
"""To connect to one endpoint and to learn what it is (vendor's limit for either)."""
PROBING_S: Final = 15.0
"""The same where the dialect has to be found out: up to three probes of 2 s, each connected."""
STALE_S: Final = 2.0
"""A kept connection that was idle for longer is asked whether it still lives."""
FAREWELL_S: Final = 5.0
"""What the last user may take to leave the device in a safe state when the keeper is stopped."""


class Keeper:
    """The connections of one device.

    While ``serve`` runs they stay open between users; without it each user opens and closes them.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        machine: MachineKind,
        options: DriverOptions,
        open_link: OpenLink,
        known: CircuitFile | None = None,
    ) -> None:
        self._endpoints = tuple(endpoints)
        self._machine = machine
        self._options = options
        self._open_link = open_link
        self._known = known
        self._dialects: list[Dialect] = [options.dialect] * len(self._endpoints)
        self._lock = trio.Lock()
        self._nursery: trio.Nursery | None = None
        self._session: Session | None = None
        self.is_trusted = True

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep connections open until cancelled; whoever uses them then may still say farewell."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            task_status.started()
            try:
                await trio.sleep_forever()
            finally:
                with trio.move_on_after(FAREWELL_S, shield=True):
                    async with self._lock:
                        self._nursery = None
                        await self.drop()
                self._let_go()

    @asynccontextmanager
    async def use(self) -> AsyncIterator[None]:
        """Be the only user; ``session`` and ``drop`` are for the block."""
        async with self._lock:
            if self._nursery is not None:
                try:
                    yield
                finally:
                    self._rest()
                return
            async with background() as nursery:
                self._nursery = nursery
                try:
                    yield
                finally:
                    self._nursery = None
                    self._let_go()

    async def session(self) -> Session:
        """The kept session, if it still works and the device is trusted, else a new one.

        Raises ConnectError, DeviceTimeout, ProtocolError, RunRefused.
        """
        kept = self._session
        if kept is not None:
            if self.is_trusted and kept.is_connected() and await self._is_alive(kept):
                kept.life.deadline = math.inf
                kept.is_new = False
                return kept
            await self.drop()
        return await self._open()

    async def drop(self) -> None:
        """Close the kept session, if there is one: the next one is new."""
        kept, self._session = self._session, None
        if kept is not None:
            kept.life.cancel()
            await kept.ended.wait()

    def _let_go(self) -> None:
        if self._session is not None:
            self._session.life.cancel()
            self._session = None

    def _rest(self) -> None:
        """From now on the connections are idle."""
        if self._session is not None:
            now = trio.current_time()
            self._session.last_used = now
            self._session.life.deadline = now + self._options.keep_s

    async def _is_alive(self, kept: Session) -> bool:
        if trio.current_time() - kept.last_used <= STALE_S:
            return True
        return await kept.answers()

    async def _open(self) -> Session:
        if self._nursery is None:
            raise ConnectError("the driver of this device is being stopped")
        probing = "auto" in self._dialects
        limit_s = (PROBING_S if probing else CONNECT_S) * len(self._endpoints)
        try:
            with trio.move_on_after(limit_s):
                session: Session = await self._nursery.start(self._hold)
                return session
        except DriverError:
            self._forget_dialects()
            raise
        self._forget_dialects()
        places = ", ".join(map(str, self._endpoints))
        raise DeviceTimeout(f"{places} gave no answer within {limit_s:g} s")

    def _forget_dialects(self) -> None:
        """What was found out may have changed with the firmware."""
        self._dialects = [self._options.dialect] * len(self._endpoints)

    async def _hold(self, *, task_status: trio.TaskStatus[Session]) -> None:
        """Owns the connections of one session. Once they are open, whoever stops the keeper must
        wait for their user: only ``life`` ends them."""
        session: Session | None = None
        try:
            with trio.CancelScope() as life:
                async with AsyncExitStack() as stack:
                    links = [await self._enter(stack, number) for number in self._numbers()]
                    hardware = await explore(links, self._machine, self._known)
                    # Known from here on to whoever has to end it, should its user be cancelled now.
                    self._session = session = Session(links, hardware, life)
                    life.shield = True
                    task_status.started(session)
                    await trio.sleep_forever()
        finally:
            if session is not None:
                session.ended.set()
                _log.debug("event=session_ended place=%s", self._endpoints[0])

    def _numbers(self) -> range:
        return range(len(self._endpoints))

    async def _enter(self, stack: AsyncExitStack, number: int) -> Link:
        """Open one link; the dialect that was found is used the next time."""
        dialect = self._dialects[number]
        opening = self._open_link(self._endpoints[number], dialect, self._options.token)
        link = await stack.enter_async_context(opening)
        if dialect == "auto":
            self._dialects[number] = "jsonl" if link.dialect == "jsonl" else "protobuf"
        return link
