"""Builds the HTTP application from its parts. No globals: two apps can live in one process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from quart.routing import QuartRule
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import BaseConverter

from appliance.api.devices import DeviceRoutes
from appliance.api.documentation import DocumentationRoutes
from appliance.api.endings import EndingRoutes
from appliance.api.events import EventRoutes
from appliance.api.gate import BodyLimits, Gate
from appliance.api.lists import ListRoutes
from appliance.api.problems import ApiError
from appliance.api.render import failure, problem
from appliance.api.results import ResultRoutes
from appliance.api.system import SystemRoutes
from appliance.api.tasks import TaskRoutes
from appliance.api.users import UserRoutes
from appliance.errors import ApplianceError

if TYPE_CHECKING:
    from types import TracebackType

    from quart import Response

    from appliance.api.gate import AsgiApp
    from appliance.api.parts import Parts, Route

_log = logging.getLogger("analogcloud.api")


class _ExactRule(QuartRule):
    """A rule without HEAD: the contract offers none."""

    def __init__(self, string: str, **options: Any) -> None:  # noqa: ANN401  # werkzeug's own
        super().__init__(string, **options)
        if self.methods is not None:
            self.methods.discard("HEAD")


class _TaskIdConverter(BaseConverter):
    """One segment of a path that is none of the words which have their own routes."""

    regex = r"(?!(?:compile|run|search)(?:/|$))[^/]+"


class _App(QuartTrio):
    url_rule_class = _ExactRule  # type: ignore[assignment]  # Quart forgot the "or below"

    def log_exception(
        self,
        exception_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        _log.error("event=request_failed", exc_info=exception_info)


def all_routes(parts: Parts) -> tuple[Route, ...]:
    """Every route of the API."""
    groups = (
        SystemRoutes(parts),
        UserRoutes(parts),
        DeviceRoutes(parts),
        ListRoutes(parts),
        TaskRoutes(parts),
        EndingRoutes(parts),
        ResultRoutes(parts),
        EventRoutes(parts),
    )
    routes = tuple(route for group in groups for route in group.routes())
    return (*routes, *DocumentationRoutes(routes).routes())


def build_app(parts: Parts) -> Gate:
    """The ASGI application: the gate, and behind it all routes."""
    app = _App("analogcloud", static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.config["RESPONSE_TIMEOUT"] = None  # the server limits each piece, a large result may take
    app.config["MAX_CONTENT_LENGTH"] = None  # the gate has seen to it
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = (
        False  # it would redirect, which the vendor's client does not follow
    )
    app.url_map.redirect_defaults = False
    app.url_map.converters["task"] = _TaskIdConverter
    for route in all_routes(parts):
        name = f"{route.method} {route.path}".replace(".", "_")
        app.add_url_rule(route.path, name, route.handler, methods=[route.method])
    app.register_error_handler(ApiError, _refused)
    app.register_error_handler(HTTPException, _refused_by_routing)
    app.register_error_handler(ApplianceError, _failed)
    app.register_error_handler(Exception, _failed)
    limits = parts.config.limits
    body = BodyLimits(max_bytes=limits.body_bytes, timeout_s=limits.body_timeout_s)
    return Gate(cast("AsgiApp", app), parts.users.find, body)


async def _refused(error: ApiError) -> Response:
    return problem(error)


async def _refused_by_routing(error: HTTPException) -> Response:
    status = error.code or 500
    headers: dict[str, str] = {}
    detail = {404: "there is nothing at this path", 405: "this path has no such method"}.get(
        status, error.name
    )
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return problem(ApiError(status, detail, headers=headers))


async def _failed(error: Exception) -> Response:
    # Supervision border of a request: the fault is ours, logged once, answered without detail.
    _log.error("event=request_failed", exc_info=(type(error), error, error.__traceback__))
    return failure(error)
