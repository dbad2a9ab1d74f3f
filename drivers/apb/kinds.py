"""Each kind of item between its message and its record.

A writer changes only the fields that the record has, so that others in the message stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from drivers.apb import analog_pb2 as pb
from drivers.apb import items as it
from drivers.apb.entities import EntityBudget, read_entity, write_entity

if TYPE_CHECKING:
    from collections.abc import Callable

C = TypeVar("C")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[C]):
    """``name`` of the field of Item, ``record`` the type of its values. ``read`` may raise
    CircuitFileError for a hardware tree."""

    name: str
    record: type[C]
    # Any: each kind has a message class of its own; the table below pairs them with their records.
    read: Callable[[Any, EntityBudget], C]
    write: Callable[[Any, C], None]


def _read_expression(message: pb.Expr) -> it.Expression:
    """Negations are folded; the scan has limited their depth."""
    negated = False
    while (kind := message.WhichOneof("kind")) == "neg":
        negated = not negated
        message = message.neg.expr
    return it.Expression(
        literal=message.literal.value if kind == "literal" else None,
        parameter=message.param.idx if kind == "param" else None,
        negated=negated,
    )


def _write_expression(value: it.Expression) -> pb.Expr:
    leaf = pb.Expr()
    if value.literal is not None:
        leaf = pb.Expr(literal=pb.LitExpr(value=value.literal))
    elif value.parameter is not None:
        leaf = pb.Expr(param=pb.ParamExpr(idx=value.parameter))
    return pb.Expr(neg=pb.NegExpr(expr=leaf)) if value.negated else leaf


def _optional_expression(value: it.Expression | None) -> pb.Expr | None:
    return None if value is None else _write_expression(value)


def _read_adc(message: pb.AdcConfig, _: EntityBudget) -> it.AdcConfig:
    return it.AdcConfig(
        channels=tuple(
            it.AdcEntry(output=one.idx, probe=one.probe, gain=one.gain, offset=one.offset)
            for one in message.channels
        )
    )


def _write_adc(message: pb.AdcConfig, config: it.AdcConfig) -> None:
    del message.channels[:]
    message.channels.extend(
        pb.AdcChannel(idx=one.output, probe=one.probe, gain=one.gain, offset=one.offset)
        for one in config.channels
    )


def _read_coef(message: pb.CoefConfig, _: EntityBudget) -> it.CoefConfig:
    return it.CoefConfig(elements=tuple(_read_factor(one) for one in message.elements))


def _read_factor(one: pb.CoefConfig.Element) -> it.CoefEntry:
    return it.CoefEntry(
        lane=one.idx,
        factor=one.factor,
        gain_correction=one.gain_correction if one.HasField("gain_correction") else None,
        expression=_read_expression(one.factor_expr) if one.HasField("factor_expr") else None,
    )


def _write_coef(message: pb.CoefConfig, config: it.CoefConfig) -> None:
    del message.elements[:]
    message.elements.extend(
        pb.CoefConfig.Element(
            idx=one.lane,
            factor=one.factor,
            gain_correction=one.gain_correction,
            factor_expr=_optional_expression(one.expression),
        )
        for one in config.elements
    )


def _read_itor(message: pb.ItorConfig, _: EntityBudget) -> it.ItorConfig:
    return it.ItorConfig(
        elements=tuple(
            it.ItorEntry(
                element=one.idx,
                ic=one.ic,
                k=one.k,
                expression=_read_expression(one.ic_expr) if one.HasField("ic_expr") else None,
            )
            for one in message.elements
        )
    )


def _write_itor(message: pb.ItorConfig, config: it.ItorConfig) -> None:
    del message.elements[:]
    message.elements.extend(
        pb.ItorConfig.Element(
            idx=one.element, ic=one.ic, k=one.k, ic_expr=_optional_expression(one.expression)
        )
        for one in config.elements
    )


def _read_limiter(message: pb.LimiterConfig, _: EntityBudget) -> it.LimiterConfig:
    return it.LimiterConfig(
        elements=tuple(
            it.LimiterEntry(element=one.idx, enable=one.enable) for one in message.elements
        )
    )


def _write_limiter(message: pb.LimiterConfig, config: it.LimiterConfig) -> None:
    del message.elements[:]
    message.elements.extend(
        pb.LimiterConfig.Element(idx=one.element, enable=one.enable) for one in config.elements
    )


def _read_select(message: pb.SelectConfig, _: EntityBudget) -> it.SelectConfig:
    return it.SelectConfig(
        connections=tuple((one.input, one.output) for one in message.connections),
        constant=message.constant,
        magnitude=message.magnitude,
    )


# The generated types accept only named enum values; the wire, and protobuf, accept any number.
# That is why enum fields are set through Any in the writers below.
def _write_select(message: Any, config: it.SelectConfig) -> None:  # noqa: ANN401
    del message.connections[:]
    message.connections.extend(
        pb.SelectConnectionConfig(input=source, output=lane) for source, lane in config.connections
    )
    message.constant, message.magnitude = config.constant, config.magnitude


def _read_sum(message: pb.SumConfig, _: EntityBudget) -> it.SumConfig:
    return it.SumConfig(
        sums=tuple((one.output, tuple(one.inputs)) for one in message.connections),
        upscales=tuple((one.lane, one.enabled) for one in message.upscales),
    )


def _write_sum(message: pb.SumConfig, config: it.SumConfig) -> None:
    del message.connections[:]
    del message.upscales[:]
    message.connections.extend(
        pb.SumConnectionConfig(inputs=lanes, output=output) for output, lanes in config.sums
    )
    message.upscales.extend(
        pb.UpscaleConfig(lane=lane, enabled=enabled) for lane, enabled in config.upscales
    )


def _read_muxes(message: pb.SwitchConfig | pb.BPLSwitchConfig) -> tuple[tuple[int, int], ...]:
    """All indices zero means a list by position, as some writers leave the indices out."""
    found = tuple((one.index, one.state) for one in message.muxes)
    if any(index for index, _ in found):
        return found
    return tuple((position, state) for position, (_, state) in enumerate(found))


def _write_muxes(
    message: pb.SwitchConfig | pb.BPLSwitchConfig, muxes: tuple[tuple[int, int], ...]
) -> None:
    del message.muxes[:]
    message.muxes.extend(pb.Mux(index=index, state=state) for index, state in muxes)


def _read_switch(message: pb.SwitchConfig, _: EntityBudget) -> it.SwitchConfig:
    return it.SwitchConfig(muxes=_read_muxes(message))


def _write_switch(message: pb.SwitchConfig, config: it.SwitchConfig) -> None:
    _write_muxes(message, config.muxes)


def _read_backplane(message: pb.BPLSwitchConfig, _: EntityBudget) -> it.BackplaneSwitchConfig:
    return it.BackplaneSwitchConfig(muxes=_read_muxes(message))


def _write_backplane(message: pb.BPLSwitchConfig, config: it.BackplaneSwitchConfig) -> None:
    _write_muxes(message, config.muxes)


def _read_mdr(message: pb.MDRConfig, _: EntityBudget) -> it.MdrConfig:
    return it.MdrConfig(operations=tuple(message.operations))


def _write_mdr(message: Any, config: it.MdrConfig) -> None:  # noqa: ANN401
    message.operations[:] = config.operations


def _read_port(message: pb.PortConfig, _: EntityBudget) -> it.PortConfig:
    return it.PortConfig(states=tuple(message.states))


def _write_port(message: Any, config: it.PortConfig) -> None:  # noqa: ANN401
    message.states[:] = config.states


def _read_tree(message: pb.EntitySpecification, budget: EntityBudget) -> it.EntitySpecification:
    present = message.HasField("entity")
    return it.EntitySpecification(root=read_entity(message.entity, budget) if present else None)


def _write_tree(message: pb.EntitySpecification, config: it.EntitySpecification) -> None:
    message.ClearField("entity")
    if config.root is not None:
        message.entity.CopyFrom(write_entity(config.root))


def _read_lane(message: pb.TraceLane) -> it.TraceLane:
    return it.TraceLane(carrier=message.carrier, cluster=message.cluster, lane=message.lane)


def _write_lane(lane: it.TraceLane) -> pb.TraceLane:
    return pb.TraceLane(carrier=lane.carrier, cluster=lane.cluster, lane=lane.lane)


def _read_dependency(message: pb.DependencyInfo, _: EntityBudget) -> it.DependencyInfo:
    return it.DependencyInfo(
        entities=tuple(one.path for one in message.entity_ids),
        traces=tuple(
            it.Trace(
                source=_read_lane(one.source),
                sink=_read_lane(one.sink),
                upscaled=one.sink_upscaled,
            )
            for one in message.traces
        ),
        active_lanes=message.active_lanes,
    )


def _write_dependency(message: pb.DependencyInfo, config: it.DependencyInfo) -> None:
    del message.entity_ids[:]
    del message.traces[:]
    message.entity_ids.extend(pb.EntityId(path=path) for path in config.entities)
    message.traces.extend(
        pb.Trace(
            source=_write_lane(one.source),
            sink=_write_lane(one.sink),
            sink_upscaled=one.upscaled,
        )
        for one in config.traces
    )
    message.active_lanes = config.active_lanes


def _read_parameters(message: pb.ParamSpecification, _: EntityBudget) -> it.ParamSpecification:
    return it.ParamSpecification(
        parameters=tuple(
            it.Parameter(
                index=one.idx,
                name=one.name,
                default=one.default if one.HasField("default") else None,
            )
            for one in message.param
        )
    )


def _write_parameters(message: pb.ParamSpecification, config: it.ParamSpecification) -> None:
    del message.param[:]
    message.param.extend(
        pb.ParamSpecification.ParamDecl(idx=one.index, name=one.name, default=one.default)
        for one in config.parameters
    )


def _read_sim(message: pb.SimConfig, _: EntityBudget) -> it.SimConfig:
    return it.SimConfig(
        k0=message.k0 if message.HasField("k0") else None,
        with_limits=message.with_limits,
        only_module_sinks=message.only_module_sinks,
        external=message.HasField("acl_config"),
    )


def _write_sim(message: pb.SimConfig, config: it.SimConfig) -> None:
    message.ClearField("k0")
    if config.k0 is not None:
        message.k0 = config.k0
    message.with_limits = config.with_limits
    message.only_module_sinks = config.only_module_sinks
    if not config.external:
        message.ClearField("acl_config")


def _kind(
    name: str,
    record: type[C],
    # Any: see Kind.
    read: Callable[[Any, EntityBudget], C],
    write: Callable[[Any, C], None],
) -> Kind[C]:
    return Kind(name=name, record=record, read=read, write=write)


# Any: the kinds of one table have records of different types.
KINDS: Final[tuple[Kind[Any], ...]] = (
    _kind("adc_config", it.AdcConfig, _read_adc, _write_adc),
    _kind("coef_config", it.CoefConfig, _read_coef, _write_coef),
    _kind("itor_config", it.ItorConfig, _read_itor, _write_itor),
    _kind("limiter_config", it.LimiterConfig, _read_limiter, _write_limiter),
    _kind("select_config", it.SelectConfig, _read_select, _write_select),
    _kind("sum_config", it.SumConfig, _read_sum, _write_sum),
    _kind("switch_config", it.SwitchConfig, _read_switch, _write_switch),
    _kind("bpl_switch_config", it.BackplaneSwitchConfig, _read_backplane, _write_backplane),
    _kind("mdr_config", it.MdrConfig, _read_mdr, _write_mdr),
    _kind("port_config", it.PortConfig, _read_port, _write_port),
    _kind("entity_specification", it.EntitySpecification, _read_tree, _write_tree),
    _kind("dependency_info", it.DependencyInfo, _read_dependency, _write_dependency),
    _kind("param_specification", it.ParamSpecification, _read_parameters, _write_parameters),
    _kind("sim_config", it.SimConfig, _read_sim, _write_sim),
)
BY_NAME: Final = {kind.name: kind for kind in KINDS}
BY_RECORD: Final = {kind.record: kind for kind in KINDS}


def kind_name(config: it.Config) -> str:
    """The schema's name of an item's kind, as in ``adc_config``; empty for an unknown one."""
    return config.kind if isinstance(config, it.Opaque) else BY_RECORD[type(config)].name
