"""The OpenAPI document: whole, of the right form, and true of what the server answers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from appliance.api.app import all_routes
from appliance.api.documentation import POLICY, asset_files
from appliance.api.openapi import document, operation_id, public_path, statuses
from appliance.api.parts import Route
from tests.api.serving import BOB, MODULE, finished, serving
from tests.api.test_api_error_shape import OPEN, parts

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

# Any: the document is JSON.
Json = dict[str, Any]


@pytest.fixture
def routes(tmp_path: Path) -> tuple[Route, ...]:
    return all_routes(parts(tmp_path, RuntimeError()))


def test_it_is_openapi_3_1(routes: tuple[Route, ...]) -> None:
    made = document(routes)
    assert made["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(made).validate()


def test_every_route_and_status_is_in_it(routes: tuple[Route, ...]) -> None:
    paths = document(routes)["paths"]
    operations = {(path, method) for path, methods in paths.items() for method in methods}
    assert operations == {(public_path(r), r.method.lower()) for r in routes}
    for route in routes:
        written = paths[public_path(route)][route.method.lower()]
        assert written["operationId"] == operation_id(route)
        assert sorted(map(int, written["responses"])) == list(statuses(route))
        assert {200, 201, 204} & set(statuses(route))
        assert {500, 413} <= set(statuses(route))


def test_operation_ids_are_those_of_the_vendors_server(routes: tuple[Route, ...]) -> None:
    ids = {operation_id(route) for route in routes}
    assert ids >= {
        "get_status_api_v1_system_status_get",
        "list_devices_api_v1_devices_get",
        "get_device_entity_api_v1_devices__device_name__entity_get",
    }


def test_a_route_that_says_nothing_of_itself_is_none(routes: tuple[Route, ...]) -> None:
    with pytest.raises(TypeError, match="doc"):
        Route(method="GET", path="/api/v1/new", handler=routes[0].handler)  # type: ignore[call-arg]


def test_what_is_said_twice_or_of_nothing_is_refused(routes: tuple[Route, ...]) -> None:
    with pytest.raises(ValueError, match="operation id"):
        document((*routes, replace(routes[0], path=routes[0].path.replace("/", "_", 1))))
    of_nothing = replace(routes[0].doc, path_texts={"color": "Red."})
    with pytest.raises(ValueError, match="color"):
        document((replace(routes[0], doc=of_nothing),))


def test_exactly_the_routes_below_api_v1_want_a_key(routes: tuple[Route, ...]) -> None:
    made = document(routes)
    assert made["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for route in routes:
        written = made["paths"][public_path(route)][route.method.lower()]
        is_open = route.path in OPEN
        assert written["security"] == ([] if is_open else [{"key": []}])
        assert ("403" in written["responses"]) is not is_open


def test_every_error_has_the_one_shape(routes: tuple[Route, ...]) -> None:
    for methods in document(routes)["paths"].values():
        for written in methods.values():
            for status, answer in written["responses"].items():
                if int(status) >= 400:
                    schema = answer["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Error"}


def test_requests_that_refuse_other_fields_say_so(routes: tuple[Route, ...]) -> None:
    schemas = document(routes)["components"]["schemas"]
    assert schemas["CompileRequest"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["RunRequest"]
    assert schemas["CompileRequest"]["properties"]["k0"]["anyOf"][0]["minimum"] == 1
    assert schemas["RunRequest"]["properties"]["sample_rate"]["minimum"] == 1


def test_limits_are_written_as_json_schema_names_them(routes: tuple[Route, ...]) -> None:
    """pydantic leaves them under its own names where a check of ours stands before them."""
    text = json.dumps(document(routes))
    assert [name for name in ("ge", "gt", "le", "lt") if f'"{name}":' in text] == []


def test_parameters_of_the_query_are_those_of_the_model(routes: tuple[Route, ...]) -> None:
    written = document(routes)["paths"]["/api/v1/tasks"]["get"]["parameters"]
    schemas = {parameter["name"]: parameter["schema"] for parameter in written}
    assert schemas["limit"] == {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}
    assert schemas["state"]["$ref"].endswith("/TaskState")
    assert {parameter["in"] for parameter in written} == {"query"}


def test_every_example_fits_its_schema(routes: tuple[Route, ...]) -> None:
    made = document(routes)
    seen = 0
    for media in _media(made["paths"]):
        if "example" in media:
            faults(made, media["schema"], media["example"])
            seen += 1
    assert seen > 20


def _media(node: Any) -> list[Json]:  # noqa: ANN401  # JSON
    """Each place of the document that has a schema and perhaps an example of it."""
    if isinstance(node, list):
        return [found for part in node for found in _media(part)]
    if not isinstance(node, dict):
        return []
    below = [found for part in node.values() for found in _media(part)]
    return [node, *below] if "schema" in node else below


def faults(made: Json, schema: Json, value: object) -> None:
    """Raise where a value does not fit a schema of the document."""
    whole = Resource.from_contents(made, default_specification=DRAFT202012)
    registry = Registry().with_resource("urn:document", whole)
    pointed = json.loads(json.dumps(schema).replace('"#/', '"urn:document#/'))
    Draft202012Validator(pointed, registry=registry, format_checker=FormatChecker()).validate(value)


def check(made: Json, answer: httpx.Response) -> int:
    """Raise where an answer is not as the document says; its status."""
    path = answer.request.url.path
    for template, methods in made["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            written = methods[answer.request.method.lower()]["responses"][str(answer.status_code)]
            break
    else:
        raise AssertionError(f"{path} is not in the document")
    if answer.status_code == 204:
        assert answer.content == b""
        return 204
    kind = answer.headers["content-type"].split(";")[0]
    if kind == "application/json":
        faults(made, written["content"][kind]["schema"], answer.json())
    else:
        assert kind in written["content"]
    return answer.status_code


async def test_real_answers_are_as_it_says(tmp_path: Path) -> None:
    """One walk through the API; each answer is compared with the document that is served."""
    async with serving(tmp_path) as here, here.client() as ada, here.client(BOB) as bob:
        made: Json = (await ada.get("/openapi.json")).json()
        compile = {"backend": "LUCIDAC", "ode_source": "x", "module": MODULE, "k0": None}
        run = {"device_name": "sim", "module": MODULE}
        made_compile = await ada.post("/api/v1/tasks/compile", json=compile)
        made_run = await ada.post("/api/v1/tasks/run", json=run)
        answers = [made_compile, made_run]
        for created in (made_compile, made_run):
            id = created.json()["id"]
            assert (await finished(ada, id))["state"] == "succeeded"
            one = f"/api/v1/tasks/{id}"
            answers += [await ada.get(one + end) for end in ("", "/status", "/log", "/result")]
            answers += [await bob.get(one), await ada.get("/api/v1/tasks/nonsense")]
        answers += [
            await ada.get("/health"),
            await ada.get("/openapi.json"),
            await ada.get("/api/docs"),
            await ada.get("/api/redoc"),
            await ada.get("/api/docs/start.js"),
            await ada.get("/api/docs/favicon-32x32.png"),
            await ada.get("/api/v1/system/status"),
            await ada.get("/api/v1/users/me"),
            await bob.get("/api/v1/users/me"),
            await ada.get("/api/v1/devices"),
            await ada.get("/api/v1/devices/sim/entity"),
            await ada.get("/api/v1/devices/none/entity"),
            await ada.post("/api/v1/tasks/compile", json={**compile, "backend": "SIMULATOR"}),
            await ada.post("/api/v1/tasks/compile", json={**compile, "extra": 1}),
            await ada.post("/api/v1/tasks/run", json={**run, "op_time": -1}),
            await ada.post("/api/v1/tasks/run", json={**run, "device_name": "none"}),
            await bob.post("/api/v1/tasks/run", json=run),
            await ada.post("/api/v1/tasks/run", json={**run, "device_name": "machine"}),
            await ada.get("/api/v1/tasks"),
            await ada.get("/api/v1/tasks?limit=0"),
            await ada.post("/api/v1/tasks/search", json={}),
            await ada.post("/api/v1/tasks/search", json={"limit": 0}),
            await ada.post(f"{one}/cancel"),
            await ada.get(f"{one}/events"),
            await ada.delete(one),
            await ada.delete(one),
        ]
    met = {check(made, answer) for answer in answers}
    assert met == {200, 201, 204, 400, 403, 404, 409, 422, 503}


async def test_pages_and_assets_are_served_without_a_key_and_strictly(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client(None) as stranger:
        docs, redoc = await stranger.get("/api/docs"), await stranger.get("/api/redoc")
        for page in (docs, redoc):
            assert page.status_code == 200
            assert page.headers["content-security-policy"] == POLICY
            assert "style=" not in page.text
            assert not re.search(r"<script(?! src=)|\son\w+=", page.text)
            assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page.text)
            for reference in re.findall(r"(?:src|href)=\"(docs/[^\"]+)\"", page.text):
                asset = await stranger.get(f"/api/{reference}")
                assert asset.status_code == 200, reference
                assert int(asset.headers["content-length"]) == len(asset.content)
        assert "swagger-ui-bundle.js" in docs.text
        for name in ("../app.py", "%2e%2e%2fapp.py", "reference.html", "swagger-ui.js"):
            assert (await stranger.get(f"/api/docs/{name}")).status_code == 404


async def test_reference_page_shows_every_route_and_type(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client(None) as stranger:
        page = (await stranger.get("/api/redoc")).text
        made = (await stranger.get("/openapi.json")).json()
    for methods in made["paths"].values():
        for operation in methods.values():
            assert f'<section id="{operation["operationId"]}">' in page
    for name in made["components"]["schemas"]:
        assert f'<section id="{name}">' in page


def test_without_the_package_only_our_own_files_are_left() -> None:
    assert set(asset_files(None)) == {"start.js", "reference.css"}
