from drivers.apb import analog_pb2 as _analog_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ErrorCode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NO_CODE: _ClassVar[ErrorCode]

class Prefix(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NONE: _ClassVar[Prefix]
    MILLI: _ClassVar[Prefix]
    MICRO: _ClassVar[Prefix]
    NANO: _ClassVar[Prefix]

class RunState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NEW: _ClassVar[RunState]
    ERROR: _ClassVar[RunState]
    DONE: _ClassVar[RunState]
    QUEUED: _ClassVar[RunState]
    TAKE_OFF: _ClassVar[RunState]
    IC: _ClassVar[RunState]
    OP: _ClassVar[RunState]
    OP_END: _ClassVar[RunState]
    TMP_HALT: _ClassVar[RunState]
NO_CODE: ErrorCode
NONE: Prefix
MILLI: Prefix
MICRO: Prefix
NANO: Prefix
NEW: RunState
ERROR: RunState
DONE: RunState
QUEUED: RunState
TAKE_OFF: RunState
IC: RunState
OP: RunState
OP_END: RunState
TMP_HALT: RunState

class Envelope(_message.Message):
    __slots__ = ("version", "generic", "message_v1")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    GENERIC_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_V1_FIELD_NUMBER: _ClassVar[int]
    version: _analog_pb2.Version
    generic: GenericMessage
    message_v1: MessageV1
    def __init__(self, version: _Optional[_Union[_analog_pb2.Version, _Mapping]] = ..., generic: _Optional[_Union[GenericMessage, _Mapping]] = ..., message_v1: _Optional[_Union[MessageV1, _Mapping]] = ...) -> None: ...

class GenericMessage(_message.Message):
    __slots__ = ("ping_command", "ping_response")
    PING_COMMAND_FIELD_NUMBER: _ClassVar[int]
    PING_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    ping_command: PingCommand
    ping_response: PingResponse
    def __init__(self, ping_command: _Optional[_Union[PingCommand, _Mapping]] = ..., ping_response: _Optional[_Union[PingResponse, _Mapping]] = ...) -> None: ...

class MessageV1(_message.Message):
    __slots__ = ("id", "success_message", "error_message", "reset_command", "extract_command", "config_command", "start_run_command", "stop_run_command", "udp_data_streaming_command", "get_overload_status_command", "calibration_command", "extract_response", "config_response", "reset_response", "start_run_response", "run_state_change_message", "run_data_message", "run_data_end_message", "get_overload_status_response", "udp_data_streaming_refused_response", "calibration_response", "auth_request", "busy_response", "ping_command")
    ID_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ERROR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RESET_COMMAND_FIELD_NUMBER: _ClassVar[int]
    EXTRACT_COMMAND_FIELD_NUMBER: _ClassVar[int]
    CONFIG_COMMAND_FIELD_NUMBER: _ClassVar[int]
    START_RUN_COMMAND_FIELD_NUMBER: _ClassVar[int]
    STOP_RUN_COMMAND_FIELD_NUMBER: _ClassVar[int]
    UDP_DATA_STREAMING_COMMAND_FIELD_NUMBER: _ClassVar[int]
    GET_OVERLOAD_STATUS_COMMAND_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_COMMAND_FIELD_NUMBER: _ClassVar[int]
    EXTRACT_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    CONFIG_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    RESET_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    START_RUN_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    RUN_STATE_CHANGE_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RUN_DATA_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RUN_DATA_END_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    GET_OVERLOAD_STATUS_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    UDP_DATA_STREAMING_REFUSED_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    AUTH_REQUEST_FIELD_NUMBER: _ClassVar[int]
    BUSY_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    PING_COMMAND_FIELD_NUMBER: _ClassVar[int]
    id: str
    success_message: SuccessMessage
    error_message: ErrorMessage
    reset_command: ResetCommand
    extract_command: ExtractCommand
    config_command: ConfigCommand
    start_run_command: StartRunCommand
    stop_run_command: StopRunCommand
    udp_data_streaming_command: UdpDataStreamingCommand
    get_overload_status_command: GetOverloadStatusCommand
    calibration_command: CalibrationCommand
    extract_response: ExtractResponse
    config_response: ConfigResponse
    reset_response: ResetResponse
    start_run_response: StartRunResponse
    run_state_change_message: RunStateChangeMessage
    run_data_message: RunDataMessage
    run_data_end_message: RunDataEndMessage
    get_overload_status_response: GetOverloadStatusResponse
    udp_data_streaming_refused_response: UdpDataStreamingRefusedResponse
    calibration_response: CalibrationResponse
    auth_request: AuthRequest
    busy_response: DeviceBusyMessage
    ping_command: PingCommand
    def __init__(self, id: _Optional[str] = ..., success_message: _Optional[_Union[SuccessMessage, _Mapping]] = ..., error_message: _Optional[_Union[ErrorMessage, _Mapping]] = ..., reset_command: _Optional[_Union[ResetCommand, _Mapping]] = ..., extract_command: _Optional[_Union[ExtractCommand, _Mapping]] = ..., config_command: _Optional[_Union[ConfigCommand, _Mapping]] = ..., start_run_command: _Optional[_Union[StartRunCommand, _Mapping]] = ..., stop_run_command: _Optional[_Union[StopRunCommand, _Mapping]] = ..., udp_data_streaming_command: _Optional[_Union[UdpDataStreamingCommand, _Mapping]] = ..., get_overload_status_command: _Optional[_Union[GetOverloadStatusCommand, _Mapping]] = ..., calibration_command: _Optional[_Union[CalibrationCommand, _Mapping]] = ..., extract_response: _Optional[_Union[ExtractResponse, _Mapping]] = ..., config_response: _Optional[_Union[ConfigResponse, _Mapping]] = ..., reset_response: _Optional[_Union[ResetResponse, _Mapping]] = ..., start_run_response: _Optional[_Union[StartRunResponse, _Mapping]] = ..., run_state_change_message: _Optional[_Union[RunStateChangeMessage, _Mapping]] = ..., run_data_message: _Optional[_Union[RunDataMessage, _Mapping]] = ..., run_data_end_message: _Optional[_Union[RunDataEndMessage, _Mapping]] = ..., get_overload_status_response: _Optional[_Union[GetOverloadStatusResponse, _Mapping]] = ..., udp_data_streaming_refused_response: _Optional[_Union[UdpDataStreamingRefusedResponse, _Mapping]] = ..., calibration_response: _Optional[_Union[CalibrationResponse, _Mapping]] = ..., auth_request: _Optional[_Union[AuthRequest, _Mapping]] = ..., busy_response: _Optional[_Union[DeviceBusyMessage, _Mapping]] = ..., ping_command: _Optional[_Union[PingCommand, _Mapping]] = ...) -> None: ...

class PingCommand(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PingResponse(_message.Message):
    __slots__ = ("micros",)
    MICROS_FIELD_NUMBER: _ClassVar[int]
    micros: int
    def __init__(self, micros: _Optional[int] = ...) -> None: ...

class SuccessMessage(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DeviceBusyMessage(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ErrorMessage(_message.Message):
    __slots__ = ("code", "description")
    CODE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    code: ErrorCode
    description: str
    def __init__(self, code: _Optional[_Union[ErrorCode, str]] = ..., description: _Optional[str] = ...) -> None: ...

class AuthRequest(_message.Message):
    __slots__ = ("bearer",)
    BEARER_FIELD_NUMBER: _ClassVar[int]
    bearer: BearerAuth
    def __init__(self, bearer: _Optional[_Union[BearerAuth, _Mapping]] = ...) -> None: ...

class BearerAuth(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class ExtractCommand(_message.Message):
    __slots__ = ("entity", "recursive", "specification", "configuration", "calibration")
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    RECURSIVE_FIELD_NUMBER: _ClassVar[int]
    SPECIFICATION_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_FIELD_NUMBER: _ClassVar[int]
    entity: _analog_pb2.EntityId
    recursive: bool
    specification: bool
    configuration: bool
    calibration: bool
    def __init__(self, entity: _Optional[_Union[_analog_pb2.EntityId, _Mapping]] = ..., recursive: _Optional[bool] = ..., specification: _Optional[bool] = ..., configuration: _Optional[bool] = ..., calibration: _Optional[bool] = ...) -> None: ...

class ExtractResponse(_message.Message):
    __slots__ = ("module",)
    MODULE_FIELD_NUMBER: _ClassVar[int]
    module: _analog_pb2.Module
    def __init__(self, module: _Optional[_Union[_analog_pb2.Module, _Mapping]] = ...) -> None: ...

class ResetCommand(_message.Message):
    __slots__ = ("entity", "keep_calibration", "overload_reset", "circuit_reset", "sync")
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    KEEP_CALIBRATION_FIELD_NUMBER: _ClassVar[int]
    OVERLOAD_RESET_FIELD_NUMBER: _ClassVar[int]
    CIRCUIT_RESET_FIELD_NUMBER: _ClassVar[int]
    SYNC_FIELD_NUMBER: _ClassVar[int]
    entity: _analog_pb2.EntityId
    keep_calibration: bool
    overload_reset: bool
    circuit_reset: bool
    sync: bool
    def __init__(self, entity: _Optional[_Union[_analog_pb2.EntityId, _Mapping]] = ..., keep_calibration: _Optional[bool] = ..., overload_reset: _Optional[bool] = ..., circuit_reset: _Optional[bool] = ..., sync: _Optional[bool] = ...) -> None: ...

class ResetResponse(_message.Message):
    __slots__ = ("entity",)
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    entity: _analog_pb2.EntityId
    def __init__(self, entity: _Optional[_Union[_analog_pb2.EntityId, _Mapping]] = ...) -> None: ...

class ConfigCommand(_message.Message):
    __slots__ = ("module", "reset_before", "sh_kludge")
    MODULE_FIELD_NUMBER: _ClassVar[int]
    RESET_BEFORE_FIELD_NUMBER: _ClassVar[int]
    SH_KLUDGE_FIELD_NUMBER: _ClassVar[int]
    module: _analog_pb2.Module
    reset_before: bool
    sh_kludge: bool
    def __init__(self, module: _Optional[_Union[_analog_pb2.Module, _Mapping]] = ..., reset_before: _Optional[bool] = ..., sh_kludge: _Optional[bool] = ...) -> None: ...

class ConfigResponse(_message.Message):
    __slots__ = ("entity",)
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    entity: _analog_pb2.EntityId
    def __init__(self, entity: _Optional[_Union[_analog_pb2.EntityId, _Mapping]] = ...) -> None: ...

class CalibrationCommand(_message.Message):
    __slots__ = ("config",)
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    config: CalibrationConfig
    def __init__(self, config: _Optional[_Union[CalibrationConfig, _Mapping]] = ...) -> None: ...

class CalibrationConfig(_message.Message):
    __slots__ = ("leader", "math", "gain", "offset")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        Disabled: _ClassVar[CalibrationConfig.Kind]
        Enabled: _ClassVar[CalibrationConfig.Kind]
    Disabled: CalibrationConfig.Kind
    Enabled: CalibrationConfig.Kind
    LEADER_FIELD_NUMBER: _ClassVar[int]
    MATH_FIELD_NUMBER: _ClassVar[int]
    GAIN_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    leader: _analog_pb2.EntityId
    math: CalibrationConfig.Kind
    gain: CalibrationConfig.Kind
    offset: CalibrationConfig.Kind
    def __init__(self, leader: _Optional[_Union[_analog_pb2.EntityId, _Mapping]] = ..., math: _Optional[_Union[CalibrationConfig.Kind, str]] = ..., gain: _Optional[_Union[CalibrationConfig.Kind, str]] = ..., offset: _Optional[_Union[CalibrationConfig.Kind, str]] = ...) -> None: ...

class CalibrationResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetOverloadStatusCommand(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetOverloadStatusResponse(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: OverloadStatus
    def __init__(self, status: _Optional[_Union[OverloadStatus, _Mapping]] = ...) -> None: ...

class OverloadStatus(_message.Message):
    __slots__ = ("global_overload", "elements")
    class Element(_message.Message):
        __slots__ = ("entity", "idx", "overload")
        ENTITY_FIELD_NUMBER: _ClassVar[int]
        IDX_FIELD_NUMBER: _ClassVar[int]
        OVERLOAD_FIELD_NUMBER: _ClassVar[int]
        entity: _analog_pb2.EntityId
        idx: int
        overload: bool
        def __init__(self, entity: _Optional[_Union[_analog_pb2.EntityId, _Mapping]] = ..., idx: _Optional[int] = ..., overload: _Optional[bool] = ...) -> None: ...
    GLOBAL_OVERLOAD_FIELD_NUMBER: _ClassVar[int]
    ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    global_overload: bool
    elements: _containers.RepeatedCompositeFieldContainer[OverloadStatus.Element]
    def __init__(self, global_overload: _Optional[bool] = ..., elements: _Optional[_Iterable[_Union[OverloadStatus.Element, _Mapping]]] = ...) -> None: ...

class UdpDataStreamingCommand(_message.Message):
    __slots__ = ("port",)
    PORT_FIELD_NUMBER: _ClassVar[int]
    port: int
    def __init__(self, port: _Optional[int] = ...) -> None: ...

class UdpDataStreamingRefusedResponse(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class StartRunCommand(_message.Message):
    __slots__ = ("run", "run_config", "daq_config", "sync_config", "end_repetitive", "clear_queue")
    RUN_FIELD_NUMBER: _ClassVar[int]
    RUN_CONFIG_FIELD_NUMBER: _ClassVar[int]
    DAQ_CONFIG_FIELD_NUMBER: _ClassVar[int]
    SYNC_CONFIG_FIELD_NUMBER: _ClassVar[int]
    END_REPETITIVE_FIELD_NUMBER: _ClassVar[int]
    CLEAR_QUEUE_FIELD_NUMBER: _ClassVar[int]
    run: Run
    run_config: RunConfig
    daq_config: DaqConfig
    sync_config: SyncConfig
    end_repetitive: bool
    clear_queue: bool
    def __init__(self, run: _Optional[_Union[Run, _Mapping]] = ..., run_config: _Optional[_Union[RunConfig, _Mapping]] = ..., daq_config: _Optional[_Union[DaqConfig, _Mapping]] = ..., sync_config: _Optional[_Union[SyncConfig, _Mapping]] = ..., end_repetitive: _Optional[bool] = ..., clear_queue: _Optional[bool] = ...) -> None: ...

class StartRunResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StopRunCommand(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Run(_message.Message):
    __slots__ = ("id", "chunk")
    ID_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    id: str
    chunk: int
    def __init__(self, id: _Optional[str] = ..., chunk: _Optional[int] = ...) -> None: ...

class RunConfig(_message.Message):
    __slots__ = ("ic_time", "op_time", "halt_on_overload", "streaming", "repetitive", "write_run_state_changes")
    IC_TIME_FIELD_NUMBER: _ClassVar[int]
    OP_TIME_FIELD_NUMBER: _ClassVar[int]
    HALT_ON_OVERLOAD_FIELD_NUMBER: _ClassVar[int]
    STREAMING_FIELD_NUMBER: _ClassVar[int]
    REPETITIVE_FIELD_NUMBER: _ClassVar[int]
    WRITE_RUN_STATE_CHANGES_FIELD_NUMBER: _ClassVar[int]
    ic_time: Time
    op_time: Time
    halt_on_overload: bool
    streaming: bool
    repetitive: bool
    write_run_state_changes: bool
    def __init__(self, ic_time: _Optional[_Union[Time, _Mapping]] = ..., op_time: _Optional[_Union[Time, _Mapping]] = ..., halt_on_overload: _Optional[bool] = ..., streaming: _Optional[bool] = ..., repetitive: _Optional[bool] = ..., write_run_state_changes: _Optional[bool] = ...) -> None: ...

class Time(_message.Message):
    __slots__ = ("value", "prefix")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    value: int
    prefix: Prefix
    def __init__(self, value: _Optional[int] = ..., prefix: _Optional[_Union[Prefix, str]] = ...) -> None: ...

class DaqConfig(_message.Message):
    __slots__ = ("num_channels", "sample_rate", "sample_op", "sample_op_end")
    NUM_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_OP_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_OP_END_FIELD_NUMBER: _ClassVar[int]
    num_channels: int
    sample_rate: int
    sample_op: bool
    sample_op_end: bool
    def __init__(self, num_channels: _Optional[int] = ..., sample_rate: _Optional[int] = ..., sample_op: _Optional[bool] = ..., sample_op_end: _Optional[bool] = ...) -> None: ...

class SyncConfig(_message.Message):
    __slots__ = ("enabled", "master", "group")
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    MASTER_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    enabled: bool
    master: _analog_pb2.EntityId
    group: int
    def __init__(self, enabled: _Optional[bool] = ..., master: _Optional[_Union[_analog_pb2.EntityId, _Mapping]] = ..., group: _Optional[int] = ...) -> None: ...

class RunStateChangeMessage(_message.Message):
    __slots__ = ("run", "old", "new_", "time", "reason", "entity")
    RUN_FIELD_NUMBER: _ClassVar[int]
    OLD_FIELD_NUMBER: _ClassVar[int]
    NEW__FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    run: Run
    old: RunState
    new_: RunState
    time: Time
    reason: str
    entity: _analog_pb2.EntityId
    def __init__(self, run: _Optional[_Union[Run, _Mapping]] = ..., old: _Optional[_Union[RunState, str]] = ..., new_: _Optional[_Union[RunState, str]] = ..., time: _Optional[_Union[Time, _Mapping]] = ..., reason: _Optional[str] = ..., entity: _Optional[_Union[_analog_pb2.EntityId, _Mapping]] = ...) -> None: ...

class RunDataMessage(_message.Message):
    __slots__ = ("run", "entity", "data")
    RUN_FIELD_NUMBER: _ClassVar[int]
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    run: Run
    entity: _analog_pb2.EntityId
    data: DaqData
    def __init__(self, run: _Optional[_Union[Run, _Mapping]] = ..., entity: _Optional[_Union[_analog_pb2.EntityId, _Mapping]] = ..., data: _Optional[_Union[DaqData, _Mapping]] = ...) -> None: ...

class RunDataEndMessage(_message.Message):
    __slots__ = ("run", "entity", "data")
    RUN_FIELD_NUMBER: _ClassVar[int]
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    run: Run
    entity: _analog_pb2.EntityId
    data: DaqData
    def __init__(self, run: _Optional[_Union[Run, _Mapping]] = ..., entity: _Optional[_Union[_analog_pb2.EntityId, _Mapping]] = ..., data: _Optional[_Union[DaqData, _Mapping]] = ...) -> None: ...

class DaqData(_message.Message):
    __slots__ = ("data", "type", "channels", "sample_count", "channel_stride")
    DATA_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_STRIDE_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    type: DataType
    channels: _containers.RepeatedCompositeFieldContainer[_analog_pb2.AdcChannel]
    sample_count: int
    channel_stride: int
    def __init__(self, data: _Optional[bytes] = ..., type: _Optional[_Union[DataType, _Mapping]] = ..., channels: _Optional[_Iterable[_Union[_analog_pb2.AdcChannel, _Mapping]]] = ..., sample_count: _Optional[int] = ..., channel_stride: _Optional[int] = ...) -> None: ...

class DataType(_message.Message):
    __slots__ = ("float_", "integer")
    FLOAT__FIELD_NUMBER: _ClassVar[int]
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    float_: FloatType
    integer: IntegerType
    def __init__(self, float_: _Optional[_Union[FloatType, _Mapping]] = ..., integer: _Optional[_Union[IntegerType, _Mapping]] = ...) -> None: ...

class FloatType(_message.Message):
    __slots__ = ("bitwidth",)
    BITWIDTH_FIELD_NUMBER: _ClassVar[int]
    bitwidth: int
    def __init__(self, bitwidth: _Optional[int] = ...) -> None: ...

class IntegerType(_message.Message):
    __slots__ = ("signess", "bitwidth")
    class Signedness(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        Signed: _ClassVar[IntegerType.Signedness]
        Unsigned: _ClassVar[IntegerType.Signedness]
    Signed: IntegerType.Signedness
    Unsigned: IntegerType.Signedness
    SIGNESS_FIELD_NUMBER: _ClassVar[int]
    BITWIDTH_FIELD_NUMBER: _ClassVar[int]
    signess: IntegerType.Signedness
    bitwidth: int
    def __init__(self, signess: _Optional[_Union[IntegerType.Signedness, str]] = ..., bitwidth: _Optional[int] = ...) -> None: ...
