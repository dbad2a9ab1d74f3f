"""The state of a virtual machine: what it is, what it was told, what it remembers. No I/O.

Requests come in as records of ``drivers.wire.messages``; what the machine cannot do is `Refused`,
in words for its user.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from drivers.apb import items as it
from drivers.apb.entities import roots, walk
from drivers.apb.errors import CircuitFileError
from drivers.apb.items import CircuitFile, EntitySpecification, Item, SimConfig
from drivers.apb.kinds import kind_name
from drivers.apb.machine import machine_of
from drivers.apb.model import ADC_CHANNELS, EntityClass
from drivers.apb.validate import examine
from drivers.rates import MICROSECONDS, MIN_RATE_HZ, counted_channels
from sim.grid import SampleGrid
from sim.virtual.computing import MAX_VALUES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drivers.apb.model import Entity
    from drivers.wire.messages import Reset, StartRun
    from sim.virtual.computing import Overloaded
    from sim.virtual.dialect import Dialect

_COMPARED: Final = (EntityClass.CARRIER, EntityClass.M_BLOCK)
_ANY_TYPE: Final = 0
"""The vendor's client does not tell the type of the carriers that it configures."""
_NANOSECONDS: Final = 1_000_000_000


class Refused(Exception):
    """The machine cannot do what it was asked for; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierPart:
    """A carrier's share in a run: its path and its channels' probe numbers, in ascending order."""

    path: str
    probes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """A run that the machine has agreed to. Times in seconds; ``sample_rate_hz`` is what the
    converters really keep: their period is a whole number of microseconds. ``probes`` has the
    numbers of all probes in ascending order; those of ``circuit`` count from 0 in that order."""

    run_id: str
    circuit: CircuitFile
    probes: tuple[int, ...]
    carriers: tuple[CarrierPart, ...]
    ic_time_s: float
    op_time_s: float
    sample_rate_hz: float
    sample_op: bool
    sample_op_end: bool
    halt_on_overload: bool
    columns: int = 0
    """Columns of a chunk in the JSONL dialect, 0 for one for each channel."""

    def count(self, span_s: float) -> int:
        """Samples of each probe in the first ``span_s`` seconds of OP, and no more than in all."""
        if span_s <= 0.0:
            return 0
        return SampleGrid.at_rate(min(span_s, self.op_time_s), self.sample_rate_hz).count


class Machine:
    """One virtual machine. ``description`` is a file of specification items.

    Raises CircuitFileError for a description without sound carriers.
    """

    def __init__(self, description: CircuitFile, dialect: Dialect) -> None:
        specification = (i for i in description.items if isinstance(i.config, EntitySpecification))
        self.description = CircuitFile(items=tuple(specification))
        self.dialect = dialect
        machine = machine_of(self.description)
        self.carriers = tuple(board.path for board in machine.carriers)
        self._items: dict[tuple[str, str], Item] = {}
        self.is_calibrated = False
        self.is_running = False
        self._overloads: dict[tuple[str, int], None] = {}

    @property
    def overloads(self) -> tuple[tuple[str, int], ...]:
        """(Path, index) of the elements that left their range since the last reset of the flags."""
        return tuple(self._overloads)

    @property
    def items(self) -> tuple[Item, ...]:
        """The configuration, without the description."""
        return tuple(self._items.values())

    def _whole(self, items: Iterable[Item]) -> CircuitFile:
        """A configuration with the machine's own description, its probes counted from 0 without
        gaps: a module may number its probes over several machines."""
        return CircuitFile(items=(*self.description.items, *_dense(tuple(items))))

    def reset(self, body: Reset) -> None:
        """Forget what the request names. In the JSONL dialect the circuit always goes."""
        if body.circuit_reset or self.dialect.resets_circuit:
            self._items.clear()
        if not body.keep_calibration:
            self.is_calibrated = False
        if body.overload_reset:
            self._overloads.clear()

    def reboot(self) -> None:
        """Back to how a machine is when it is switched on."""
        self._items.clear()
        self._overloads.clear()
        self.is_calibrated = False
        self.is_running = False

    def latch(self, overloads: Iterable[Overloaded]) -> None:
        """Remember elements that left their range."""
        self._overloads.update({(one.path, one.index): None for one in overloads})

    def merged(self, circuit: CircuitFile, *, reset_before: bool) -> Configuration:
        """The configuration as it would be with ``circuit``; `take` makes it so.

        Raises Refused for hardware that the machine does not have, numbers out of range, and while
        a run goes on.
        """
        if self.is_running:
            raise Refused("a run is in progress: the circuit cannot be changed now")
        self._compare(roots(circuit))
        new = {_key(i): i for i in circuit.items if _says_something(i)}
        items = new if reset_before else self._items | new
        merged = Configuration(items=items, circuit=self._whole(items.values()))
        _check(merged.circuit)
        return merged

    def take(self, configuration: Configuration) -> None:
        """Make a merged configuration the machine's own."""
        self._items = dict(configuration.items)

    def _compare(self, trees: Iterable[Entity]) -> None:
        """Raise Refused where the hardware that a circuit was made for is not the machine's."""
        own = {one.path: one for root in roots(self.description) for one in walk(root)}
        for one in (entity for tree in trees for entity in walk(tree)):
            if one.entity_class not in _COMPARED:
                continue
            if one.path not in own:
                raise Refused(f"the circuit was made for {one.path}, which this machine lacks")
            if one.type not in (_ANY_TYPE, own[one.path].type):
                raise Refused(
                    f"the circuit was made for {one.path} of type {one.type}; this machine's is of "
                    f"type {own[one.path].type}"
                )

    def plan(self, body: StartRun) -> RunPlan:
        """What a run will be. Raises Refused where there cannot be one."""
        if self.is_running:
            raise Refused("a run is in progress; one at a time")
        circuit = self._whole(self.items)
        carriers = tuple(self._parts())
        width = max((len(part.probes) for part in carriers), default=0)
        self._check_times(body)
        rate = self._real_rate(body.sample_rate, max(width, self._columns(body)))
        self._check_size(body, rate, sum(len(part.probes) for part in carriers))
        return RunPlan(
            run_id=body.run_id,
            circuit=circuit,
            probes=_probes(self.items),
            carriers=carriers,
            ic_time_s=body.ic_time_ns / _NANOSECONDS,
            op_time_s=body.op_time_ns / _NANOSECONDS,
            sample_rate_hz=rate,
            sample_op=body.sample_op,
            sample_op_end=body.sample_op_end,
            halt_on_overload=body.halt_on_overload,
            columns=self._columns(body),
        )

    def _columns(self, body: StartRun) -> int:
        if not self.dialect.counts_columns:
            return 0
        if body.channels > ADC_CHANNELS:
            raise Refused(f"there are {ADC_CHANNELS} converters, not {body.channels}")
        return body.channels

    def _parts(self) -> Iterator[CarrierPart]:
        """All carriers, also those that nothing was configured on: they take part in every run, and
        the vendor's client waits until each has said that it is over."""
        adcs = {i.entity: i.config for i in self.items if isinstance(i.config, it.AdcConfig)}
        for path in self.carriers:
            channels = adcs[path].channels if path in adcs else ()
            yield CarrierPart(path=path, probes=tuple(sorted(one.probe for one in channels)))

    def _check_times(self, body: StartRun) -> None:
        most_s = self.dialect.most_op_time_s
        for name, time_ns in (("op time", body.op_time_ns), ("ic time", body.ic_time_ns)):
            if time_ns > most_s * _NANOSECONDS:
                raise Refused(f"the {name} is {time_ns / _NANOSECONDS:g} s, at most {most_s:g} s")
        if body.op_time_ns < 1:
            raise Refused("the op time must be above 0")

    def _real_rate(self, rate: int, channels: int) -> float:
        if rate < MIN_RATE_HZ:
            raise Refused(f"the sample rate is {rate}/s, at least {MIN_RATE_HZ}/s are needed")
        total = rate * counted_channels(channels)
        if total > self.dialect.most_samples_hz:
            raise Refused(
                f"{channels} channels at {rate}/s are {total} samples a second, at most "
                f"{self.dialect.most_samples_hz} are possible"
            )
        return MICROSECONDS / (MICROSECONDS // rate)

    def _check_size(self, body: StartRun, rate: float, channels: int) -> None:
        values = body.op_time_ns / _NANOSECONDS * rate * channels
        if values > MAX_VALUES:
            raise Refused(
                f"the run would have {values:.0f} samples, at most {MAX_VALUES} are possible"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A machine's items by kind and place, and with its description as one circuit."""

    items: dict[tuple[str, str], Item]
    circuit: CircuitFile


def _key(item: Item) -> tuple[str, str]:
    return kind_name(item.config), item.entity


def _says_something(item: Item) -> bool:
    """Descriptions have been compared, notes for simulators and clients are not the machine's."""
    return not isinstance(item.config, EntitySpecification | SimConfig | it.ParamSpecification)


def _check(circuit: CircuitFile) -> None:
    try:
        faults = examine(circuit, machine_of(circuit)).faults
    except CircuitFileError as error:
        faults = error.faults
    if faults:
        # Positions would be those in the machine's circuit, not in the sender's.
        raise Refused(str(CircuitFileError(*(replace(one, item=None) for one in faults))))


def _probes(items: Iterable[Item]) -> tuple[int, ...]:
    """The numbers of all probes in ascending order."""
    configs = (item.config for item in items)
    adcs = (config for config in configs if isinstance(config, it.AdcConfig))
    return tuple(sorted({one.probe for config in adcs for one in config.channels}))


def _dense(items: tuple[Item, ...]) -> Iterator[Item]:
    ranks = {probe: rank for rank, probe in enumerate(_probes(items))}
    for item in items:
        config = item.config
        if isinstance(config, it.AdcConfig):
            channels = (replace(one, probe=ranks[one.probe]) for one in config.channels)
            item = replace(item, config=replace(config, channels=tuple(channels)))
        yield item
