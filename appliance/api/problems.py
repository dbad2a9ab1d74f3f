"""One shape for every error: ``{"detail": "<text>"}``, sometimes with ``errors`` beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from appliance.errors import ApplianceError, StorageFull, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One field that is wrong: where it is, why, and the rule's stable name."""

    loc: tuple[str | int, ...]
    msg: str
    type: str


class ApiError(ApplianceError):
    """A request is refused: HTTP status, text for the user, faulty fields, extra headers."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: tuple[FieldError, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})


def field_error(field: str, message: str, rule: str) -> ApiError:
    """422 for a single field of the body."""
    fault = FieldError(loc=("body", field), msg=message, type=rule)
    return ApiError(422, f"{field}: {message}", errors=(fault,))


def problem_body(detail: str, errors: tuple[FieldError, ...] = ()) -> bytes:
    """The JSON of an error; ``errors`` is left out where there are none."""
    return orjson.dumps({"detail": detail, "errors": errors} if errors else {"detail": detail})


_STATUS: Final[tuple[tuple[type[ApplianceError], int, str], ...]] = (
    (StorageFull, 507, "no space is left on the appliance; nothing was stored"),
    (StoreError, 500, "the appliance's storage failed; nothing was changed"),
    (ApplianceError, 500, "the appliance failed to answer; its log says more"),
)


def status_of(error: ApplianceError) -> tuple[int, str]:
    """HTTP status and text for an error that is not the client's doing; no inner details."""
    return next((status, text) for kind, status, text in _STATUS if isinstance(error, kind))
