"""The documentation as one page without script, written from the OpenAPI document."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup
from quart import render_template_string

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.api.routedoc import JsonSchema

_CODE: Final = re.compile(r"``?([^`]+)``?")

_LIMITS: Final = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "maxItems": "at most {} of them",
    "pattern": "matches {}",
}


async def reference_page(template: str, document: JsonSchema) -> str:
    """HTML. Everything from the document is escaped."""
    return await render_template_string(
        template,
        info=document["info"],
        chapters=_chapters(document),
        schemas=document["components"]["schemas"],
        type_of=type_of,
        meaning_of=meaning_of,
        pretty=_pretty,
        prose=prose,
    )


def _chapters(document: JsonSchema) -> dict[str, list[JsonSchema]]:
    """The operations, each with its path and method, under the tag that they carry."""
    chapters: dict[str, list[JsonSchema]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            entry = {**operation, "path": path, "method": method.upper()}
            chapters[operation["tags"][0]].append(entry)
    return {tag: operations for tag, operations in chapters.items() if operations}


def prose(text: str) -> Markup:
    """Text with words between back quotes set as code."""
    parts = _CODE.split(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else part
        for place, part in enumerate(parts)
    )


# Any: a JSON schema, or a part of one.
def type_of(schema: Mapping[str, Any]) -> Markup:
    """A schema in a few words, with links to the named types in it."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return Markup(" or ").join(type_of(part) for part in schema[union])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum") or [schema["const"]]
        return Markup(", ").join(Markup("<code>{}</code>").format(value) for value in values)
    return _plain_type(schema)


def _plain_type(schema: Mapping[str, Any]) -> Markup:
    kinds = schema.get("type", "anything")
    names = Markup(" or ").join([kinds] if isinstance(kinds, str) else kinds)
    detail = schema.get("format") or schema.get("contentMediaType")
    if detail:
        names += Markup(" ({})").format(detail)
    if "items" in schema:
        names += Markup(" of ") + type_of(schema["items"])
    elif isinstance(schema.get("additionalProperties"), dict):
        names += Markup(" with values of ") + type_of(schema["additionalProperties"])
    return names


def meaning_of(schema: Mapping[str, Any]) -> str:
    """What a field means and which values it takes, as far as the schema says."""
    parts = [schema["description"]] if "description" in schema else []
    for option in (schema, *schema.get("anyOf", ())):
        parts += [text.format(option[word]) for word, text in _LIMITS.items() if word in option]
    if "default" in schema:
        parts.append(f"otherwise {json.dumps(schema['default'])}")
    return "; ".join(parts)


def _pretty(example: object) -> str:
    return json.dumps(example, indent=2)
