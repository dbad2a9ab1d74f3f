"""From a circuit to a netlist: what the configuration means, without running it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from drivers.apb.model import OUTPUTS
from sim.cluster import Socket, connections, sockets
from sim.elements import InputSum, Integrator, Kind, Memoryless, Netlist, Probe
from sim.errors import AlgebraicLoop, Unsupported, Unusable
from sim.loops import components, loops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drivers.apb.model import AdcChannel, Carrier, Circuit, Cluster

__all__ = ["Netlist", "build"]

_ALWAYS_PRESENT: Final = (None, Kind.PRODUCT)
"""Elements that count as used when only their inputs are connected. The others are then at rest or
undefined (a divider whose second input hangs in the air), and nobody sees them."""


@dataclass(slots=True)
class _Machine:
    """All sockets of all clusters, numbered through."""

    sockets: dict[int, Socket] = field(default_factory=dict)
    terms: dict[int, dict[int | None, float]] = field(default_factory=dict)
    probes: list[Probe] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    clusters: int = 0
    lanes: int = 0


def build(circuit: Circuit, *, gain: float = 8.0) -> Netlist:
    """The netlist of a circuit on a machine with the given lane gain.

    Elements that neither take part in a signal path nor are probed are left out. Raises
    AlgebraicLoop, Unsupported (routes between clusters, external inputs, the MDR operation IDENT)
    or Unusable (a lane or probe at an output that does not exist, numbers out of range).
    """
    machine = _Machine(warnings=list(circuit.warnings))
    for carrier in circuit.carriers:
        _add_carrier(machine, carrier, gain)
    if not machine.probes:
        machine.warnings.append("no output is probed: the result will be empty")
    return _netlist(machine, gain)


def _add_carrier(machine: _Machine, carrier: Carrier, gain: float) -> None:
    outputs: dict[int, int] = {}
    for cluster in carrier.clusters:
        base = OUTPUTS * machine.clusters
        machine.clusters += 1
        outputs[cluster.index] = base
        machine.sockets.update((base + n, socket) for n, socket in sockets(cluster).items())
        _add_lanes(machine, carrier, cluster, base, gain)
    machine.probes.extend(_probe(machine, carrier, outputs, c) for c in carrier.channels)


def _add_lanes(
    machine: _Machine, carrier: Carrier, cluster: Cluster, base: int, gain: float
) -> None:
    for connection in connections(carrier, cluster, gain, machine.warnings):
        source = None if connection.source is None else base + connection.source
        if source is not None and source not in machine.sockets:
            raise Unusable(
                f"{cluster.path}: a lane takes M output {connection.source}, but no block of this "
                "cluster has it"
            )
        row = machine.terms.setdefault(base + connection.sink, {})
        row[source] = row.get(source, 0.0) + connection.weight
        machine.lanes += 1


def _probe(
    machine: _Machine, carrier: Carrier, outputs: dict[int, int], channel: AdcChannel
) -> Probe:
    cluster, output = divmod(channel.output, OUTPUTS)
    element = outputs.get(cluster, -OUTPUTS) + output
    if element not in machine.sockets:
        raise Unusable(
            f"{carrier.path}: probe {channel.probe} reads M output {channel.output}, which this "
            "carrier does not have"
        )
    return Probe(probe=channel.probe, element=element, gain=channel.gain, offset=channel.offset)


def _netlist(machine: _Machine, gain: float) -> Netlist:
    used = sorted(_used(machine))
    for n in used:
        if machine.sockets[n].kind is Kind.UNKNOWN:
            raise Unsupported(
                f"{machine.sockets[n].name} has the operation IDENT, whose behaviour is not "
                "published; use the identity output of another element"
            )
    integrators = [n for n in used if machine.sockets[n].kind is None]
    others = [n for n in used if machine.sockets[n].kind is not None]
    ordered = _in_order(machine, others)
    position = {socket: i for i, socket in enumerate((*integrators, *ordered))}
    return Netlist(
        integrators=tuple(_integrator(machine, n, position) for n in integrators),
        memoryless=tuple(_memoryless(machine, n, position) for n in ordered),
        probes=_probes(machine, position),
        lanes=machine.lanes,
        gain=gain,
        warnings=tuple(machine.warnings),
    )


def _used(machine: _Machine) -> set[int]:
    """Sockets that are read or probed, and integrators and products with something at an input."""
    read = {s for row in machine.terms.values() for s in row if s is not None}
    probed = {probe.element for probe in machine.probes}
    driven = {
        n
        for n, socket in machine.sockets.items()
        if socket.kind in _ALWAYS_PRESENT and any(i in machine.terms for i in _inputs(n, socket))
    }
    return read | probed | driven


def _inputs(number: int, socket: Socket) -> Iterator[int]:
    """Numbers of a socket's input sums; they count within the cluster like outputs do."""
    base = number - number % OUTPUTS
    return (base + i for i in socket.inputs)


def _in_order(machine: _Machine, others: list[int]) -> list[int]:
    """Elements without memory, each after those it depends on."""
    index = {n: i for i, n in enumerate(others)}
    needs = [
        sorted(
            {
                index[source]
                for i in _inputs(n, machine.sockets[n])
                for source, weight in machine.terms.get(i, {}).items()
                if source in index and weight != 0.0
            }
        )
        for n in others
    ]
    found = loops(needs)
    if found:
        raise AlgebraicLoop(
            tuple(tuple(machine.sockets[others[i]].name for i in loop) for loop in found)
        )
    return [others[component[0]] for component in components(needs)]


def _input_sum(machine: _Machine, number: int, position: dict[int, int]) -> InputSum:
    row = machine.terms.get(number, {})
    terms = tuple((position[s], w) for s, w in row.items() if s is not None and w != 0.0)
    return InputSum(terms=terms, constant=row.get(None, 0.0))


def _integrator(machine: _Machine, number: int, position: dict[int, int]) -> Integrator:
    socket = machine.sockets[number]
    return Integrator(
        name=socket.name,
        k=socket.k,
        initial=socket.initial,
        input=_input_sum(machine, next(_inputs(number, socket)), position),
    )


def _memoryless(machine: _Machine, number: int, position: dict[int, int]) -> Memoryless:
    socket = machine.sockets[number]
    if socket.kind is None:
        raise Unusable(f"{socket.name} is not an element without memory")
    inputs = tuple(_input_sum(machine, i, position) for i in _inputs(number, socket))
    return Memoryless(name=socket.name, kind=socket.kind, inputs=inputs)


def _probes(machine: _Machine, position: dict[int, int]) -> tuple[Probe, ...]:
    found = sorted(machine.probes, key=lambda probe: probe.probe)
    if len({probe.probe for probe in found}) < len(found):
        raise Unusable("two ADC channels share a probe number")
    return tuple(
        Probe(probe=p.probe, element=position[p.element], gain=p.gain, offset=p.offset)
        for p in found
    )
