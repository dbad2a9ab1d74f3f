"""What the API is built from: handed in by the supervisor, nothing global."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from quart import request

from appliance.api.gate import LIFETIME, USER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AsyncExitStack

    from quart.typing import ResponseReturnValue

    from appliance.api.routedoc import RouteDoc
    from appliance.auth import User
    from appliance.board import Bells, DeviceBoard
    from appliance.config import Config
    from appliance.control import Control
    from appliance.conversion import Conversions
    from appliance.events import EventHub
    from appliance.store.opening import Store
    from appliance.users import Users


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """``users`` are those of the moment of each call; ``started_at`` is monotonic."""

    config: Config
    users: Users
    store: Store
    board: DeviceBoard
    bells: Bells
    control: Control
    events: EventHub
    conversions: Conversions
    started_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line of the API: method, path in werkzeug's form, handler, and what the docs say."""

    method: str
    path: str
    handler: Callable[..., Awaitable[ResponseReturnValue]]
    doc: RouteDoc


async def body() -> bytes:
    """The current request's body, which the gate has read and bounded."""
    return await request.get_data(cache=True, as_text=False, parse_form_data=False)


def lifetime() -> AsyncExitStack:
    """Closed when the answer to the current request has been sent or given up: for what the answer
    needs while it is being sent. It is closed by another task than the handler's."""
    return cast("AsyncExitStack", request.scope[LIFETIME])  # type: ignore[typeddict-item]  # as USER


def caller() -> User:
    """Whose key the current request carries; only below /api/v1, where the gate wants one."""
    return cast("User", request.scope[USER])  # type: ignore[typeddict-item]  # put there by Gate
