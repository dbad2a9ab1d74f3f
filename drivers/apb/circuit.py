"""From items to a typed circuit; the way back is in ``drivers.apb.writer``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drivers.apb import analog_pb2 as pb
from drivers.apb import items as it
from drivers.apb.entities import carrier_kind, cluster_indices
from drivers.apb.errors import CircuitFileError
from drivers.apb.machine import Layout, Machine, location, machine_of
from drivers.apb.model import (
    ACL_PORTS,
    BLOCK_SIZE,
    LANES,
    AdcChannel,
    Carrier,
    Circuit,
    Cluster,
    Constant,
    Entity,
    Integrator,
    Lane,
    MBlock,
    MBlockKind,
    MdrOperation,
)
from drivers.apb.rules import MDR_ELEMENTS, SLOTS, Parameters, resolve
from drivers.apb.validate import examine, parameters
from drivers.apb.writer import REST, build_file, to_items

if TYPE_CHECKING:
    from drivers.apb.items import CircuitFile

__all__ = ["assemble", "build_file", "to_items"]

_POSITIVE: Final = pb.SelectConfig.POS_REF
_ONE_TENTH: Final = pb.SelectConfig.ONE_TENTH


def assemble(file: CircuitFile, description: CircuitFile | None = None) -> Circuit:
    """The circuit that a file configures on the machine it describes, or else on the one of
    ``description``. What the file leaves out is at rest.

    Raises CircuitFileError with all faults when the file is not sound: see ``validate``.
    """
    machine = machine_of(file, description)
    findings = examine(file, machine)
    if findings.faults:
        raise CircuitFileError(*findings.faults)
    layout = Layout(file, machine)
    known = parameters(file)
    return Circuit(
        carriers=tuple(
            _carrier(board, arrival, machine, layout, known)
            for arrival, board in enumerate(machine.carriers)
        ),
        scaling=file.scaling,
        warnings=file.warnings + findings.warnings,
    )


def _carrier(
    board: Entity, arrival: int, machine: Machine, layout: Layout, known: Parameters
) -> Carrier:
    stack, position = location(board, arrival)
    _, switch = layout.find(it.SwitchConfig, f"{board.path}/T")
    _, adc = layout.find(it.AdcConfig, board.path)
    _, ports = layout.find(it.PortConfig, board.path)
    states = ports.states if ports else ()
    return Carrier(
        path=board.path,
        kind=carrier_kind(board),
        stack=stack,
        position=position,
        clusters=tuple(
            _cluster(board, index, machine, layout, known) for index in cluster_indices(board)
        ),
        channels=tuple(_channel(one) for one in adc.channels) if adc else (),
        acl_external=tuple(
            port < len(states) and states[port] == pb.PortConfig.EXTERNAL
            for port in range(ACL_PORTS)
        ),
        muxes=_muxes(switch),
    )


def _channel(entry: it.AdcEntry) -> AdcChannel:
    """A gain of zero is one that the writer left out."""
    return AdcChannel(
        output=entry.output, probe=entry.probe, gain=entry.gain or 1.0, offset=entry.offset
    )


def _muxes(switch: it.SwitchConfig | None) -> tuple[int, ...]:
    muxes = list(REST)
    for index, sector in switch.muxes if switch else ():
        muxes[index] = sector
    return () if tuple(muxes) == REST else tuple(muxes)


def _cluster(
    board: Entity, index: int, machine: Machine, layout: Layout, known: Parameters
) -> Cluster:
    path = f"{board.path}/{index}"
    _, select = layout.find(it.SelectConfig, f"{path}/U")
    first, second = (
        _block(machine.block(board, index, slot), f"{path}/M{slot}", layout, known)
        for slot in range(SLOTS)
    )
    return Cluster(
        path=path,
        index=index,
        blocks=(first, second),
        lanes=_lanes(path, layout, known),
        constant=_constant(select),
    )


def _block(kind: MBlockKind | None, path: str, layout: Layout, known: Parameters) -> MBlock | None:
    if kind is None:
        return None
    if kind is MBlockKind.INT:
        _, itor = layout.find(it.ItorConfig, path)
        return MBlock(kind=kind, integrators=_integrators(itor, known))
    _, mdr = layout.find(it.MdrConfig, path)
    operations = [MdrOperation.MULTIPLY] * MDR_ELEMENTS
    for element, operation in enumerate(mdr.operations if mdr else ()):
        operations[element] = MdrOperation(operation)
    return MBlock(kind=kind, operations=tuple(operations))


def _integrators(itor: it.ItorConfig | None, known: Parameters) -> tuple[Integrator, ...]:
    integrators = [Integrator()] * BLOCK_SIZE
    for one in itor.elements if itor else ():
        integrators[one.element] = Integrator(ic=_value(one.ic, one.expression, known), k=one.k)
    return tuple(integrators)


def _value(plain: float, expression: it.Expression | None, known: Parameters) -> float:
    """The number in force; the check before has made sure that an expression has a value."""
    value = plain if expression is None else resolve(expression, known)
    return plain if value is None else value


def _constant(select: it.SelectConfig | None) -> Constant | None:
    if select is None or select.constant == pb.SelectConfig.GROUND:
        return None
    magnitude = 0.1 if select.magnitude == _ONE_TENTH else 1.0
    return Constant(value=magnitude if select.constant == _POSITIVE else -magnitude)


def _lanes(path: str, layout: Layout, known: Parameters) -> tuple[Lane, ...]:
    """A lane without a factor has 1, as in the client's model of a machine."""
    _, select = layout.find(it.SelectConfig, f"{path}/U")
    _, coef = layout.find(it.CoefConfig, f"{path}/C")
    _, sums = layout.find(it.SumConfig, f"{path}/I")
    sources = {lane: source for source, lane in (select.connections if select else ())}
    factors = {
        one.lane: _value(one.factor, one.expression, known)
        for one in (coef.elements if coef else ())
    }
    sinks = {lane: output for output, lanes in (sums.sums if sums else ()) for lane in lanes}
    gains = dict(sums.upscales) if sums else {}
    return tuple(
        Lane(
            source=sources.get(lane),
            factor=factors.get(lane, 1.0),
            sinks=(sinks[lane],) if lane in sinks else (),
            upscaled=gains.get(lane, False),
        )
        for lane in range(LANES)
    )
