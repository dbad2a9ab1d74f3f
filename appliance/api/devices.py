"""The devices and their hardware descriptions: the same for every key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Response

from appliance.api import docs_system as docs
from appliance.api import schemas
from appliance.api.parts import Route
from appliance.api.problems import ApiError
from appliance.api.render import answers
from appliance.api.routedoc import OCTETS
from appliance.models import device_queue

if TYPE_CHECKING:
    from appliance.api.parts import Parts
    from appliance.board import DeviceEntry


class DeviceRoutes:
    """``/api/v1/devices``."""

    def __init__(self, parts: Parts) -> None:
        self._board = parts.board
        self._tasks = parts.store.tasks

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(method="GET", path="/api/v1/devices", handler=self.all, doc=docs.DEVICES),
            Route(
                method="GET",
                path="/api/v1/devices/<device_name>/entity",
                handler=self.entity,
                doc=docs.ENTITY,
            ),
        )

    async def all(self) -> Response:
        waiting = await self._tasks.queue_lengths()
        return answers(
            [
                schemas.Device(
                    name=entry.name,
                    type=entry.type,
                    available=entry.is_available,
                    queue_length=waiting.get(device_queue(entry.name), 0),
                )
                for entry in self._board.all()
            ]
        )

    async def entity(self, device_name: str) -> Response:
        entry = self._board.find(device_name)
        if entry is None:
            raise ApiError(404, "there is no device of this name; GET /api/v1/devices lists all")
        if entry.entity is None:
            raise ApiError(404, _unknown(entry))
        return Response(entry.entity, content_type=OCTETS)


def _unknown(entry: DeviceEntry) -> str:
    """Why there is no description: a machine has one as soon as it has answered once."""
    if entry.is_available:
        return f"device {entry.name} has no hardware description"
    return f"the hardware of device {entry.name} is not known yet: {entry.reason}"
