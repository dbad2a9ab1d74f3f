"""The two dialects as a machine speaks them: bytes and messages, and what else tells them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from drivers.errors import ProtocolError
from drivers.wire import jsonl, protobuf
from drivers.wire.frames import Unframer, frame
from drivers.wire.lines import Unliner
from drivers.wire.messages import Accepted, Busy, Failed, Message, Request, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drivers.wire.messages import Body

_BUSY: Final = "the device is busy: somebody else uses it"


class Wire(Protocol):
    """The bytes of one connection."""

    def receive(self, data: bytes) -> Iterator[Message]:
        """The messages that ``data`` completes. ProtocolError when the connection makes no sense
        any more; what can be told apart from the rest is a Message with Failed, for the sender."""
        ...

    def pack(self, message: Message, answers: Body | None = None) -> bytes:
        """A message's bytes; ``answers`` is the request that it answers."""
        ...

    def datagram(self, message: Message) -> bytes:
        """A run message's bytes as they are sent by UDP."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How the machines of one generation differ from the others.

    ``is_broadcast``: run messages go to every connection. ``resets_circuit``: each reset is one of
    the circuit. ``counts_columns``: a run names the number of columns. ``most_samples_hz`` is over
    all channels of a carrier. ``stops_runs``: stopping ends a run that is not repetitive, too.
    """

    name: str
    lane_gain: float
    most_op_time_s: float
    most_samples_hz: int
    most_chunk_rows: int
    is_broadcast: bool
    resets_circuit: bool
    counts_columns: bool
    has_udp: bool
    answers_unknown: bool
    answers_without_id: bool
    stops_runs: bool
    open_wire: Callable[[], Wire]


class ProtobufWire:
    """Envelopes in frames."""

    def __init__(self) -> None:
        self._unframer = Unframer()

    def receive(self, data: bytes) -> Iterator[Message]:
        for payload in self._unframer.feed(data):
            if payload:
                yield protobuf.decode(payload)

    def pack(self, message: Message, answers: Body | None = None) -> bytes:
        del answers  # the id says it
        return frame(protobuf.encode(message))

    def datagram(self, message: Message) -> bytes:
        return protobuf.encode(message)


class JsonlWire:
    """Lines of JSON. A line that makes no sense is answered, and the next one is read."""

    def __init__(self) -> None:
        self._unliner = Unliner()

    def receive(self, data: bytes) -> Iterator[Message]:
        for line in self._unliner.feed(data):
            try:
                yield jsonl.decode(line)
            except ProtocolError as error:
                yield Message(body=Failed(text=str(error)))

    def pack(self, message: Message, answers: Body | None = None) -> bytes:
        if isinstance(message.body, Busy):
            message = Message(id=message.id, body=Failed(text=_BUSY))
        return jsonl.encode(message, answers=_type_of(message.body, answers))

    def datagram(self, message: Message) -> bytes:
        return self.pack(message)  # this dialect has no datagrams


def _type_of(body: Body, request: Body | None) -> str:
    """What an answer has to name where its own kind does not tell."""
    if not isinstance(body, Accepted | Failed):
        return ""
    if isinstance(request, Unknown):
        return request.kind
    return jsonl.type_of(request) if isinstance(request, Request) else ""


PROTOBUF: Final = Dialect(
    name="protobuf",
    lane_gain=8.0,
    most_op_time_s=100.0,
    most_samples_hz=500_000,
    most_chunk_rows=1_000,
    is_broadcast=False,
    resets_circuit=False,
    counts_columns=False,
    has_udp=True,
    answers_unknown=False,
    answers_without_id=False,
    stops_runs=True,
    open_wire=ProtobufWire,
)
JSONL: Final = Dialect(
    name="jsonl",
    lane_gain=10.0,
    most_op_time_s=9.0,
    most_samples_hz=1_000_000,
    most_chunk_rows=200,
    is_broadcast=True,
    resets_circuit=True,
    counts_columns=True,
    has_udp=False,
    answers_unknown=True,
    answers_without_id=True,
    stops_runs=False,
    open_wire=JsonlWire,
)
DIALECTS: Final = {dialect.name: dialect for dialect in (PROTOBUF, JSONL)}
