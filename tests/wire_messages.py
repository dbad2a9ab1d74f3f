"""Messages of every kind, for the tests of the device protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from drivers.apb.codec import CircuitFile, decode
from drivers.apb.writer import build_file
from drivers.wire import messages as m
from drivers.wire.messages import Message, RunState
from tests.machines import LUCIDAC, LUCIDAC_PATH, MREDAC, harmonic

if TYPE_CHECKING:
    from numpy.typing import NDArray

RUN: Final = "ca2c3d56-9cfc-4a00-9c1d-f683c6dd6353"


def ramp(count: int, width: int) -> NDArray[np.float64]:
    """Values that float32 holds exactly."""
    values: NDArray[np.float64] = np.arange(count * width).reshape(count, width) / 1024.0
    return values


def harmonic_items() -> CircuitFile:
    """A configuration as it goes to a device."""
    return CircuitFile(items=decode(build_file(LUCIDAC, harmonic())).items)


BODIES: Final[tuple[m.Body, ...]] = (
    m.Ping(),
    m.Extract(),
    m.Extract(specification=True, recursive=False),
    m.Reset(),
    m.Reset(keep_calibration=False, sync=False, overload_reset=False, circuit_reset=True),
    m.Configure(circuit=harmonic_items()),
    m.Configure(circuit=CircuitFile(items=()), reset_before=False),
    m.Calibrate(leader=LUCIDAC_PATH),
    m.Calibrate(math=True, gain=False, offset=False),
    m.StreamToUdp(port=48_496),
    m.StartRun(
        run_id=RUN,
        ic_time_ns=100_000,
        op_time_ns=3_000_000,
        channels=2,
        sample_rate=100_000,
        master=LUCIDAC_PATH,
    ),
    m.StartRun(
        run_id="",
        ic_time_ns=0,
        op_time_ns=2**63 - 1,
        channels=8,
        sample_rate=2**32 - 1,
        sample_op=False,
        sample_op_end=False,
        halt_on_overload=True,
    ),
    m.StopRun(),
    m.GetOverloads(),
    m.Authenticate(token="a token"),
    m.Pong(),
    m.Pong(micros=2**64 - 1),
    m.Described(description=LUCIDAC),
    m.Described(description=MREDAC),
    m.ResetDone(),
    m.Configured(),
    m.Calibrated(),
    m.Accepted(),
    m.UdpRefused(),
    m.UdpRefused(reason="no datagrams here"),
    m.RunAccepted(),
    m.Overloads(),
    m.Overloads(any_overload=True, elements=((f"{LUCIDAC_PATH}/0/M0", 3), ("X/0/I", 15))),
    m.Failed(text="DMA overflow"),
    m.Busy(),
    *(m.StateChanged(run_id=RUN, old=RunState.NEW, new=state) for state in RunState),
    m.StateChanged(
        run_id=RUN,
        old=RunState.OP,
        new=RunState.ERROR,
        reason="DMA overflow",
        carrier=LUCIDAC_PATH,
        time_ns=1,
    ),
    m.Samples(run_id=RUN, chunk=0, carrier=LUCIDAC_PATH, probes=(0,), values=ramp(1, 1)),
    m.Samples(run_id=RUN, chunk=7, carrier=LUCIDAC_PATH, probes=(4, 0, 2), values=ramp(100, 3)),
    m.Samples(run_id=RUN, chunk=2**32 - 1, carrier="", probes=(1, 0), values=ramp(0, 2)),
    m.Samples(
        run_id=RUN, chunk=0, carrier="X", probes=tuple(range(8)), values=ramp(1, 8), is_final=True
    ),
)
"""At least one of each kind that the protobuf dialect can write, extremes included."""


def _message(body: m.Body, number: int) -> Message:
    """Ping and Pong cannot have an id in the protobuf dialect."""
    return Message(id=None if isinstance(body, m.Ping | m.Pong) else f"id {number}", body=body)


MESSAGES: Final = tuple(_message(body, number) for number, body in enumerate(BODIES))
