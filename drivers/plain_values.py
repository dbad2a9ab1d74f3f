"""Plain numbers in place of expressions: parameters are the client's business, no machine knows
them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drivers.apb import items as it
from drivers.apb.rules import resolve
from drivers.apb.validate import parameters
from drivers.errors import RunRefused

if TYPE_CHECKING:
    from drivers.apb.items import CircuitFile, Expression, Item
    from drivers.apb.rules import Parameters


def plain_items(file: CircuitFile) -> tuple[Item, ...]:
    """The items with every expression resolved, and with the gain of 1 that writers leave out of
    ADC channels: a machine would take the absent one for 0 and send nothing but zeros.

    Raises RunRefused for an expression without a value.
    """
    known = parameters(file)
    return tuple(_plain(item, known) for item in file.items)


def _plain(item: Item, known: Parameters) -> Item:
    config = item.config
    if isinstance(config, it.CoefConfig):
        factors = tuple(_factor(one, item.entity, known) for one in config.elements)
        config = replace(config, elements=factors)
    elif isinstance(config, it.ItorConfig):
        starts = tuple(_start(one, item.entity, known) for one in config.elements)
        config = replace(config, elements=starts)
    elif isinstance(config, it.AdcConfig):
        channels = tuple(replace(one, gain=one.gain or 1.0) for one in config.channels)
        config = replace(config, channels=channels)
    return replace(item, config=config)


def _factor(one: it.CoefEntry, entity: str, known: Parameters) -> it.CoefEntry:
    if one.expression is None:
        return one
    value = _value(one.expression, f"{entity}: the factor of lane {one.lane}", known)
    return replace(one, factor=value, expression=None)


def _start(one: it.ItorEntry, entity: str, known: Parameters) -> it.ItorEntry:
    if one.expression is None:
        return one
    value = _value(one.expression, f"{entity}: the start of integrator {one.element}", known)
    return replace(one, ic=value, expression=None)


def _value(expression: Expression, what: str, known: Parameters) -> float:
    value = resolve(expression, known)
    if value is None:
        raise RunRefused(f"{what} depends on a parameter that has no value")
    return value
