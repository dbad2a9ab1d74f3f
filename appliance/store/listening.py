"""Who is told what has become of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.models import OwnerId, Task, TaskId


class Listener(Protocol):
    """Told in the event loop, after each commit and in the order of the commits. Its methods are
    quick and raise nothing."""

    def created(self, task: Task) -> None:
        """A task was stored."""

    def moved(self, task: Task) -> None:
        """A task's state has changed."""

    def logged(self, task: TaskId, owner: OwnerId, first: int, lines: Sequence[str]) -> None:
        """Lines were added to a task's log; the first of them is its line ``first``, from 0."""

    def deleted(self, task: TaskId, owner: OwnerId) -> None:
        """A task is gone."""


class NoListener:
    """Nobody wants to know."""

    def created(self, task: Task) -> None:
        pass

    def moved(self, task: Task) -> None:
        pass

    def logged(self, task: TaskId, owner: OwnerId, first: int, lines: Sequence[str]) -> None:
        pass

    def deleted(self, task: TaskId, owner: OwnerId) -> None:
        pass
