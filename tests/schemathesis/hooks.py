"""What the document cannot tell schemathesis: contents that the server takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import schemathesis

from tests.api.serving import MODULE

if TYPE_CHECKING:
    from schemathesis import Case, Response

DEVICES: Final = ("sim", "sim", "sim", "machine", "")
"""By turns: one that works, one that is away, and what was there before."""


@schemathesis.check
def without_a_key_it_is_403(ctx: object, response: Response, case: Case[Any]) -> None:
    """Whatever else a request is: nothing below /api/v1 is done without a key."""
    sent = {name.lower() for name in response.request.headers}
    if "authorization" not in sent and case.path.startswith("/api/v1"):
        assert response.status_code == 403, response.status_code


# Any: schemathesis hands over JSON of every kind.
@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:  # noqa: ANN401
    """Of requests for work most get a module that can be read, and a device that exists.

    Decided by what the request holds, so that a seed still decides everything.
    """
    if not isinstance(body, dict) or not isinstance(body.get("module"), str):
        return body
    turn = sum(map(len, map(str, body.values())))
    changed = body | ({"module": MODULE} if turn % 4 else {})
    device = DEVICES[turn % len(DEVICES)]
    return changed | ({"device_name": device} if device and "device_name" in body else {})
