"""What the documentation says of lists and search."""

from __future__ import annotations

from typing import Final

from appliance.api import schemas
from appliance.api.filters import ListQuery, SearchRequest, TaskSearchResponse
from appliance.api.routedoc import RouteDoc, Tag, json_answer

LIST: Final = RouteDoc(
    operation="list_tasks",
    summary="Your tasks, newest first",
    description="Only your own, also for system keys. States and types are taken in any case.",
    tag=Tag.TASKS,
    query=ListQuery,
    answers={200: json_answer(list[schemas.TaskSummary], "One page of tasks.")},
    errors=(422,),
)

SEARCH: Final = RouteDoc(
    operation="search_tasks",
    summary="Search tasks by time, state, type and device",
    description=(
        "Ordinary keys find their own tasks, system keys those of all users. Without `from` and "
        "`to` the last 24 hours are searched; more than 90 days are refused. Newest first."
    ),
    tag=Tag.TASKS,
    request=SearchRequest,
    request_example={"state": ["failed"], "limit": 100},
    answers={200: json_answer(TaskSearchResponse, "One page of matches.")},
    errors=(422,),
)
