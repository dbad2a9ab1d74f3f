"""What the documentation says of tasks."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any, Final

from appliance.api import schemas
from appliance.api.routedoc import Answer, Header, RouteDoc, Shape, Tag, json_answer
from appliance.descriptions import lucidac

_ID: Final = "3f1c0d52-8f0e-4b53-9a57-0f5f3a1f6a11"
_AT: Final = "2026-11-24T12:00:00.000000Z"
_QUEUED: Final = [{"state": "queued", "timestamp": _AT}]
_PROGRAM: Final = "let diff[x, t](t) = -0.6*x(t);\nlet x(t: 0) = 0.9;\nprobe x(t);\n"
_TARGET: Final = base64.b64encode(lucidac()).decode()
_CIRCUIT: Final = "CgIQARIA"  # a real one would fill the page

# Any: examples are JSON.
_CREATED: Final[dict[str, Any]] = {
    "id": _ID,
    "type": "run",
    "state": "queued",
    "created_at": _AT,
}
STATUS_EXAMPLE: Final[dict[str, Any]] = {
    "id": _ID,
    "state": "queued",
    "error": None,
    "state_history": _QUEUED,
}

NOT_YOURS: Final = "There is no task of this id, or it is someone else's."
BAD_ID: Final = "The id is not a UUID."
ONE_TASK: Final = {404: NOT_YOURS, 422: BAD_ID}

_ONCE: Final = Header(
    name="Idempotency-Key",
    description=(
        "A name of yours for this request. Sent again within 24 hours with the same body, the "
        "request gets its first answer again and nothing is done twice; with another body it is "
        "refused (422)."
    ),
    schema={"type": "string", "pattern": "^[!-~]{1,255}$"},
)
_REPLAYED: Final = Header(
    name="Idempotency-Replayed",
    description="`true` where this is the answer to an earlier request with the same key.",
)
_TAKEN: Final = "The task is stored and waits."

COMPILE: Final = RouteDoc(
    operation="create_compile",
    summary="Compile equations to a circuit",
    description=(
        "Faults of the program are no faults of the request: the task is accepted, fails, and its "
        "log says where and why."
    ),
    tag=Tag.TASKS,
    request=schemas.CompileRequest,
    request_example={
        "ode_source": _PROGRAM,
        "backend": "LUCIDAC",
        "module": _TARGET,
        "k0": None,
    },
    answers={
        201: replace(
            json_answer(schemas.TaskCreated, _TAKEN, {**_CREATED, "type": "compile"}),
            headers=(_REPLAYED,),
        )
    },
    headers=(_ONCE,),
    errors=(400, 422, 429, 507),
    error_texts={
        400: "`backend` is SIMULATOR: name the machine that it stands for.",
        429: "Too many of your tasks are waiting.",
    },
)

RUN: Final = RouteDoc(
    operation="create_run",
    summary="Run a circuit on a device",
    description="Hourly and daily limits count by class of device. Unknown fields are ignored.",
    tag=Tag.TASKS,
    request=schemas.RunRequest,
    request_example={
        "device_name": "simulator",
        "module": _CIRCUIT,
        "sample_rate": 100000,
        "op_time": 0.002,
    },
    answers={
        201: replace(json_answer(schemas.TaskCreated, _TAKEN, _CREATED), headers=(_REPLAYED,))
    },
    headers=(_ONCE,),
    errors=(404, 422, 429, 503, 507),
    error_texts={
        403: "No valid key, or one that may not use this device.",
        404: "There is no device of this name.",
        429: "The hourly or daily limit is used up, or too many of your tasks are waiting.",
        503: "The device is not available now.",
    },
)

DETAIL: Final = RouteDoc(
    operation="get_task",
    summary="All of a task but its module, log and result",
    tag=Tag.TASKS,
    answers={200: json_answer(schemas.TaskDetail, "Which of the two, its `type` tells.")},
    errors=(404, 422),
    error_texts=ONE_TASK,
)

STATUS: Final = RouteDoc(
    operation="get_task_status",
    summary="Where a task is, and how it got there",
    tag=Tag.TASKS,
    answers={200: json_answer(schemas.TaskStatus, "The state.", STATUS_EXAMPLE)},
    errors=(404, 422),
    error_texts=ONE_TASK,
)

LOG: Final = RouteDoc(
    operation="get_task_log",
    summary="The lines of a task's log so far",
    description="Lines are only ever added.",
    tag=Tag.TASKS,
    answers={
        200: json_answer(
            schemas.TaskLog, "The log, empty while the task waits.", {"id": _ID, "lines": []}
        )
    },
    errors=(404, 422),
    error_texts=ONE_TASK,
)

SAMPLES: Final = Shape(
    schema={
        "title": "Samples",
        "description": (
            "One list for each probe number, all of the same length, 1 / `sample_rate` apart; null "
            "for a number that is not probed, and for a sample that is no finite number."
        ),
        "type": "array",
        "items": {"type": ["array", "null"], "items": {"type": ["number", "null"]}},
    },
    example=[[0.9, 0.8476], None],
)

CANCEL: Final = RouteDoc(
    operation="cancel_task",
    summary="Take a waiting task out of its queue",
    tag=Tag.TASKS,
    answers={
        200: json_answer(
            schemas.TaskStatus,
            "It is cancelled.",
            {
                **STATUS_EXAMPLE,
                "state": "cancelled",
                "state_history": [*_QUEUED, {"state": "cancelled", "timestamp": _AT}],
            },
        )
    },
    errors=(404, 409, 422),
    error_texts=ONE_TASK | {409: "It waits no longer: it is being worked on, or has ended."},
)

DELETE: Final = RouteDoc(
    operation="delete_task",
    summary="Forget a task, with its log and result",
    description="A task in work is stopped, but not in the first two minutes of work.",
    tag=Tag.TASKS,
    answers={204: Answer(description="It is gone.")},
    errors=(404, 409, 422),
    error_texts=ONE_TASK | {409: "Work on it began too recently."},
)
