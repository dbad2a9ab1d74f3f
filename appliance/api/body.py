"""From the bytes of a request to a checked model, with nothing costly before the cheap checks."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from appliance.api.problems import ApiError, FieldError, field_error

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails
    from werkzeug.datastructures import MultiDict

MAX_ELEMENTS: Final = 250_000
"""Commas and brackets in one body, those inside of texts included. A longest program made of
commas has 65 536; a body of millions of empty lists would hold the server for seconds."""
MAX_ERRORS: Final = 20
MAX_SHOWN: Final = 80
"""Characters of a client's own text that an error repeats."""

Model = TypeVar("Model", bound=BaseModel)


def read_body(data: bytes, model: type[Model]) -> Model:
    """The body as a ``model``; raises ApiError (422) that names every faulty field."""
    return _checked(_json_object(data), model, "body")


def read_query(parameters: MultiDict[str, str], model: type[Model]) -> Model:
    """The parameters of a query as a ``model``, of a repeated one the last; raises ApiError (422).
    A name in another spelling is another, unknown parameter."""
    last = {name: parameters.getlist(name)[-1] for name in parameters}
    return _checked(last, model, "query")


# Any: what the client sent; the model is what gives it types.
def _checked(fields: dict[str, Any], model: type[Model], place: str) -> Model:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True, include_input=False)
        raise _refusal([_field_error(detail, place) for detail in details[:MAX_ERRORS]]) from None


# Any: JSON from a client; the model is what gives it types.
def _json_object(data: bytes) -> dict[str, Any]:
    if not data.strip():
        raise _refused_json("is empty, but this request needs a JSON object")
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_ELEMENTS:
        raise _refused_json("has too many elements")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _refused_json(f"is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise _refused_json("must be a JSON object")
    return value


def _refused_json(message: str) -> ApiError:
    return ApiError(
        422,
        f"the request body {message}",
        errors=(FieldError(loc=("body",), msg=message, type="json"),),
    )


def _refusal(errors: list[FieldError]) -> ApiError:
    detail = "; ".join(f"{'.'.join(str(part) for part in e.loc[1:])}: {e.msg}" for e in errors)
    return ApiError(422, detail, errors=tuple(errors))


def _field_error(detail: ErrorDetails, place: str) -> FieldError:
    loc = tuple(part[:MAX_SHOWN] if isinstance(part, str) else part for part in detail["loc"])
    text = _TEXTS.get(detail["type"])
    message = text.format(**detail.get("ctx", {})) if text else detail["msg"]
    return FieldError(loc=(place, *loc), msg=message, type=detail["type"])


_TEXTS: Final = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this request",
    "string_type": "must be a text",
    "string_pattern_mismatch": "must not be empty",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "enum": "must be one of {expected}",
    "list_type": "must be a list",
    "too_long": "must have at most {max_length} members",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
"""Ours for pydantic's texts, which speak to programmers."""


def decode_module(text: str, max_bytes: int) -> bytes:
    """The bytes of a base64 text (standard alphabet, padded, nothing else); ApiError 422 where it
    is none or holds more than ``max_bytes``. The length is checked before anything is decoded."""
    if len(text) > 4 * ((max_bytes + 2) // 3):
        raise field_error("module", f"is larger than {max_bytes} bytes", "too_long")
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        message = "is not base64 (standard alphabet, with padding, without line breaks)"
        raise field_error("module", message, "base64") from None
    if len(data) > max_bytes:
        raise field_error("module", f"is larger than {max_bytes} bytes", "too_long")
    if not data:
        raise field_error("module", "is empty", "empty")
    return data
