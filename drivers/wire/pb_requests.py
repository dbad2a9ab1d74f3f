"""What a client asks, in the protobuf dialect."""

from __future__ import annotations

from typing import Any, Final

from drivers.errors import ProtocolError
from drivers.wire import device_pb2 as pb
from drivers.wire import messages as m
from drivers.wire.pb_circuit import read_module, write_module
from drivers.wire.pb_kinds import Kind, kind, plain
from drivers.wire.pb_values import entity, identifier, nanoseconds, path, switch

_MAX_PORT: Final = 65_535


def _read_extract(message: pb.ExtractCommand) -> m.Extract:
    return m.Extract(specification=message.specification, recursive=message.recursive)


def _write_extract(message: pb.ExtractCommand, body: m.Extract) -> None:
    message.specification = body.specification
    message.recursive = body.recursive


def _read_reset(message: pb.ResetCommand) -> m.Reset:
    return m.Reset(
        keep_calibration=message.keep_calibration,
        sync=message.sync,
        overload_reset=message.overload_reset,
        circuit_reset=message.circuit_reset,
    )


def _write_reset(message: pb.ResetCommand, body: m.Reset) -> None:
    message.keep_calibration = body.keep_calibration
    message.sync = body.sync
    message.overload_reset = body.overload_reset
    message.circuit_reset = body.circuit_reset


def _read_configure(message: pb.ConfigCommand) -> m.Configure:
    return m.Configure(circuit=read_module(message.module), reset_before=message.reset_before)


def _write_configure(message: pb.ConfigCommand, body: m.Configure) -> None:
    message.module.CopyFrom(write_module(body.circuit))
    message.reset_before = body.reset_before


def _read_calibrate(message: pb.CalibrationCommand) -> m.Calibrate:
    config = message.config
    return m.Calibrate(
        leader=path(config.leader),
        math=switch(config.math, "math"),
        gain=switch(config.gain, "gain"),
        offset=switch(config.offset, "offset"),
    )


def _setting(on: bool) -> pb.CalibrationConfig.Kind:
    return pb.CalibrationConfig.Enabled if on else pb.CalibrationConfig.Disabled


def _write_calibrate(message: pb.CalibrationCommand, body: m.Calibrate) -> None:
    config = pb.CalibrationConfig(
        leader=entity(body.leader),
        math=_setting(body.math),
        gain=_setting(body.gain),
        offset=_setting(body.offset),
    )
    message.config.CopyFrom(config)


def _read_udp(message: pb.UdpDataStreamingCommand) -> m.StreamToUdp:
    if not 1 <= message.port <= _MAX_PORT:
        raise ProtocolError(f"The UDP port {message.port} does not exist (1 to {_MAX_PORT} do).")
    return m.StreamToUdp(port=message.port)


def _write_udp(message: pb.UdpDataStreamingCommand, body: m.StreamToUdp) -> None:
    message.port = body.port


def _read_start(message: pb.StartRunCommand) -> m.StartRun:
    run, daq = message.run_config, message.daq_config
    return m.StartRun(
        run_id=identifier(message.run.id, "a run id"),
        ic_time_ns=nanoseconds(run.ic_time),
        op_time_ns=nanoseconds(run.op_time),
        channels=daq.num_channels,
        sample_rate=daq.sample_rate,
        master=path(message.sync_config.master),
        sample_op=daq.sample_op,
        sample_op_end=daq.sample_op_end,
        halt_on_overload=run.halt_on_overload,
    )


def _write_start(message: pb.StartRunCommand, body: m.StartRun) -> None:
    """As the vendor's client says it. The unit of a time must never be left out: without one the
    nanoseconds would be seconds."""
    message.run.id = body.run_id
    message.run_config.CopyFrom(
        pb.RunConfig(
            ic_time=pb.Time(value=body.ic_time_ns, prefix=pb.NANO),
            op_time=pb.Time(value=body.op_time_ns, prefix=pb.NANO),
            halt_on_overload=body.halt_on_overload,
            streaming=body.sample_op or body.sample_op_end,
            write_run_state_changes=True,
        )
    )
    message.daq_config.CopyFrom(
        pb.DaqConfig(
            num_channels=body.channels,
            sample_rate=body.sample_rate,
            sample_op=body.sample_op,
            sample_op_end=body.sample_op_end,
        )
    )
    message.sync_config.CopyFrom(pb.SyncConfig(enabled=True, master=entity(body.master)))


def _read_auth(message: pb.AuthRequest) -> m.Authenticate:
    return m.Authenticate(token=message.bearer.token)


def _write_auth(message: pb.AuthRequest, body: m.Authenticate) -> None:
    message.bearer.token = body.token


# Any: the kinds of one table have records of different types.
REQUESTS: Final[tuple[Kind[Any], ...]] = (
    kind("extract_command", m.Extract, _read_extract, _write_extract),
    kind("reset_command", m.Reset, _read_reset, _write_reset),
    kind("config_command", m.Configure, _read_configure, _write_configure),
    kind("calibration_command", m.Calibrate, _read_calibrate, _write_calibrate),
    kind("udp_data_streaming_command", m.StreamToUdp, _read_udp, _write_udp),
    kind("start_run_command", m.StartRun, _read_start, _write_start),
    plain("stop_run_command", m.StopRun),
    plain("get_overload_status_command", m.GetOverloads),
    kind("auth_request", m.Authenticate, _read_auth, _write_auth),
    plain("ping_command", m.Ping),
)
