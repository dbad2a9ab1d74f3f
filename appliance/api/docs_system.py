"""What the documentation says of system, devices and users."""

from __future__ import annotations

from typing import Final

from appliance.api import schemas
from appliance.api.routedoc import (
    BINARY,
    HTML,
    OCTETS,
    TEXT,
    Answer,
    RouteDoc,
    Shape,
    Tag,
    json_answer,
)

HEALTH: Final = RouteDoc(
    operation="health",
    summary="Whether the process serves",
    tag=Tag.SYSTEM,
    answers={200: json_answer(schemas.Health, "It does.", {"status": "healthy"})},
)

STATUS: Final = RouteDoc(
    operation="get_status",
    summary="Name, version and time since the start",
    tag=Tag.SYSTEM,
    answers={
        200: json_answer(
            schemas.SystemStatus,
            "Version and domain as configured, uptime in whole seconds.",
            {"version": "0.1.0", "domain": "analog.example.org", "uptime": 86400},
        )
    },
)

OPENAPI: Final = RouteDoc(
    operation="openapi",
    summary="This document",
    tag=Tag.SYSTEM,
    answers={
        200: Answer(
            description="OpenAPI 3.1.",
            content={"application/json": Shape(schema={"type": "object"})},
        )
    },
)

DOCS: Final = RouteDoc(
    operation="docs",
    summary="This documentation as a page to try things on",
    tag=Tag.SYSTEM,
    answers={200: Answer(description="A page.", content={HTML: TEXT})},
)

REDOC: Final = RouteDoc(
    operation="redoc",
    summary="This documentation as a page to read",
    tag=Tag.SYSTEM,
    answers={200: Answer(description="A page.", content={HTML: TEXT})},
)

ASSET: Final = RouteDoc(
    operation="docs_asset",
    summary="A file that the documentation pages load",
    tag=Tag.SYSTEM,
    answers={
        200: Answer(
            description="A script, a style sheet or a picture.",
            content={"text/css": TEXT, "text/javascript": TEXT, "image/png": BINARY},
        )
    },
    errors=(404,),
)

DEVICES: Final = RouteDoc(
    operation="list_devices",
    summary="All devices",
    description="In the order of the configuration, whatever the key may use.",
    tag=Tag.DEVICES,
    answers={
        200: json_answer(
            list[schemas.Device],
            "Every configured device.",
            [{"name": "simulator", "type": "SIMULATOR", "available": True, "queue_length": 0}],
        )
    },
)

ENTITY: Final = RouteDoc(
    operation="get_device_entity",
    summary="A device's hardware description",
    description="A serialized `pb.File`, the `module` of a compilation for this device.",
    tag=Tag.DEVICES,
    answers={200: Answer(description="The description.", content={OCTETS: BINARY})},
    errors=(404,),
    error_texts={404: "There is no such device, or it has no description."},
)

ME: Final = RouteDoc(
    operation="get_me",
    summary="What the calling key may do and has left",
    tag=Tag.USERS,
    answers={
        200: json_answer(
            schemas.UserInfo,
            "The user of the key. `devices` null: every device; a limit of null: unlimited.",
        )
    },
)
