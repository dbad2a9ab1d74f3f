"""The task that a path names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from appliance.api.problems import ApiError
from appliance.models import TaskId

if TYPE_CHECKING:
    from appliance.models import Task
    from appliance.store.tasks import Tasks
    from appliance.users import User

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def task_id(text: str) -> TaskId:
    """The id in a path, in its canonical form. Raises ApiError (422)."""
    canonical = text.lower()
    if not _UUID.match(canonical):
        raise ApiError(422, "the task id in the path is not a UUID")
    return TaskId(canonical)


def no_such_task() -> ApiError:
    """404, whether there is none or it is someone else's."""
    return ApiError(404, "there is no task of this id")


async def readable_task(tasks: Tasks, user: User, text: str) -> Task:
    """A task that the user may read: an own one, or any for a system key. Raises ApiError."""
    task = await tasks.task(task_id(text))
    if task is None or not (task.owner in user.owners or user.system):
        raise no_such_task()
    return task


async def own_task(tasks: Tasks, user: User, text: str) -> Task:
    """A task that the user may change: only an own one, also for a system key. Raises ApiError."""
    task = await tasks.task(task_id(text))
    if task is None or task.owner not in user.owners:
        raise no_such_task()
    return task
