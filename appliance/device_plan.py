"""Known circuits as runs for one machine."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from appliance.device_circuits import Site, checks
from drivers.apb.codec import decode
from drivers.apb.entities import carrier_kind, cluster_indices, m_block_kind
from drivers.apb.machine import location, machine_of
from drivers.apb.model import (
    BLOCK_SIZE,
    OUTPUTS,
    AdcChannel,
    Carrier,
    Circuit,
    Cluster,
    MBlock,
    MBlockKind,
    MdrOperation,
)
from drivers.apb.rules import MDR_ELEMENTS, SLOTS
from drivers.apb.writer import build_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from appliance.device_circuits import Check, Part, Signal
    from drivers.apb.items import CircuitFile
    from drivers.apb.model import Entity

_PRODUCT_KINDS: Final = (MBlockKind.MUL, MBlockKind.MDR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A probe: what it stands for, and what it must show."""

    name: str
    expected: Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """One run of a known circuit; ``points`` by probe number. ``has_mdr``: an M-MDR block computes,
    which is less exact."""

    title: str
    advice: str
    module: bytes
    op_time_s: float
    rate_hz: int
    points: tuple[Point, ...]
    has_mdr: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The runs that test a machine, and the checks that it has not the elements for."""

    runs: tuple[PlannedRun, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A site on a board."""

    board: Entity
    arrival: int
    cluster: int
    site: Site


def plan(description: bytes, gain: float) -> Plan:
    """The runs for a described machine: cluster after cluster, all boards at the same time.

    ``gain`` is that of upscaled lanes, see ``device_circuits.checks``. Raises CircuitFileError for
    an unsound description.
    """
    source = decode(description)
    groups = _groups(machine_of(source).carriers)
    runs, skipped = [], []
    for (cluster, turn), places in groups.items():
        prefix = f"cluster {cluster}: " if len({number for number, _ in groups}) > 1 else ""
        suffix = f", {turn + 1}. block" if turn else ""
        for check in checks(gain):
            title = f"{prefix}{check.title}{suffix}"
            run = _run(title, check, places, source)
            if run is not None:
                runs.append(run)
            elif not turn:
                skipped.append(title)
    return Plan(runs=tuple(runs), skipped=tuple(skipped))


def _groups(boards: Sequence[Entity]) -> dict[tuple[int, int], list[_Place]]:
    """By cluster and turn: the sites that can be tested at once, at most one of each board."""
    groups: dict[tuple[int, int], list[_Place]] = {}
    for arrival, board in enumerate(boards):
        for cluster in cluster_indices(board):
            for turn, site in enumerate(_sites(board, cluster)):
                place = _Place(board=board, arrival=arrival, cluster=cluster, site=site)
                groups.setdefault((cluster, turn), []).append(place)
    return dict(sorted(groups.items()))


def _sites(board: Entity, cluster: int) -> Iterator[Site]:
    """Usually one. A second one where two blocks are of the same sort."""
    kinds = [m_block_kind(board, cluster, slot) for slot in range(SLOTS)]
    integrators = [slot for slot, kind in enumerate(kinds) if kind is MBlockKind.INT]
    products = [slot for slot, kind in enumerate(kinds) if kind in _PRODUCT_KINDS]
    for first, second in zip_longest(integrators, products):
        yield Site(
            integrators=first,
            products=second,
            kind=None if second is None else kinds[second],
        )


def _run(
    title: str, check: Check, places: Sequence[_Place], source: CircuitFile
) -> PlannedRun | None:
    parts = [(place, part) for place in places if (part := check.build(place.site)) is not None]
    if not parts:
        return None
    boards, points = list[Carrier](), list[Point]()
    for place, part in parts:
        boards.append(_board(place, part, len(points)))
        prefix = f"{place.board.path} " if len(places) > 1 else ""
        points += (Point(name=prefix + one.name, expected=one.expected) for one in part.watched)
    return PlannedRun(
        title=title,
        advice=check.advice,
        module=build_file(source, Circuit(carriers=tuple(boards))),
        op_time_s=check.op_time_s,
        rate_hz=check.rate_hz,
        points=tuple(points),
        has_mdr=any(_has_mdr(place, part) for place, part in parts),
    )


def _board(place: _Place, part: Part, first_probe: int) -> Carrier:
    board = place.board
    stack, position = location(board, place.arrival)
    return Carrier(
        path=board.path,
        kind=carrier_kind(board),
        stack=stack,
        position=position,
        clusters=(_cluster(place, part),),
        channels=tuple(
            AdcChannel(output=OUTPUTS * place.cluster + one.output, probe=first_probe + number)
            for number, one in enumerate(part.watched)
        ),
    )


def _cluster(place: _Place, part: Part) -> Cluster:
    blocks = [_block(place, slot, part) for slot in range(SLOTS)]
    return Cluster(
        path=f"{place.board.path}/{place.cluster}",
        index=place.cluster,
        blocks=(blocks[0], blocks[1]),
        lanes=part.lanes,
        constant=part.constant,
    )


def _block(place: _Place, slot: int, part: Part) -> MBlock | None:
    kind = m_block_kind(place.board, place.cluster, slot)
    if kind is MBlockKind.INT and slot == place.site.integrators:
        return MBlock(kind=kind, integrators=part.integrators)
    if kind in _PRODUCT_KINDS:
        return MBlock(kind=kind, operations=(MdrOperation.MULTIPLY,) * MDR_ELEMENTS)
    return None  # nothing sits there, or it stays at rest


def _has_mdr(place: _Place, part: Part) -> bool:
    """Whether an output of an M-MDR is watched."""
    slots = {one.output // BLOCK_SIZE for one in part.watched}
    return place.site.kind is MBlockKind.MDR and place.site.products in slots
