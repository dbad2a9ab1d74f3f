"""What each kind of item has to obey by itself. Numbers: hardware reference, sections 1, 2, 6."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from drivers.apb import analog_pb2 as pb
from drivers.apb import items as it
from drivers.apb.model import (
    ACL_PORTS,
    ADC_CHANNELS,
    BLOCK_SIZE,
    FIRST_SHARED_LANE,
    LANES,
    OUTPUTS,
    MdrOperation,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from drivers.apb.review import Review

SPEEDS: Final = (100, 10_000)
"""The two speeds k0 of an integrator, per second."""
SLOTS: Final = 2
"""M-block sockets of a cluster."""
CONSTANT_INPUTS: Final = (15, 14)
"""U input of the constant giver on the lower and the upper half of the lanes."""
HALF: Final = LANES // 2
MDR_ELEMENTS: Final = 4
SECTORS: Final = 4
"""Sectors of a T block: the backplane and three clusters."""
MUXES: Final = SECTORS * (LANES - FIRST_SHARED_LANE)
BACKPLANE_SECTORS: Final = 9
BACKPLANE_MUXES: Final = BACKPLANE_SECTORS * 8
_CLUSTERS: Final = 3
_CONSTANTS: Final = frozenset(pb.SelectConfig.ConstantConfig.values())
_MAGNITUDES: Final = frozenset(pb.SelectConfig.Magnitude.values())
_PORT_STATES: Final = frozenset(pb.PortConfig.AclState.values())

Parameters = dict[int, it.Parameter]


def resolve(expression: it.Expression, parameters: Parameters) -> float | None:
    """The value of an expression, with parameters at their defaults; None when it has none."""
    value = expression.literal
    if expression.parameter is not None and expression.parameter in parameters:
        value = parameters[expression.parameter].default
    if value is None:
        return None
    return -value if expression.negated else value


def _check_value(
    review: Review, what: str, value: float, expression: it.Expression | None, known: Parameters
) -> float | None:
    """The value in force, None (and a fault) when there is none."""
    if expression is None:
        return value
    found = resolve(expression, known)
    if found is not None:
        return found
    if expression.parameter is None:
        review.fault("expression", f"{what} has an expression without a value.")
    else:
        declared = known.get(expression.parameter)
        name = declared.name if declared and declared.name else f"number {expression.parameter}"
        review.fault("parameter", f"{what} needs the parameter {name}, which has no value.")
    return None


def _check_adc(review: Review, config: it.AdcConfig, _: Parameters) -> None:
    if len(config.channels) > ADC_CHANNELS:
        message = f"There are {len(config.channels)} ADC channels; a carrier has {ADC_CHANNELS}."
        review.fault("adc-count", message)
        return
    for one in config.channels:
        if not (math.isfinite(one.gain) and math.isfinite(one.offset)):
            review.fault("not-finite", f"The ADC channel of probe {one.probe} is not finite.")
        if one.gain == 0.0:
            review.warn(f"The ADC channel of probe {one.probe} has no gain; it is read as 1.")


def _check_coef(review: Review, config: it.CoefConfig, known: Parameters) -> None:
    review.once("factor-twice", "The factor of lane", (one.lane for one in config.elements))
    for one in config.elements:
        if not review.below("lane-range", "Lane", one.lane, LANES):
            continue
        what = f"The factor of lane {one.lane}"
        value = _check_value(review, what, one.factor, one.expression, known)
        if value is not None and not -1.0 <= value <= 1.0:
            hint = "larger weights need the gain of the lane or several lanes"
            review.fault("factor-range", f"{what} is {value:g}, outside of [-1, 1]; {hint}.")


def _check_itor(review: Review, config: it.ItorConfig, known: Parameters) -> None:
    review.once("element-twice", "Integrator", (one.element for one in config.elements))
    for one in config.elements:
        if not review.below("element-range", "Integrator", one.element, BLOCK_SIZE):
            continue
        what = f"The initial value of integrator {one.element}"
        value = _check_value(review, what, one.ic, one.expression, known)
        if value is not None and not -1.0 <= value <= 1.0:
            review.fault("ic-range", f"{what} is {value:g}, outside of [-1, 1].")
        if one.k not in SPEEDS:
            message = f"Integrator {one.element} has k0 = {one.k}; it must be 100 or 10000."
            review.fault("k0", message)


def _check_limiter(review: Review, config: it.LimiterConfig, _: Parameters) -> None:
    review.once("element-twice", "The limiter of", (one.element for one in config.elements))
    for one in config.elements:
        review.below("element-range", "Limiter", one.element, BLOCK_SIZE)


def _check_select(review: Review, config: it.SelectConfig, _: Parameters) -> None:
    review.once(
        "lane-source", "The source of lane", (connection[1] for connection in config.connections)
    )
    for source, lane in config.connections:
        review.below("lane-range", "Lane", lane, LANES)
        review.below("output-range", "M output", source, OUTPUTS)
    if config.constant == pb.SelectConfig.ANALOG_INPUT:
        message = "The constant giver is set to an analog input, which no known machine offers."
        review.fault("constant", message)
    elif config.constant not in _CONSTANTS:
        review.fault("constant", f"The constant giver has the unknown setting {config.constant}.")
    if config.magnitude not in _MAGNITUDES:
        message = f"The constant giver has the unknown magnitude {config.magnitude}."
        review.fault("constant", message)


def _check_sum(review: Review, config: it.SumConfig, _: Parameters) -> None:
    seen = set[int]()
    for output, lanes in config.sums:
        review.below("sum-range", "Input sum", output, OUTPUTS)
        for lane in lanes:
            if review.below("lane-range", "Lane", lane, LANES) and lane in seen:
                message = f"Lane {lane} is summed more than once; a lane has one sink."
                review.fault("lane-sink", message)
            seen.add(lane)
    review.once("gain-twice", "The gain of lane", (upscale[0] for upscale in config.upscales))
    for lane, _enabled in config.upscales:
        review.below("lane-range", "Lane", lane, LANES)


def _check_switch(review: Review, config: it.SwitchConfig, _: Parameters) -> None:
    _check_muxes(review, config.muxes, MUXES, SECTORS)


def _check_backplane(review: Review, config: it.BackplaneSwitchConfig, _: Parameters) -> None:
    _check_muxes(review, config.muxes, BACKPLANE_MUXES, BACKPLANE_SECTORS)


def _check_muxes(
    review: Review, muxes: tuple[tuple[int, int], ...], count: int, sectors: int
) -> None:
    review.once("mux-twice", "Mux", (index for index, _ in muxes))
    for index, sector in muxes:
        review.below("mux-range", "Mux", index, count)
        review.below("mux-sector", "Sector", sector, sectors)


def _check_mdr(review: Review, config: it.MdrConfig, _: Parameters) -> None:
    if len(config.operations) > MDR_ELEMENTS:
        message = f"There are {len(config.operations)} operations; a block has {MDR_ELEMENTS}."
        review.fault("mdr-count", message)
    for element, operation in enumerate(config.operations):
        if operation == MdrOperation.IDENT:
            message = (
                f"Element {element} is set to IDENT, whose sign is not known for certain; use the "
                "identity of its second input."
            )
            review.fault("mdr-operation", message)
        elif not 0 <= operation < MdrOperation.IDENT:
            message = f"Element {element} has the unknown operation {operation}."
            review.fault("mdr-operation", message)


def _check_port(review: Review, config: it.PortConfig, _: Parameters) -> None:
    if len(config.states) > ACL_PORTS:
        message = f"There are {len(config.states)} ACL ports; a carrier has {ACL_PORTS}."
        review.fault("port-count", message)
    for port, state in enumerate(config.states):
        if state not in _PORT_STATES:
            review.fault("port-state", f"ACL port {port} has the unknown state {state}.")


def _check_dependency(review: Review, config: it.DependencyInfo, _: Parameters) -> None:
    for trace in config.traces:
        for end in (trace.source, trace.sink):
            review.below("trace", "In a trace, lane", end.lane, LANES)
            review.below("trace", "In a trace, cluster", end.cluster, _CLUSTERS)
            review.below("trace", "In a trace, carrier", end.carrier, len(config.entities))


def _check_parameters(review: Review, config: it.ParamSpecification, _: Parameters) -> None:
    for one in config.parameters:
        if one.default is not None and not math.isfinite(one.default):
            review.fault("not-finite", f"The default of parameter {one.index} is not finite.")


# Any: the rules of one table are for records of different types.
RULES: Final[dict[type[Any], Callable[[Review, Any, Parameters], None]]] = {
    it.AdcConfig: _check_adc,
    it.CoefConfig: _check_coef,
    it.ItorConfig: _check_itor,
    it.LimiterConfig: _check_limiter,
    it.SelectConfig: _check_select,
    it.SumConfig: _check_sum,
    it.SwitchConfig: _check_switch,
    it.BackplaneSwitchConfig: _check_backplane,
    it.MdrConfig: _check_mdr,
    it.PortConfig: _check_port,
    it.DependencyInfo: _check_dependency,
    it.ParamSpecification: _check_parameters,
}
"""By record: looks at one item, with the parameters that the module declares."""
