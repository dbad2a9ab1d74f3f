"""A client of server-sent events that knows as much of their form as the standard asks."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h11
import trio

from tests.api.serving import ADA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.api.serving import Serving


@dataclass(frozen=True)
class Event:
    """One event; ``data`` is what its JSON says."""

    name: str
    id: str
    data: Any  # JSON


class EventStream:
    """Events as they come, until the server ends the stream."""

    def __init__(self, http: h11.Connection, stream: trio.SocketStream) -> None:
        self._http = http
        self._stream = stream
        self._text = b""
        self.comments = 0
        self.last_id = ""

    async def next(self) -> Event | None:
        """The next event; None at the end of the stream."""
        with trio.fail_after(20):
            while (block := await self._block()) is not None:
                if (event := self._event(block)) is not None:
                    return event
        return None

    async def rest(self) -> list[Event]:
        """All events up to the end."""
        events = []
        while (event := await self.next()) is not None:
            events.append(event)
        return events

    async def _block(self) -> str | None:
        while b"\n\n" not in self._text:
            piece = await _next(self._http, self._stream)
            if not isinstance(piece, h11.Data):
                return None
            self._text += piece.data
        block, _, self._text = self._text.partition(b"\n\n")
        return block.decode()

    def _event(self, block: str) -> Event | None:
        lines = [line for line in block.split("\n") if not line.startswith(":")]
        self.comments += block.count("\n") + 1 - len(lines)
        fields = dict(line.split(": ", 1) for line in lines)
        self.last_id = fields.get("id", self.last_id)
        if "data" not in fields:
            return None
        return Event(fields["event"], fields["id"], json.loads(fields["data"]))


@asynccontextmanager
async def following(
    here: Serving, path: str = "/api/v1/events", *, key: str = ADA, last: str | None = None
) -> AsyncIterator[EventStream]:
    """An open stream; whatever else is answered fails an assertion."""
    headers = [("Host", "x"), ("Authorization", f"Bearer {key}")]
    if last is not None:
        headers.append(("Last-Event-ID", last))
    async with await trio.open_tcp_stream(*here.address) as stream:
        http = h11.Connection(h11.CLIENT)
        request = h11.Request(method="GET", target=path, headers=headers)
        await stream.send_all(http.send(request) + http.send(h11.EndOfMessage()))
        response = await _next(http, stream)
        assert isinstance(response, h11.Response)
        assert response.status_code == 200
        answered = dict(response.headers.raw_items())
        assert answered[b"content-type"] == b"text/event-stream"
        assert b"content-length" not in answered
        yield EventStream(http, stream)


async def _next(http: h11.Connection, stream: trio.SocketStream) -> h11.Event:
    while (event := http.next_event()) is h11.NEED_DATA:
        http.receive_data(await stream.receive_some())
    assert not isinstance(event, type)
    return event
