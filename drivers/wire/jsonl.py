"""Messages of the JSONL dialect (firmware 1.x): one line of JSON each, in both directions.

A request is ``{"id", "type", "msg"}``; its answer has the same id and type, a ``msg`` and ``code``
0, or ``error`` and another code. Notifications have no id. See docs/jsonl-dialect.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.errors import ProtocolError
from drivers.wire import messages as ms
from drivers.wire.jsonl_circuit import read_config, write_config
from drivers.wire.jsonl_entities import read_entities, write_entities
from drivers.wire.jsonl_run import (
    read_overloads,
    read_samples,
    read_start,
    read_state,
    write_overloads,
    write_samples,
    write_start,
    write_state,
)
from drivers.wire.jsontext import (
    LARGEST_INT,
    Json,
    Object,
    as_bool,
    as_int,
    as_object,
    as_text,
    parse_object,
    quote,
    write_line,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.wire.messages import Body, Message

_LONGEST_ID: Final = 256
_FAILURE: Final = -1
"""Code of our own errors; the dialect asks for any but 0."""

_TYPES: Final[dict[type[Body], str]] = {
    ms.Ping: "ping",
    ms.Pong: "ping",
    ms.Extract: "get_entities",
    ms.Described: "get_entities",
    ms.Reset: "reset_circuit",
    ms.ResetDone: "reset_circuit",
    ms.Configure: "set_circuit",
    ms.Configured: "set_circuit",
    ms.StartRun: "start_run",
    ms.RunAccepted: "start_run",
    ms.StopRun: "stop_run",
    ms.Accepted: "stop_run",
    ms.GetOverloads: "overload_status",
    ms.Overloads: "overload_status",
    ms.StateChanged: "run_state_change",
    ms.Samples: "run_data",
}
_OLD_NAMES: Final = {"set_config": "set_circuit", "reset": "reset_circuit"}
_NOTIFICATIONS: Final = (ms.StateChanged, ms.Samples)
_REQUESTS: Final = (
    ms.Ping,
    ms.Extract,
    ms.Reset,
    ms.Configure,
    ms.StartRun,
    ms.StopRun,
    ms.GetOverloads,
)


def type_of(body: Body) -> str:
    """The dialect's name for a body, as for ``encode``'s ``answers``. ProtocolError where it has
    none."""
    if type(body) not in _TYPES:
        raise ProtocolError(f"The JSONL dialect has no message for {type(body).__name__}.")
    return _TYPES[type(body)]


def encode(message: Message, *, calibrate: bool = False, answers: str = "") -> bytes:
    """One line, with its end.

    ``calibrate`` asks for a calibration together with a Configure or StartRun: the dialect has no
    message for it alone. ``answers`` is the type of the request that Failed or Accepted answer.
    Raises ProtocolError for bodies that the dialect lacks (Calibrate, StreamToUdp, Authenticate,
    UdpRefused, Busy, Calibrated), RunRefused for a circuit that firmware 1.x cannot take.
    """
    body = message.body
    envelope: Object = {} if message.id is None else {"id": message.id}
    if isinstance(body, ms.Failed):
        envelope |= {"type": answers} if answers else {}
        return write_line(envelope | {"error": body.text, "code": _FAILURE})
    kind = answers if answers and isinstance(body, ms.Accepted) else type_of(body)
    envelope |= {"type": kind, "msg": _write(body, calibrate=calibrate)}
    if not isinstance(body, (*_REQUESTS, *_NOTIFICATIONS)):
        envelope["code"] = 0
    try:
        return write_line(envelope)
    except ValueError as error:
        raise ProtocolError(f"The message cannot be written: {error}") from error


def _write(body: Body, *, calibrate: bool) -> Object:
    """The ``msg`` of a body; what has nothing to say has an empty one."""
    match body:
        case ms.Pong():
            return {"micros": body.micros}
        case ms.Described():
            return {"entities": write_entities(body.description)}
        case ms.Reset():
            return _write_reset(body)
        case ms.Configure():
            return _write_configure(body, calibrate=calibrate)
        case ms.StartRun():
            return write_start(body, calibrate=calibrate)
        case ms.Overloads():
            return write_overloads(body)
        case ms.StateChanged():
            return write_state(body)
        case ms.Samples():
            return write_samples(body)
    return {}


def _write_reset(body: ms.Reset) -> Object:
    """Only what differs from the default: not every device of this dialect knows the fields."""
    rest = ms.Reset()
    names = ("keep_calibration", "sync", "overload_reset", "circuit_reset")
    return {
        name: getattr(body, name) for name in names if getattr(body, name) != getattr(rest, name)
    }


def _write_configure(body: ms.Configure, *, calibrate: bool) -> Object:
    carrier, config = write_config(body.circuit)
    found: Object = {"entity": [carrier], "config": config, "reset_before": body.reset_before}
    if calibrate:
        found |= {"calibrate_offset": True, "calibrate_routes": True}
    return found


def decode(line: bytes) -> Message:
    """The message of a line.

    A line with ``code`` or ``error`` is an answer, one without is a request or a notification: what
    a client reads as a request is the echo of its own. An answer without id has to be matched by
    its type. Types that we have no record for become Unknown. Raises ProtocolError and nothing
    else.
    """
    envelope = parse_object(line)
    message_id = _read_id(envelope.get("id"))
    code = envelope.get("code")
    if envelope.get("error") is not None or code not in (None, 0):
        return ms.Message(id=message_id, body=_read_failure(envelope))
    kind = as_text(envelope.get("type"), "the type")
    kind = _OLD_NAMES.get(kind, kind)
    msg = envelope.get("msg")
    if kind == "log":
        return ms.Message(id=message_id, body=ms.Unknown(kind=f"log: {quote(msg)}"))
    if kind in _READ_NOTIFICATION:
        return ms.Message(id=message_id, body=_READ_NOTIFICATION[kind](_content(msg)))
    table = _READ_REQUEST if _is_request(kind, code, msg) else _READ_REPLY
    body = table[kind](_content(msg)) if kind in table else ms.Unknown(kind=kind)
    return ms.Message(id=message_id, body=body)


def _read_id(value: Json) -> str | None:
    """Some clients count; an id that is a number comes back as text."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(as_int(value, "the id", least=-LARGEST_INT, most=LARGEST_INT))
    return as_text(value, "the id", _LONGEST_ID)


def _read_failure(envelope: Object) -> ms.Failed:
    error = envelope.get("error")
    if error is None or error == "":
        return ms.Failed(text=f"The device reports the error code {quote(envelope.get('code'))}.")
    return ms.Failed(text=quote(error))


def _content(msg: Json) -> Object:
    """The emulator answers null where it has nothing to say."""
    return {} if msg is None else as_object(msg, "msg")


_TELLING: Final = {"ping": "micros", "get_entities": "entities"}
"""What only an answer holds, for firmware that leaves the code out."""


def _is_request(kind: str, code: Json, msg: Json) -> bool:
    if code is not None:
        return False
    return not (isinstance(msg, dict) and kind in _TELLING and _TELLING[kind] in msg)


def _read_pong(msg: Object) -> ms.Pong:
    """The emulator's clock may run backwards; a negative time says nothing."""
    micros = as_int(msg.get("micros", 0), "micros", least=-LARGEST_INT, most=LARGEST_INT)
    return ms.Pong(micros=max(0, micros))


def _read_described(msg: Object) -> ms.Described:
    return ms.Described(
        description=read_entities(as_object(msg.get("entities"), "the hardware tree"))
    )


def _read_reset(msg: Object) -> ms.Reset:
    rest = ms.Reset()
    return ms.Reset(
        keep_calibration=as_bool(msg.get("keep_calibration", rest.keep_calibration), "a flag"),
        sync=as_bool(msg.get("sync", rest.sync), "a flag"),
        overload_reset=as_bool(msg.get("overload_reset", rest.overload_reset), "a flag"),
        circuit_reset=as_bool(msg.get("circuit_reset", rest.circuit_reset), "a flag"),
    )


def _read_configure(msg: Object) -> ms.Configure:
    return ms.Configure(
        circuit=read_config(msg.get("entity"), msg.get("config")),
        reset_before=as_bool(msg.get("reset_before", True), "reset_before"),
    )


_READ_REQUEST: Final[dict[str, Callable[[Object], Body]]] = {
    "ping": lambda _: ms.Ping(),
    "get_entities": lambda _: ms.Extract(),
    "reset_circuit": _read_reset,
    "set_circuit": _read_configure,
    "start_run": read_start,
    "stop_run": lambda _: ms.StopRun(),
    "overload_status": lambda _: ms.GetOverloads(),
}
_READ_REPLY: Final[dict[str, Callable[[Object], Body]]] = {
    "ping": _read_pong,
    "get_entities": _read_described,
    "reset_circuit": lambda _: ms.ResetDone(),
    "set_circuit": lambda _: ms.Configured(),
    "start_run": lambda _: ms.RunAccepted(),
    "stop_run": lambda _: ms.Accepted(),
    "overload_status": read_overloads,
}
_READ_NOTIFICATION: Final[dict[str, Callable[[Object], Body]]] = {
    "run_state_change": read_state,
    "run_data": read_samples,
}
