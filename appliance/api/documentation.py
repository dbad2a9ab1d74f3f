"""``/openapi.json`` and the two pages made of it, which load nothing from another place.

Swagger UI comes from the installed package flask-swagger-ui, of which only the files are used. The
other page is ours. Where the package is not installed, both addresses show that one.
"""

from __future__ import annotations

from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
from quart import Response
from quart_trio.wrappers.response import TrioFileBody

from appliance.api import docs_system as docs
from appliance.api.openapi import document
from appliance.api.parts import Route
from appliance.api.problems import JSON, ApiError
from appliance.api.reference import reference_page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from appliance.api.routedoc import JsonSchema

OURS: Final = Path(__file__).with_name("pages")
PAGE: Final = "text/html; charset=utf-8"

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
}
SWAGGER_FILES: Final = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
OUR_FILES: Final = ("start.js", "reference.css")

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",  # the style sheet of Swagger UI holds its icons itself
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_ASSET_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=3600"}


class DocumentationRoutes:
    """``/openapi.json``, ``/api/docs`` and ``/api/redoc``, about ``others`` and themselves."""

    def __init__(self, others: Sequence[Route]) -> None:
        self._others = tuple(others)
        self._files = asset_files(swagger_folder())
        self._docs_page = (OURS / "docs.html").read_text(encoding="utf-8")
        self._reference = (OURS / "reference.html").read_text(encoding="utf-8")

    def routes(self) -> tuple[Route, ...]:
        get = partial(Route, method="GET")
        return (
            get(path="/openapi.json", handler=self.openapi, doc=docs.OPENAPI),
            get(path="/api/docs", handler=self.docs, doc=docs.DOCS),
            get(path="/api/redoc", handler=self.redoc, doc=docs.REDOC),
            get(path="/api/docs/<file>", handler=self.asset, doc=docs.ASSET),
        )

    async def openapi(self) -> Response:
        return Response(self._json, content_type=JSON)

    async def docs(self) -> Response:
        if "swagger-ui-bundle.js" not in self._files:
            return await self.redoc()
        return Response(self._docs_page, content_type=PAGE, headers=_HEADERS)

    async def redoc(self) -> Response:
        page = await reference_page(self._reference, self._document)
        return Response(page, content_type=PAGE, headers=_HEADERS)

    async def asset(self, file: str) -> Response:
        path = self._files.get(file)
        if path is None:
            raise ApiError(404, "there is nothing at this path")
        kind = TYPES[path.suffix]
        answer = Response(TrioFileBody(path), content_type=kind, headers=_ASSET_HEADERS)
        answer.content_length = path.stat().st_size
        return answer

    @cached_property
    def _document(self) -> JsonSchema:
        return document((*self._others, *self.routes()))

    @cached_property
    def _json(self) -> bytes:
        return orjson.dumps(self._document)


def swagger_folder() -> Path | None:
    """Where the files of Swagger UI are installed; the package's code is not run."""
    found = find_spec("flask_swagger_ui")
    places = found.submodule_search_locations if found else None
    return Path(places[0]) / "dist" if places else None


def asset_files(swagger: Path | None) -> Mapping[str, Path]:
    """The files that pages may load, by name; only those that exist."""
    listed = [OURS / name for name in OUR_FILES]
    listed += [swagger / name for name in SWAGGER_FILES] if swagger else []
    return {path.name: path for path in listed if path.is_file()}
