"""What a route says about itself: enough for the OpenAPI document, checked when the app is built.

The models in it are those that validate the request and render the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from appliance.api.problems import JSON

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

OCTETS: Final = "application/octet-stream"
CSV: Final = "text/csv"
EVENT_STREAM: Final = "text/event-stream"
HTML: Final = "text/html"

REFERENCE: Final = "#/components/schemas/{model}"

# Any: a JSON schema, where no model stands behind it.
JsonSchema = dict[str, Any]


class Tag(StrEnum):
    """The chapters of the documentation, in their order."""

    SYSTEM = "System"
    DEVICES = "Devices"
    USERS = "Users"
    TASKS = "Tasks"


@dataclass(frozen=True, slots=True)
class Shape:
    """The body of an answer: a type that pydantic understands, or a JSON schema.

    A schema that refers to models (``reference_to``) names them in ``uses``.
    """

    of: object = None
    schema: JsonSchema | None = None
    example: object = None
    uses: tuple[type[BaseModel], ...] = ()


def reference_to(model: type[BaseModel]) -> JsonSchema:
    """How the document refers to a model from within a schema."""
    return {"$ref": REFERENCE.format(model=model.__name__)}


BINARY: Final = Shape(schema={"type": "string", "contentMediaType": OCTETS})
TEXT: Final = Shape(schema={"type": "string"})
FRAGMENT: Final = Shape()
"""Any part of a body, which has no schema: half a list is no JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header: name, schema, what it means."""

    name: str
    description: str
    schema: JsonSchema = field(default_factory=lambda: {"type": "string"})
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One status that is no error: body by media type (none: empty), headers of its own."""

    description: str
    content: Mapping[str, Shape] = field(default_factory=dict)
    headers: tuple[Header, ...] = ()


def json_answer(of: object, description: str, example: object = None) -> Answer:
    """The usual answer: one model, or any type made of models, as JSON."""
    return Answer(description=description, content={JSON: Shape(of, example=example)})


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDoc:
    """Everything about one route that is not its path and method.

    ``operation`` starts the operation id and is unique with path and method. ``errors`` names each
    status of the route's own; what every route under /api/v1 may answer is added by the document.
    A text in ``error_texts`` replaces the status' usual description.
    """

    operation: str
    summary: str
    tag: Tag
    answers: Mapping[int, Answer]
    errors: tuple[int, ...] = ()
    error_texts: Mapping[int, str] = field(default_factory=dict)
    description: str = ""
    request: type[BaseModel] | None = None
    request_example: JsonSchema | None = None
    query: type[BaseModel] | None = None
    """Each field is a parameter of the query; unknown parameters are ignored."""
    headers: tuple[Header, ...] = ()
    path_texts: Mapping[str, str] = field(default_factory=dict)
    """What a part of the path means, where the name alone does not say it."""
