"""The vendor's own parser reads what we write, field by field, and we read what it writes."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from drivers.wire import device_pb2 as pb
from drivers.wire import messages as m
from drivers.wire.messages import Message
from drivers.wire.protobuf import decode, encode
from tests.wire_messages import BODIES, MESSAGES


@pytest.fixture
# Any: the vendor's package has no types.
def vendor() -> Any:  # noqa: ANN401
    return pytest.importorskip(
        "pybrid.base.proto.main_pb2", reason="pybrid-computing is not installed"
    )


@pytest.mark.parametrize("message", MESSAGES, ids=lambda one: type(one.body).__name__)
def test_both_parsers_see_the_same(message: Message, vendor: Any) -> None:  # noqa: ANN401
    data = encode(message)
    theirs = vendor.Envelope.FromString(data)
    assert MessageToDict(theirs) == MessageToDict(pb.Envelope.FromString(data))
    again = theirs.SerializeToString(deterministic=True)
    assert again == data
    assert decode(again) == message


def test_a_run_as_their_client_means_it(vendor: Any) -> None:  # noqa: ANN401
    body = next(one for one in BODIES if isinstance(one, m.StartRun))
    start = vendor.Envelope.FromString(encode(Message(body=body))).message_v1.start_run_command
    assert start.run_config.op_time.prefix == vendor.Prefix.NANO
    assert start.run_config.op_time.value == 3_000_000
    assert start.run_config.HasField("halt_on_overload")
    assert not start.run_config.HasField("repetitive")
    assert start.run_config.streaming
    assert start.sync_config.enabled
    assert start.daq_config.num_channels == 2


def test_their_kinds_that_we_leave_out_are_unknown(vendor: Any) -> None:  # noqa: ANN401
    ours = {one.number for one in pb.MessageV1.DESCRIPTOR.fields}
    left = [one for one in vendor.MessageV1.DESCRIPTOR.fields if one.number not in ours]
    assert len(left) == 27
    for one in left:
        message = vendor.MessageV1(id="x")
        getattr(message, one.name).SetInParent()
        data = vendor.Envelope(message_v1=message).SerializeToString()
        assert decode(data) == Message(id="x", body=m.Unknown(kind=f"number {one.number}"))
