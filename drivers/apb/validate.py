"""Check a whole circuit file: every item against the machine, and all of them together.

Two things are not looked at here: algebraic loops, which the simulator finds, and whether signals
stay in range, which only a run can tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drivers.apb import items as it
from drivers.apb.entities import CLUSTER_IDS, carrier_kind, cluster_indices
from drivers.apb.errors import CircuitFileError, Fault
from drivers.apb.kinds import kind_name
from drivers.apb.machine import TARGETS, Layout, Machine, Target, machine_of
from drivers.apb.model import (
    ADC_CHANNELS,
    BLOCK_SIZE,
    FIRST_ACL_LANE,
    OUTPUTS,
    Entity,
    EntityClass,
    MBlockKind,
)
from drivers.apb.review import EnoughError, Review
from drivers.apb.rules import CONSTANT_INPUTS, HALF, RULES, SECTORS, SLOTS, Parameters

if TYPE_CHECKING:
    from drivers.apb.items import CircuitFile, Item

_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is wrong (``faults``) and what the user should know (``warnings``)."""

    faults: tuple[Fault, ...]
    warnings: tuple[str, ...]


def check(file: CircuitFile, description: CircuitFile | None = None) -> tuple[Fault, ...]:
    """All faults of a file, at most 50; ``description`` is the machine where the file itself does
    not describe one. Raises nothing."""
    try:
        return examine(file, machine_of(file, description)).faults
    except CircuitFileError as error:
        return error.faults


def examine(file: CircuitFile, machine: Machine) -> Findings:
    """All faults and warnings of a file for a known machine."""
    review = Review()
    try:
        _check_machine(review, machine)
        _check_items(review, file, machine)
        _check_probes(review, file, machine)
        _check_scaling(review, file)
        if not review.faults:
            _check_clusters(review, file, machine)
    except EnoughError:
        pass
    return Findings(faults=tuple(review.faults), warnings=tuple(review.warnings))


def parameters(file: CircuitFile) -> Parameters:
    """The parameters that the module declares, by index."""
    return {
        one.index: one
        for item in file.items
        if isinstance(item.config, it.ParamSpecification)
        for one in item.config.parameters
    }


def _check_machine(review: Review, machine: Machine) -> None:
    """Boards and sockets of types that we do not know are refused by name."""
    for carrier in machine.carriers:
        review.at(None, carrier.path)
        try:
            carrier_kind(carrier)
            for cluster in cluster_indices(carrier):
                for slot in range(SLOTS):
                    machine.block(carrier, cluster, slot)
        except CircuitFileError as error:
            for fault in error.faults:
                review.at(None, fault.entity)
                review.fault(fault.rule, fault.message)
        for child in carrier.children:
            name = child.path.rpartition("/")[2]
            if child.entity_class is EntityClass.CLUSTER and name not in CLUSTER_IDS:
                message = f"A carrier has the clusters 0 to 2, not {name}."
                review.fault("cluster-index", message)


def _check_items(review: Review, file: CircuitFile, machine: Machine) -> None:
    known = parameters(file)
    _check_parameter_indices(review, file)
    seen = set[tuple[str, str]]()
    for number, item in enumerate(file.items):
        review.at(number, item.entity)
        name = kind_name(item.config)
        if not name:
            review.warn(f"Item {number} is of a kind that this program does not know; it is kept.")
        if name in TARGETS and _check_target(review, name, item, machine):
            key = name, machine.path(item)
            if key in seen:
                review.fault("item-twice", f"There is more than one {name} for this entity.")
            seen.add(key)
        rule = RULES.get(type(item.config))
        if rule is not None:
            rule(review, item.config, known)


def _check_parameter_indices(review: Review, file: CircuitFile) -> None:
    review.at(None, None)
    specifications = (item.config for item in file.items)
    declared = (
        one.index
        for config in specifications
        if isinstance(config, it.ParamSpecification)
        for one in config.parameters
    )
    review.once("parameter-twice", "Parameter", declared)


def _check_target(review: Review, name: str, item: Item, machine: Machine) -> bool:
    """Whether the item's entity exists and is of the class and type that the kind is for."""
    target = TARGETS[name]
    entity = machine.entities.get(machine.path(item))
    if entity is None:
        where = "names no entity" if not item.entity else "is for an entity that does not exist"
        review.fault("entity-unknown", f"The {name} {where} on this machine.")
        return False
    if entity.entity_class is target.entity_class and target.type in (None, entity.type):
        return True
    review.fault("entity-kind", f"A {name} cannot be for {_entity_words(entity, target)}.")
    return False


def _entity_words(entity: Entity, target: Target) -> str:
    name = entity.entity_class.name
    if entity.entity_class is not target.entity_class:
        return f"an entity of class {name}"
    kinds = {kind.value: f"M-{kind.name}" for kind in MBlockKind}
    return f"a block of type {entity.type} ({kinds.get(entity.type, 'unknown')})"


def _check_probes(review: Review, file: CircuitFile, machine: Machine) -> None:
    """Probes count from 0 without a gap over all carriers, and each reads an existing element."""
    probes: list[int] = []
    for number, item in enumerate(file.items):
        if not isinstance(item.config, it.AdcConfig) or len(item.config.channels) > ADC_CHANNELS:
            continue  # channels that are too many have their own fault
        review.at(number, item.entity)
        probes += (one.probe for one in item.config.channels)
        entity = machine.entities.get(machine.path(item))
        if entity is not None and entity.entity_class is EntityClass.CARRIER:
            _check_outputs(review, item.config, entity, machine)
    review.at(None, None)
    review.once("probe-twice", "Probe", probes)
    missing = sorted(set(range(len(set(probes)))) - set(probes))
    if missing:
        message = f"Probes are numbered from 0 without gaps; probe {missing[0]} is missing."
        review.fault("probe-gap", message)


def _check_outputs(review: Review, config: it.AdcConfig, carrier: Entity, machine: Machine) -> None:
    clusters = cluster_indices(carrier)
    seen = set[int]()
    for one in config.channels:
        cluster, output = divmod(one.output, OUTPUTS)
        if cluster not in clusters or not _has_block(machine, carrier, cluster, output):
            message = f"Probe {one.probe} reads M output {one.output}, which this carrier lacks."
            review.fault("adc-output", message)
        elif one.output in seen:
            review.warn(f"M output {one.output} is read by more than one ADC channel.")
        seen.add(one.output)


def _has_block(machine: Machine, carrier: Entity, cluster: int, output: int) -> bool:
    try:
        return machine.block(carrier, cluster, output // BLOCK_SIZE) is not None
    except CircuitFileError:
        return True  # an unknown block has its own fault


def _check_scaling(review: Review, file: CircuitFile) -> None:
    """Our own note must fit the circuit, or a run would answer in wrong units."""
    scaling = file.scaling
    if scaling is None:
        return
    review.at(None, None)
    if not all(0.0 < value < math.inf for value in (scaling.horizon, scaling.time_rate)):
        review.fault("scaling", "The scaling needs a horizon and a time rate above 0.")
    numbers = [one.probe for one in scaling.probes]
    review.once("scaling", "The scaling of probe", numbers)
    configs = (item.config for item in file.items)
    channels = sum(len(one.channels) for one in configs if isinstance(one, it.AdcConfig))
    for one in scaling.probes:
        review.below("scaling", "In the scaling, probe", one.probe, channels)
        if not (math.isfinite(one.factor) and math.isfinite(one.offset)):
            review.fault("scaling", f"The scaling of probe {one.probe} is not finite.")
    if any(len(name) > _LONGEST_NAME for name in _names(file)):
        review.fault("scaling", f"The scaling has a name of over {_LONGEST_NAME} characters.")


def _names(file: CircuitFile) -> list[str]:
    scaling = file.scaling
    return [scaling.variable, *(one.name for one in scaling.probes)] if scaling else []


def _check_clusters(review: Review, file: CircuitFile, machine: Machine) -> None:
    """What only shows when the items of one cluster or carrier are seen together."""
    layout = Layout(file, machine)
    for carrier in machine.carriers:
        clusters = cluster_indices(carrier)
        number, switch = layout.find(it.SwitchConfig, f"{carrier.path}/T")
        review.at(number, f"{carrier.path}/T")
        _check_sectors(review, switch or it.SwitchConfig(), clusters)
        _, ports = layout.find(it.PortConfig, carrier.path)
        for cluster in clusters:
            path = f"{carrier.path}/{cluster}"
            filled = tuple(
                machine.block(carrier, cluster, slot) is not None for slot in range(SLOTS)
            )
            number, select = layout.find(it.SelectConfig, f"{path}/U")
            review.at(number, f"{path}/U")
            if select is not None:
                _check_sources(review, select, filled)
                _check_factors(review, select, layout.find(it.CoefConfig, f"{path}/C")[1])
                if cluster == 0 and ports is not None:
                    _check_jacks(review, select, ports)
            number, sums = layout.find(it.SumConfig, f"{path}/I")
            review.at(number, f"{path}/I")
            _check_sinks(review, sums or it.SumConfig(), filled)


def _check_sectors(review: Review, config: it.SwitchConfig, clusters: tuple[int, ...]) -> None:
    """Only clusters that the carrier has can be listened to; at rest a mux names its own sector."""
    for index, sector in config.muxes:
        if sector and sector - 1 not in clusters and sector != index % SECTORS:
            message = f"Mux {index} listens to cluster {sector - 1}, which this carrier lacks."
            review.fault("mux-sector", message)


def _check_sources(review: Review, config: it.SelectConfig, filled: tuple[bool, ...]) -> None:
    """An empty socket has no outputs; inputs that the constant giver shares are ambiguous."""
    plain: set[int] = set()
    given: set[int] = set()
    for source, lane in config.connections:
        shared = source == CONSTANT_INPUTS[lane // HALF]
        if shared and config.constant:
            given.add(source)
            continue
        plain.add(source)
        if not filled[source // BLOCK_SIZE]:
            message = f"Lane {lane} takes M output {source}, but that socket is empty."
            review.fault("source-empty", message)
        if shared:
            review.warn(
                f"Lane {lane} takes M output {source} while the constant giver is off; a machine "
                "may ground it. It is read as the M output."
            )
    for source in sorted(plain & given):
        review.warn(
            f"M output {source} reaches only one half of the lanes; the constant giver takes its "
            "place on the other."
        )


def _check_factors(review: Review, select: it.SelectConfig, coef: it.CoefConfig | None) -> None:
    known = {one.lane for one in coef.elements} if coef else set[int]()
    for _, lane in select.connections:
        if lane not in known:
            review.warn(f"Lane {lane} has no factor; it is read as 1.")


def _check_jacks(review: Review, select: it.SelectConfig, ports: it.PortConfig) -> None:
    for _, lane in select.connections:
        port = lane - FIRST_ACL_LANE
        if 0 <= port < len(ports.states) and ports.states[port]:
            review.warn(f"Lane {lane} has a source, but ACL port {port} takes the lane's place.")


def _check_sinks(review: Review, config: it.SumConfig, filled: tuple[bool, ...]) -> None:
    for output, lanes in config.sums:
        if lanes and not filled[output // BLOCK_SIZE]:
            review.warn(f"Input sum {output} goes to an empty socket.")
