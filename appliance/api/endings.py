"""Taking tasks back: cancel what waits, delete what is no longer wanted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import trio
from quart import Response

from appliance.api import docs_tasks as docs
from appliance.api import render
from appliance.api.parts import Route, caller
from appliance.api.problems import ApiError
from appliance.api.render import answer
from appliance.api.task_ids import no_such_task, own_task, task_id
from appliance.models import TaskState
from appliance.store.removal import TooYoung

if TYPE_CHECKING:
    from appliance.api.parts import Parts

STOP_S: Final = 10.0
"""What work that is to be stopped gets for it: killing a child takes moments, a device longer."""


class EndingRoutes:
    """``POST /api/v1/tasks/{id}/cancel`` and ``DELETE /api/v1/tasks/{id}``."""

    def __init__(self, parts: Parts) -> None:
        self._store = parts.store
        self._control = parts.control
        self._grace_s = parts.config.tasks.delete_grace_s

    def routes(self) -> tuple[Route, ...]:
        one = "/api/v1/tasks/<task:id>"
        return (
            Route(method="POST", path=f"{one}/cancel", handler=self.cancel, doc=docs.CANCEL),
            Route(method="DELETE", path=one, handler=self.delete, doc=docs.DELETE),
        )

    async def cancel(self, id: str) -> Response:
        """Of claim and cancel exactly one wins."""
        tasks, user = self._store.tasks, caller()
        task = await own_task(tasks, user, id)
        is_done = await tasks.transition(task.id, TaskState.QUEUED, TaskState.CANCELLED)
        task = await own_task(tasks, user, id)
        if not is_done:
            raise ApiError(409, f"only a waiting task can be cancelled: this one is {task.state}")
        return answer(render.status(task))

    async def delete(self, id: str) -> Response:
        gone = await self._store.tasks.delete(task_id(id), caller().owners, self._grace_s)
        if gone is None:
            raise no_such_task()
        if isinstance(gone, TooYoung):
            wait_s = math.ceil(gone.wait_s)
            raise ApiError(
                409,
                f"work on this task began less than {self._grace_s:g} s ago: it can be deleted when"
                f" it has ended, or in {wait_s} s",
                headers={"Retry-After": str(wait_s)},
            )
        if gone.was_working:
            # Also for a client that has left: nobody else would stop it.
            with trio.move_on_after(STOP_S, shield=True):
                await self._control.stop(gone.id)
        await self._store.orphans.collect(gone.digests)
        return Response(b"", status=204)  # without a body Quart looks for asyncio
