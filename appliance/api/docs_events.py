"""What the documentation says of server-sent events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from appliance.api import schemas, schemas_events
from appliance.api.docs_tasks import ONE_TASK
from appliance.api.problems import JSON
from appliance.api.routedoc import (
    EVENT_STREAM,
    Answer,
    Header,
    RouteDoc,
    Shape,
    Tag,
    reference_to,
)

if TYPE_CHECKING:
    from pydantic import BaseModel

_EXAMPLE: Final = {
    "event": "log",
    "id": "5f3a9c1e-42",
    "data": '{"id":"3f1c0d52-8f0e-4b53-9a57-0f5f3a1f6a11","first":0,"lines":["at work"]}',
}
_EVENTS: Final[dict[str, type[BaseModel]]] = {
    "created": schemas.TaskStatus,
    "state": schemas.TaskStatus,
    "log": schemas_events.TaskLogLines,
    "deleted": schemas_events.TaskDeleted,
    "gap": schemas_events.EventGap,
}
_DATA: Final = "; ".join(f"`{name}`: {model.__name__}" for name, model in _EVENTS.items())
_MODELS: Final = tuple(dict.fromkeys(_EVENTS.values()))
STREAM: Final = Shape(
    schema={
        "title": "Event",
        "description": (
            f"Server-sent events, each with a name, an id and JSON as its data. {_DATA}. A comment "
            "comes after 15 s without an event."
        ),
        "type": "object",
        "required": ["event", "id", "data"],
        "properties": {
            "event": {"type": "string", "enum": list(_EVENTS)},
            "id": {"type": "string"},
            "data": {
                "type": "string",
                "contentMediaType": JSON,
                "contentSchema": {"oneOf": [reference_to(model) for model in _MODELS]},
            },
        },
    },
    example=_EXAMPLE,
    uses=_MODELS,
)
LAST_EVENT_ID: Final = Header(
    name="Last-Event-ID",
    description=(
        "The id of the last event that was received: the stream goes on after it. Where the "
        "appliance does not know any more what came then, a `gap` event comes first."
    ),
)
_ERRORS: Final = {
    429: "The key has as many streams open as it may have.",
    503: "The appliance has as many streams open as it allows.",
}

TASK_EVENTS: Final = RouteDoc(
    operation="follow_task",
    summary="Everything that happens to one task, as it happens",
    description=(
        "Begins with the log so far and the state. Ends after the event that tells of the final "
        "state, or that the task was deleted."
    ),
    tag=Tag.TASKS,
    headers=(LAST_EVENT_ID,),
    answers={
        200: Answer(description="The stream.", content={EVENT_STREAM: STREAM}),
        204: Answer(description="`Last-Event-ID` is the task's last event: nothing will follow."),
    },
    errors=(404, 422, 429, 503),
    error_texts=ONE_TASK | _ERRORS,
)

EVENTS: Final = RouteDoc(
    operation="follow_all",
    summary="Everything that happens to one's own tasks, as it happens",
    description="Never ends by itself. Also for a system key it tells of the caller's tasks only.",
    tag=Tag.TASKS,
    headers=(LAST_EVENT_ID,),
    answers={200: Answer(description="The stream.", content={EVENT_STREAM: STREAM})},
    errors=(429, 503),
    error_texts=_ERRORS,
)
