"""What a device tells of a run without being asked, in the protobuf dialect."""

from __future__ import annotations

from typing import Any, Final

from drivers.wire import device_pb2 as pb
from drivers.wire import messages as m
from drivers.wire.pb_kinds import Kind
from drivers.wire.pb_values import (
    carrier,
    device_entity,
    identifier,
    nanoseconds,
    readable,
    run_state,
)
from drivers.wire.samples import read_block, read_final, write_block


def read_state(message: pb.RunStateChangeMessage) -> m.StateChanged:
    return m.StateChanged(
        run_id=identifier(message.run.id, "a run id"),
        old=run_state(message.old),
        new=run_state(message.new_),
        reason=readable(message.reason),
        carrier=carrier(message.entity),
        time_ns=nanoseconds(message.time),
    )


def write_state(message: pb.RunStateChangeMessage, body: m.StateChanged) -> None:
    """The time is there in any case, and empty when it is zero."""
    unit = pb.NANO if body.time_ns else pb.NONE
    change = pb.RunStateChangeMessage(
        run=pb.Run(id=body.run_id),
        old=pb.RunState.Name(body.old),
        new_=pb.RunState.Name(body.new),
        time=pb.Time(value=body.time_ns, prefix=unit),
        reason=body.reason,
        entity=device_entity(body.carrier),
    )
    message.CopyFrom(change)


def read_data(message: pb.RunDataMessage) -> m.Samples:
    probes, values = read_block(message.data)
    return m.Samples(
        run_id=identifier(message.run.id, "a run id"),
        chunk=message.run.chunk,
        carrier=carrier(message.entity),
        probes=probes,
        values=values,
    )


def read_data_end(message: pb.RunDataEndMessage) -> m.Samples:
    probes, values = read_final(message.data)
    return m.Samples(
        run_id=identifier(message.run.id, "a run id"),
        chunk=message.run.chunk,
        carrier=carrier(message.entity),
        probes=probes,
        values=values,
        is_final=True,
    )


def write_data(message: pb.RunDataMessage | pb.RunDataEndMessage, body: m.Samples) -> None:
    """A chunk without number is the first one."""
    message.run.CopyFrom(pb.Run(id=body.run_id, chunk=body.chunk or 0))
    message.entity.path = f"/{body.carrier}"
    message.data.CopyFrom(write_block(body.probes, body.values))


STATE: Final = Kind(
    name="run_state_change_message", record=m.StateChanged, read=read_state, write=write_state
)
DATA: Final = Kind(name="run_data_message", record=m.Samples, read=read_data, write=write_data)
DATA_END: Final = Kind(
    name="run_data_end_message", record=m.Samples, read=read_data_end, write=write_data
)
# Any: the kinds of one table have records of different types.
NOTIFICATIONS: Final[tuple[Kind[Any], ...]] = (STATE, DATA, DATA_END)
