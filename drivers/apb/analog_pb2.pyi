from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class File(_message.Message):
    __slots__ = ("version", "module")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MODULE_FIELD_NUMBER: _ClassVar[int]
    version: Version
    module: Module
    def __init__(self, version: _Optional[_Union[Version, _Mapping]] = ..., module: _Optional[_Union[Module, _Mapping]] = ...) -> None: ...

class Version(_message.Message):
    __slots__ = ("major", "minor", "patch")
    MAJOR_FIELD_NUMBER: _ClassVar[int]
    MINOR_FIELD_NUMBER: _ClassVar[int]
    PATCH_FIELD_NUMBER: _ClassVar[int]
    major: int
    minor: int
    patch: int
    def __init__(self, major: _Optional[int] = ..., minor: _Optional[int] = ..., patch: _Optional[int] = ...) -> None: ...

class Module(_message.Message):
    __slots__ = ("items", "analogcloud_scaling")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ANALOGCLOUD_SCALING_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Item]
    analogcloud_scaling: Scaling
    def __init__(self, items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., analogcloud_scaling: _Optional[_Union[Scaling, _Mapping]] = ...) -> None: ...

class Item(_message.Message):
    __slots__ = ("entity", "adc_config", "cluster_config", "mul_config", "shift_hold_config", "coef_config", "itor_config", "select_config", "sum_config", "switch_config", "device_config", "limiter_config", "front_panel_config", "signal_generator_config", "port_config", "backpanel_config", "bpl_switch_config", "cmp_config", "entity_specification", "dependency_info", "ip_lookup_table", "front_panel_io_config", "mdr_config", "wiring_specification", "param_specification", "sim_config")
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    ADC_CONFIG_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_CONFIG_FIELD_NUMBER: _ClassVar[int]
    MUL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    SHIFT_HOLD_CONFIG_FIELD_NUMBER: _ClassVar[int]
    COEF_CONFIG_FIELD_NUMBER: _ClassVar[int]
    ITOR_CONFIG_FIELD_NUMBER: _ClassVar[int]
    SELECT_CONFIG_FIELD_NUMBER: _ClassVar[int]
    SUM_CONFIG_FIELD_NUMBER: _ClassVar[int]
    SWITCH_CONFIG_FIELD_NUMBER: _ClassVar[int]
    DEVICE_CONFIG_FIELD_NUMBER: _ClassVar[int]
    LIMITER_CONFIG_FIELD_NUMBER: _ClassVar[int]
    FRONT_PANEL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_GENERATOR_CONFIG_FIELD_NUMBER: _ClassVar[int]
    PORT_CONFIG_FIELD_NUMBER: _ClassVar[int]
    BACKPANEL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    BPL_SWITCH_CONFIG_FIELD_NUMBER: _ClassVar[int]
    CMP_CONFIG_FIELD_NUMBER: _ClassVar[int]
    ENTITY_SPECIFICATION_FIELD_NUMBER: _ClassVar[int]
    DEPENDENCY_INFO_FIELD_NUMBER: _ClassVar[int]
    IP_LOOKUP_TABLE_FIELD_NUMBER: _ClassVar[int]
    FRONT_PANEL_IO_CONFIG_FIELD_NUMBER: _ClassVar[int]
    MDR_CONFIG_FIELD_NUMBER: _ClassVar[int]
    WIRING_SPECIFICATION_FIELD_NUMBER: _ClassVar[int]
    PARAM_SPECIFICATION_FIELD_NUMBER: _ClassVar[int]
    SIM_CONFIG_FIELD_NUMBER: _ClassVar[int]
    entity: EntityId
    adc_config: AdcConfig
    cluster_config: ClusterConfig
    mul_config: MulConfig
    shift_hold_config: ShiftHoldConfig
    coef_config: CoefConfig
    itor_config: ItorConfig
    select_config: SelectConfig
    sum_config: SumConfig
    switch_config: SwitchConfig
    device_config: DeviceConfig
    limiter_config: LimiterConfig
    front_panel_config: FrontPanelConfig
    signal_generator_config: SignalGeneratorConfig
    port_config: PortConfig
    backpanel_config: BackpanelConfig
    bpl_switch_config: BPLSwitchConfig
    cmp_config: CmpConfig
    entity_specification: EntitySpecification
    dependency_info: DependencyInfo
    ip_lookup_table: IpLookupTable
    front_panel_io_config: FrontPanelIOConfig
    mdr_config: MDRConfig
    wiring_specification: WiringSpecification
    param_specification: ParamSpecification
    sim_config: SimConfig
    def __init__(self, entity: _Optional[_Union[EntityId, _Mapping]] = ..., adc_config: _Optional[_Union[AdcConfig, _Mapping]] = ..., cluster_config: _Optional[_Union[ClusterConfig, _Mapping]] = ..., mul_config: _Optional[_Union[MulConfig, _Mapping]] = ..., shift_hold_config: _Optional[_Union[ShiftHoldConfig, _Mapping]] = ..., coef_config: _Optional[_Union[CoefConfig, _Mapping]] = ..., itor_config: _Optional[_Union[ItorConfig, _Mapping]] = ..., select_config: _Optional[_Union[SelectConfig, _Mapping]] = ..., sum_config: _Optional[_Union[SumConfig, _Mapping]] = ..., switch_config: _Optional[_Union[SwitchConfig, _Mapping]] = ..., device_config: _Optional[_Union[DeviceConfig, _Mapping]] = ..., limiter_config: _Optional[_Union[LimiterConfig, _Mapping]] = ..., front_panel_config: _Optional[_Union[FrontPanelConfig, _Mapping]] = ..., signal_generator_config: _Optional[_Union[SignalGeneratorConfig, _Mapping]] = ..., port_config: _Optional[_Union[PortConfig, _Mapping]] = ..., backpanel_config: _Optional[_Union[BackpanelConfig, _Mapping]] = ..., bpl_switch_config: _Optional[_Union[BPLSwitchConfig, _Mapping]] = ..., cmp_config: _Optional[_Union[CmpConfig, _Mapping]] = ..., entity_specification: _Optional[_Union[EntitySpecification, _Mapping]] = ..., dependency_info: _Optional[_Union[DependencyInfo, _Mapping]] = ..., ip_lookup_table: _Optional[_Union[IpLookupTable, _Mapping]] = ..., front_panel_io_config: _Optional[_Union[FrontPanelIOConfig, _Mapping]] = ..., mdr_config: _Optional[_Union[MDRConfig, _Mapping]] = ..., wiring_specification: _Optional[_Union[WiringSpecification, _Mapping]] = ..., param_specification: _Optional[_Union[ParamSpecification, _Mapping]] = ..., sim_config: _Optional[_Union[SimConfig, _Mapping]] = ...) -> None: ...

class EntityId(_message.Message):
    __slots__ = ("path",)
    PATH_FIELD_NUMBER: _ClassVar[int]
    path: str
    def __init__(self, path: _Optional[str] = ...) -> None: ...

class EntitySpecification(_message.Message):
    __slots__ = ("entity",)
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    entity: Entity
    def __init__(self, entity: _Optional[_Union[Entity, _Mapping]] = ...) -> None: ...

class Entity(_message.Message):
    __slots__ = ("id", "class_", "type", "variant", "version", "eui", "children", "location_v0")
    class Class(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNKNOWN: _ClassVar[Entity.Class]
        CARRIER: _ClassVar[Entity.Class]
        CLUSTER: _ClassVar[Entity.Class]
        M_BLOCK: _ClassVar[Entity.Class]
        U_BLOCK: _ClassVar[Entity.Class]
        C_BLOCK: _ClassVar[Entity.Class]
        I_BLOCK: _ClassVar[Entity.Class]
        SH_BLOCK: _ClassVar[Entity.Class]
        FRONT_PANEL: _ClassVar[Entity.Class]
        CTRL_BLOCK: _ClassVar[Entity.Class]
        T_BLOCK: _ClassVar[Entity.Class]
        BACK_PANEL: _ClassVar[Entity.Class]
        BACK_PANEL_T_BLOCK: _ClassVar[Entity.Class]
        DEVICE: _ClassVar[Entity.Class]
    UNKNOWN: Entity.Class
    CARRIER: Entity.Class
    CLUSTER: Entity.Class
    M_BLOCK: Entity.Class
    U_BLOCK: Entity.Class
    C_BLOCK: Entity.Class
    I_BLOCK: Entity.Class
    SH_BLOCK: Entity.Class
    FRONT_PANEL: Entity.Class
    CTRL_BLOCK: Entity.Class
    T_BLOCK: Entity.Class
    BACK_PANEL: Entity.Class
    BACK_PANEL_T_BLOCK: Entity.Class
    DEVICE: Entity.Class
    ID_FIELD_NUMBER: _ClassVar[int]
    CLASS__FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EUI_FIELD_NUMBER: _ClassVar[int]
    CHILDREN_FIELD_NUMBER: _ClassVar[int]
    LOCATION_V0_FIELD_NUMBER: _ClassVar[int]
    id: str
    class_: Entity.Class
    type: int
    variant: int
    version: Version
    eui: str
    children: _containers.RepeatedCompositeFieldContainer[Entity]
    location_v0: CarrierLocationV0
    def __init__(self, id: _Optional[str] = ..., class_: _Optional[_Union[Entity.Class, str]] = ..., type: _Optional[int] = ..., variant: _Optional[int] = ..., version: _Optional[_Union[Version, _Mapping]] = ..., eui: _Optional[str] = ..., children: _Optional[_Iterable[_Union[Entity, _Mapping]]] = ..., location_v0: _Optional[_Union[CarrierLocationV0, _Mapping]] = ...) -> None: ...

class CarrierLocationV0(_message.Message):
    __slots__ = ("stack", "carrier")
    STACK_FIELD_NUMBER: _ClassVar[int]
    CARRIER_FIELD_NUMBER: _ClassVar[int]
    stack: int
    carrier: int
    def __init__(self, stack: _Optional[int] = ..., carrier: _Optional[int] = ...) -> None: ...

class ItorConfig(_message.Message):
    __slots__ = ("elements",)
    class Element(_message.Message):
        __slots__ = ("idx", "ic", "k", "ic_expr")
        IDX_FIELD_NUMBER: _ClassVar[int]
        IC_FIELD_NUMBER: _ClassVar[int]
        K_FIELD_NUMBER: _ClassVar[int]
        IC_EXPR_FIELD_NUMBER: _ClassVar[int]
        idx: int
        ic: float
        k: int
        ic_expr: Expr
        def __init__(self, idx: _Optional[int] = ..., ic: _Optional[float] = ..., k: _Optional[int] = ..., ic_expr: _Optional[_Union[Expr, _Mapping]] = ...) -> None: ...
    ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    elements: _containers.RepeatedCompositeFieldContainer[ItorConfig.Element]
    def __init__(self, elements: _Optional[_Iterable[_Union[ItorConfig.Element, _Mapping]]] = ...) -> None: ...

class LimiterConfig(_message.Message):
    __slots__ = ("elements",)
    class Element(_message.Message):
        __slots__ = ("idx", "enable")
        IDX_FIELD_NUMBER: _ClassVar[int]
        ENABLE_FIELD_NUMBER: _ClassVar[int]
        idx: int
        enable: bool
        def __init__(self, idx: _Optional[int] = ..., enable: _Optional[bool] = ...) -> None: ...
    ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    elements: _containers.RepeatedCompositeFieldContainer[LimiterConfig.Element]
    def __init__(self, elements: _Optional[_Iterable[_Union[LimiterConfig.Element, _Mapping]]] = ...) -> None: ...

class MulConfig(_message.Message):
    __slots__ = ("calibration",)
    class Calibration(_message.Message):
        __slots__ = ("offset_x", "offset_y", "offset_z", "gain")
        OFFSET_X_FIELD_NUMBER: _ClassVar[int]
        OFFSET_Y_FIELD_NUMBER: _ClassVar[int]
        OFFSET_Z_FIELD_NUMBER: _ClassVar[int]
        GAIN_FIELD_NUMBER: _ClassVar[int]
        offset_x: int
        offset_y: int
        offset_z: int
        gain: int
        def __init__(self, offset_x: _Optional[int] = ..., offset_y: _Optional[int] = ..., offset_z: _Optional[int] = ..., gain: _Optional[int] = ...) -> None: ...
    CALIBRATION_FIELD_NUMBER: _ClassVar[int]
    calibration: _containers.RepeatedCompositeFieldContainer[MulConfig.Calibration]
    def __init__(self, calibration: _Optional[_Iterable[_Union[MulConfig.Calibration, _Mapping]]] = ...) -> None: ...

class MDRConfig(_message.Message):
    __slots__ = ("calibration", "operations")
    class Operation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MULTIPLY: _ClassVar[MDRConfig.Operation]
        SQUARE: _ClassVar[MDRConfig.Operation]
        DIVIDE: _ClassVar[MDRConfig.Operation]
        SQRT: _ClassVar[MDRConfig.Operation]
        IDENT: _ClassVar[MDRConfig.Operation]
    MULTIPLY: MDRConfig.Operation
    SQUARE: MDRConfig.Operation
    DIVIDE: MDRConfig.Operation
    SQRT: MDRConfig.Operation
    IDENT: MDRConfig.Operation
    class Calibration(_message.Message):
        __slots__ = ("offset_x", "offset_y", "offset_z", "gain")
        OFFSET_X_FIELD_NUMBER: _ClassVar[int]
        OFFSET_Y_FIELD_NUMBER: _ClassVar[int]
        OFFSET_Z_FIELD_NUMBER: _ClassVar[int]
        GAIN_FIELD_NUMBER: _ClassVar[int]
        offset_x: int
        offset_y: int
        offset_z: int
        gain: int
        def __init__(self, offset_x: _Optional[int] = ..., offset_y: _Optional[int] = ..., offset_z: _Optional[int] = ..., gain: _Optional[int] = ...) -> None: ...
    CALIBRATION_FIELD_NUMBER: _ClassVar[int]
    OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    calibration: _containers.RepeatedCompositeFieldContainer[MDRConfig.Calibration]
    operations: _containers.RepeatedScalarFieldContainer[MDRConfig.Operation]
    def __init__(self, calibration: _Optional[_Iterable[_Union[MDRConfig.Calibration, _Mapping]]] = ..., operations: _Optional[_Iterable[_Union[MDRConfig.Operation, str]]] = ...) -> None: ...

class SelectConfig(_message.Message):
    __slots__ = ("connections", "constant", "magnitude")
    class ConstantConfig(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        GROUND: _ClassVar[SelectConfig.ConstantConfig]
        POS_REF: _ClassVar[SelectConfig.ConstantConfig]
        NEG_REF: _ClassVar[SelectConfig.ConstantConfig]
        ANALOG_INPUT: _ClassVar[SelectConfig.ConstantConfig]
    GROUND: SelectConfig.ConstantConfig
    POS_REF: SelectConfig.ConstantConfig
    NEG_REF: SelectConfig.ConstantConfig
    ANALOG_INPUT: SelectConfig.ConstantConfig
    class Magnitude(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ONE: _ClassVar[SelectConfig.Magnitude]
        ONE_TENTH: _ClassVar[SelectConfig.Magnitude]
    ONE: SelectConfig.Magnitude
    ONE_TENTH: SelectConfig.Magnitude
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    CONSTANT_FIELD_NUMBER: _ClassVar[int]
    MAGNITUDE_FIELD_NUMBER: _ClassVar[int]
    connections: _containers.RepeatedCompositeFieldContainer[SelectConnectionConfig]
    constant: SelectConfig.ConstantConfig
    magnitude: SelectConfig.Magnitude
    def __init__(self, connections: _Optional[_Iterable[_Union[SelectConnectionConfig, _Mapping]]] = ..., constant: _Optional[_Union[SelectConfig.ConstantConfig, str]] = ..., magnitude: _Optional[_Union[SelectConfig.Magnitude, str]] = ...) -> None: ...

class SelectConnectionConfig(_message.Message):
    __slots__ = ("input", "output")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    input: int
    output: int
    def __init__(self, input: _Optional[int] = ..., output: _Optional[int] = ...) -> None: ...

class CoefConfig(_message.Message):
    __slots__ = ("elements",)
    class Element(_message.Message):
        __slots__ = ("idx", "factor", "gain_correction", "factor_expr")
        IDX_FIELD_NUMBER: _ClassVar[int]
        FACTOR_FIELD_NUMBER: _ClassVar[int]
        GAIN_CORRECTION_FIELD_NUMBER: _ClassVar[int]
        FACTOR_EXPR_FIELD_NUMBER: _ClassVar[int]
        idx: int
        factor: float
        gain_correction: float
        factor_expr: Expr
        def __init__(self, idx: _Optional[int] = ..., factor: _Optional[float] = ..., gain_correction: _Optional[float] = ..., factor_expr: _Optional[_Union[Expr, _Mapping]] = ...) -> None: ...
    ELEMENTS_FIELD_NUMBER: _ClassVar[int]
    elements: _containers.RepeatedCompositeFieldContainer[CoefConfig.Element]
    def __init__(self, elements: _Optional[_Iterable[_Union[CoefConfig.Element, _Mapping]]] = ...) -> None: ...

class SumConfig(_message.Message):
    __slots__ = ("connections", "upscales")
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    UPSCALES_FIELD_NUMBER: _ClassVar[int]
    connections: _containers.RepeatedCompositeFieldContainer[SumConnectionConfig]
    upscales: _containers.RepeatedCompositeFieldContainer[UpscaleConfig]
    def __init__(self, connections: _Optional[_Iterable[_Union[SumConnectionConfig, _Mapping]]] = ..., upscales: _Optional[_Iterable[_Union[UpscaleConfig, _Mapping]]] = ...) -> None: ...

class SumConnectionConfig(_message.Message):
    __slots__ = ("inputs", "output")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    inputs: _containers.RepeatedScalarFieldContainer[int]
    output: int
    def __init__(self, inputs: _Optional[_Iterable[int]] = ..., output: _Optional[int] = ...) -> None: ...

class UpscaleConfig(_message.Message):
    __slots__ = ("lane", "enabled")
    LANE_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    lane: int
    enabled: bool
    def __init__(self, lane: _Optional[int] = ..., enabled: _Optional[bool] = ...) -> None: ...

class ShiftHoldConfig(_message.Message):
    __slots__ = ("state",)
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TRACK: _ClassVar[ShiftHoldConfig.State]
        TRACK_AT_IC: _ClassVar[ShiftHoldConfig.State]
        INJECT: _ClassVar[ShiftHoldConfig.State]
        GAIN_ZERO_TO_SEVEN: _ClassVar[ShiftHoldConfig.State]
        GAIN_EIGHT_TO_FIFTEEN: _ClassVar[ShiftHoldConfig.State]
        PASSTHROUGH: _ClassVar[ShiftHoldConfig.State]
    TRACK: ShiftHoldConfig.State
    TRACK_AT_IC: ShiftHoldConfig.State
    INJECT: ShiftHoldConfig.State
    GAIN_ZERO_TO_SEVEN: ShiftHoldConfig.State
    GAIN_EIGHT_TO_FIFTEEN: ShiftHoldConfig.State
    PASSTHROUGH: ShiftHoldConfig.State
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: ShiftHoldConfig.State
    def __init__(self, state: _Optional[_Union[ShiftHoldConfig.State, str]] = ...) -> None: ...

class Mux(_message.Message):
    __slots__ = ("state", "index")
    STATE_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    state: int
    index: int
    def __init__(self, state: _Optional[int] = ..., index: _Optional[int] = ...) -> None: ...

class SwitchConfig(_message.Message):
    __slots__ = ("muxes",)
    MUXES_FIELD_NUMBER: _ClassVar[int]
    muxes: _containers.RepeatedCompositeFieldContainer[Mux]
    def __init__(self, muxes: _Optional[_Iterable[_Union[Mux, _Mapping]]] = ...) -> None: ...

class BPLSwitchConfig(_message.Message):
    __slots__ = ("muxes",)
    MUXES_FIELD_NUMBER: _ClassVar[int]
    muxes: _containers.RepeatedCompositeFieldContainer[Mux]
    def __init__(self, muxes: _Optional[_Iterable[_Union[Mux, _Mapping]]] = ...) -> None: ...

class ParamSpecification(_message.Message):
    __slots__ = ("param",)
    class ParamDecl(_message.Message):
        __slots__ = ("idx", "name", "default")
        IDX_FIELD_NUMBER: _ClassVar[int]
        NAME_FIELD_NUMBER: _ClassVar[int]
        DEFAULT_FIELD_NUMBER: _ClassVar[int]
        idx: int
        name: str
        default: float
        def __init__(self, idx: _Optional[int] = ..., name: _Optional[str] = ..., default: _Optional[float] = ...) -> None: ...
    PARAM_FIELD_NUMBER: _ClassVar[int]
    param: _containers.RepeatedCompositeFieldContainer[ParamSpecification.ParamDecl]
    def __init__(self, param: _Optional[_Iterable[_Union[ParamSpecification.ParamDecl, _Mapping]]] = ...) -> None: ...

class Expr(_message.Message):
    __slots__ = ("literal", "param", "neg")
    LITERAL_FIELD_NUMBER: _ClassVar[int]
    PARAM_FIELD_NUMBER: _ClassVar[int]
    NEG_FIELD_NUMBER: _ClassVar[int]
    literal: LitExpr
    param: ParamExpr
    neg: NegExpr
    def __init__(self, literal: _Optional[_Union[LitExpr, _Mapping]] = ..., param: _Optional[_Union[ParamExpr, _Mapping]] = ..., neg: _Optional[_Union[NegExpr, _Mapping]] = ...) -> None: ...

class LitExpr(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: float
    def __init__(self, value: _Optional[float] = ...) -> None: ...

class ParamExpr(_message.Message):
    __slots__ = ("idx",)
    IDX_FIELD_NUMBER: _ClassVar[int]
    idx: int
    def __init__(self, idx: _Optional[int] = ...) -> None: ...

class NegExpr(_message.Message):
    __slots__ = ("expr",)
    EXPR_FIELD_NUMBER: _ClassVar[int]
    expr: Expr
    def __init__(self, expr: _Optional[_Union[Expr, _Mapping]] = ...) -> None: ...

class AdcConfig(_message.Message):
    __slots__ = ("channels",)
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    channels: _containers.RepeatedCompositeFieldContainer[AdcChannel]
    def __init__(self, channels: _Optional[_Iterable[_Union[AdcChannel, _Mapping]]] = ...) -> None: ...

class AdcChannel(_message.Message):
    __slots__ = ("idx", "gain", "offset", "probe")
    IDX_FIELD_NUMBER: _ClassVar[int]
    GAIN_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    PROBE_FIELD_NUMBER: _ClassVar[int]
    idx: int
    gain: float
    offset: float
    probe: int
    def __init__(self, idx: _Optional[int] = ..., gain: _Optional[float] = ..., offset: _Optional[float] = ..., probe: _Optional[int] = ...) -> None: ...

class PortConfig(_message.Message):
    __slots__ = ("states", "inputs", "outputs")
    class AclState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        INTERNAL: _ClassVar[PortConfig.AclState]
        EXTERNAL: _ClassVar[PortConfig.AclState]
    INTERNAL: PortConfig.AclState
    EXTERNAL: PortConfig.AclState
    STATES_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    states: _containers.RepeatedScalarFieldContainer[PortConfig.AclState]
    inputs: _containers.RepeatedCompositeFieldContainer[ACLPinSignal]
    outputs: _containers.RepeatedCompositeFieldContainer[ACLPinSignal]
    def __init__(self, states: _Optional[_Iterable[_Union[PortConfig.AclState, str]]] = ..., inputs: _Optional[_Iterable[_Union[ACLPinSignal, _Mapping]]] = ..., outputs: _Optional[_Iterable[_Union[ACLPinSignal, _Mapping]]] = ...) -> None: ...

class ACLPinSignal(_message.Message):
    __slots__ = ("signal", "pin")
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    PIN_FIELD_NUMBER: _ClassVar[int]
    signal: str
    pin: int
    def __init__(self, signal: _Optional[str] = ..., pin: _Optional[int] = ...) -> None: ...

class FrontPanelConfig(_message.Message):
    __slots__ = ("leds",)
    LEDS_FIELD_NUMBER: _ClassVar[int]
    leds: int
    def __init__(self, leds: _Optional[int] = ...) -> None: ...

class FrontPanelIOConfig(_message.Message):
    __slots__ = ("io_modes",)
    class FrontPanelIOMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ANALOG_OUT: _ClassVar[FrontPanelIOConfig.FrontPanelIOMode]
        ANALOG_IN: _ClassVar[FrontPanelIOConfig.FrontPanelIOMode]
        DIGITAL_OUT: _ClassVar[FrontPanelIOConfig.FrontPanelIOMode]
        DIGITAL_IN: _ClassVar[FrontPanelIOConfig.FrontPanelIOMode]
    ANALOG_OUT: FrontPanelIOConfig.FrontPanelIOMode
    ANALOG_IN: FrontPanelIOConfig.FrontPanelIOMode
    DIGITAL_OUT: FrontPanelIOConfig.FrontPanelIOMode
    DIGITAL_IN: FrontPanelIOConfig.FrontPanelIOMode
    IO_MODES_FIELD_NUMBER: _ClassVar[int]
    io_modes: _containers.RepeatedScalarFieldContainer[FrontPanelIOConfig.FrontPanelIOMode]
    def __init__(self, io_modes: _Optional[_Iterable[_Union[FrontPanelIOConfig.FrontPanelIOMode, str]]] = ...) -> None: ...

class SignalGeneratorConfig(_message.Message):
    __slots__ = ("frequency", "phase", "wave_form", "amplitude", "square_voltage_low", "square_voltage_high", "offset", "sleep", "dac_outputs")
    class WaveForm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SINE: _ClassVar[SignalGeneratorConfig.WaveForm]
        SINE_AND_SQUARE: _ClassVar[SignalGeneratorConfig.WaveForm]
        TRIANGLE: _ClassVar[SignalGeneratorConfig.WaveForm]
    SINE: SignalGeneratorConfig.WaveForm
    SINE_AND_SQUARE: SignalGeneratorConfig.WaveForm
    TRIANGLE: SignalGeneratorConfig.WaveForm
    FREQUENCY_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    WAVE_FORM_FIELD_NUMBER: _ClassVar[int]
    AMPLITUDE_FIELD_NUMBER: _ClassVar[int]
    SQUARE_VOLTAGE_LOW_FIELD_NUMBER: _ClassVar[int]
    SQUARE_VOLTAGE_HIGH_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SLEEP_FIELD_NUMBER: _ClassVar[int]
    DAC_OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    frequency: float
    phase: float
    wave_form: SignalGeneratorConfig.WaveForm
    amplitude: float
    square_voltage_low: float
    square_voltage_high: float
    offset: float
    sleep: bool
    dac_outputs: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, frequency: _Optional[float] = ..., phase: _Optional[float] = ..., wave_form: _Optional[_Union[SignalGeneratorConfig.WaveForm, str]] = ..., amplitude: _Optional[float] = ..., square_voltage_low: _Optional[float] = ..., square_voltage_high: _Optional[float] = ..., offset: _Optional[float] = ..., sleep: _Optional[bool] = ..., dac_outputs: _Optional[_Iterable[float]] = ...) -> None: ...

class BackpanelConfig(_message.Message):
    __slots__ = ("backpanel_id", "backpanel_slot", "is_valid", "is_isolated")
    BACKPANEL_ID_FIELD_NUMBER: _ClassVar[int]
    BACKPANEL_SLOT_FIELD_NUMBER: _ClassVar[int]
    IS_VALID_FIELD_NUMBER: _ClassVar[int]
    IS_ISOLATED_FIELD_NUMBER: _ClassVar[int]
    backpanel_id: int
    backpanel_slot: int
    is_valid: bool
    is_isolated: bool
    def __init__(self, backpanel_id: _Optional[int] = ..., backpanel_slot: _Optional[int] = ..., is_valid: _Optional[bool] = ..., is_isolated: _Optional[bool] = ...) -> None: ...

class DependencyInfo(_message.Message):
    __slots__ = ("entity_ids", "traces", "active_lanes")
    ENTITY_IDS_FIELD_NUMBER: _ClassVar[int]
    TRACES_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_LANES_FIELD_NUMBER: _ClassVar[int]
    entity_ids: _containers.RepeatedCompositeFieldContainer[EntityId]
    traces: _containers.RepeatedCompositeFieldContainer[Trace]
    active_lanes: int
    def __init__(self, entity_ids: _Optional[_Iterable[_Union[EntityId, _Mapping]]] = ..., traces: _Optional[_Iterable[_Union[Trace, _Mapping]]] = ..., active_lanes: _Optional[int] = ...) -> None: ...

class Trace(_message.Message):
    __slots__ = ("source", "sink", "sink_upscaled")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SINK_FIELD_NUMBER: _ClassVar[int]
    SINK_UPSCALED_FIELD_NUMBER: _ClassVar[int]
    source: TraceLane
    sink: TraceLane
    sink_upscaled: bool
    def __init__(self, source: _Optional[_Union[TraceLane, _Mapping]] = ..., sink: _Optional[_Union[TraceLane, _Mapping]] = ..., sink_upscaled: _Optional[bool] = ...) -> None: ...

class TraceLane(_message.Message):
    __slots__ = ("carrier", "cluster", "lane")
    CARRIER_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    LANE_FIELD_NUMBER: _ClassVar[int]
    carrier: int
    cluster: int
    lane: int
    def __init__(self, carrier: _Optional[int] = ..., cluster: _Optional[int] = ..., lane: _Optional[int] = ...) -> None: ...

class IpLookupTable(_message.Message):
    __slots__ = ("entries",)
    class Entry(_message.Message):
        __slots__ = ("entity_id", "address")
        ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
        ADDRESS_FIELD_NUMBER: _ClassVar[int]
        entity_id: EntityId
        address: Address
        def __init__(self, entity_id: _Optional[_Union[EntityId, _Mapping]] = ..., address: _Optional[_Union[Address, _Mapping]] = ...) -> None: ...
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[IpLookupTable.Entry]
    def __init__(self, entries: _Optional[_Iterable[_Union[IpLookupTable.Entry, _Mapping]]] = ...) -> None: ...

class Address(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class WiringSpecification(_message.Message):
    __slots__ = ("source", "target")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    source: WiringPin
    target: WiringPin
    def __init__(self, source: _Optional[_Union[WiringPin, _Mapping]] = ..., target: _Optional[_Union[WiringPin, _Mapping]] = ...) -> None: ...

class WiringPin(_message.Message):
    __slots__ = ("entity", "named_pin", "indexed_pin")
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    NAMED_PIN_FIELD_NUMBER: _ClassVar[int]
    INDEXED_PIN_FIELD_NUMBER: _ClassVar[int]
    entity: EntityId
    named_pin: str
    indexed_pin: int
    def __init__(self, entity: _Optional[_Union[EntityId, _Mapping]] = ..., named_pin: _Optional[str] = ..., indexed_pin: _Optional[int] = ...) -> None: ...

class DeviceConfig(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ClusterConfig(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CmpConfig(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SimConfig(_message.Message):
    __slots__ = ("k0", "with_limits", "only_module_sinks", "acl_config")
    K0_FIELD_NUMBER: _ClassVar[int]
    WITH_LIMITS_FIELD_NUMBER: _ClassVar[int]
    ONLY_MODULE_SINKS_FIELD_NUMBER: _ClassVar[int]
    ACL_CONFIG_FIELD_NUMBER: _ClassVar[int]
    k0: int
    with_limits: bool
    only_module_sinks: bool
    acl_config: ACLConfig
    def __init__(self, k0: _Optional[int] = ..., with_limits: _Optional[bool] = ..., only_module_sinks: _Optional[bool] = ..., acl_config: _Optional[_Union[ACLConfig, _Mapping]] = ...) -> None: ...

class ACLConfig(_message.Message):
    __slots__ = ("plugins", "wires")
    PLUGINS_FIELD_NUMBER: _ClassVar[int]
    WIRES_FIELD_NUMBER: _ClassVar[int]
    plugins: _containers.RepeatedCompositeFieldContainer[ACLPlugin]
    wires: _containers.RepeatedCompositeFieldContainer[ACLWire]
    def __init__(self, plugins: _Optional[_Iterable[_Union[ACLPlugin, _Mapping]]] = ..., wires: _Optional[_Iterable[_Union[ACLWire, _Mapping]]] = ...) -> None: ...

class ACLPlugin(_message.Message):
    __slots__ = ("plugin", "label", "parameters")
    PLUGIN_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    plugin: str
    label: str
    parameters: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, plugin: _Optional[str] = ..., label: _Optional[str] = ..., parameters: _Optional[_Iterable[float]] = ...) -> None: ...

class ACLWire(_message.Message):
    __slots__ = ("source", "target")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    source: ACLPlug
    target: ACLPlug
    def __init__(self, source: _Optional[_Union[ACLPlug, _Mapping]] = ..., target: _Optional[_Union[ACLPlug, _Mapping]] = ...) -> None: ...

class ACLPlug(_message.Message):
    __slots__ = ("entity_id", "kind")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        Device: _ClassVar[ACLPlug.Kind]
        Plugin: _ClassVar[ACLPlug.Kind]
    Device: ACLPlug.Kind
    Plugin: ACLPlug.Kind
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    entity_id: EntityId
    kind: ACLPlug.Kind
    def __init__(self, entity_id: _Optional[_Union[EntityId, _Mapping]] = ..., kind: _Optional[_Union[ACLPlug.Kind, str]] = ...) -> None: ...

class Scaling(_message.Message):
    __slots__ = ("variable", "horizon", "time_rate", "probes")
    class ProbeScaling(_message.Message):
        __slots__ = ("probe", "name", "factor", "offset")
        PROBE_FIELD_NUMBER: _ClassVar[int]
        NAME_FIELD_NUMBER: _ClassVar[int]
        FACTOR_FIELD_NUMBER: _ClassVar[int]
        OFFSET_FIELD_NUMBER: _ClassVar[int]
        probe: int
        name: str
        factor: float
        offset: float
        def __init__(self, probe: _Optional[int] = ..., name: _Optional[str] = ..., factor: _Optional[float] = ..., offset: _Optional[float] = ...) -> None: ...
    VARIABLE_FIELD_NUMBER: _ClassVar[int]
    HORIZON_FIELD_NUMBER: _ClassVar[int]
    TIME_RATE_FIELD_NUMBER: _ClassVar[int]
    PROBES_FIELD_NUMBER: _ClassVar[int]
    variable: str
    horizon: float
    time_rate: float
    probes: _containers.RepeatedCompositeFieldContainer[Scaling.ProbeScaling]
    def __init__(self, variable: _Optional[str] = ..., horizon: _Optional[float] = ..., time_rate: _Optional[float] = ..., probes: _Optional[_Iterable[_Union[Scaling.ProbeScaling, _Mapping]]] = ...) -> None: ...
