"""What the documentation says of results."""

from __future__ import annotations

from typing import Final

from appliance.api.docs_tasks import NOT_YOURS, ONE_TASK, SAMPLES
from appliance.api.problems import JSON
from appliance.api.routedoc import (
    BINARY,
    CSV,
    FRAGMENT,
    OCTETS,
    TEXT,
    Answer,
    Header,
    RouteDoc,
    Tag,
)
from appliance.api.schemas_results import ResultQuery

_ETAG: Final = Header(name="ETag", description="Names the content: the same content, the same tag.")
_CONTENT: Final = {OCTETS: BINARY, JSON: SAMPLES, CSV: TEXT}

RESULT: Final = RouteDoc(
    operation="get_task_result",
    summary="What a task that succeeded gave",
    description=(
        "Of a compilation a serialized `pb.File`, of a run the samples. A download that broke off "
        "can go on where it stopped: `Range` with `If-Range`. Several ranges at once are answered "
        "with the whole."
    ),
    tag=Tag.TASKS,
    query=ResultQuery,
    headers=(
        Header(name="Range", description="The part that is wanted, such as `bytes=1000-`."),
        Header(name="If-Range", description="`Range` counts only while this is still the ETag."),
        Header(name="If-Match", description="ETags of what the client wants, else 412."),
        Header(name="If-None-Match", description="ETags of what the client has already."),
    ),
    answers={
        200: Answer(
            description="The result.",
            content=_CONTENT,
            headers=(
                _ETAG,
                Header(name="Accept-Ranges", description="`bytes`: parts can be had."),
            ),
        ),
        206: Answer(
            description="The part of the result that was asked for.",
            content=dict.fromkeys(_CONTENT, FRAGMENT),
            headers=(_ETAG, Header(name="Content-Range", description="Which part it is.")),
        ),
        304: Answer(description="The client has it already.", headers=(_ETAG,)),
    },
    errors=(404, 412, 416, 422, 503, 507),
    error_texts=ONE_TASK
    | {
        404: NOT_YOURS + " Or it has no result (yet).",
        422: "The id is not a UUID, there is no such format, or the result has only one.",
        503: "Too many results are being converted; `Retry-After` says when to come again.",
    },
)
