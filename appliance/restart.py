"""One crash, one device: runs a service again and again, with longer pauses while it crashes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, Protocol

import trio

from appliance.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("analogcloud.supervisor")

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
HEALTHY_S: Final = 120.0
"""A service that ran this long starts with the shortest pause again."""


class Service(Protocol):
    """Runs until cancelled; started when it serves."""

    # Any: trio's own word for "whatever started() is given".
    async def __call__(self, *, task_status: trio.TaskStatus[Any]) -> None: ...


async def keep_running(
    name: str,
    service: Service,
    on_crash: Callable[[str], None],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run ``service`` until cancelled, anew after each crash; ``on_crash`` gets the reason.

    Started when the service is, or when its first attempt has crashed: one broken device must not
    keep the others from starting. A failing store is not the service's fault: StoreError comes out.
    """
    pause_s, told = FIRST_PAUSE_S, _Once(task_status)
    while True:
        begin = trio.current_time()
        try:
            async with trio.open_nursery() as nursery:
                await nursery.start(service)
                told.started()
        except* StoreError:
            raise
        except* Exception as group:
            # Supervision border: a bug in one service ends neither the others nor the process.
            _log.exception("event=service_crashed service=%s pause_s=%g", name, pause_s)
            on_crash(f"its service crashed ({_names(group)}) and is started anew")
        told.started()
        if trio.current_time() - begin > HEALTHY_S:
            pause_s = FIRST_PAUSE_S
        await trio.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


class _Once:
    def __init__(self, task_status: trio.TaskStatus[None]) -> None:
        self._task_status = task_status
        self._is_told = False

    def started(self) -> None:
        if not self._is_told:
            self._is_told = True
            self._task_status.started()


def _names(error: BaseException) -> str:
    """The kinds of the errors in a group, without their texts."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(sorted({_names(one) for one in error.exceptions}))
    return type(error).__name__
