"""What a device answers, in the protobuf dialect."""

from __future__ import annotations

from typing import Any, Final

from drivers.errors import ProtocolError
from drivers.wire import device_pb2 as pb
from drivers.wire import messages as m
from drivers.wire.pb_circuit import read_module, write_module
from drivers.wire.pb_kinds import Kind, kind, plain
from drivers.wire.pb_values import device_entity, path, readable

MAX_OVERLOADS: Final = 4096
"""Elements of one overload status; a machine with twelve carriers has about 1400."""
_NO_REASON: Final = "The device reports an error and gives no reason."


def _read_described(message: pb.ExtractResponse) -> m.Described:
    return m.Described(description=read_module(message.module))


def _write_described(message: pb.ExtractResponse, body: m.Described) -> None:
    message.module.CopyFrom(write_module(body.description))


def _read_refused(message: pb.UdpDataStreamingRefusedResponse) -> m.UdpRefused:
    return m.UdpRefused(reason=readable(message.reason))


def _write_refused(message: pb.UdpDataStreamingRefusedResponse, body: m.UdpRefused) -> None:
    if body.reason:
        message.reason = body.reason


def _read_overloads(message: pb.GetOverloadStatusResponse) -> m.Overloads:
    """Elements that are listed as being fine are left out."""
    status = message.status
    if len(status.elements) > MAX_OVERLOADS:
        raise ProtocolError(
            f"The device reports on {len(status.elements)} elements; at most {MAX_OVERLOADS} are "
            "accepted."
        )
    return m.Overloads(
        any_overload=status.global_overload,
        elements=tuple((path(one.entity), one.idx) for one in status.elements if one.overload),
    )


def _write_overloads(message: pb.GetOverloadStatusResponse, body: m.Overloads) -> None:
    status = pb.OverloadStatus(
        global_overload=body.any_overload,
        elements=[
            pb.OverloadStatus.Element(entity=device_entity(where), idx=index, overload=True)
            for where, index in body.elements
        ],
    )
    message.status.CopyFrom(status)
    message.status.SetInParent()


def _read_failed(message: pb.ErrorMessage) -> m.Failed:
    return m.Failed(text=readable(message.description) or _NO_REASON)


def _write_failed(message: pb.ErrorMessage, body: m.Failed) -> None:
    message.description = body.text


# Any: the kinds of one table have records of different types.
REPLIES: Final[tuple[Kind[Any], ...]] = (
    kind("extract_response", m.Described, _read_described, _write_described),
    plain("reset_response", m.ResetDone),
    plain("config_response", m.Configured),
    plain("calibration_response", m.Calibrated),
    plain("success_message", m.Accepted),
    kind("udp_data_streaming_refused_response", m.UdpRefused, _read_refused, _write_refused),
    plain("start_run_response", m.RunAccepted),
    kind("get_overload_status_response", m.Overloads, _read_overloads, _write_overloads),
    kind("error_message", m.Failed, _read_failed, _write_failed),
    plain("busy_response", m.Busy),
)
