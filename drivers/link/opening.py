"""Opening a link: connect, find out the dialect where nobody has said it, show the token."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import trio

from drivers.errors import ConnectError, DriverError, RunRefused
from drivers.link.background import background
from drivers.link.jsonl_link import JsonlLink
from drivers.link.protobuf_link import UDP_PATIENCE_S, ProtobufLink
from drivers.link.serial import open_serial
from drivers.link.stream_link import BUSY_PAUSE_S
from drivers.link.tcp import open_tcp
from drivers.wire.messages import Authenticate, Extract, Ping

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drivers.link.connection import Connection, Opener
    from drivers.link.endpoint import Endpoint
    from drivers.wire.messages import Request

Dialect: TypeAlias = Literal["auto", "protobuf", "jsonl"]
AnyLink: TypeAlias = ProtobufLink | JsonlLink

PROBE_S: Final = 2.0
"""Silence after which a device counts as not understanding a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """Seconds: the answer to a probe, the next attempt at a busy device, the answer to the wish
    for UDP."""

    probe_s: float = PROBE_S
    busy_s: float = BUSY_PAUSE_S
    udp_s: float = UDP_PATIENCE_S


DEFAULT_PAUSES: Final = Pauses()


async def open_connection(endpoint: Endpoint) -> Connection:
    """By TCP or by serial port, as the endpoint says. Raises ConnectError."""
    return await (open_serial(endpoint) if endpoint.serial else open_tcp(endpoint))


@asynccontextmanager
async def open_link(
    endpoint: Endpoint,
    dialect: Dialect = "auto",
    token: str | None = None,
    *,
    opener: Opener = open_connection,
    pauses: Pauses = DEFAULT_PAUSES,
) -> AsyncIterator[AnyLink]:
    """A link that works until the block ends; it is then closed at once.

    With ``auto`` the device is asked which dialect it speaks, which may take three times
    ``pauses.probe_s``; ``link.dialect`` says what was found, to be given the next time. A serial
    port always speaks JSONL. A token is for the vendor's proxy, which speaks protobuf: it is shown
    first of all, and nothing is probed.

    Raises ConnectError when nobody answers in a known dialect or the token is refused. Errors of
    the block come out as they are.
    """
    call = _Call(endpoint, opener, pauses)
    chosen = _choose(endpoint, dialect, token)
    async with AsyncExitStack() as stack:
        if chosen == "auto":
            link = await _find(call, stack)
        else:
            link = await stack.enter_async_context(call.connect(chosen))
        if token is not None:
            await _authenticate(link, token, endpoint)
        yield link


def _choose(endpoint: Endpoint, dialect: Dialect, token: str | None) -> Dialect:
    if endpoint.serial:
        if dialect == "protobuf" or token is not None:
            raise ConnectError(
                f"{endpoint}: serial ports speak the dialect jsonl, without a token. Connect the "
                "device to the network for the other."
            )
        return "jsonl"
    if token is not None:
        if dialect == "jsonl":
            raise ConnectError(f"{endpoint}: a token is for the dialect protobuf, not jsonl.")
        return "protobuf"
    return dialect


async def _authenticate(link: AnyLink, token: str, endpoint: Endpoint) -> None:
    try:
        await link.request(Authenticate(token=token))
    except RunRefused as error:
        raise ConnectError(f"{endpoint} does not accept the token: {error}") from error


# Probing.


class _Answer(Enum):
    SENSE = auto()
    SILENCE = auto()
    END = auto()


class _Call:
    """How to connect to one endpoint, again and again."""

    def __init__(self, endpoint: Endpoint, opener: Opener, pauses: Pauses) -> None:
        self.endpoint = endpoint
        self._opener = opener
        self._pauses = pauses

    @asynccontextmanager
    async def connect(self, dialect: Dialect) -> AsyncIterator[AnyLink]:
        """A link on a connection of its own."""
        connection = await self._opener(self.endpoint)
        try:
            async with background() as nursery:
                link = self._link(dialect, connection, nursery)
                try:
                    yield link
                finally:
                    await link.shut()
        finally:
            await trio.aclose_forcefully(connection.stream)

    def _link(self, dialect: Dialect, connection: Connection, nursery: trio.Nursery) -> AnyLink:
        pauses = self._pauses
        if dialect == "jsonl":
            return JsonlLink(connection, nursery, busy_pause_s=pauses.busy_s)
        return ProtobufLink(
            connection, nursery, busy_pause_s=pauses.busy_s, udp_patience_s=pauses.udp_s
        )

    async def attempt(
        self, dialect: Dialect, questions: tuple[Request, ...], stack: AsyncExitStack
    ) -> tuple[AnyLink | None, _Answer]:
        """Ask until one question is understood: the link then belongs to ``stack``. Else why not;
        the connection is closed."""
        answer = _Answer.SILENCE
        async with AsyncExitStack() as trial:
            link = await trial.enter_async_context(self.connect(dialect))
            for question in questions:
                answer = await self._ask(link, question)
                if answer is _Answer.SENSE:
                    stack.push_async_exit(trial.pop_all())
                    return link, answer
                if answer is _Answer.END:
                    break
        return None, answer

    async def _ask(self, link: AnyLink, question: Request) -> _Answer:
        """Any answer with the right id shows that the dialect is right, a refusal as well."""
        with trio.move_on_after(self._pauses.probe_s):
            try:
                await link.exchange(question)
            except DriverError:
                return _Answer.END
            return _Answer.SENSE
        return _Answer.SILENCE


async def _find(call: _Call, stack: AsyncExitStack) -> AnyLink:
    """Each dialect on its own connection: to a protobuf peer, a line of JSON is half a frame.

    Firmware before 2.3.0 may not answer a ping, hence the second question. The vendor's proxy hangs
    up on whoever begins with a ping, hence the third attempt.
    """
    link, first = await call.attempt("protobuf", (Ping(), Extract()), stack)
    if link is None:
        link, _ = await call.attempt("jsonl", (Ping(),), stack)
    if link is None and first is _Answer.END:
        link, _ = await call.attempt("protobuf", (Extract(),), stack)
    if link is None:
        raise ConnectError(
            f"{call.endpoint} takes connections but answers in none of the devices' dialects. "
            "Is it an analog computer? If so, restart it, or name its dialect in the configuration."
        )
    return link
