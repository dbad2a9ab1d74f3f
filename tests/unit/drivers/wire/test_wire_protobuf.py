"""Messages of the protobuf dialect: bytes written down by hand, and what is refused."""

from __future__ import annotations

from typing import Any, Final

import pytest

from drivers.apb import analog_pb2 as apb
from drivers.apb.codec import CircuitFile, Item
from drivers.apb.items import AdcConfig, CoefConfig, Opaque
from drivers.apb.wire import field, varint
from drivers.errors import ProtocolError
from drivers.wire import device_pb2 as pb
from drivers.wire import messages as m
from drivers.wire.messages import Message, RunState
from drivers.wire.pb_replies import MAX_OVERLOADS
from drivers.wire.pb_values import MAX_IDENTIFIER, MAX_TEXT
from drivers.wire.protobuf import decode, decode_datagram, encode
from tests.wire_messages import BODIES, MESSAGES, RUN

ID: Final = "a3d49482-0ecf-4630-885f-15d30ac20fc0"
U: Final = bytes([0x0A, 0x24]) + ID.encode()
RUN_FIELD: Final = bytes([0x0A, 0x26, 0x0A, 0x24]) + RUN.encode()


def v1(content: bytes) -> bytes:
    return field(101, content)


# From the protocol's description, all but the id.
BY_HAND: Final[list[tuple[m.Body, str]]] = [
    (m.Extract(), "da0c 04 1001 1801"),
    (m.Reset(overload_reset=False), "d20c 04 1001 2801"),
    (m.ResetDone(), "fa12 00"),
    (m.GetOverloads(), "ca0d 00"),
    (m.Overloads(), "da13 02 0a00"),
    (m.RunAccepted(), "8213 00"),
    (m.Accepted(), "a206 00"),
    (m.StreamToUdp(port=48_496), "ba0d 05 0d70bd0000"),
    (m.StopRun(), "f20c 00"),
    (m.Configured(), "f212 00"),
    (m.Calibrated(), "ea13 00"),
    (m.Busy(), "b21f 00"),
    (m.Failed(text="no"), "aa06 04 12026e6f"),
    (m.Authenticate(token="t"), "aa1f 05 0a03 0a0174"),
    (m.UdpRefused(), "e213 00"),
]


@pytest.mark.parametrize(("body", "content"), BY_HAND, ids=lambda one: type(one).__name__)
def test_bytes_by_hand(body: m.Body, content: str) -> None:
    data = v1(U + bytes.fromhex(content))
    assert decode(data) == Message(id=ID, body=body)
    assert encode(Message(id=ID, body=body)) == data


def test_state_change_by_hand() -> None:
    body = m.StateChanged(run_id=RUN, old=RunState.NEW, new=RunState.TAKE_OFF)
    data = v1(U + bytes.fromhex("8a132c") + RUN_FIELD + bytes.fromhex("1804 2200"))
    assert decode(data) == decode_datagram(data) == Message(id=ID, body=body)
    assert encode(Message(id=ID, body=body)) == data


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ("a20603 a20600", m.Ping()),
        ("a20603 aa0600", m.Pong()),
        ("a20605 aa0602 0807", m.Pong(micros=7)),
    ],
)
def test_ping_and_pong_stand_outside_of_the_numbered_messages(data: str, body: m.Body) -> None:
    assert decode(bytes.fromhex(data)) == Message(body=body)
    assert encode(Message(id="lost", body=body)) == bytes.fromhex(data)


def test_a_ping_with_an_id_is_understood_as_well() -> None:
    assert decode(v1(U + bytes.fromhex("ba1f00"))) == Message(id=ID, body=m.Ping())


@pytest.mark.parametrize("message", MESSAGES, ids=lambda one: type(one.body).__name__)
def test_every_kind_comes_back(message: Message) -> None:
    again = decode(encode(message))
    assert again == message
    if isinstance(message.body, m.Samples):
        assert isinstance(again.body, m.Samples)
        assert (again.body.values == message.body.values).all()


def test_the_list_of_examples_has_every_kind() -> None:
    kinds = {*m.Request.__args__, *m.Reply.__args__, *m.Notification.__args__}
    assert {type(body) for body in BODIES} == kinds


def test_no_id_is_not_an_empty_id() -> None:
    for given in (None, ""):
        assert decode(encode(Message(id=given, body=m.StopRun()))).id == given


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (field(1, b""), "empty"),
        (field(100, b""), "generic"),
        (v1(b""), "empty"),
        (v1(U), "empty"),
        (v1(U + field(209, b"")), "number 209"),
        (v1(U + field(4000, b"what comes later")), "number 4000"),
        (v1(U + b"\xdb\x0c\xdc\x0c"), "number 203"),  # a group, which nobody uses
    ],
)
def test_what_nobody_knows_is_unknown(data: bytes, kind: str) -> None:
    assert decode(data).body == m.Unknown(kind=kind)


def test_unknown_keeps_its_id_and_cannot_be_written() -> None:
    message = decode(v1(U + field(209, b"")))
    assert message.id == ID
    with pytest.raises(ValueError, match="Unknown cannot be written"):
        encode(message)


def test_fields_that_nobody_knows_do_no_harm() -> None:
    inside = bytes.fromhex("1001 1801") + field(77, b"x")
    data = field(99, b"new") + v1(U + field(98, b"new") + field(203, inside))
    assert decode(data) == Message(id=ID, body=m.Extract())


def test_version_is_looked_at() -> None:
    stop = v1(U + field(206, b""))
    assert decode(field(1, bytes.fromhex("1003 1801")) + stop).body == m.StopRun()
    with pytest.raises(ProtocolError, match=r"version 9\.1\.0 of its protocol"):
        decode(field(1, bytes.fromhex("0809 1001")) + stop)


def refused(content: pb.MessageV1) -> str:
    """The words in which a message is refused."""
    with pytest.raises(ProtocolError) as caught:
        decode(pb.Envelope(message_v1=content).SerializeToString())
    return str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 20,
        b'{"id": "1", "type": "ping", "msg": {}}',
        v1(U)[:-3],
        v1(b"\x0a\x02\xff\xfe"),  # not UTF-8
        v1(field(204, field(1, b"\x0a\x7f"))),
    ],
)
def test_damaged_bytes(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="damaged"):
        decode(data)


def test_too_many_bytes() -> None:
    with pytest.raises(ProtocolError, match="262085 bytes"):
        decode(bytes(262_085))


def test_long_ids_and_paths() -> None:
    longest = "i" * MAX_IDENTIFIER
    assert decode(encode(Message(id=longest, body=m.StopRun()))).id == longest
    calibrate = m.Calibrate(leader=longest)
    assert decode(encode(Message(body=calibrate))).body == calibrate
    stop = pb.StopRunCommand()
    assert "an id of 129 characters" in refused(
        pb.MessageV1(id=longest + "i", stop_run_command=stop)
    )
    leader = pb.CalibrationConfig(leader=apb.EntityId(path=longest + "i"))
    command = pb.CalibrationCommand(config=leader)
    assert "an address of 129" in refused(pb.MessageV1(calibration_command=command))
    run = pb.RunStateChangeMessage(run=pb.Run(id=longest + "i"))
    assert "a run id of 129" in refused(pb.MessageV1(run_state_change_message=run))


def said(text: str) -> str:
    body = decode(encode(Message(body=m.Failed(text=text)))).body
    assert isinstance(body, m.Failed)
    return body.text


def test_words_of_the_device_can_be_shown() -> None:
    assert said("Überlauf: Kanal 3 → 7") == "Überlauf: Kanal 3 → 7"
    assert said("a\x1b[31mb\nc\x00") == "a [31mb c "
    assert said("") == "The device reports an error and gives no reason."
    long = said("x" * 100_000)
    assert len(long) == MAX_TEXT
    assert long.endswith("x…")


def start(op_time: pb.Time) -> pb.MessageV1:
    config = pb.RunConfig(ic_time=pb.Time(value=1, prefix=pb.MICRO), op_time=op_time)
    return pb.MessageV1(start_run_command=pb.StartRunCommand(run_config=config))


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (pb.Time(value=9), 9_000_000_000),
        (pb.Time(value=9, prefix=pb.MILLI), 9_000_000),
        (pb.Time(value=9, prefix=pb.MICRO), 9_000),
        (pb.Time(value=9, prefix=pb.NANO), 9),
        (pb.Time(value=2**63 - 1, prefix=pb.NANO), 2**63 - 1),
        (pb.Time(), 0),
    ],
)
def test_times_of_every_unit(time: pb.Time, expected: int) -> None:
    body = decode(pb.Envelope(message_v1=start(time)).SerializeToString()).body
    assert isinstance(body, m.StartRun)
    assert (body.ic_time_ns, body.op_time_ns) == (1_000, expected)


@pytest.mark.parametrize("prefix", [pb.NONE, pb.NANO])
def test_a_time_beyond_all_counting(prefix: pb.Prefix) -> None:
    assert "longer than any machine" in refused(start(pb.Time(value=2**63, prefix=prefix)))


# Any: numbers that are none of an enum's are allowed on the wire.
NO_SUCH: Final[Any] = 77


def test_numbers_without_meaning() -> None:
    assert "unit 77" in refused(start(pb.Time(value=1, prefix=NO_SUCH)))
    change = pb.RunStateChangeMessage(new_=NO_SUCH)
    assert "state 77" in refused(pb.MessageV1(run_state_change_message=change))
    command = pb.CalibrationCommand(config=pb.CalibrationConfig(gain=NO_SUCH))
    assert "gain is 77" in refused(pb.MessageV1(calibration_command=command))
    for port in (0, 65_536):
        udp = pb.UdpDataStreamingCommand(port=port)
        assert f"port {port}" in refused(pb.MessageV1(udp_data_streaming_command=udp))


def overloads(*flags: bool) -> pb.MessageV1:
    elements = [
        pb.OverloadStatus.Element(entity=apb.EntityId(path="/X/0/I"), idx=at, overload=flag)
        for at, flag in enumerate(flags)
    ]
    status = pb.OverloadStatus(global_overload=True, elements=elements)
    return pb.MessageV1(get_overload_status_response=pb.GetOverloadStatusResponse(status=status))


def test_elements_that_are_fine_are_not_overloads() -> None:
    data = pb.Envelope(message_v1=overloads(False, True, False, True)).SerializeToString()
    assert decode(data).body == m.Overloads(
        any_overload=True, elements=(("X/0/I", 1), ("X/0/I", 3))
    )


def test_too_many_overloads() -> None:
    assert "4097 elements" in refused(overloads(*[True] * (MAX_OVERLOADS + 1)))


def configured(*items: apb.Item) -> pb.MessageV1:
    return pb.MessageV1(config_command=pb.ConfigCommand(module=apb.Module(items=items)))


def test_circuits_have_the_limits_of_circuit_files() -> None:
    assert "4096 items" in refused(configured(*[apb.Item()] * 4097))
    infinite = apb.CoefConfig(elements=[apb.CoefConfig.Element(factor=float("inf"))])
    assert "circuit that cannot be read" in refused(configured(apb.Item(coef_config=infinite)))
    strange = apb.EntitySpecification(entity=apb.Entity(id="X", class_=NO_SUCH))
    specification = pb.ExtractResponse(
        module=apb.Module(items=[apb.Item(entity_specification=strange)])
    )
    assert "entity class 77" in refused(pb.MessageV1(extract_response=specification))


def test_scaling_and_rest_stay_at_home() -> None:
    module = apb.Module(items=[apb.Item(adc_config=apb.AdcConfig())])
    module.analogcloud_scaling.variable = "x"
    module.MergeFromString(field(4711, b"more"))
    command = pb.ConfigCommand(module=module)
    envelope = pb.Envelope(message_v1=pb.MessageV1(config_command=command))
    body = decode(envelope.SerializeToString()).body
    expected = m.Configure(
        circuit=CircuitFile(items=(Item(config=AdcConfig()),)), reset_before=False
    )
    assert body == expected
    again = pb.Envelope.FromString(encode(Message(body=expected)))
    assert again.message_v1.config_command.module.items[0].HasField("adc_config")


def test_items_that_we_do_not_know_are_carried_along() -> None:
    led = Item(entity="X/FP", config=Opaque(kind="front_panel_config", data=b"\x08\x05"))
    coef = Item(entity="X/0/C", config=CoefConfig())
    body = m.Configure(circuit=CircuitFile(items=(led, coef)))
    assert decode(encode(Message(body=body))).body == body


def test_paths_lose_their_slash_and_come_back_as_devices_write_them() -> None:
    change = m.StateChanged(run_id=RUN, old=RunState.OP, new=RunState.DONE, carrier="A-B")
    data = encode(Message(body=change))
    written = pb.Envelope.FromString(data).message_v1.run_state_change_message
    assert written.entity.path == "/A-B"
    assert decode(data).body == change


def test_the_carrier_is_the_first_part_of_a_path() -> None:
    change = pb.RunStateChangeMessage(entity=apb.EntityId(path="/A-B/0/M0"))
    envelope = pb.Envelope(message_v1=pb.MessageV1(run_state_change_message=change))
    body = decode(envelope.SerializeToString()).body
    assert isinstance(body, m.StateChanged)
    assert body.carrier == "A-B"


def test_a_datagram_may_lack_its_envelope() -> None:
    for message in MESSAGES:
        whole = encode(message)
        assert decode_datagram(whole) == message
        if isinstance(message.body, m.StateChanged | m.Samples):
            bare = pb.Envelope.FromString(whole).message_v1.SerializeToString()
            assert decode_datagram(bare) == message


def test_an_error_without_envelope_is_not_taken_for_one() -> None:
    """It could as well be an envelope with a message of a kind that comes later."""
    error = pb.MessageV1(error_message=pb.ErrorMessage(description="no"))
    assert isinstance(decode_datagram(error.SerializeToString()).body, m.Unknown)


@pytest.mark.parametrize("data", [b"\xff", varint(7), b"\x0a\x05abcde"])
def test_a_datagram_that_is_nothing(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="damaged"):
        decode_datagram(data)


def test_a_datagram_of_an_unknown_kind() -> None:
    assert decode_datagram(v1(U + field(209, b""))).body == m.Unknown(kind="number 209")
    assert decode_datagram(b"") == Message(body=m.Unknown(kind="empty"))


def test_numbers_that_do_not_fit_are_the_callers_fault() -> None:
    for body in (m.StreamToUdp(port=-1), m.Pong(micros=2**64)):
        with pytest.raises(ValueError, match=r"out of range|Out of range"):
            encode(Message(body=body))
