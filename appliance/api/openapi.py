"""The OpenAPI 3.1 document, made from the route table and the models that check and render.

There is no second description of a request or an answer, so it says what the server does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from appliance.api import schemas
from appliance.api.gate import API_PREFIX
from appliance.api.problems import JSON
from appliance.api.routedoc import FRAGMENT, REFERENCE, Answer, JsonSchema, Shape, Tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from appliance.api.parts import Route
    from appliance.api.routedoc import Header, RouteDoc

Mode = Literal["validation", "serialization"]

_PART: Final = re.compile(r"<(?:\w+:)?(\w+)>")

EVERYWHERE: Final = (408, 413, 500, 503)
"""Errors that any request may meet, whatever its route."""

ERRORS: Final = {
    400: "The request cannot be carried out.",
    403: "No key, a malformed or unknown one, or one that is disabled.",
    404: "There is no such thing.",
    408: "The body took too long to arrive.",
    409: "The task's state does not allow it.",
    412: "The content is not the one that the request names.",
    413: "The body is too large.",
    416: "No part of the content lies in the range.",
    422: "The request is not as described; `errors` lists the fields that are to blame.",
    429: "A limit is reached; `Retry-After` says when to come again.",
    500: "The appliance failed; nothing was changed.",
    503: "Not available now, or too many connections are open: try again.",
    507: "No space is left on the appliance; nothing was stored.",
}

_DESCRIPTION: Final = (
    "Post equations, get a circuit; post a circuit, get samples. Every request below /api/v1 "
    "carries an API key: `Authorization: Bearer <key>`. Every error has a `detail` in plain words. "
    "Times are UTC. What is no HTTP/1.1 request is answered with 400, too long headers with 431."
)
_RETRY_AFTER: Final[JsonSchema] = {
    "description": "Whole seconds until the request may succeed.",
    "schema": {"type": "integer", "minimum": 0},
}


def document(routes: Sequence[Route]) -> JsonSchema:
    """The whole document. Raises ValueError where two routes have one operation id or a part of a
    path is described that does not exist."""
    shapes = _Schemas()
    paths: dict[str, JsonSchema] = {}
    for route in routes:
        shapes.collect(route.doc)
    schemas_of, definitions = shapes.built()
    writer = _Writer(schemas_of, routes)
    for route in routes:
        paths.setdefault(public_path(route), {})[route.method.lower()] = writer.operation(route)
    _check_ids(paths)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "analogcloud",
            "version": _version(),
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag.value} for tag in Tag],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(definitions.items())),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "The API key."}
            },
        },
    }


def _version() -> str:
    try:
        return version("analogcloud")
    except PackageNotFoundError:
        return "0"  # run from its sources, not installed


def public_path(route: Route) -> str:
    """The path as the document writes it: ``<task:id>`` becomes ``{id}``."""
    return _PART.sub(r"{\1}", route.path)


def operation_id(route: Route) -> str:
    """Unique and stable; in the form that clients of the vendor's service know."""
    path = re.sub(r"\W", "_", public_path(route))
    return f"{route.doc.operation}{path}_{route.method.lower()}"


def statuses(route: Route) -> tuple[int, ...]:
    """Every status that the document lists for a route, in order."""
    common = (403, *EVERYWHERE) if _needs_key(route) else EVERYWHERE
    return tuple(sorted({*route.doc.answers, *route.doc.errors, *common}))


def _needs_key(route: Route) -> bool:
    return route.path.startswith(API_PREFIX)


def _check_ids(paths: dict[str, JsonSchema]) -> None:
    ids = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
    twice = {id for id in ids if ids.count(id) > 1}
    if twice:
        raise ValueError(f"several routes have one operation id: {sorted(twice)}")


class _Generator(GenerateJsonSchema):
    """Without a title for each field, which would only repeat its name."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


class _Schemas:
    """All types that routes name, turned into JSON schemas at once, so that they share parts."""

    def __init__(self) -> None:
        # Any: types of every kind, as pydantic takes them.
        self._wanted: dict[tuple[str, Mode], Any] = {}
        self._queries: set[str] = set()
        self.want(schemas.Error, "serialization")

    def want(self, type: Any, mode: Mode) -> None:  # noqa: ANN401  # as above
        self._wanted[(repr(type), mode)] = type

    def collect(self, doc: RouteDoc) -> None:
        if doc.request is not None:
            self.want(doc.request, "validation")
        if doc.query is not None:
            self.want(doc.query, "validation")  # for the types of its fields
            self._queries.add(doc.query.__name__)
        for answer in doc.answers.values():
            for shape in answer.content.values():
                for type in (*shape.uses, *([] if shape.of is None else [shape.of])):
                    self.want(type, "serialization")

    def built(self) -> tuple[dict[tuple[str, Mode], JsonSchema], dict[str, JsonSchema]]:
        """Schema of each type, and what they refer to by name."""
        inputs: list[tuple[str, Mode, TypeAdapter[Any]]] = [
            (name, mode, TypeAdapter(type)) for (name, mode), type in self._wanted.items()
        ]
        found, rest = TypeAdapter.json_schemas(
            inputs, ref_template=REFERENCE, schema_generator=_Generator
        )
        by_name = {(name, _mode(mode)): schema for (name, mode), schema in found.items()}
        definitions: dict[str, JsonSchema] = rest.get("$defs", {})
        for model in self._queries:
            definitions.pop(model, None)  # written out as parameters
        return by_name, definitions


def _mode(mode: str) -> Mode:
    return "validation" if mode == "validation" else "serialization"


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes one operation after another."""

    schemas_of: dict[tuple[str, Mode], JsonSchema]
    routes: Sequence[Route]

    def operation(self, route: Route) -> JsonSchema:
        doc = route.doc
        written: JsonSchema = {
            "operationId": operation_id(route),
            "tags": [doc.tag.value],
            "summary": doc.summary,
            "description": doc.description or doc.summary + ".",
            "security": [{"key": []}] if _needs_key(route) else [],
            "responses": {str(status): self._response(route, status) for status in statuses(route)},
        }
        if parameters := [*_path_parameters(route), *self._query(doc), *map(_header, doc.headers)]:
            written["parameters"] = parameters
        if doc.request is not None:
            written["requestBody"] = self._request(doc)
        return written

    def _request(self, doc: RouteDoc) -> JsonSchema:
        media: JsonSchema = {"schema": self.schemas_of[(repr(doc.request), "validation")]}
        if doc.request_example is not None:
            media["example"] = doc.request_example
        return {"required": True, "content": {JSON: media}}

    def _query(self, doc: RouteDoc) -> Iterable[JsonSchema]:
        if doc.query is None:
            return
        fields = doc.query.model_json_schema(ref_template=REFERENCE, schema_generator=_Generator)
        for name, schema in fields["properties"].items():
            yield {
                "name": name,
                "in": "query",
                "required": name in fields.get("required", []),
                "description": schema.pop("description", name),
                "schema": _of_text(schema),
            }

    def _response(self, route: Route, status: int) -> JsonSchema:
        answer = route.doc.answers.get(status)
        return self._error(route.doc, status) if answer is None else self._success(answer)

    def _error(self, doc: RouteDoc, status: int) -> JsonSchema:
        text = doc.error_texts.get(status) or ERRORS[status]
        media: JsonSchema = {
            "schema": self.schemas_of[(repr(schemas.Error), "serialization")],
            "example": {"detail": HTTPStatus(status).phrase.lower()},
        }
        written: JsonSchema = {"description": text, "content": {JSON: media}}
        if status == 429:
            written["headers"] = {"Retry-After": _RETRY_AFTER}
        return written

    def _success(self, answer: Answer) -> JsonSchema:
        written: JsonSchema = {"description": answer.description}
        if answer.content:
            written["content"] = {
                media: self._media(shape) for media, shape in answer.content.items()
            }
        if answer.headers:
            written["headers"] = {
                header.name: {"description": header.description, "schema": header.schema}
                for header in answer.headers
            }
        if any(shape.of is schemas.TaskCreated for shape in answer.content.values()):
            written["links"] = self._links()
        return written

    def _media(self, shape: Shape) -> JsonSchema:
        if shape is FRAGMENT:
            return {}
        schema = shape.schema or self.schemas_of[(repr(shape.of), "serialization")]
        return {"schema": schema} | ({} if shape.example is None else {"example": shape.example})

    def _links(self) -> JsonSchema:
        """What can be done with a task that was just created."""
        return {
            route.doc.operation: {
                "operationId": operation_id(route),
                "parameters": {"id": "$response.body#/id"},
            }
            for route in self.routes
            if "<task:id>" in route.path
        }


def _of_text(schema: JsonSchema) -> JsonSchema:
    """The schema of a parameter: one that may be left out is never null."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    return options[0] if len(options) == 1 else schema


def _path_parameters(route: Route) -> Iterable[JsonSchema]:
    names = _PART.findall(route.path)
    unknown = route.doc.path_texts.keys() - set(names)
    if unknown:
        raise ValueError(f"{route.path} has no {sorted(unknown)}")
    for name in names:
        schema: JsonSchema = {"type": "string", "minLength": 1}
        if f"<task:{name}>" in route.path:
            schema = {"type": "string", "format": "uuid"}
        text = route.doc.path_texts.get(name) or name.replace("_", " ").capitalize() + "."
        yield {"name": name, "in": "path", "required": True, "description": text, "schema": schema}


def _header(header: Header) -> JsonSchema:
    return {
        "name": header.name,
        "in": "header",
        "required": header.is_required,
        "description": header.description,
        "schema": header.schema,
    }
