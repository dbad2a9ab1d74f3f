"""Reading a schematic: the lanes as the circuit file has them, named by what was compiled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from appliance.compiler.wiring import Sink, SinkKind
from appliance.explain.model import Channel, Element, Input, Schematic, Shape, Start, Term
from appliance.explain.names import Names, printable
from drivers.apb.circuit import assemble
from drivers.apb.codec import decode
from drivers.apb.model import BLOCK_SIZE, LANES, OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.compiler.search import Compiled
    from drivers.apb.model import Circuit, Cluster, Integrator, Lane

_HALF: Final = LANES // 2


def read_schematic(compiled: Compiled, title: str) -> Schematic:
    """The schematic of a compiled program; ``title`` is what to call it,
    a file name of any kind."""
    return _Reader(compiled).schematic(title)


@dataclass(frozen=True, slots=True)
class _Fed:
    """One kind of lane: all that carry the same to the same input sum."""

    source: int | None
    factor: float
    is_upscaled: bool


class _Reader:
    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._elements = compiled.layout.elements
        self._placement = compiled.layout.placement
        self._amplitudes = compiled.wiring.amplitudes
        self._names = Names(compiled)
        self._circuit: Circuit = assemble(decode(compiled.data))
        place = self._placement.cluster
        self._carrier = self._circuit.carriers[place.carrier]
        self._cluster: Cluster = self._carrier.clusters[place.cluster]
        constant = self._cluster.constant
        self._constant = None if constant is None else constant.value
        self._signals = {self._placement.output(s): s for s in range(len(self._amplitudes.signals))}

    def schematic(self, title: str) -> Schematic:
        found, verification = self._compiled, self._compiled.verification
        return Schematic(
            title=printable(title),
            machine=self._cluster.path,
            elements=(*self._integrators(), *self._multipliers(), *self._passes()),
            channels=tuple(self._channels()),
            chains=tuple(self._chains()),
            resources=self._resources(),
            constant=self._constant,
            variable=found.solution.system.program.variable,
            rate=found.wiring.rate,
            horizon=found.solution.horizon,
            worst=verification.worst,
            until=verification.until,
        )

    def _resources(self) -> tuple[tuple[str, int, int], ...]:
        place, elements = self._placement.cluster, self._elements
        lanes = sum(bool(lane.sinks) for lane in self._cluster.lanes)
        return (
            ("integrators", elements.state_count, len(place.integrators)),
            ("multipliers", len(elements.products), len(place.multipliers)),
            ("lanes", lanes, place.lanes),
            ("channels", len(self._carrier.channels), place.channels),
        )

    def _integrators(self) -> Iterator[Element]:
        for number, state in enumerate(self._elements.system.states):
            output = self._placement.integrators[number]
            setting = self._setting(output)
            unit = self._amplitudes.signals[number]
            slope = -setting.k * unit / self._compiled.wiring.rate
            yield Element(
                shape=Shape.INTEGRATOR,
                output=output,
                name=self._names.short(number),
                words=state.label,
                unit=unit,
                inputs=(self._input(Sink(SinkKind.STATE, number), slope),),
                start=Start(rate=setting.k, machine=0.0 - setting.ic, value=state.initial),
                remark=self._remark(number),
            )

    def _setting(self, output: int) -> Integrator:
        block = self._cluster.blocks[output // BLOCK_SIZE]
        if block is None:
            raise ValueError("an integrator is placed in an empty slot")
        return block.integrators[output % BLOCK_SIZE]

    def _remark(self, number: int) -> str:
        state = self._elements.system.states[number]
        if state.is_loop:
            gain, variable = self._compiled.gains[number], self._elements.system.program.variable
            return f"follows {state.label} by relaxation, gain {gain:.4g} per unit of {variable}"
        if state.value is None:
            return ""
        return f"generates {state.label} from an equation of its own"

    def _multipliers(self) -> Iterator[Element]:
        for number, placed in enumerate(self._placement.multipliers):
            left, right = self._amplitudes.operands[number]
            signal = self._elements.state_count + number
            yield Element(
                shape=Shape.MULTIPLIER,
                output=placed.output,
                name=self._names.short(signal),
                words=self._names.full(signal),
                unit=self._amplitudes.signals[signal],
                inputs=(
                    self._input(Sink(SinkKind.LEFT, number), left),
                    self._input(Sink(SinkKind.RIGHT, number), right),
                ),
            )

    def _passes(self) -> Iterator[Element]:
        first = self._elements.state_count + len(self._elements.products)
        for number, item in enumerate(self._elements.passes):
            sum_number, output = self._placement.passes[number]
            unit = self._amplitudes.signals[first + number]
            own = (self._input(Sink(SinkKind.PASS, number), unit),) if item.host is None else ()
            yield Element(
                shape=Shape.PASS,
                output=output,
                name=self._names.short(first + number),
                words=self._names.full(first + number),
                unit=unit,
                inputs=own,
                tapped=None if item.host is None else sum_number,
            )

    def _input(self, sink: Sink, unit: float) -> Input:
        """An input sum as the lanes feed it, one MU of it being ``unit`` of the user's units (of an
        integrator: of its derivative)."""
        number = self._sum_number(sink)
        fed: dict[_Fed, list[int]] = {}
        for index, lane in enumerate(self._cluster.lanes):
            if number in lane.sinks:
                key = _Fed(self._source(lane, index), lane.factor, lane.upscaled)
                fed.setdefault(key, []).append(index)
        terms = tuple(self._term(key, tuple(lanes), unit) for key, lanes in fed.items())
        return Input(number=number, unit=abs(unit), terms=terms)

    def _sum_number(self, sink: Sink) -> int:
        match sink.kind:
            case SinkKind.STATE:
                return self._placement.integrators[sink.number]
            case SinkKind.PASS:
                return self._placement.passes[sink.number][0]
            case _:
                inputs = self._placement.multipliers[sink.number].inputs
                return inputs[sink.kind is SinkKind.RIGHT]

    def _source(self, lane: Lane, index: int) -> int | None:
        is_constant = lane.source == (15 if index < _HALF else 14)
        return None if is_constant and self._constant is not None else lane.source

    def _term(self, key: _Fed, lanes: tuple[int, ...], unit: float) -> Term:
        weight = len(lanes) * key.factor * (8.0 if key.is_upscaled else 1.0)
        if key.source is None:
            share = weight * unit * (self._constant or 0.0)
        else:
            share = weight * unit / self._amplitudes.signals[self._signals[key.source]]
        return Term(
            source=key.source,
            lanes=lanes,
            factor=key.factor,
            is_upscaled=key.is_upscaled,
            share=share,
        )

    def _channels(self) -> Iterator[Channel]:
        base = OUTPUTS * self._placement.cluster.bus_index
        scaling = self._circuit.scaling
        scales = {} if scaling is None else {scale.probe: scale for scale in scaling.probes}
        for number, channel in enumerate(self._carrier.channels):
            scale = scales[channel.probe]
            yield Channel(
                number=number,
                output=channel.output - base,
                label=scale.name,
                factor=scale.factor * channel.gain,
                offset=scale.factor * channel.offset + scale.offset,
            )

    def _chains(self) -> Iterator[tuple[int, ...]]:
        """Integrators of one equation after another, from the highest derivative downward."""
        outputs, system = self._placement.integrators, self._elements.system
        lengths = [equation.order for equation in system.program.equations]
        lengths += [1] * (len(outputs) - system.own)
        first = 0
        for length in lengths:
            yield tuple(reversed(outputs[first : first + length]))
            first += length
