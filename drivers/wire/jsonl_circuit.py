"""Circuits of the JSONL dialect: the items for one carrier and the ``config`` of set_circuit.

The config is always whole: what the items leave out is written as at rest. Factors, start values
and gains are taken as they are; that an upscaled lane has the gain 10 on firmware 1.x is for the
caller to consider. Source: wire protocol reference, section 7.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, TypeVar

from drivers.apb import items as it
from drivers.apb.entities import normalise
from drivers.apb.items import CircuitFile, Item
from drivers.apb.model import ACL_PORTS, ADC_CHANNELS, BLOCK_SIZE, LANES, OUTPUTS
from drivers.errors import RunRefused
from drivers.wire.jsonl_front import is_silent
from drivers.wire.jsontext import (
    Json,
    Object,
    as_bool,
    as_int,
    as_list,
    as_number,
    as_object,
    as_text,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

_STATES: Final = ("internal", "external")
_CONSTANTS: Final = {(1, 0): 1.0, (1, 1): 0.1, (2, 0): -1.0, (2, 1): -0.1}
"""Setting and magnitude of the constant giver, by the schema's numbers."""
_SETTINGS: Final = {value: setting for setting, value in _CONSTANTS.items()}
_OFF: Final = (0, 0)
_SPEED: Final = 10_000
_DEEPEST_PATH: Final = 3
_LONGEST_PATH: Final = 128
_WITHOUT_MEANING: Final = (it.EntitySpecification, it.DependencyInfo, it.SimConfig)
"""Items that tell the device nothing that it could be told in this dialect."""


def write_config(file: CircuitFile) -> tuple[str, Object]:
    """The carrier's path and the config that the items of a file make.

    Raises RunRefused for what this dialect has no words for: more than one carrier or cluster, MDR
    blocks, switches, expressions without a value, channels with a gain or offset of their own.
    """
    items = [item for item in file.items if not isinstance(item.config, _WITHOUT_MEANING)]
    parts: dict[str, Object] = {}
    boards = {item.entity.partition("/")[0] for item in items} - {""}
    if len(boards) != 1:
        raise _refused(f"one carrier at a time can be configured, not {len(boards)}")
    (board,) = boards
    for item in items:
        inner = item.entity.partition("/")[2]
        parts.setdefault(inner, {}).update(_write(item, inner))
    config: Object = {
        "adc_channels": [None] * ADC_CHANNELS,
        "acl_select": [_STATES[0]] * ACL_PORTS,
    }
    config.update(parts.pop("", {}))
    config["/0"] = {
        "/U": {"outputs": [None] * LANES},
        "/C": {"elements": [1.0] * LANES},
        "/I": {"outputs": [[] for _ in range(OUTPUTS)], "upscaling": [False] * LANES},
    } | {"/" + inner.partition("/")[2]: part for inner, part in parts.items() if part}
    return board, config


def _refused(reason: str) -> RunRefused:
    return RunRefused(f"Firmware 1.x cannot take this circuit: {reason}.")


def _write(item: Item, inner: str) -> Object:
    """What one item becomes, for the block at ``inner``, as in ``0/U``."""
    match item.config, inner:
        case it.AdcConfig() as adc, "":
            return {"adc_channels": _write_channels(adc)}
        case it.PortConfig() as ports, "":
            return {"acl_select": _write_ports(ports)}
        case it.ItorConfig() as itor, "0/M0" | "0/M1":
            return {"elements": _write_integrators(itor)}
        case it.SelectConfig() as select, "0/U":
            return _write_select(select)
        case it.CoefConfig() as coef, "0/C":
            return {"elements": _write_factors(coef)}
        case it.SumConfig() as sums, "0/I":
            return _write_sums(sums)
        case it.LimiterConfig() as limiter, _ if not any(one.enable for one in limiter.elements):
            return {}
        case it.Opaque() as other, _ if is_silent(other):
            return {}
    kind = item.config.kind if isinstance(item.config, it.Opaque) else type(item.config).__name__
    raise _refused(f"it has a {kind} for {item.entity or 'the whole machine'}")


def _fill(what: str, rest: T, size: int, values: Iterable[tuple[int, T]]) -> list[T]:
    """A list of ``size`` places, with the values at their indices and ``rest`` elsewhere."""
    filled = [rest] * size
    for index, value in values:
        if not 0 <= index < size:
            raise _refused(f"there is no {what} {index}")
        filled[index] = value
    return filled


def _write_channels(config: it.AdcConfig) -> list[int | None]:
    """The outputs in the order of their probes, which is the order of the columns; firmware wants
    all eight places."""
    if len(config.channels) > ADC_CHANNELS:
        raise _refused(f"it has {len(config.channels)} channels, {ADC_CHANNELS} are there")
    for one in config.channels:
        if one.gain not in (0.0, 1.0) or one.offset:
            raise _refused(f"probe {one.probe} has a gain or an offset")
        if not 0 <= one.output < OUTPUTS:
            raise _refused(f"there is no output {one.output}")
    outputs = [one.output for one in sorted(config.channels, key=lambda one: one.probe)]
    return [*outputs, *[None] * (ADC_CHANNELS - len(outputs))]


def _write_ports(config: it.PortConfig) -> list[str]:
    states = ((port, _STATES[bool(state)]) for port, state in enumerate(config.states))
    return _fill("ACL port", _STATES[0], ACL_PORTS, states)


def _write_integrators(config: it.ItorConfig) -> list[Object]:
    rest: Object = {"ic": 0.0, "k": _SPEED}
    values = (
        (one.element, {"ic": _plain(one.ic, one.expression), "k": one.k}) for one in config.elements
    )
    return _fill("integrator", rest, BLOCK_SIZE, values)


def _plain(value: float, expression: it.Expression | None) -> float:
    """The number; an expression counts where it has one in itself."""
    if expression is None:
        return value
    if expression.literal is None:
        raise _refused("it has a parameter without a value")
    return -expression.literal if expression.negated else expression.literal


def _write_select(config: it.SelectConfig) -> Object:
    """Firmware of 2024 refuses a constant that is off, so the key is left out; a reset turns it
    off."""
    setting = config.constant, config.magnitude
    if config.constant and setting not in _CONSTANTS:
        raise _refused("its constant giver has an unknown setting")
    sources = ((lane, source) for source, lane in config.connections)
    outputs: list[int | None] = _fill("lane", None, LANES, sources)
    if any(source is not None and not 0 <= source < OUTPUTS for source in outputs):
        raise _refused(f"a lane takes an output above {OUTPUTS - 1}")
    return {"outputs": outputs} | ({"constant": _CONSTANTS[setting]} if config.constant else {})


def _write_factors(config: it.CoefConfig) -> list[float]:
    """A lane without a factor has 1, as in ``drivers.apb.circuit.assemble``."""
    values = ((one.lane, _plain(one.factor, one.expression)) for one in config.elements)
    return _fill("lane", 1.0, LANES, values)


def _write_sums(config: it.SumConfig) -> Object:
    sums = _fill("input sum", [], OUTPUTS, ((sink, list(lanes)) for sink, lanes in config.sums))
    if any(not 0 <= lane < LANES for lanes in sums for lane in lanes):
        raise _refused(f"a sum takes a lane above {LANES - 1}")
    return {"outputs": sums, "upscaling": _fill("lane", False, LANES, config.upscales)}


def read_config(entity: Json, config: Json) -> CircuitFile:
    """The items that a set_circuit message stands for. ``entity`` is the path as a list: of the
    carrier, or of a cluster or block in it. What a message leaves out gives no item.

    Raises ProtocolError for wrong shapes and numbers that are none; indices out of range are
    reported later, by ``drivers.apb.circuit.assemble``.
    """
    segments = [_segment(one) for one in as_list(entity, "the entity", _DEEPEST_PATH)]
    if not segments:
        raise refuse("the entity", "a path")
    nested = as_object(config, "the config")
    for segment in reversed(segments[1:]):
        nested = {f"/{segment}": nested}
    return CircuitFile(items=tuple(_read_carrier(normalise(segments[0]), nested)))


def _segment(value: Json) -> str:
    text = as_text(value, "the entity", _LONGEST_PATH).strip("/")
    if not text or "/" in text:
        raise refuse("the entity", "a list of path segments")
    return text


def _below(node: Object, name: str) -> Object:
    """The part of a config with a name; a missing slash is forgiven."""
    part = node.get(f"/{name}", node.get(name))
    return {} if part is None else as_object(part, f"the part {name}")


def _read_carrier(board: str, config: Object) -> Iterator[Item]:
    if "adc_channels" in config:
        yield Item(entity=board, config=_read_channels(config["adc_channels"]))
    if "acl_select" in config:
        yield Item(entity=board, config=_read_ports(config["acl_select"]))
    cluster = _below(config, "0")
    for slot in ("M0", "M1"):
        elements = _below(cluster, slot).get("elements")
        if elements is not None:
            yield Item(entity=f"{board}/0/{slot}", config=_read_integrators(elements))
    for name, read in (("U", _read_select), ("C", _read_factors), ("I", _read_sums)):
        block = _below(cluster, name)
        if block:
            yield Item(entity=f"{board}/0/{name}", config=read(block))


def _read_channels(value: Json) -> it.AdcConfig:
    """Columns follow the channels, so only the end of the list may be empty."""
    outputs = as_list(value, "adc_channels", ADC_CHANNELS)
    while outputs and outputs[-1] is None:
        outputs = outputs[:-1]
    return it.AdcConfig(
        channels=tuple(
            it.AdcEntry(output=as_int(one, "an ADC channel"), probe=probe, gain=1.0)
            for probe, one in enumerate(outputs)
        )
    )


def _read_ports(value: Json) -> it.PortConfig:
    states = as_list(value, "acl_select", ACL_PORTS)
    if any(state not in _STATES for state in states if isinstance(state, str)):
        raise refuse("acl_select", "internal or external")
    return it.PortConfig(states=tuple(_read_state(state) for state in states))


def _read_state(value: Json) -> int:
    """Lucipy may write true for external."""
    if isinstance(value, str):
        return _STATES.index(value)
    return int(as_bool(value, "acl_select"))


def _read_integrators(value: Json) -> it.ItorConfig:
    elements = enumerate(as_list(value, "the integrators", BLOCK_SIZE))
    return it.ItorConfig(
        elements=tuple(
            _read_integrator(index, as_object(one, "an integrator"))
            for index, one in elements
            if one is not None
        )
    )


def _read_integrator(index: int, value: Object) -> it.ItorEntry:
    return it.ItorEntry(
        element=index,
        ic=_float32(value.get("ic", 0.0), "ic"),
        k=as_int(value.get("k", _SPEED), "k"),
    )


def _float32(value: Json, what: str) -> float:
    """The float32 nearest to a JSON number, which is what the items hold."""
    try:
        (number,) = struct.unpack("<f", struct.pack("<f", as_number(value, what)))
    except OverflowError:
        raise refuse(what, "a number of sensible size") from None
    return float(number)


def _read_select(block: Object) -> it.SelectConfig:
    outputs = enumerate(as_list(block.get("outputs"), "the lanes' sources", LANES))
    constant, magnitude = _read_constant(block.get("constant"))
    return it.SelectConfig(
        connections=tuple(
            (as_int(source, "a lane's source"), lane)
            for lane, source in outputs
            if source is not None
        ),
        constant=constant,
        magnitude=magnitude,
    )


def _read_constant(value: Json) -> tuple[int, int]:
    """True is one; false, null and zero are off."""
    if value is None:
        return _OFF
    number = float(value) if isinstance(value, bool) else as_number(value, "the constant")
    if number == 0.0:
        return _OFF
    if number not in _SETTINGS:
        raise refuse("the constant", "1, 0.1, -0.1, -1 or false")
    return _SETTINGS[number]


def _read_factors(block: Object) -> it.CoefConfig:
    factors = enumerate(as_list(block.get("elements"), "the factors", LANES))
    return it.CoefConfig(
        elements=tuple(
            it.CoefEntry(lane=lane, factor=_float32(factor, "a factor"))
            for lane, factor in factors
            if factor is not None
        )
    )


def _read_sums(block: Object) -> it.SumConfig:
    outputs = enumerate(as_list(block.get("outputs"), "the sums", OUTPUTS))
    gains = enumerate(as_list(block.get("upscaling"), "upscaling", LANES))
    return it.SumConfig(
        sums=tuple(
            (sink, _read_lanes(lanes)) for sink, lanes in outputs if lanes not in (None, [])
        ),
        upscales=tuple((lane, as_bool(gain, "upscaling")) for lane, gain in gains),
    )


def _read_lanes(value: Json) -> tuple[int, ...]:
    """The lanes of a sum; a single one may come without its list."""
    lanes = value if isinstance(value, list) else [value]
    return tuple(as_int(lane, "a lane") for lane in as_list(lanes, "a sum", LANES))
