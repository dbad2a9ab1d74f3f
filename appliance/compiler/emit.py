"""Emit: the placed and routed program as a circuit, and the circuit as a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drivers.apb.circuit import build_file
from drivers.apb.model import (
    BLOCK_SIZE,
    OUTPUTS,
    AdcChannel,
    Circuit,
    Cluster,
    Integrator,
    MBlock,
    MBlockKind,
    ProbeScaling,
    Scaling,
)

if TYPE_CHECKING:
    from appliance.compiler.channels import Channels, Reading
    from appliance.compiler.elements import Elements
    from appliance.compiler.place import Placement
    from appliance.compiler.route import Routing
    from appliance.compiler.solution import Solution
    from appliance.compiler.target import Target
    from appliance.compiler.wiring import Wiring


def emit(
    elements: Elements,
    channels: Channels,
    solution: Solution,
    wiring: Wiring,
    placement: Placement,
    routing: Routing,
    target: Target,
) -> bytes:
    """The circuit file: the target's description, the configuration, and our scaling."""
    integrators = _integrators(elements, wiring, placement)
    carriers = list(target.blank.carriers)
    carrier = carriers[placement.cluster.carrier]
    clusters = list(carrier.clusters)
    clusters[placement.cluster.cluster] = _cluster(
        clusters[placement.cluster.cluster], integrators, routing
    )
    carriers[placement.cluster.carrier] = replace(
        carrier, clusters=tuple(clusters), channels=_adc_channels(channels, placement)
    )
    scaling = Scaling(
        variable=elements.system.program.variable,
        horizon=solution.horizon,
        time_rate=wiring.rate,
        probes=_probe_scalings(elements, channels, wiring),
    )
    circuit = Circuit(carriers=tuple(carriers), scaling=scaling)
    return build_file(target.description, circuit)


def _integrators(elements: Elements, wiring: Wiring, placement: Placement) -> dict[int, Integrator]:
    """By cluster-wide output. An integrator starts at minus its ic."""
    return {
        placement.integrators[number]: Integrator(
            ic=-state.initial / wiring.amplitudes.signals[number],
            k=wiring.integrator_rates[number],
        )
        for number, state in enumerate(elements.system.states)
    }


def _cluster(blank: Cluster, integrators: dict[int, Integrator], routing: Routing) -> Cluster:
    first, second = (_block(block, slot, integrators) for slot, block in enumerate(blank.blocks))
    return replace(blank, blocks=(first, second), lanes=routing.lanes, constant=routing.constant)


def _block(block: MBlock | None, slot: int, integrators: dict[int, Integrator]) -> MBlock | None:
    if block is None or block.kind is not MBlockKind.INT:
        return block
    own = tuple(
        integrators.get(BLOCK_SIZE * slot + i, resting)
        for i, resting in enumerate(block.integrators)
    )
    return replace(block, integrators=own)


def _adc_channels(channels: Channels, placement: Placement) -> tuple[AdcChannel, ...]:
    base = OUTPUTS * placement.cluster.bus_index
    return tuple(
        AdcChannel(output=base + _output(reading, placement), probe=probe)
        for probe, reading in enumerate(channels.readings)
    )


def _output(reading: Reading, placement: Placement) -> int:
    """M output to record; a constant probe reads any output in use, with factor 0."""
    return placement.output(reading.signal or 0)


def _probe_scalings(
    elements: Elements, channels: Channels, wiring: Wiring
) -> tuple[ProbeScaling, ...]:
    return tuple(
        ProbeScaling(
            probe=number,
            name=probe.label,
            factor=reading.factor * _machine_unit(reading, wiring),
            offset=reading.offset,
        )
        for number, (probe, reading) in enumerate(
            zip(elements.system.program.probes, channels.readings, strict=True)
        )
    )


def _machine_unit(reading: Reading, wiring: Wiring) -> float:
    """The user's units in one machine unit of the recorded output."""
    return 1.0 if reading.signal is None else wiring.amplitudes.signals[reading.signal]
