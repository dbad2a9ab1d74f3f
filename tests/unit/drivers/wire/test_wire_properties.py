"""Any record comes back from its bytes, and any bytes give a message or a ProtocolError."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from drivers.apb.codec import CircuitFile
from drivers.apb.codec import decode as decode_file
from drivers.apb.writer import build_file
from drivers.errors import ProtocolError
from drivers.wire import messages as m
from drivers.wire.frames import Unframer, frame
from drivers.wire.messages import Message, RunState
from drivers.wire.protobuf import decode, decode_datagram, encode
from tests.machines import LUCIDAC, circuits, describe, lucidac_board, mredac_board

FLAGS: Final = st.booleans()
U32: Final = st.integers(0, 2**32 - 1)
TIMES: Final = st.integers(0, 2**63 - 1)
IDS: Final = st.text(max_size=40)
PATHS: Final = st.from_regex(r"([0-9A-F]{2}(-[0-9A-F]{2}){5}(/[0-2](/M[01])?)?)?", fullmatch=True)
CARRIERS: Final = st.from_regex(r"([0-9A-F]{2}(-[0-9A-F]{2}){5})?", fullmatch=True)
WORDS: Final = st.text(max_size=60).filter(str.isprintable)
STATES: Final = st.sampled_from(RunState)


@st.composite
def samples(draw: st.DrawFn) -> m.Samples:
    probes = tuple(draw(st.lists(st.integers(0, 99), min_size=1, max_size=10, unique=True)))
    count = draw(st.integers(0, 5))
    seed = draw(st.integers(0, 2**32 - 1))
    values = np.random.default_rng(seed).uniform(-1.2, 1.2, (count, len(probes)))
    return m.Samples(
        run_id=draw(IDS),
        chunk=draw(U32),
        carrier=draw(CARRIERS),
        probes=probes,
        values=values.astype(np.float32).astype(np.float64),
        is_final=draw(st.booleans()),
    )


def _items(file: CircuitFile) -> CircuitFile:
    return CircuitFile(items=file.items)


CIRCUITS: Final = circuits(LUCIDAC).map(lambda one: _items(decode_file(build_file(LUCIDAC, one))))
DESCRIPTIONS: Final = st.one_of(
    st.sampled_from([(1, 2), (1, 3), (0, 0), (2, 1)]).map(
        lambda kinds: describe(lucidac_board(kinds=kinds))
    ),
    st.integers(0, 30).map(lambda position: describe(mredac_board(position=position))),
)
BODIES: Final = st.one_of(
    st.builds(m.Extract, specification=FLAGS, recursive=FLAGS),
    st.builds(
        m.Reset, keep_calibration=FLAGS, sync=FLAGS, overload_reset=FLAGS, circuit_reset=FLAGS
    ),
    st.builds(m.Configure, circuit=CIRCUITS, reset_before=FLAGS),
    st.builds(m.Calibrate, leader=PATHS, math=FLAGS, gain=FLAGS, offset=FLAGS),
    st.builds(m.StreamToUdp, port=st.integers(1, 65_535)),
    st.builds(
        m.StartRun,
        run_id=IDS,
        ic_time_ns=TIMES,
        op_time_ns=TIMES,
        channels=U32,
        sample_rate=U32,
        master=PATHS,
        sample_op=FLAGS,
        sample_op_end=FLAGS,
        halt_on_overload=FLAGS,
    ),
    st.builds(m.StopRun),
    st.builds(m.GetOverloads),
    st.builds(m.Authenticate, token=st.text()),
    st.builds(m.Described, description=DESCRIPTIONS),
    st.builds(m.ResetDone),
    st.builds(m.Configured),
    st.builds(m.Calibrated),
    st.builds(m.Accepted),
    st.builds(m.UdpRefused, reason=WORDS),
    st.builds(m.RunAccepted),
    st.builds(
        m.Overloads,
        any_overload=FLAGS,
        elements=st.lists(st.tuples(PATHS, U32), max_size=5).map(tuple),
    ),
    st.builds(m.Failed, text=WORDS.filter(bool)),
    st.builds(m.Busy),
    st.builds(
        m.StateChanged,
        run_id=IDS,
        old=STATES,
        new=STATES,
        reason=WORDS,
        carrier=CARRIERS,
        time_ns=TIMES,
    ),
    samples(),
)
MESSAGES: Final = st.one_of(
    st.builds(Message, id=st.none() | IDS, body=BODIES),
    st.builds(
        Message,
        id=st.none(),
        body=st.one_of(st.builds(m.Ping), st.builds(m.Pong, micros=st.integers(0, 2**64 - 1))),
    ),
)


@given(message=MESSAGES)
def test_every_message_comes_back(message: Message) -> None:
    data = encode(message)
    again = decode(data)
    assert again == message
    assert decode_datagram(data) == message
    assert encode(again) == data
    if isinstance(message.body, m.Samples):
        assert isinstance(again.body, m.Samples)
        assert np.array_equal(again.body.values, message.body.values)


@given(messages=st.lists(MESSAGES, max_size=5), cut=st.integers(1, 50))
def test_a_conversation_comes_back(messages: list[Message], cut: int) -> None:
    stream = b"".join(frame(encode(one)) for one in messages)
    unframer = Unframer()
    found = [
        decode(one)
        for start in range(0, len(stream), cut)
        for one in unframer.feed(stream[start : start + cut])
    ]
    assert found == messages


@given(data=st.binary(max_size=200))
def test_any_bytes_give_a_message_or_an_error_of_the_protocol(data: bytes) -> None:
    for read in (decode, decode_datagram):
        with suppress(ProtocolError):
            assert isinstance(read(data), Message)
