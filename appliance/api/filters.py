"""What may be asked about many tasks, over the wire; and the answers. Part of the contract.

States, types and classes are taken in any case, because the vendor's command line asks for upper
case while its states are lower case. Times follow the rules of the reference, section 1.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from appliance.api.schemas import MAX_INTEGER, TaskSummary, Whole
from appliance.models import DeviceType, TaskState, TaskType

MAX_PAGE: Final = 1000
DEFAULT_PAGE: Final = 50
MAX_MEMBERS: Final = 1000
"""Members of one filter."""

_TIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}"
    r"([T ]([01]\d|2[0-3]):\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)
_DIGITS: Final = re.compile(r"[0-9]{1,16}")


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _time(value: object) -> datetime:
    """ISO 8601 text; without an offset it is UTC, without a time of day midnight."""
    try:
        if isinstance(value, str) and _TIME.fullmatch(value):
            at = datetime.fromisoformat(value.upper())
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # such as a 30th of February: told below
    raise PydanticCustomError("time", "must be a time in ISO 8601 form, as in 2026-11-24T12:00:00Z")


def _whole_of_text(value: object) -> object:
    """A parameter of the query is text."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    raise PydanticCustomError("int_type", "must be a whole number, not negative")


AnyCaseState = Annotated[TaskState, Field(strict=False), BeforeValidator(_lower)]
AnyCaseType = Annotated[TaskType, Field(strict=False), BeforeValidator(_lower)]
AnyCaseClass = Annotated[DeviceType, Field(strict=False), BeforeValidator(_upper)]
TimeIn = Annotated[
    datetime, BeforeValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})
]
WholeText = BeforeValidator(_whole_of_text)
_Many = Field(max_length=MAX_MEMBERS)


class ListQuery(BaseModel):
    """Parameters of GET /tasks; unknown ones are ignored, of repeated ones the last counts."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: Annotated[AnyCaseState | None, Field(description="Only tasks in this state.")] = None
    type: Annotated[AnyCaseType | None, Field(description="Only tasks of this kind.")] = None
    limit: Annotated[
        int,
        Field(ge=1, le=MAX_PAGE, description="The most tasks that one answer holds."),
        WholeText,
    ] = DEFAULT_PAGE
    offset: Annotated[
        int,
        Field(ge=0, le=MAX_INTEGER, description="So many of the newest are left out."),
        WholeText,
    ] = 0


class SearchRequest(BaseModel):
    """Body of POST /tasks/search. A field that is left out or null does not restrict; an empty
    list matches nothing. ``user_id`` counts for system keys only."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", json_schema_serialization_defaults_required=True
    )

    user_id: Annotated[list[str], _Many] | None = None
    device_name: Annotated[list[str], _Many] | None = None
    device_class: Annotated[list[AnyCaseClass], _Many] | None = None
    type: Annotated[list[AnyCaseType], _Many] | None = None
    state: Annotated[list[AnyCaseState], _Many] | None = None
    from_: Annotated[TimeIn | None, Field(alias="from")] = None
    to: TimeIn | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE), Whole] = DEFAULT_PAGE
    offset: Annotated[int, Field(ge=0, le=MAX_INTEGER), Whole] = 0


class TaskSearchItem(TaskSummary):
    """``user_id`` is the caller's own key for own tasks and the owner's fingerprint else."""

    user_id: str


class TaskSearchResponse(BaseModel):
    """One page; ``total`` counts all matches, ``next_offset`` is null on the last page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    items: list[TaskSearchItem]
    total: int
    limit: int
    offset: int
    next_offset: int | None
