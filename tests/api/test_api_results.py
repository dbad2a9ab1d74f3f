"""Results over HTTP: whole, in parts, as tables, and while others delete them."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import orjson
import trio

from appliance import conversion
from drivers.apb.codec import decode, encode
from drivers.apb.items import CircuitFile
from drivers.apb.model import ProbeScaling, Scaling
from tests.api.serving import (
    BOB,
    CONFIG,
    ENTITY,
    MODULE,
    RESULT,
    ROOT,
    FakeDevice,
    Serving,
    finished,
    serving,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import httpx
    import pytest

RUN = {"device_name": "sim", "module": MODULE, "sample_rate": 1000}
COMPILE = {"backend": "LUCIDAC", "module": MODULE, "ode_source": "x"}
SCALED = encode(
    CircuitFile(
        items=decode(ENTITY).items,
        scaling=Scaling(
            variable="t",
            horizon=1.0,
            time_rate=100.0,
            probes=(ProbeScaling(probe=0, name="x", factor=1.0, offset=0.0),),
        ),
    )
)


class Large(FakeDevice):
    """Gives some megabytes."""

    result = orjson.dumps(
        np.random.default_rng(1).uniform(-1, 1, (3, 100_000)), option=orjson.OPT_SERIALIZE_NUMPY
    )


async def done(client: httpx.AsyncClient, body: Mapping[str, object], kind: str = "run") -> str:
    """The path of a new task's result."""
    created = await client.post(f"/api/v1/tasks/{kind}", json=body)
    assert created.status_code == 201, created.text
    id: str = created.json()["id"]
    assert (await finished(client, id))["state"] == "succeeded"
    return f"/api/v1/tasks/{id}/result"


def etag_of(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()}"'


async def test_as_before_with_a_tag(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        path = await done(client, RUN)
        for query in ("", "?format=json", "?other=1"):
            whole = await client.get(path + query)
            assert (whole.status_code, whole.content) == (200, RESULT)
            assert whole.headers["content-type"] == "application/json"
            assert whole.headers["content-length"] == str(len(RESULT))
            assert whole.headers["accept-ranges"] == "bytes"
            assert whole.headers["etag"] == etag_of(RESULT)
        compiled = await client.get(await done(client, COMPILE, "compile"))
        assert (compiled.status_code, compiled.content) == (200, ENTITY)
        assert compiled.headers["content-type"] == "application/octet-stream"
        assert compiled.headers["etag"] == etag_of(ENTITY)


async def test_parts_of_a_large_result(tmp_path: Path) -> None:
    async with serving(tmp_path, devices={"sim": Large()}) as here, here.client() as client:
        path, data = await done(client, RUN), Large.result
        assert (await client.get(path)).content == data
        size = len(data)
        for header, start, stop in (
            ("bytes=0-0", 0, 1),
            ("bytes=300000-900000", 300_000, 900_001),
            (f"bytes={size - 5}-", size - 5, size),
            ("bytes=-1000000", size - 1_000_000, size),
        ):
            part = await client.get(path, headers={"Range": header})
            assert part.status_code == 206
            assert part.content == data[start:stop]
            assert part.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
            assert part.headers["content-length"] == str(stop - start)
            assert part.headers["etag"] == etag_of(data)


async def test_conditions(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        path = await done(client, RUN)
        ask = partial(client.get, path)
        tag, size = etag_of(RESULT), len(RESULT)
        refused = await ask(headers={"Range": f"bytes={size}-"})
        assert (refused.status_code, refused.headers["content-range"]) == (416, f"bytes */{size}")
        assert str(size) in refused.json()["detail"]
        for header in ("bytes=0-1,4-5", "lines=0-1", "nonsense"):
            assert (await ask(headers={"Range": header})).content == RESULT
        for known in (tag, f'"x", W/{tag}', "*"):
            same = await ask(headers={"If-None-Match": known, "Range": "bytes=0-1"})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
            assert "content-type" not in same.headers
        assert (await ask(headers={"If-None-Match": '"other"'})).status_code == 200
        for known, status in ((tag, 206), ('"other"', 200), (f"W/{tag}", 200)):
            answer = await ask(headers={"If-Range": known, "Range": "bytes=0-1"})
            assert answer.status_code == status
        for known, status in ((tag, 200), ('"other"', 412), ("*", 200)):
            assert (await ask(headers={"If-Match": known})).status_code == status
        # The connection is in order after all of that.
        assert (await ask()).content == RESULT


async def test_tables(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        path = await done(client, {**RUN, "module": base64.b64encode(SCALED).decode()})
        table = await client.get(path, params={"format": "csv"})
        assert table.status_code == 200
        assert table.headers["content-type"] == "text/csv; charset=utf-8"
        assert table.headers["content-disposition"].endswith('.csv"')
        assert table.headers["content-length"] == str(len(table.content))
        rows = list(csv.reader(io.StringIO(table.text)))
        assert rows == [["t", "x"], ["0.0", "0.5"], ["0.1", "0.25"]]
        archive = await client.get(path, params={"format": "npz"})
        assert archive.headers["content-type"] == "application/octet-stream"
        with np.load(io.BytesIO(archive.content)) as arrays:
            assert arrays["names"].tolist() == ["x"]
            np.testing.assert_array_equal(arrays["values"], [[0.5], [0.25]])
            np.testing.assert_allclose(arrays["t"], [0.0, 0.1])
        tags = {one.headers["etag"] for one in (table, archive, await client.get(path))}
        assert len(tags) == 3
        part = await client.get(
            path,
            params={"format": "npz"},
            headers={"Range": "bytes=10-99", "If-Range": archive.headers["etag"]},
        )
        assert (part.status_code, part.content) == (206, archive.content[10:100])
        known = {"If-None-Match": table.headers["etag"]}
        again = await client.get(path, params={"format": "csv"}, headers=known)
        assert again.status_code == 304
        bare = await client.get(await done(client, RUN), params={"format": "csv"})
        assert bare.text == "t_s,ch0\n0.0,0.5\n0.001,0.25\n"
        assert bare.headers["etag"] not in tags
        assert list((here.state_dir / "blobs" / "tmp").iterdir()) == []


async def test_refusals(tmp_path: Path) -> None:
    held = FakeDevice(gate=trio.Event())
    async with serving(tmp_path, devices={"sim": held}) as here, here.client() as client:
        created = (await client.post("/api/v1/tasks/run", json=RUN)).json()["id"]
        path = f"/api/v1/tasks/{created}/result"
        for query, status, word in (
            ("", 404, "no result"),
            ("?format=csv", 404, "no result"),
            ("?format=xml", 422, "format"),
            ("?format=", 422, "format"),
            ("?format=csv&format=CSV", 422, "format"),
        ):
            answer = await client.get(path + query)
            assert (answer.status_code, word in answer.json()["detail"]) == (status, True)
        compiled = await done(client, COMPILE, "compile")
        for form in ("csv", "npz", "json"):
            answer = await client.get(compiled, params={"format": form})
            assert (answer.status_code, "only one form" in answer.text) == (422, True)
        for key, status in ((BOB, 404), (None, 403), (ROOT, 200)):
            async with here.client(key) as other:
                assert (await other.get(compiled)).status_code == status


async def test_conversions_that_wait_have_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "MAX_WAITING", 2)
    statuses: list[int] = []

    async def ask(client: httpx.AsyncClient, path: str) -> None:
        answer = await client.get(path, params={"format": "csv"})
        statuses.append(answer.status_code)
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0

    async with serving(tmp_path) as here, here.client() as client:
        path = await done(client, RUN)
        async with trio.open_nursery() as nursery:
            for _ in range(6):
                nursery.start_soon(ask, client, path)
        assert sorted(set(statuses)) == [200, 503]
        await ask(client, path)
        assert statuses[-1] == 200


async def test_a_result_that_is_deleted_while_it_is_read_arrives_whole(tmp_path: Path) -> None:
    async with serving(tmp_path, devices={"sim": Large()}) as here, here.client() as client:
        path = await done(client, RUN)
        async with client.stream("GET", path) as response:
            pieces = response.aiter_raw()
            data = await anext(pieces)
            deleted = await client.delete(path.removesuffix("/result"))
            assert deleted.status_code == 204
            async for piece in pieces:
                data += piece
        assert data == Large.result
        for query in ("", "?format=csv"):
            assert (await client.get(path + query)).status_code == 404


async def test_a_result_that_is_missing_is_our_fault(tmp_path: Path) -> None:
    async with serving(tmp_path) as here, here.client() as client:
        path = await done(client, RUN)
        digest = etag_of(RESULT).strip('"')
        (here.state_dir / "blobs" / digest[:2] / digest).unlink()
        for query in ("", "?format=csv"):
            assert (await client.get(path + query)).status_code == 500


async def test_a_client_that_leaves_and_one_that_does_not_read(tmp_path: Path) -> None:
    config = CONFIG.replace("send_timeout_s = 5.0", "send_timeout_s = 0.3")
    device: dict[str, FakeDevice] = {"sim": Large()}
    async with serving(tmp_path, config=config, devices=device) as here, here.client() as client:
        path = await done(client, RUN)
        for query in ("", "?format=csv"):
            async with await asking(here, path + query) as stream:
                assert (await stream.receive_some(1000)).startswith(b"HTTP/1.1 200")
            async with await asking(here, path + query) as stream:
                await trio.sleep(0.5)
        assert (await client.get(path)).content == Large.result
        assert list((here.state_dir / "blobs" / "tmp").iterdir()) == []


async def asking(here: Serving, path: str) -> trio.SocketStream:
    stream = await trio.open_tcp_stream(*here.address)
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ada-key\r\n\r\n"
    await stream.send_all(head.encode())
    return stream
