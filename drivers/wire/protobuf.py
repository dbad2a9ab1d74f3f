"""The protobuf dialect: envelopes between their bytes and messages. See frames for the framing.

Any bytes give a Message or a ProtocolError, nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from drivers.errors import ProtocolError
from drivers.wire import device_pb2 as pb
from drivers.wire.frames import MAX_FRAME_BYTES
from drivers.wire.messages import Body, Message, Ping, Pong, Samples, StateChanged, Unknown
from drivers.wire.pb_notifications import DATA, DATA_END, NOTIFICATIONS
from drivers.wire.pb_replies import REPLIES
from drivers.wire.pb_requests import REQUESTS
from drivers.wire.pb_values import identifier

if TYPE_CHECKING:
    from drivers.wire.pb_kinds import Kind

# Any: the kinds of one table have records of different types.
_KINDS: Final[tuple[Kind[Any], ...]] = (*REQUESTS, *REPLIES, *NOTIFICATIONS)
_BY_NAME: Final = {one.name: one for one in _KINDS}
_BY_RECORD: Final = {one.record: one for one in _KINDS}


def encode(message: Message) -> bytes:
    """One envelope, as it stands in a frame or a datagram. Ping and Pong lose their id, for which
    the dialect has no place. ValueError for Unknown and for numbers that the dialect cannot hold.
    """
    envelope = pb.Envelope()
    if isinstance(message.body, Ping):
        envelope.generic.ping_command.SetInParent()
    elif isinstance(message.body, Pong):
        envelope.generic.ping_response.micros = message.body.micros
        envelope.generic.ping_response.SetInParent()
    else:
        envelope.message_v1.CopyFrom(_write(message))
    return envelope.SerializeToString(deterministic=True)


def decode(data: bytes) -> Message:
    """What one envelope says; ProtocolError when it makes no sense. Kinds that we have no record
    for become Unknown with their number."""
    if len(data) > MAX_FRAME_BYTES:
        raise ProtocolError(
            f"A message has {len(data)} bytes; at most {MAX_FRAME_BYTES} are accepted."
        )
    try:
        envelope = pb.Envelope.FromString(data)
    except DecodeError as error:
        raise ProtocolError("A message cannot be read: it is damaged.") from error
    _check_version(envelope)
    name = envelope.WhichOneof("kind")
    if name == "message_v1":
        return _read(envelope.message_v1)
    return Message(body=Unknown(kind="empty") if name is None else _generic(envelope.generic))


def decode_datagram(data: bytes) -> Message:
    """What one UDP datagram says: an envelope, or else a notification without envelope. Other
    messages do not come by UDP, and without envelope could be mistaken for one."""
    try:
        message = decode(data)
    except ProtocolError:
        bare = _bare(data)
        if bare is None:
            raise
        return bare
    if isinstance(message.body, Unknown):
        return _bare(data) or message
    return message


def _bare(data: bytes) -> Message | None:
    """A notification without envelope, None when it is none."""
    try:
        message = _read(pb.MessageV1.FromString(data))
    except (DecodeError, ProtocolError):
        return None
    return message if isinstance(message.body, StateChanged | Samples) else None


def _check_version(envelope: pb.Envelope) -> None:
    """The machines leave the version out."""
    version = envelope.version
    if version.major > 0:
        raise ProtocolError(
            f"The device speaks version {version.major}.{version.minor}.{version.patch} of its "
            "protocol; only versions that start with 0 are known here. A newer analogcloud may "
            "know it."
        )


def _generic(message: pb.GenericMessage) -> Body:
    name = message.WhichOneof("kind")
    if name == "ping_command":
        return Ping()
    if name == "ping_response":
        return Pong(micros=message.ping_response.micros)
    return Unknown(kind="generic")


def _read(message: pb.MessageV1) -> Message:
    own = identifier(message.id, "an id") if message.HasField("id") else None
    name = message.WhichOneof("kind")
    if name is None:
        return Message(id=own, body=Unknown(kind=_number(message)))
    return Message(id=own, body=_BY_NAME[name].read(getattr(message, name)))


def _number(message: pb.MessageV1) -> str:
    """The number of the kind that the schema has no name for."""
    unknown = UnknownFieldSet(message)
    if not len(unknown):
        return "empty"
    return f"number {max(unknown[at].field_number for at in range(len(unknown)))}"


def _write(message: Message) -> pb.MessageV1:
    one = _kind_of(message.body)
    written = pb.MessageV1() if message.id is None else pb.MessageV1(id=message.id)
    content = getattr(written, one.name)
    content.SetInParent()
    one.write(content, message.body)
    return written


# Any: see _KINDS.
def _kind_of(body: Body) -> Kind[Any]:
    if isinstance(body, Samples):
        return DATA_END if body.is_final else DATA
    if type(body) not in _BY_RECORD:
        raise ValueError(f"a message of the kind {type(body).__name__} cannot be written")
    return _BY_RECORD[type(body)]
