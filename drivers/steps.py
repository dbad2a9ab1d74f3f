"""Deadlines and names for what is done with a device, one step after the other."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import trio

from drivers.errors import DeviceTimeout, DriverError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Steps:
    """The steps of one task. Each has its own limit; all of them together may take ``total_s``."""

    def __init__(self, total_s: float) -> None:
        self._deadline = trio.current_time() + total_s

    def extend(self, more_s: float) -> None:
        """Let the whole take longer."""
        self._deadline += more_s

    @contextmanager
    def step(
        self, name: str, limit_s: float, late: Callable[[], str] | None = None
    ) -> Iterator[None]:
        """A block that is one step. Its errors get the step's name in front; DeviceTimeout when it
        takes longer than ``limit_s``, with what ``late`` says."""
        limit_s = min(limit_s, max(0.0, self._deadline - trio.current_time()))
        try:
            with trio.fail_after(limit_s):
                yield
        except trio.TooSlowError:
            said = late() if late else f"the device gave no answer within {limit_s:.3g} s"
            raise DeviceTimeout(f"{name} failed: {said}") from None
        except DriverError as error:
            raise in_step(error, name) from error


def in_step(error: DriverError, name: str) -> DriverError:
    """The same error, its text with the step's name in front."""
    return type(error)(f"{name} failed: {error}")
