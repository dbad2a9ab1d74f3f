"""What goes over the wire: every request and every answer of the API as a pydantic model.

The models are the contract (rest-api reference, section 3): they validate requests, render answers
and write the OpenAPI document. Numbers are strict: a whole float counts as an integer, a
boolean or a number in quotes does not.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from appliance.models import DeviceType, TaskState, TaskType

if TYPE_CHECKING:
    from pydantic.config import JsonDict

MAX_K0 = 1_000_000
MAX_INTEGER = 2**53


def _whole(value: object) -> object:
    """5.0 is the integer 5 in JSON; everything else goes on to the strict check."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_INTEGER:
        return int(value)
    return value


def _text_of_time(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Whole = BeforeValidator(_whole)
"""Put after the limits of an ``int``, which would otherwise be missing in its JSON schema."""
WireInt = Annotated[int, Whole]
"""An ``int`` without limits of its own."""
WireTime = Annotated[
    datetime,
    PlainSerializer(_text_of_time, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
WireModule = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64"})]
WireId = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
WireDeviceType = Annotated[DeviceType, Field(strict=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class _Tolerant(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class CompileRequest(_Strict):
    """Body of POST /tasks/compile."""

    ode_source: Annotated[str, StringConstraints(pattern=r"\S")]
    backend: WireDeviceType
    module: WireModule
    k0: Annotated[int, Field(ge=1, le=MAX_K0), Whole] | None = None


class RunRequest(_Tolerant):
    """Body of POST /tasks/run; unknown fields are ignored, as the vendor's model does."""

    device_name: str
    module: WireModule
    sample_rate: Annotated[int, Field(ge=1), Whole] = 10_000
    op_time: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1


def _open(schema: JsonDict) -> None:
    """Answers may get more fields, and clients are told so; the models still refuse them."""
    schema.pop("additionalProperties", None)


class _Answer(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra=_open,
        json_schema_serialization_defaults_required=True,
    )


class FieldProblem(_Answer):
    """One field of a refused request."""

    loc: list[str | int]
    msg: str
    type: str


class Error(BaseModel):
    """Every answer that is no success; ``errors`` is there when single fields are to blame."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=_open)

    detail: str
    errors: list[FieldProblem] = []


class Health(_Answer):
    """The process serves."""

    status: Literal["healthy"] = "healthy"


class SystemStatus(_Answer):
    """``uptime`` in whole seconds."""

    version: str
    domain: str
    uptime: int


class Device(_Answer):
    """One configured device; ``queue_length`` leaves out the task in progress."""

    name: str
    type: DeviceType
    available: bool
    queue_length: int | None


class RateLimitStatus(_Answer):
    """Limits of one device class; None means unlimited."""

    hourly_limit: int | None = None
    hourly_remaining: int | None = None
    daily_limit: int | None = None
    daily_remaining: int | None = None


class UserInfo(_Answer):
    """The calling key; ``devices`` None means all."""

    name: str
    email: str
    subscription: str
    devices: list[str] | None
    rate_limits: dict[DeviceType, RateLimitStatus]
    priority: int


class TaskStateEntry(_Answer):
    """One step of a task's life."""

    state: TaskState
    timestamp: WireTime


class TaskCreated(_Answer):
    """A task is stored and waits."""

    id: WireId
    type: TaskType
    state: TaskState
    created_at: WireTime


class TaskStatus(_Answer):
    """Where a task is, and how it got there."""

    id: WireId
    state: TaskState
    error: str | None
    state_history: list[TaskStateEntry]


class TaskSummary(_Answer):
    """What lists show of a task."""

    id: WireId
    type: TaskType
    state: TaskState
    created_at: WireTime
    error: str | None
    state_history: list[TaskStateEntry]


QueuePosition = Annotated[
    int | None,
    Field(description="Tasks that will be taken before this one; null when it waits no longer."),
]
EstimatedStart = Annotated[
    WireTime | None,
    Field(description="When work may begin, judged by recent tasks; null when nobody knows."),
]


class CompileDetail(TaskSummary):
    """All of a compile task but its module, log and result."""

    type: Literal[TaskType.COMPILE]
    queue_position: QueuePosition = None
    estimated_start: EstimatedStart = None
    backend: DeviceType
    ode_source: str
    k0: int | None
    has_result: bool
    has_log: bool


class RunDetail(TaskSummary):
    """All of a run task but its module, log and result."""

    type: Literal[TaskType.RUN]
    queue_position: QueuePosition = None
    estimated_start: EstimatedStart = None
    device_name: str
    sample_rate: int
    op_time: float
    has_result: bool
    has_log: bool


TaskDetail = Annotated[CompileDetail | RunDetail, Field(discriminator="type")]


class TaskLog(_Answer):
    """All lines so far, without line ends."""

    id: WireId
    lines: list[str]
