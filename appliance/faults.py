"""From what pydantic says about a file to faults in the operator's words."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

from appliance.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from appliance.errors import FaultyFile

    Location = tuple[int | str, ...]

VALUE_CHARACTERS: Final = 60

# Type of pydantic's error -> our words; {..} are the values of its context.
_WORDS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "extra_forbidden": "is no key that is known here",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be a text in quotes",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "has characters that are not allowed here",
    "path_type": "must be a path in quotes",
    "enum": "must be one of {expected}",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "tuple_type": "must be a list",
    "model_type": "must be a section with keys of its own",
    "model_attributes_type": "must be a section with keys of its own",
    "dict_type": "must be a section with keys of its own",
}


def tell_faults(error: FaultyFile) -> None:
    """Every fault of a file, one below the other, on standard error."""
    for fault in error.faults:
        print(f"{error.file}: {fault}", file=sys.stderr)


def shortened(value: object) -> str:
    """A value as it is shown in a fault: at most VALUE_CHARACTERS long."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= VALUE_CHARACTERS else text[: VALUE_CHARACTERS - 1] + "…"


def path_of(location: Location) -> str:
    """``("devices", "available", 0, "name")`` -> ``devices.available[0].name``."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path or "(the whole file)"


def faults_of(
    error: ValidationError, model: type[BaseModel], hints: Mapping[str, str]
) -> tuple[tuple[Location, Fault], ...]:
    """Every fault with its place. ``hints`` has a hint for some keys, by their last name; for an
    unknown key without one the most similar known key is offered."""
    return tuple((each["loc"], _fault(each, model, hints)) for each in error.errors())


def _fault(each: ErrorDetails, model: type[BaseModel], hints: Mapping[str, str]) -> Fault:
    location, kind = each["loc"], each["type"]
    words = _WORDS.get(kind)
    message = words.format(**each.get("ctx", {})) if words else each["msg"]
    last = str(location[-1]) if location else ""
    hint = hints.get(last, "")
    if kind == "extra_forbidden" and not hint:
        hint = _similar(last, known_keys(model, location[:-1]))
    value = "" if kind == "missing" else shortened(each["input"])
    return Fault(path=path_of(location), message=message, value=value, hint=hint)


def _similar(key: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(key, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known keys here: {', '.join(known)}"


def known_keys(model: type[BaseModel], location: Location) -> tuple[str, ...]:
    """The keys that the section at ``location`` may have."""
    section: type[BaseModel] | None = model
    for part in location:
        field = section.model_fields.get(part) if section and isinstance(part, str) else None
        if field is not None:  # an index, or a name that the operator chose, leads no further
            section = _section_in(field.annotation)
    return tuple(section.model_fields) if section else ()


def _section_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_section_in(argument) for argument in getattr(annotation, "__args__", ()))
    return next((section for section in inner if section), None)
