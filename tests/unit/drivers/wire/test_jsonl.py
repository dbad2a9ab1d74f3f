"""Messages of the JSONL dialect: exchanges as peers write them, and round trips of our own."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.apb.circuit import assemble, to_items
from drivers.apb.entities import roots
from drivers.apb.items import CircuitFile
from drivers.errors import ProtocolError
from drivers.wire import messages as ms
from drivers.wire.jsonl import decode, encode, type_of
from tests.machines import LUCIDAC, blank, describe, harmonic, lucidac_board

ID = "7c1f6f3e-3a55-4f0e-9d57-0d7c7c1f6f3e"
RUN = "0b8c2e9c-55f3-4b64-8e0a-1f0e0c2d4a61"
CIRCUIT = CircuitFile(items=to_items(harmonic()))


def read(text: str) -> ms.Message:
    """The message of a line in which $ID and $RUN stand for our ids."""
    return decode(text.replace("$ID", ID).replace("$RUN", RUN).encode())


def written(body: ms.Body, *, calibrate: bool = False, answers: str = "") -> dict[str, Any]:
    """A body's line as JSON (Any: that is what it is)."""
    line = encode(ms.Message(id=ID, body=body), calibrate=calibrate, answers=answers)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    found: dict[str, Any] = json.loads(line)
    return found


# Requests, as they leave.


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ms.Ping(), "ping"),
        (ms.Extract(), "get_entities"),
        (ms.Reset(), "reset_circuit"),
        (ms.StopRun(), "stop_run"),
        (ms.GetOverloads(), "overload_status"),
    ],
)
def test_plain_requests(body: ms.Body, kind: str) -> None:
    assert written(body) == {"id": ID, "type": kind, "msg": {}}
    assert type_of(body) == kind


def test_a_reset_says_what_is_unusual() -> None:
    """The emulator knows no field at all and answers any with an error."""
    reset = ms.Reset(keep_calibration=False)
    assert written(reset)["msg"] == {"keep_calibration": False}


def test_a_run_in_our_own_words() -> None:
    run = ms.StartRun(
        run_id=RUN, ic_time_ns=100_000, op_time_ns=2_000_000, channels=3, sample_rate=10_000
    )
    assert written(run) == {
        "id": ID,
        "type": "start_run",
        "msg": {
            "id": RUN,
            "config": {
                "ic_time": 100_000,
                "op_time": 2_000_000,
                "halt_on_overload": False,
                "streaming": True,
                "repetitive": False,
                "write_run_state_changes": True,
                "calibrate": False,
            },
            "daq_config": {
                "num_channels": 4,
                "sample_rate": 10_000,
                "sample_op": True,
                "sample_op_end": True,
            },
            "clear_queue": True,
            "end_repetitive": True,
        },
    }


@pytest.mark.parametrize(("channels", "asked"), [(0, 0), (1, 1), (2, 2), (3, 4), (5, 8), (8, 8)])
def test_channels_are_rounded_up(channels: int, asked: int) -> None:
    run = ms.StartRun(run_id=RUN, ic_time_ns=1, op_time_ns=1, channels=channels, sample_rate=1000)
    assert written(run)["msg"]["daq_config"]["num_channels"] == asked


def test_a_calibration_goes_with_the_circuit_or_the_run() -> None:
    configure = ms.Configure(circuit=CIRCUIT)
    message = written(configure, calibrate=True)["msg"]
    assert message["calibrate_offset"] is True
    assert message["calibrate_routes"] is True
    assert set(written(configure)["msg"]) == {"entity", "config", "reset_before"}
    run = ms.StartRun(run_id=RUN, ic_time_ns=1, op_time_ns=1, channels=1, sample_rate=1000)
    assert written(run, calibrate=True)["msg"]["config"]["calibrate"] is True


def test_a_run_id_has_the_length_that_firmware_asks_for() -> None:
    run = ms.StartRun(run_id="7", ic_time_ns=1, op_time_ns=1, channels=1, sample_rate=1000)
    with pytest.raises(ProtocolError, match="36 characters"):
        written(run)


@pytest.mark.parametrize(
    "body",
    [
        ms.Calibrate(),
        ms.Calibrated(),
        ms.StreamToUdp(port=1),
        ms.UdpRefused(),
        ms.Authenticate(token="t"),
        ms.Busy(),
        ms.Unknown(kind="x"),
    ],
)
def test_the_dialect_has_no_such_message(body: ms.Body) -> None:
    with pytest.raises(ProtocolError, match=type(body).__name__):
        written(body)


# Replies, as they arrive.


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ('"type":"ping","msg":{"now":"2007-08-31T16:47+01:00","micros":12}', ms.Pong(micros=12)),
        ('"type":"ping","msg":{"micros":-3}', ms.Pong()),
        ('"type":"reset_circuit","msg":null', ms.ResetDone()),
        ('"type":"set_circuit","msg":null', ms.Configured()),
        ('"type":"set_circuit","msg":{}', ms.Configured()),
        ('"type":"set_config","msg":{}', ms.Configured()),
        ('"type":"start_run","msg":{}', ms.RunAccepted()),
        ('"type":"stop_run","msg":{}', ms.Accepted()),
        ('"type":"overload_status","msg":{}', ms.Overloads()),
        ('"type":"manual_mode","msg":{}', ms.Unknown(kind="manual_mode")),
    ],
)
def test_replies(text: str, body: ms.Body) -> None:
    assert read(f'{{"id":"{ID}",{text},"code":0}}') == ms.Message(id=ID, body=body)


def test_the_emulator_accepts_a_run_without_an_id() -> None:
    message = read('{"type": "start_run", "msg": {}, "code": 0}')
    assert message == ms.Message(id=None, body=ms.RunAccepted())


def test_the_emulator_describes_itself() -> None:
    body = read(
        '{"id": "$ID", "type": "get_entities", "msg": {"entities": {"70-79": {"/0": {'
        '"/M0": {"class": 2, "type": 0, "variant": 0, "version": 0}, '
        '"/M1": {"class": 2, "type": 1, "variant": 0, "version": 0}, '
        '"/U": {"class": 3, "type": 0, "variant": 0, "version": 0}, '
        '"class": 1, "type": 3, "variant": 0, "version": 0}, '
        '"class": 0, "type": 0, "variant": 0, "version": 0}}}, "code": 0}'
    ).body
    assert isinstance(body, ms.Described)
    blocks = assemble(body.description).carriers[0].clusters[0].blocks
    assert [block.kind.name for block in blocks if block] == ["INT", "MUL"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"id":"$ID","type":"ping","error":"No such ping","code":-2}', "No such ping"),
        ('{"id":"$ID","type":"x","code":-10}', "error code -10"),
        ('{"id":"$ID","type":"x","error":"","code":403}', "error code 403"),
        ('{"id":"$ID","msg":{},"error":{"a":1},"code":-2}', '{"a": 1}'),
        ('{"id":"$ID","error":"no code"}', "no code"),
    ],
)
def test_failures(text: str, expected: str) -> None:
    message = read(text)
    assert message.id == ID
    assert isinstance(message.body, ms.Failed)
    assert expected in message.body.text


def test_a_line_that_could_not_be_read_fails_without_an_id() -> None:
    message = read('{"msg": {}, "error": "Cannot read message", "code": -2}')
    assert message == ms.Message(id=None, body=ms.Failed(text="Cannot read message"))


def test_an_echo_is_a_request() -> None:
    """A serial port may send back what was typed."""
    line = encode(ms.Message(id=ID, body=ms.Ping()))
    assert decode(line) == ms.Message(id=ID, body=ms.Ping())


def test_an_answer_without_code_is_known_by_what_it_holds() -> None:
    assert read('{"id":"a","type":"ping","msg":{"micros":1}}').body == ms.Pong(micros=1)


# Notifications.


def test_samples_as_firmware_prints_them() -> None:
    body = read(
        '{"type":"run_data","msg":{"id":"$RUN","entity":["04-E9-E5-00-00-01","0"],'
        '"data":[[ 0.500,-1.250],[ 0.499,-1.249]]}}'
    ).body
    assert isinstance(body, ms.Samples)
    assert (body.run_id, body.carrier, body.chunk) == (RUN, "04-E9-E5-00-00-01", None)
    assert body.probes == (0, 1)
    assert body.values.tolist() == [[0.5, -1.25], [0.499, -1.249]]
    assert not body.is_final


@pytest.mark.parametrize("data", ["[[0.1,0.2]]", "[0.1,0.2]"])
def test_the_sample_after_the_run(data: str) -> None:
    body = read(
        f'{{"type":"run_data","msg":{{"id":"{RUN}","state":"OP_END","data":{data}}},"code":0}}'
    ).body
    assert isinstance(body, ms.Samples)
    assert body.is_final
    assert body.values.tolist() == [[0.1, 0.2]]
    assert body.carrier == ""


def test_samples_without_a_channel() -> None:
    body = read(f'{{"type":"run_data","msg":{{"id":"{RUN}","data":[[],[]]}}}}').body
    assert isinstance(body, ms.Samples)
    assert body.values.shape == (2, 0)
    assert body.probes == ()


@pytest.mark.parametrize(
    "data",
    [
        "[[1,2],[3]]",
        "[[1],2]",
        '[["1.5"]]',
        "[[null]]",
        "[[true]]",
        "[[1e999]]",
        f"[[{10**400}]]",
        "[[[1]]]",
        '{"a":1}',
        "5",
        "[" + ",".join(["[1]"] * 65_537) + "]",
        "[[" + ",".join(["1"] * 65) + "]]",
    ],
)
def test_unsound_samples_are_refused(data: str) -> None:
    with pytest.raises(ProtocolError):
        read(f'{{"type":"run_data","msg":{{"id":"{RUN}","data":{data}}}}}')


def test_a_state_by_its_names() -> None:
    message = read(
        '{"type":"run_state_change","msg":{"id":"$RUN","t":2000123,"old":"NEW","new":"DONE"}}'
    )
    changed = ms.StateChanged(
        run_id=RUN, old=ms.RunState.NEW, new=ms.RunState.DONE, time_ns=2_000_123
    )
    assert message == ms.Message(id=None, body=changed)


@pytest.mark.parametrize(
    "text",
    [
        '"old":"NEW","new":"BROKEN"',
        '"old":"NEW"',
        '"old":0,"new":2',
        '"old":"NEW","new":"DONE","t":9223372036854775808',
        '"old":"NEW","new":"DONE","t":1.5',
    ],
)
def test_unsound_states_are_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        read(f'{{"type":"run_state_change","msg":{{"id":"{RUN}",{text}}}}}')


def test_a_log_line_is_passed_on() -> None:
    message = read('{"type":"log","count":3,"time":77,"msg":"Booting"}')
    assert message.body == ms.Unknown(kind="log: Booting")


def test_overloads_in_whatever_lists_they_come() -> None:
    text = '{"overload":true,"/X":{"/0":{"/M0":[false,true],"/M1":[false,false,true]}}}'
    body = read(f'{{"id":"a","type":"overload_status","msg":{text},"code":0}}').body
    assert isinstance(body, ms.Overloads)
    assert body.any_overload
    assert set(body.elements) == {("X/0/M0", 1), ("X/0/M1", 2)}


# The device's side.


def test_lucipy_asks_for_a_run() -> None:
    body = read(
        '{"id":"$ID","type":"start_run","msg":{"id":"$RUN","config":{"halt_on_external_trigger":false,'
        '"halt_on_overload":true,"ic_time_us":100,"ic_time":5,"op_time_ms":2,"op_time":0,'
        '"unlimited_op_time":false,"repetitive":false},"daq_config":{"num_channels":3,'
        '"sample_op":true,"sample_op_end":false,"sample_rate":125000},"clear_queue":true}}'
    ).body
    assert body == ms.StartRun(
        run_id=RUN,
        ic_time_ns=100_005,
        op_time_ns=2_000_000,
        channels=3,
        sample_rate=125_000,
        sample_op_end=False,
        halt_on_overload=True,
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"start_run","msg":{}}',
        '{"type":"start_run","msg":{"id":5}}',
        '{"type":"start_run","msg":{"id":"a","config":{"op_time":-1}}}',
        '{"type":"start_run","msg":{"id":"a","config":{"op_time":9223372036854775808}}}',
        '{"type":"start_run","msg":{"id":"a","config":{"op_time_ms":9223372036854775}}}',
        '{"type":"start_run","msg":{"id":"a","config":[1]}}',
        '{"type":"start_run","msg":{"id":"a","daq_config":{"num_channels":9}}}',
        '{"type":"start_run","msg":{"id":"a","daq_config":{"sample_rate":4294967296}}}',
        '{"type":"reset_circuit","msg":{"keep_calibration":1}}',
        '{"type":"set_circuit","msg":{}}',
        '{"type":"set_circuit","msg":[]}',
        '{"type":"set_circuit","msg":{"entity":["X"],"config":{},"reset_before":"yes"}}',
        '{"type":5}',
        '{"id":"a"}',
        '{"id":[],"type":"ping"}',
        '{"id":true,"type":"ping"}',
        '{"id":9223372036854775808,"type":"ping"}',
        '{"id":"\\ud800","type":"ping"}',
        '{"id":"a","type":"get_entities","msg":{"entities":null},"code":0}',
        '{"id":"a","type":"overload_status","msg":' + '{"a":' * 9 + "true" + "}" * 9 + ',"code":0}',
        '{"id":"a","type":"overload_status","msg":{"a":['
        + ",".join(["true"] * 1025)
        + ']},"code":0}',
    ],
)
def test_unsound_messages_are_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        read(text)


def test_ids_that_count_come_as_text() -> None:
    assert read('{"id":51,"type":"ping"}') == ms.Message(id="51", body=ms.Ping())


def test_answers_name_what_they_answer() -> None:
    assert written(ms.Failed(text="No"), answers="set_circuit") == {
        "id": ID,
        "type": "set_circuit",
        "error": "No",
        "code": -1,
    }
    assert written(ms.Accepted(), answers="manual_mode")["type"] == "manual_mode"
    assert written(ms.Configured()) == {"id": ID, "type": "set_circuit", "msg": {}, "code": 0}


def test_notifications_have_neither_id_nor_code() -> None:
    changed = ms.StateChanged(run_id=RUN, old=ms.RunState.OP, new=ms.RunState.DONE, time_ns=5)
    assert json.loads(encode(ms.Message(body=changed))) == {
        "type": "run_state_change",
        "msg": {"id": RUN, "t": 5, "old": "OP", "new": "DONE"},
    }
    samples = ms.Samples(
        run_id=RUN, chunk=None, carrier="X", probes=(0,), values=np.array([[0.5], [1.0]])
    )
    assert json.loads(encode(ms.Message(body=samples))) == {
        "type": "run_data",
        "msg": {"id": RUN, "entity": ["X", "0"], "data": [[0.5], [1.0]]},
    }


def test_samples_that_are_no_numbers_are_not_written() -> None:
    values = np.array([[np.nan]])
    samples = ms.Samples(run_id=RUN, chunk=None, carrier="X", probes=(0,), values=values)
    with pytest.raises(ProtocolError, match="cannot be written"):
        encode(ms.Message(body=samples))


# Round trips.

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_TIMES = st.integers(0, 2**63 - 1)
_FLAGS = st.booleans()
_STATES = st.sampled_from(ms.RunState)
_RUN_IDS = st.uuids().map(str)
_BODIES: st.SearchStrategy[ms.Body] = st.one_of(
    st.sampled_from(
        [
            ms.Ping(),
            ms.Extract(),
            ms.StopRun(),
            ms.GetOverloads(),
            ms.ResetDone(),
            ms.Configured(),
            ms.RunAccepted(),
            ms.Accepted(),
            ms.Described(description=describe(lucidac_board())),
        ]
    ),
    st.builds(ms.Pong, micros=_TIMES),
    st.builds(
        ms.Reset,
        keep_calibration=_FLAGS,
        sync=_FLAGS,
        overload_reset=_FLAGS,
        circuit_reset=_FLAGS,
    ),
    st.builds(
        ms.StartRun,
        run_id=_RUN_IDS,
        ic_time_ns=_TIMES,
        op_time_ns=_TIMES,
        channels=st.sampled_from([0, 1, 2, 4, 8]),
        sample_rate=st.integers(0, 2**32 - 1),
        sample_op=_FLAGS,
        sample_op_end=_FLAGS,
        halt_on_overload=_FLAGS,
    ),
    st.builds(
        ms.StateChanged, run_id=_RUN_IDS, old=_STATES, new=_STATES, reason=_TEXT, time_ns=_TIMES
    ),
    st.builds(ms.Failed, text=_TEXT.filter(bool)),
)


@settings(max_examples=50)
@given(st.none() | _TEXT, _BODIES)
def test_messages_come_back(message_id: str | None, body: ms.Body) -> None:
    message = ms.Message(id=message_id, body=body)
    back = decode(encode(message))
    if isinstance(body, ms.Described):
        assert isinstance(back.body, ms.Described)
        assert [one.path for one in roots(back.body.description)] == ["04-E9-E5-00-00-01"]
    else:
        assert back == message


_ELEMENTS = st.frozensets(
    st.tuples(st.sampled_from(["X/0/M0", "X/0/M1", "Y/2/M1"]), st.integers(0, 7)), max_size=5
)


@given(_ELEMENTS)
def test_overloads_come_back(elements: frozenset[tuple[str, int]]) -> None:
    body = ms.Overloads(any_overload=bool(elements), elements=tuple(sorted(elements)))
    back = decode(encode(ms.Message(id="a", body=body))).body
    assert isinstance(back, ms.Overloads)
    assert back.any_overload == body.any_overload
    assert set(back.elements) == elements


def test_an_overload_that_has_no_element_comes_back() -> None:
    body = ms.Overloads(any_overload=True)
    assert decode(encode(ms.Message(id="a", body=body))).body == body


_VALUES = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=40)
@given(st.integers(1, 8), st.data())
def test_samples_come_back(width: int, data: st.DataObject) -> None:
    rows = st.lists(st.lists(_VALUES, min_size=width, max_size=width), min_size=1, max_size=5)
    samples = ms.Samples(
        run_id=RUN,
        chunk=None,
        carrier="X",
        probes=tuple(range(width)),
        values=np.array(data.draw(rows)),
        is_final=data.draw(_FLAGS),
    )
    back = decode(encode(ms.Message(body=samples))).body
    assert back == samples
    assert isinstance(back, ms.Samples)
    np.testing.assert_array_equal(back.values, samples.values)


@pytest.mark.parametrize("reset_before", [True, False])
def test_a_circuit_comes_back(*, reset_before: bool) -> None:
    message = ms.Message(id=ID, body=ms.Configure(circuit=CIRCUIT, reset_before=reset_before))
    back = decode(encode(message)).body
    assert isinstance(back, ms.Configure)
    assert back.reset_before is reset_before
    assert assemble(back.circuit, LUCIDAC).carriers == harmonic().carriers
    assert assemble(back.circuit, LUCIDAC).carriers != blank(LUCIDAC).carriers
