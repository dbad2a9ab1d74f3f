"""From records to what goes over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Response

from appliance.api import schemas
from appliance.api.problems import JSON, problem_body, status_of
from appliance.errors import ApplianceError
from appliance.models import CompileInput, TaskState, TaskType

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pydantic import BaseModel

    from appliance.api.problems import ApiError
    from appliance.models import Task
    from appliance.queries import Summary
    from appliance.terms import Receipt


def answer(model: BaseModel, status: int = 200) -> Response:
    """A model as JSON."""
    return Response(model.model_dump_json(), status=status, content_type=JSON)


def answers(models: Sequence[BaseModel]) -> Response:
    """A bare JSON array of models."""
    return Response(f"[{','.join(m.model_dump_json() for m in models)}]", content_type=JSON)


def problem(error: ApiError) -> Response:
    """A refusal as JSON."""
    body = problem_body(error.detail, error.errors)
    return Response(body, status=error.status, content_type=JSON, headers=error.headers)


def failure(error: Exception) -> Response:
    """A fault of ours as JSON: what went wrong inside is for the log, not for the client."""
    known = error if isinstance(error, ApplianceError) else ApplianceError()
    status, text = status_of(known)
    return Response(problem_body(text), status=status, content_type=JSON)


def created(receipt: Receipt) -> schemas.TaskCreated:
    return schemas.TaskCreated(
        id=receipt.id, type=receipt.type, state=TaskState.QUEUED, created_at=receipt.created_at
    )


def history(task: Task | Summary) -> list[schemas.TaskStateEntry]:
    return [schemas.TaskStateEntry(state=entry.state, timestamp=entry.at) for entry in task.history]


def summary(task: Summary) -> schemas.TaskSummary:
    return schemas.TaskSummary(
        id=task.id,
        type=task.type,
        state=task.state,
        created_at=task.created_at,
        error=task.error,
        state_history=history(task),
    )


def status(task: Task) -> schemas.TaskStatus:
    return schemas.TaskStatus(
        id=task.id, state=task.state, error=task.error, state_history=history(task)
    )


def detail(
    task: Task, position: int | None = None, start: datetime | None = None
) -> schemas.CompileDetail | schemas.RunDetail:
    """``position`` and ``start`` are for a task that waits: its place, and when it may begin."""
    asked = task.input
    if isinstance(asked, CompileInput):
        return schemas.CompileDetail(
            id=task.id,
            type=TaskType.COMPILE,
            queue_position=position,
            estimated_start=start,
            state=task.state,
            created_at=task.created_at,
            error=task.error,
            state_history=history(task),
            backend=task.device_type,
            ode_source=asked.ode_source,
            k0=asked.k0,
            has_result=task.has_result,
            has_log=task.has_log,
        )
    return schemas.RunDetail(
        id=task.id,
        type=TaskType.RUN,
        queue_position=position,
        estimated_start=start,
        state=task.state,
        created_at=task.created_at,
        error=task.error,
        state_history=history(task),
        device_name=asked.device_name,
        sample_rate=asked.sample_rate,
        op_time=asked.op_time_s,
        has_result=task.has_result,
        has_log=task.has_log,
    )
