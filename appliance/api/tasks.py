"""Creating tasks and reading one's own. List, search, cancel and delete are not offered yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from appliance.api import docs_tasks as docs
from appliance.api import render, schemas
from appliance.api.once import REPLAYED, once_of
from appliance.api.parts import Route, body, caller
from appliance.api.render import answer
from appliance.api.submission import Submission, refusal
from appliance.api.task_ids import readable_task
from appliance.models import RunInput, TaskState, TaskType
from appliance.terms import NotTaken, Repeated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quart import Response

    from appliance.api.parts import Parts
    from appliance.models import Task
    from appliance.store.tasks import Ahead
    from appliance.terms import Once, Receipt
    from appliance.users import User

    Submit = Callable[[User, bytes, Once | None], Awaitable[Receipt]]


class TaskRoutes:
    """``/api/v1/tasks``."""

    def __init__(self, parts: Parts) -> None:
        self._config = parts.config
        self._store = parts.store
        self._board = parts.board
        self._control = parts.control
        self._submission = Submission(parts)

    def routes(self) -> tuple[Route, ...]:
        post, get = partial(Route, method="POST"), partial(Route, method="GET")
        one = "/api/v1/tasks/<task:id>"
        return (
            post(path="/api/v1/tasks/compile", handler=self.create_compile, doc=docs.COMPILE),
            post(path="/api/v1/tasks/run", handler=self.create_run, doc=docs.RUN),
            get(path=one, handler=self.detail, doc=docs.DETAIL),
            get(path=f"{one}/status", handler=self.status, doc=docs.STATUS),
            get(path=f"{one}/log", handler=self.log, doc=docs.LOG),
        )

    async def create_compile(self) -> Response:
        return await self._create(TaskType.COMPILE, self._submission.compile)

    async def create_run(self) -> Response:
        return await self._create(TaskType.RUN, self._submission.run)

    async def _create(self, type: TaskType, submit: Submit) -> Response:
        data = await body()
        try:
            receipt = await submit(caller(), data, once_of(type, data))
        except Repeated as repeated:
            response = answer(render.created(repeated.receipt), 201)
            response.headers[REPLAYED] = "true"
            return response
        except NotTaken as error:
            raise refusal(error) from error
        return answer(render.created(receipt), 201)

    async def detail(self, id: str) -> Response:
        task = await self._readable(id)
        ahead = await self._store.tasks.ahead(task) if task.state is TaskState.QUEUED else None
        if ahead is None:
            return answer(render.detail(task))
        return answer(render.detail(task, ahead.tasks, self._estimated_start(task, ahead)))

    def _estimated_start(self, task: Task, ahead: Ahead) -> datetime | None:
        workers = self._config.workers.compile.num_instances
        if isinstance(task.input, RunInput):
            device, workers = self._board.find(task.input.device_name), 1
            if device is None or not device.is_available:
                return None
        wait_s = self._control.wait_s(task.queue, ahead.tasks, ahead.op_time_s, workers)
        return None if wait_s is None else datetime.now(UTC) + timedelta(seconds=wait_s)

    async def status(self, id: str) -> Response:
        return answer(render.status(await self._readable(id)))

    async def log(self, id: str) -> Response:
        task = await self._readable(id)
        lines = await self._store.tasks.log(task.id)
        return answer(schemas.TaskLog(id=task.id, lines=list(lines)))

    async def _readable(self, id: str) -> Task:
        return await readable_task(self._store.tasks, caller(), id)
