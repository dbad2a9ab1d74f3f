"""What a run's messages add up to: the complete result, or what is missing.

Pure: notifications go in, in whatever order they arrive; no clock, no I/O. Samples are taken by run
id, carrier and chunk number, and of each carrier only the probes that the module gives it. So a
chunk of another run, client or carrier is never merged. The vendor's mock, for one, lets every
carrier send the channels of all: each carrier's own are taken, the others dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from drivers.errors import Advice, ConnectError, DriverError
from drivers.rates import counted_channels
from drivers.wire.messages import Failed, RunState, Samples, StateChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from drivers.wire.messages import Notification

_SHOWN: Final = 3
"""Gaps that an error names; the others are counted."""
_EMPTY_CHUNKS: Final = 64
"""Chunks without samples that are put up with. All others bring the count nearer to its limit."""

_KINDS: Final = 16
"""Kinds of dropped messages that are told."""
_LONGEST_NAME: Final = 60


class Incomplete(DriverError):
    """The samples are not all there, or contradict each other; the text says which."""

    advice = Advice.RESET


class RunFailed(DriverError):
    """The device ended the run with an error; the text has its reason, if it gave one."""

    advice: ClassVar[Advice] = Advice.RESET


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierPlan:
    """What is to come from one carrier.

    ``source`` is the number of the link that it is behind, ``carrier`` its address there, ``name``
    what the user calls it. ``probes`` in ascending order. ``by_position``: the dialect does not
    name the columns; they are the probes in ascending order, perhaps with idle ones behind.
    """

    carrier: str
    probes: tuple[int, ...]
    name: str = ""
    source: int = 0
    by_position: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """One run: its id, its carriers, the samples of each probe. So many samples (``slack``) more or
    fewer are accepted: hardware may start or stop a sample early. ``idle`` are the addresses of the
    device's other carriers, which take part without being asked for anything."""

    run_id: str
    carriers: tuple[CarrierPlan, ...]
    samples: int
    slack: int = 0
    idle: frozenset[str] = frozenset()


class _Shelf:
    """The chunks of one carrier. Whoever counts chunks also tells that a run begins; firmware 1.x
    does neither."""

    __slots__ = (
        "chunks",
        "has_begun",
        "has_failed",
        "is_counted",
        "is_done",
        "last",
        "plan",
        "rows",
    )

    def __init__(self, plan: CarrierPlan) -> None:
        self.plan = plan
        self.chunks: dict[int, NDArray[np.float64]] = {}
        self.rows = 0
        self.last = -1
        self.is_counted: bool | None = None
        self.has_begun = plan.by_position
        self.is_done = False
        self.has_failed = False

    @property
    def name(self) -> str:
        return self.plan.name or self.plan.carrier

    @property
    def is_gapless(self) -> bool:
        return len(self.chunks) == self.last + 1

    def number(self, chunk: int | None) -> int:
        """A chunk's number; where the dialect does not count, the order of arrival."""
        is_counted = chunk is not None
        if self.is_counted not in (None, is_counted):
            raise Incomplete(f"carrier {self.name} counted some of its chunks, and others not")
        self.is_counted = is_counted
        return self.last + 1 if chunk is None else chunk

    def own_columns(self, samples: Samples) -> NDArray[np.float64]:
        """This carrier's probes in ascending order, a copy of (samples, probes)."""
        wanted = self.plan.probes
        width = samples.values.shape[1]
        columns: Sequence[int]
        if self.plan.by_position:
            if width not in (len(wanted), counted_channels(len(wanted))):
                raise Incomplete(
                    f"carrier {self.name} sent {width} columns of samples instead of {len(wanted)}"
                )
            columns = range(len(wanted))
        else:
            places = {probe: column for column, probe in enumerate(samples.probes)}
            if width != len(samples.probes) or not set(wanted) <= set(places):
                raise Incomplete(
                    f"carrier {self.name} sent samples of {_probes(samples.probes)} instead of "
                    f"{_probes(wanted)}"
                )
            columns = [places[probe] for probe in wanted]
        return np.array(samples.values[:, columns], dtype=np.float64)

    def put(self, number: int, values: NDArray[np.float64]) -> bool:
        """Whether the chunk is new; Incomplete when it was another one before."""
        if number in self.chunks:
            if np.array_equal(self.chunks[number], values, equal_nan=True):
                return False
            raise Incomplete(
                f"carrier {self.name} sent chunk {number} twice, with different samples"
            )
        self.chunks[number] = values
        self.rows += len(values)
        self.last = max(self.last, number)
        return True

    def matrix(self) -> NDArray[np.float64]:
        parts = [self.chunks[number] for number in sorted(self.chunks)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.plan.probes)))

    def missing(self, samples: int) -> str:
        """Which of ``samples`` samples are not there, in words."""
        gaps = [number for number in range(self.last) if number not in self.chunks]
        sizes = {len(values) for number, values in self.chunks.items() if number != self.last}
        if gaps and len(sizes) == 1 and (size := sizes.pop()):
            spans = [(number * size, (number + 1) * size) for number in gaps]
            known = self.rows + len(gaps) * size
        elif gaps:
            return f"{_first(gaps, 'chunk')} did not arrive; {self.rows} of {samples} samples did"
        else:
            spans, known = [], self.rows
        if known < samples:
            spans.append((known, samples))
        return f"samples {_ranges(spans)} of {samples} did not arrive"


class Collector:
    """Takes the messages of one run, by all links.

    ``log`` gets one line for each kind of thing that was dropped, when it happens first.
    """

    def __init__(self, plan: RunPlan, log: Callable[[str], None]) -> None:
        self._plan = plan
        self._log = log
        self._shelves = tuple(_Shelf(carrier) for carrier in plan.carriers)
        self._dropped = set[str]()

    @property
    def is_done(self) -> bool:
        """Whether every carrier has said that the run is over."""
        return all(shelf.is_done for shelf in self._shelves)

    @property
    def is_ended(self) -> bool:
        """Whether every carrier's run is over, well or with an error."""
        return all(shelf.is_done or shelf.has_failed for shelf in self._shelves)

    @property
    def is_complete(self) -> bool:
        """Whether all samples are there, and every carrier has said that the run began."""
        return all(shelf.has_begun for shelf in self._shelves) and all(
            shelf.is_gapless and shelf.rows >= self._plan.samples for shelf in self._sampled()
        )

    @property
    def needs_drain(self) -> bool:
        """Whether the run is over, and samples may still be under way."""
        return self.is_done and not self.is_complete

    @property
    def waits_for(self) -> str:
        """The carriers that have not said that the run is over, for a text."""
        return ", ".join(shelf.name for shelf in self._shelves if not shelf.is_done)

    @property
    def so_far(self) -> str:
        """How far the samples have come, to end an error's text with."""
        shelves = self._sampled()
        if not shelves:
            return ""
        least = min(shelf.rows for shelf in shelves)
        return f"; {least} of {self._plan.samples} samples had arrived"

    def feed(self, notice: Notification | Failed, source: int = 0) -> None:
        """Take a message that came by link ``source``.

        Raises RunFailed when the device reports an error, Incomplete when what it sends cannot
        become a right result any more.
        """
        if isinstance(notice, Failed):
            raise RunFailed(f"the device reports an error: {notice.text}")
        if notice.run_id != self._plan.run_id:
            self._drop("messages of another run")
        elif isinstance(notice, StateChanged):
            self._take_state(notice, source)
        elif not notice.is_final:  # the sample after OP is not part of the result
            self._take_samples(notice, source)

    def link_ended(self, source: int = 0) -> None:
        """No more will come by this link. Raises ConnectError unless all is there."""
        own = [shelf for shelf in self._shelves if shelf.plan.source == source]
        if not all(shelf.is_done and self._suffices(shelf) for shelf in own):
            raise ConnectError(f"the connection was lost{self.so_far}")

    def result(self) -> NDArray[np.float64]:
        """The samples in machine units, (samples, probes), columns in ascending order of probes.

        Raises Incomplete with what is missing.
        """
        for shelf in self._sampled():
            if not self._suffices(shelf):
                raise Incomplete(f"carrier {shelf.name}: {shelf.missing(self._plan.samples)}")
        self._check_course()
        return self._joined()

    def _check_course(self) -> None:
        """A state that did not come is a sign that others have not come either."""
        late = ", ".join(shelf.name for shelf in self._shelves if not shelf.has_begun)
        if late:
            raise Incomplete(
                f"carrier {late} has not said that the run began (TAKE_OFF): a message was lost"
            )
        if not self.is_done:
            raise Incomplete(f"carrier {self.waits_for} has not said that the run is over")

    def _joined(self) -> NDArray[np.float64]:
        """As many samples as every carrier has, and no more than were asked for."""
        shelves = self._sampled()
        count = min((shelf.rows for shelf in shelves), default=0)
        count = min(count, self._plan.samples)
        probes = [probe for shelf in shelves for probe in shelf.plan.probes]
        joined = np.empty((count, len(probes)))
        places = {probe: column for column, probe in enumerate(sorted(probes))}
        for shelf in shelves:
            columns = [places[probe] for probe in shelf.plan.probes]
            joined[:, columns] = shelf.matrix()[:count]
        return joined

    def _suffices(self, shelf: _Shelf) -> bool:
        """Nothing at all is never one sample fewer."""
        least = max(self._plan.samples - self._plan.slack, min(1, self._plan.samples))
        return not shelf.plan.probes or (shelf.is_gapless and shelf.rows >= least)

    def _sampled(self) -> list[_Shelf]:
        return [shelf for shelf in self._shelves if shelf.plan.probes]

    def _take_state(self, change: StateChanged, source: int) -> None:
        shelves = self._from(source, change.carrier)
        if change.new is RunState.ERROR:
            for shelf in shelves:
                shelf.has_failed = True
            reason = change.reason.strip() or "it gave no reason"
            raise RunFailed(f"the device ended the run with an error: {reason}{self.so_far}")
        if not shelves and _address(change.carrier) not in self._plan.idle:
            carrier = change.carrier[:_LONGEST_NAME]
            self._drop(f"states of the carrier {carrier}, which this run does not use")
        for shelf in shelves:
            shelf.has_begun |= change.new is RunState.TAKE_OFF
            shelf.is_done |= change.new is RunState.DONE

    def _take_samples(self, samples: Samples, source: int) -> None:
        shelves = self._from(source, samples.carrier)
        if len(shelves) > 1:
            raise Incomplete("the device does not say which of its carriers sent the samples")
        if not shelves or not shelves[0].plan.probes:
            carrier = samples.carrier[:_LONGEST_NAME]
            self._drop(f"samples of the carrier {carrier}, where none were asked for")
            return
        shelf = shelves[0]
        number = shelf.number(samples.chunk)
        self._check_number(shelf, number)
        if not shelf.put(number, shelf.own_columns(samples)):
            self._drop("chunks that came twice")
        if not shelf.plan.by_position and len(samples.probes) > len(shelf.plan.probes):
            self._drop("columns of probes that other carriers measure")
        if shelf.rows > self._plan.samples + self._plan.slack:
            raise Incomplete(
                f"carrier {shelf.name} sent {shelf.rows} samples or more; asked for were "
                f"{self._plan.samples}"
            )

    def _check_number(self, shelf: _Shelf, number: int) -> None:
        """There is no more than a chunk for each sample; this bounds what is stored."""
        if not 0 <= number <= self._plan.samples + self._plan.slack + _EMPTY_CHUNKS:
            raise Incomplete(
                f"carrier {shelf.name} sent a chunk with number {number}, but a run of "
                f"{self._plan.samples} samples has no such chunk"
            )

    def _from(self, source: int, carrier: str) -> list[_Shelf]:
        """The carriers that a message of a link is about: one, or all where it names none."""
        address = _address(carrier)
        return [
            shelf
            for shelf in self._shelves
            if shelf.plan.source == source and (not address or shelf.plan.carrier == address)
        ]

    def _drop(self, what: str) -> None:
        """Tell it the first time. Names come from outside, so there is a limit to their number."""
        if what not in self._dropped and len(self._dropped) < _KINDS:
            self._dropped.add(what)
            self._log(f"dropped: {what}")


def _address(path: str) -> str:
    """The carrier that an entity belongs to."""
    return path.strip("/").partition("/")[0]


def _probes(probes: tuple[int, ...]) -> str:
    numbers = ", ".join(map(str, probes[:16])) or "none"
    return f"the probe{'s' if len(probes) != 1 else ''} {numbers}"


def _first(numbers: list[int], word: str) -> str:
    shown = ", ".join(map(str, numbers[:_SHOWN]))
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return f"{word}{'s' if len(numbers) > 1 else ''} {shown}{more}"


def _ranges(spans: list[tuple[int, int]]) -> str:
    """Spans (first, end) as text, neighbours joined."""
    joined: list[tuple[int, int]] = []
    for first, end in spans:
        if joined and joined[-1][1] == first:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((first, end))
    shown = ", ".join(f"{first}-{end - 1}" for first, end in joined[:_SHOWN])
    return shown + (f" and {len(joined) - _SHOWN} more gaps" if len(joined) > _SHOWN else "")
