"""``Idempotency-Key``: a client's name for one request, so that a retry is not done twice."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from quart import request

from appliance.api.problems import ApiError
from appliance.terms import Once

if TYPE_CHECKING:
    from appliance.models import TaskType

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
"""Header of an answer that was given before."""

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


def once_of(type: TaskType, body: bytes) -> Once | None:
    """What the current request says about retries; None where it has no such header. Raises
    ApiError (422) for a key in another form."""
    keys = request.headers.getlist(HEADER)
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise ApiError(
            422, f"{HEADER}: must be one text of 1 to 255 visible ASCII characters, without spaces"
        )
    digest = hashlib.sha256(type.encode() + b"\0" + body).hexdigest()
    # Somebody may take the API key for it, which must not get into the database.
    name = hashlib.sha256(keys[0].encode()).hexdigest()
    return Once(key=name, request=digest)
