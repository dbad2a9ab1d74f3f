"""Many tasks at once: one's own as a list, and search."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from quart import request

from appliance.api import docs_lists as docs
from appliance.api import render
from appliance.api.body import read_body, read_query
from appliance.api.filters import ListQuery, SearchRequest, TaskSearchItem, TaskSearchResponse
from appliance.api.identity import caller_key, owners_named, user_id_for
from appliance.api.parts import Route, body, caller
from appliance.api.problems import field_error
from appliance.api.render import answer, answers
from appliance.queries import Query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    from quart import Response

    from appliance.api.parts import Parts
    from appliance.models import OwnerId
    from appliance.queries import Page
    from appliance.users import User

    T = TypeVar("T")

DEFAULT_WINDOW: Final = timedelta(hours=24)
MAX_WINDOW: Final = timedelta(days=90)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)


class ListRoutes:
    """``GET /api/v1/tasks`` and ``POST /api/v1/tasks/search``."""

    def __init__(self, parts: Parts) -> None:
        self._tasks = parts.store.tasks
        self._users = parts.users

    def routes(self) -> tuple[Route, ...]:
        path = "/api/v1/tasks"
        return (
            Route(method="GET", path=path, handler=self.own, doc=docs.LIST),
            Route(method="POST", path=f"{path}/search", handler=self.search, doc=docs.SEARCH),
        )

    async def own(self) -> Response:
        asked = read_query(request.args, ListQuery)
        query = Query(
            owners=caller().owners,
            states=None if asked.state is None else (asked.state,),
            types=None if asked.type is None else (asked.type,),
            limit=asked.limit,
            offset=asked.offset,
        )
        return answers([render.summary(task) for task in await self._tasks.newest(query)])

    async def search(self) -> Response:
        user, asked = caller(), read_body(await body(), SearchRequest)
        since, until = window(asked.from_, asked.to, datetime.now(UTC))
        query = Query(
            owners=self._owners(user, asked.user_id),
            types=_tuple(asked.type),
            states=_tuple(asked.state),
            device_types=_tuple(asked.device_class),
            device_names=_tuple(asked.device_name),
            since=since,
            until=until,
            limit=asked.limit,
            offset=asked.offset,
        )
        page = await self._tasks.search(query)
        return answer(_envelope(page, query, user, caller_key()))

    def _owners(self, user: User, asked: list[str] | None) -> tuple[OwnerId, ...] | None:
        if not user.system:
            return user.owners
        if asked is None:
            return None
        return tuple(owners_named(asked, self._users.owners_of))


def window(
    since: datetime | None, until: datetime | None, now: datetime
) -> tuple[datetime, datetime]:
    """The time that a search covers (reference, section 6). Raises ApiError (422)."""
    end = until or now
    start = since or (end - DEFAULT_WINDOW if end - _FIRST > DEFAULT_WINDOW else _FIRST)
    if start > end:
        raise field_error("from", "must not be later than `to`, which is now if left out", "window")
    if end - start > MAX_WINDOW:
        message = f"and `to` must not be more than {MAX_WINDOW.days} days apart"
        raise field_error("from", message, "window")
    return start, end


def _tuple(members: Sequence[T] | None) -> tuple[T, ...] | None:
    return None if members is None else tuple(dict.fromkeys(members))


def _envelope(page: Page, query: Query, user: User, key: str) -> TaskSearchResponse:
    after = query.offset + query.limit
    return TaskSearchResponse(
        items=[
            TaskSearchItem(**vars(render.summary(task)), user_id=user_id_for(user, key, task.owner))
            for task in page.tasks
        ],
        total=page.total,
        limit=query.limit,
        offset=query.offset,
        next_offset=after if after < page.total else None,
    )
