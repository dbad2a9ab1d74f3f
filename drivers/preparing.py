"""From a run request to what the device is told: everything that needs no device, or only its
description. It can be done while the device is busy with another run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from drivers.apb import items as it
from drivers.apb.codec import decode, encode
from drivers.apb.errors import CircuitFileError
from drivers.apb.model import BLOCK_SIZE, OUTPUTS
from drivers.collect import CarrierPlan, RunPlan
from drivers.errors import RunRefused
from drivers.gain import MODULE_GAIN, rescale
from drivers.mapping import map_module
from drivers.rates import check_rate, expected_samples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drivers.apb.items import CircuitFile, Item
    from drivers.base import RunRequest
    from drivers.mapping import Mapped
    from drivers.options import DriverOptions, MachineKind

NANOSECONDS: Final = 1_000_000_000
FAST_IC_NS: Final = 100_000
"""For start values at k0 = 10000 (wire protocol reference, section 5)."""
SLOW_IC_NS: Final = 10_000_000
"""As soon as one integrator in use has k0 = 100."""
_SLOW_K: Final = 100
_LARGEST_RATE: Final = 2**32 - 1
_FRAME_ROOM: Final = 261_000
"""Bytes of items in one command: the vendor's limit of 262084, less what stands around them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What is behind a device's links: the description of all of it, and for each carrier the
    number of its link. ``by_position``: the dialect does not name the columns of samples.
    ``is_virtual``: one of our own virtual devices, which gives exactly the samples asked for."""

    description: CircuitFile
    homes: Mapping[str, int]
    lane_gain: float = MODULE_GAIN
    by_position: bool = False
    is_virtual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A module for one hardware: ``mapped`` to it, with the factors for its lane gain, and the
    circuits to send, by the number of the link: as many as the size of a frame makes it."""

    hardware: Hardware
    mapped: Mapped
    circuits: Mapping[int, tuple[CircuitFile, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A checked run: made by ``RealDevice.prepare``. ``size`` is the module's in bytes. ``fitted``
    is there where the device's hardware was known at that time; it is made anew when the hardware
    has changed since."""

    file: CircuitFile
    size: int
    op_time_s: float
    sample_rate: int
    samples: int
    fitted: Fitted | None = None


def parse(request: RunRequest, options: DriverOptions) -> Prepared:
    """Check what needs no device. Raises RunRefused (RateRefused for the sample rate)."""
    try:
        file = decode(request.module)
    except CircuitFileError as error:
        raise RunRefused(str(error)) from error
    _check_times(request, options)
    if options.exact_rates:
        check_rate(request.sample_rate_hz, _most_channels(file), options.max_rate)
    return Prepared(
        file=file,
        size=len(request.module),
        op_time_s=request.op_time_s,
        sample_rate=int(request.sample_rate_hz),
        samples=expected_samples(request.op_time_s, request.sample_rate_hz),
    )


def _check_times(request: RunRequest, options: DriverOptions) -> None:
    if not 0.0 < request.op_time_s <= options.max_op_time_s:
        raise RunRefused(
            f"the op time is {request.op_time_s:g} s; this device runs for up to "
            f"{options.max_op_time_s:g} s"
        )
    rate = request.sample_rate_hz
    if not 1 <= rate <= _LARGEST_RATE or rate != int(rate):
        raise RunRefused(f"the sample rate is {rate:g}; it must be a whole number from 1 on")


def _most_channels(file: CircuitFile) -> int:
    """Channels of the carrier that has most of them."""
    configs = (item.config for item in file.items)
    counts = (len(one.channels) for one in configs if isinstance(one, it.AdcConfig))
    return max(counts, default=0)


def fit(file: CircuitFile, hardware: Hardware, machine: MachineKind) -> Fitted:
    """The module for the hardware that was found. Raises RunRefused where they do not fit."""
    mapped = map_module(file, hardware.description, keep_sim=machine.is_simulated)
    scaled = rescale(mapped.file, hardware.lane_gain)
    notes = mapped.warnings
    if scaled is not mapped.file:
        notes += (
            f"a lane's gain is {hardware.lane_gain:g} on this machine instead of "
            f"{MODULE_GAIN:g}; the factors of upscaled lanes were changed to match",
        )
    links = sorted({hardware.homes[carrier] for carrier in mapped.carriers})
    return Fitted(
        hardware=hardware,
        mapped=replace(mapped, file=scaled, warnings=notes),
        circuits={link: portions(_link_items(scaled, hardware, link)) for link in links},
    )


def run_plan(prepared: Prepared, fitted: Fitted, run_id: str, slack: int) -> RunPlan:
    """What is to come of a run."""
    hardware, mapped = fitted.hardware, fitted.mapped
    channels = {
        item.entity: item.config.channels
        for item in mapped.file.items
        if isinstance(item.config, it.AdcConfig)
    }
    carriers = tuple(
        CarrierPlan(
            carrier=carrier,
            probes=tuple(sorted(one.probe for one in channels.get(carrier, ()))),
            name=mapped.names[carrier],
            source=hardware.homes[carrier],
            by_position=hardware.by_position,
        )
        for carrier in mapped.carriers
    )
    return RunPlan(
        run_id=run_id,
        carriers=carriers,
        samples=prepared.samples,
        slack=slack,
        idle=frozenset(hardware.homes) - set(mapped.carriers),
    )


def ic_time_ns(file: CircuitFile) -> int:
    """How long start values are set: longer where an integrator in use is slow."""
    touched = _touched(file)
    for item in file.items:
        if not isinstance(item.config, it.ItorConfig):
            continue
        cluster, _, block = item.entity.rpartition("/")
        first = BLOCK_SIZE * int(block == "M1")
        if any(
            one.k == _SLOW_K and (cluster, first + one.element) in touched
            for one in item.config.elements
        ):
            return SLOW_IC_NS
    return FAST_IC_NS


def _touched(file: CircuitFile) -> set[tuple[str, int]]:
    """(cluster, number) of M outputs that are taken or recorded, and of input sums that are fed."""
    found = set[tuple[str, int]]()
    for item in file.items:
        cluster = item.entity.rpartition("/")[0]
        if isinstance(item.config, it.SelectConfig):
            found |= {(cluster, source) for source, _ in item.config.connections}
        elif isinstance(item.config, it.SumConfig):
            found |= {(cluster, output) for output, lanes in item.config.sums if lanes}
        elif isinstance(item.config, it.AdcConfig):
            recorded = (divmod(one.output, OUTPUTS) for one in item.config.channels)
            found |= {(f"{item.entity}/{index}", output) for index, output in recorded}
    return found


def _link_items(file: CircuitFile, hardware: Hardware, link: int) -> tuple[Item, ...]:
    """The items for the carriers behind one link, and those for all."""
    return tuple(item for item in file.items if hardware.homes.get(_owner(item), link) == link)


def _owner(item: Item) -> str:
    """The carrier that an item is about."""
    if isinstance(item.config, it.EntitySpecification) and item.config.root is not None:
        return item.config.root.path
    return item.entity.partition("/")[0]


def portions(items: tuple[Item, ...], room: int = _FRAME_ROOM) -> tuple[CircuitFile, ...]:
    """The items in as few commands as the size of a frame allows, in their order.

    Raises RunRefused for an item that is too large for any.
    """
    if len(encode(it.CircuitFile(items=items))) <= room:
        return (it.CircuitFile(items=items),)
    found: list[list[Item]] = [[]]
    used = 0
    for item in items:
        size = len(encode(it.CircuitFile(items=(item,))))
        if size > room:
            raise RunRefused(f"the settings of {item.entity} are too large for one message")
        if used + size > room:
            found.append([])
            used = 0
        found[-1].append(item)
        used += size
    return tuple(it.CircuitFile(items=tuple(one)) for one in found)
