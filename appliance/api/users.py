"""What the calling key may do and has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.api import docs_system as docs
from appliance.api import schemas
from appliance.api.parts import Route, caller
from appliance.api.render import answer
from appliance.models import DeviceType
from appliance.terms import DAY_S, HOUR_S

if TYPE_CHECKING:
    from quart import Response

    from appliance.api.parts import Parts
    from appliance.auth import User


class UserRoutes:
    """``/api/v1/users``."""

    def __init__(self, parts: Parts) -> None:
        self._usage = parts.store.usage

    def routes(self) -> tuple[Route, ...]:
        return (Route(method="GET", path="/api/v1/users/me", handler=self.me, doc=docs.ME),)

    async def me(self) -> Response:
        user = caller()
        return answer(
            schemas.UserInfo(
                name=user.name,
                email=user.email,
                subscription=user.subscription,
                devices=None if user.devices is None else list(user.devices),
                rate_limits={type: await self._limits(user, type) for type in DeviceType},
                priority=user.priority,
            )
        )

    async def _limits(self, user: User, type: DeviceType) -> schemas.RateLimitStatus:
        limits = user.limits.get(type)
        if limits is None:
            return schemas.RateLimitStatus()
        return schemas.RateLimitStatus(
            hourly_limit=limits.hourly,
            hourly_remaining=await self._left(user, type, limits.hourly, HOUR_S),
            daily_limit=limits.daily,
            daily_remaining=await self._left(user, type, limits.daily, DAY_S),
        )

    async def _left(
        self, user: User, type: DeviceType, limit: int | None, window_s: int
    ) -> int | None:
        if limit is None:
            return None
        return max(0, limit - await self._usage.runs(user.owners, type, window_s))
