"""What happens before routing: one form of path, the key, the size and time of the body.

An ASGI application around the real one. It decides who calls before anything of the request is
looked at, and reads the body itself: Quart would collect it in the background, also for a request
that is refused, and bounds only its start.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import trio

from appliance.api.problems import JSON, ApiError, problem_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    from appliance.auth import User

    # Any: ASGI messages and scopes are dictionaries of everything.
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    AsgiApp = Callable[[Message, Receive, Send], Awaitable[None]]

API_PREFIX: Final = "/api/v1"
USER: Final = "analogcloud.user"
"""Key of the scope under which the application finds the calling User."""
LIFETIME: Final = "analogcloud.lifetime"
"""The same for an AsyncExitStack that is closed when the answer has been sent or given up."""

MAX_KEY_CHARS: Final = 128
PIECE_BYTES: Final = 64
"""What a piece of a body counts at least, so that a million single bytes are not a small body."""
DRAIN_FACTOR: Final = 8
"""A body that is refused for its size is still read up to this many times the limit: a client that
writes before it reads would otherwise see a broken connection instead of the answer."""
STRANGER_BYTES: Final = 2**20
"""The same, in bytes, for a client without a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """How large a body may be and how long it may take to arrive."""

    max_bytes: int
    timeout_s: float


class _ClientLeft(Exception):
    """The connection ended before the request did."""


class Gate:
    """ASGI application: lets through what has a key or needs none, with its whole body."""

    def __init__(
        self,
        app: AsgiApp,
        authenticate: Callable[[str], User | None],
        limits: BodyLimits,
    ) -> None:
        self._app = app
        self._authenticate = authenticate
        self._limits = limits

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope["path"] = path = _canonical(scope["path"])
        arrived = _Arrival(receive)
        try:
            if path == API_PREFIX or path.startswith(API_PREFIX + "/"):
                scope[USER] = self._caller(scope)
            body = await self._body(scope, arrived)
        except ApiError as error:
            await _refuse(error, arrived, send, self._drain_limits(error))
        except _ClientLeft:
            return
        else:
            async with AsyncExitStack() as scope[LIFETIME]:
                await self._app(scope, _Replay(body, receive), send)

    def _caller(self, scope: Message) -> User:
        user = self._authenticate(presented_key(scope["headers"]))
        if user is None:
            raise ApiError(403, "this request needs a valid API key: Authorization: Bearer <key>")
        return user

    async def _body(self, scope: Message, arrived: _Arrival) -> bytes:
        limit = self._limits.max_bytes
        too_large = ApiError(413, f"the request body is larger than {limit} bytes")
        if _announced(scope) > limit:
            raise too_large
        body = bytearray()
        with trio.move_on_after(self._limits.timeout_s) as scope_of_time:
            while not arrived.is_complete:
                body += await arrived.piece()
                if arrived.cost > limit:
                    raise too_large
        if scope_of_time.cancelled_caught:
            raise ApiError(408, f"the body took longer than {self._limits.timeout_s:g} s to arrive")
        return bytes(body)

    def _drain_limits(self, error: ApiError) -> BodyLimits:
        is_stranger = error.status == 403
        return BodyLimits(
            max_bytes=STRANGER_BYTES if is_stranger else DRAIN_FACTOR * self._limits.max_bytes,
            timeout_s=0.0 if error.status == 408 else min(self._limits.timeout_s, 10.0),
        )


class _Arrival:
    """The pieces of one body as they come; ``cost`` is what they count against a limit."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.is_complete = False
        self.cost = 0

    async def piece(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise _ClientLeft
        self.is_complete = not message.get("more_body", False)
        data: bytes = message.get("body", b"")
        self.cost += max(len(data), PIECE_BYTES) if data else 0
        return data

    async def drain(self, max_bytes: float) -> None:
        """Take and forget pieces until the end, the client's leaving, or ``max_bytes``."""
        while not self.is_complete and self.cost <= max_bytes:
            try:
                await self.piece()
            except _ClientLeft:
                return


class _Replay:
    """An ASGI ``receive`` that gives a body already read, then what else the client does."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        body, self._body = self._body, None
        if body is None:
            return await self._receive()
        return {"type": "http.request", "body": body, "more_body": False}


async def _refuse(error: ApiError, arrived: _Arrival, send: Send, drain: BodyLimits) -> None:
    """Answer at once, then read on for a while so that the client lives to see the answer."""
    body = problem_body(error.detail, error.errors)
    headers = [(b"content-type", JSON.encode()), (b"content-length", str(len(body)).encode())]
    if not arrived.is_complete:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    with trio.move_on_after(drain.timeout_s):
        await arrived.drain(drain.max_bytes)
    async with trio.open_nursery() as nursery:
        # The server can close only while somebody takes what the client still sends.
        nursery.start_soon(arrived.drain, float("inf"))
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        nursery.cancel_scope.cancel()


def _canonical(path: str) -> str:
    """The path with one leading slash; of a full URL only its path."""
    if not path.startswith("/"):
        path = urlsplit(path).path if "://" in path else path
    return "/" + path.lstrip("/")


def presented_key(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The API key that a request carries, or "" where there is none, or more than one."""
    values = [value for name, value in headers if name.lower() == b"authorization"]
    return _bearer_key(values[0]) if len(values) == 1 else ""


def _bearer_key(value: bytes) -> str:
    """The key of an Authorization header, or "" where there is none in it."""
    scheme, _, key = value.partition(b" ")
    if scheme.lower() != b"bearer" or len(key) > 4 * MAX_KEY_CHARS:
        return ""
    try:
        text = key.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if len(text) <= MAX_KEY_CHARS else ""


def _announced(scope: Message) -> int:
    """The body's size by its header, 0 where it is not told; h11 has checked its form."""
    lengths = (value for name, value in scope["headers"] if name.lower() == b"content-length")
    return int(next(lengths, b"0"))
