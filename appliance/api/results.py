"""What tasks gave: whole or in parts, as it was stored or, of a run, as a table."""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from quart import Response, request

from appliance.api import docs_results as docs
from appliance.api.body import read_query
from appliance.api.file_body import FileBody, FileReader
from appliance.api.parts import Route, caller, lifetime
from appliance.api.problems import JSON, ApiError, FieldError
from appliance.api.ranges import (
    Span,
    Unsatisfiable,
    has_already,
    is_another,
    may_go_on,
    span_of,
)
from appliance.api.routedoc import CSV, OCTETS
from appliance.api.schemas_results import ResultQuery
from appliance.api.task_ids import readable_task
from appliance.conversion import VERSION, TooManyConversions
from appliance.errors import BlobMissing
from appliance.models import RunInput
from appliance.store.db import told_plainly

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from appliance.api.file_body import OpenFile
    from appliance.api.parts import Parts
    from appliance.conversion import Form
    from appliance.models import Blob, Task

RETRY_AFTER_S: Final = 5
"""When to come again where too many conversions are under way; one takes a second or two."""
_TYPES: Final = {None: JSON, "csv": f"{CSV}; charset=utf-8", "npz": OCTETS}


class ResultRoutes:
    """``/api/v1/tasks/{id}/result``."""

    def __init__(self, parts: Parts) -> None:
        self._tasks = parts.store.tasks
        self._blobs = parts.store.blobs
        self._conversions = parts.conversions
        self._reader = FileReader()

    def routes(self) -> tuple[Route, ...]:
        path = "/api/v1/tasks/<task:id>/result"
        return (Route(method="GET", path=path, handler=self.result, doc=docs.RESULT),)

    async def result(self, id: str) -> Response:
        """The result of a task that succeeded; 404 of any other."""
        asked = read_query(request.args, ResultQuery).format
        task = await readable_task(self._tasks, caller(), id)
        if task.result is None:
            raise ApiError(404, f"this task has no result: it is {task.state}")
        if asked is not None and not isinstance(task.input, RunInput):
            message = "is for runs; a compilation gives a circuit file, which has only one form"
            fault = FieldError(loc=("query", "format"), msg=message, type="format")
            raise ApiError(422, f"format: {message}", errors=(fault,))
        form: Form | None = None if asked == "json" else asked
        etag = _etag(task, task.result, form)
        if is_another(request.headers.get("If-Match"), etag):
            raise ApiError(412, "the result is not the one that If-Match names")
        if has_already(request.headers.get("If-None-Match"), etag):
            return _unchanged(etag)
        file = await self._opened(task, task.result, form)
        return self._answer(file, etag, task, form)

    def _answer(self, file: OpenFile, etag: str, task: Task, form: Form | None) -> Response:
        span = _wanted(etag, file.size)
        whole = Span(start=0, stop=file.size)
        response = Response(
            FileBody(self._reader, file, span or whole),
            status=206 if span else 200,
            content_type=_TYPES[form] if isinstance(task.input, RunInput) else OCTETS,
            headers={"ETag": etag, "Accept-Ranges": "bytes"},
        )
        response.content_length = span.stop - span.start if span else file.size
        if span:
            response.headers["Content-Range"] = span.content_range(file.size)
        if form is not None:
            response.headers["Content-Disposition"] = f'attachment; filename="{task.id}.{form}"'
        return response

    async def _opened(self, task: Task, result: Blob, form: Form | None) -> OpenFile:
        with told_plainly():
            try:
                async with self._file(task, result, form) as path:
                    return await self._reader.open(path, lifetime())
            except (FileNotFoundError, BlobMissing) as error:
                # Where the task was deleted in the meantime this says so.
                await readable_task(self._tasks, caller(), task.id)
                raise BlobMissing(f"the result of task {task.id} is missing") from error

    @asynccontextmanager
    async def _file(self, task: Task, result: Blob, form: Form | None) -> AsyncIterator[Path]:
        if form is None or not isinstance(task.input, RunInput):
            yield self._blobs.path(result.digest)
            return
        rate = task.input.sample_rate
        try:
            async with self._conversions.converted(result, task.module, rate, form) as path:
                yield path
        except TooManyConversions:
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            text = "too many results are being converted; try again in a few seconds"
            raise ApiError(503, text, headers=headers) from None


def _etag(task: Task, result: Blob, form: Form | None) -> str:
    """A strong tag: of what is stored its hash, of a table the hash of all that it is made from."""
    if form is None or not isinstance(task.input, RunInput):
        return f'"{result.digest}"'
    made_of = (VERSION, form, result.digest, task.module.digest, task.input.sample_rate)
    return f'"{hashlib.sha256(repr(made_of).encode()).hexdigest()}"'


def _wanted(etag: str, size: int) -> Span | None:
    """The part that the current request asks for, None for the whole. Raises ApiError (416)."""
    if not may_go_on(request.headers.get("If-Range"), etag):
        return None
    try:
        return span_of(request.headers.get("Range"), size)
    except Unsatisfiable:
        headers = {"Content-Range": f"bytes */{size}", "ETag": etag}
        text = f"the result has {size} bytes, and none of them lies in the range asked for"
        raise ApiError(416, text, headers=headers) from None


def _unchanged(etag: str) -> Response:
    response = Response(b"", status=304, headers={"ETag": etag})
    del response.headers["Content-Type"]
    del response.headers["Content-Length"]  # it would be that of the content
    return response
