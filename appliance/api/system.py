"""Whether the appliance is there, and what it calls itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from appliance.api import docs_system as docs
from appliance.api import schemas
from appliance.api.parts import Route
from appliance.api.render import answer

if TYPE_CHECKING:
    from quart import Response

    from appliance.api.parts import Parts


class SystemRoutes:
    """``/health`` and ``/api/v1/system``."""

    def __init__(self, parts: Parts) -> None:
        self._system = parts.config.system
        self._started_at = parts.started_at

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(method="GET", path="/health", handler=self.health, doc=docs.HEALTH),
            Route(
                method="GET",
                path="/api/v1/system/status",
                handler=self.status,
                doc=docs.STATUS,
            ),
        )

    async def health(self) -> Response:
        return answer(schemas.Health())

    async def status(self) -> Response:
        uptime = int(time.monotonic() - self._started_at)
        system = self._system
        return answer(
            schemas.SystemStatus(version=system.version, domain=system.domain, uptime=uptime)
        )
