"""Tap choice: the probed sums that no output shows, and which pass-through element shows each.

A sum that is a factor of some product can be read at the input of that busy multiplier (*hosted*);
any other, or that one too, needs a tap of an idle multiplier and lanes of its own.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from appliance.compiler.channels import Channels, Reading, read_output, read_pass
from appliance.compiler.elements import Elements, Pass, Side, Sum
from appliance.compiler.forms import Shape, operand_of, shape
from appliance.compiler.place import arrange, connections, has_room

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.compiler.diagnostics import Position
    from appliance.compiler.target import TargetCluster

Host: TypeAlias = tuple[int, Side]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSum:
    """A probed sum of several terms (constant left out). ``at`` is the first probe that shows it,
    ``hosts`` are the operands that equal it up to a factor and a constant."""

    total: Sum
    at: Position
    hosts: tuple[Host, ...]


def wanted_sums(elements: Elements) -> tuple[WantedSum, ...]:
    """In the order of the probes; equal up to a factor and a constant counts as one."""
    hosts: dict[Shape, list[Host]] = {}
    for number, product in enumerate(elements.products):
        for side in Side:
            operand = operand_of(product, side)
            if len(operand.terms) > 1:
                hosts.setdefault(shape(operand), []).append((number, side))
    found: dict[Shape, WantedSum] = {}
    probes = elements.system.program.probes
    for probe, quantity in zip(probes, elements.readings, strict=True):
        if read_output(quantity) is None:
            key = shape(quantity)
            wanted = WantedSum(
                total=Sum(quantity.terms), at=probe.at, hosts=tuple(hosts.get(key, ()))
            )
            found.setdefault(key, wanted)
    return tuple(found.values())


def tap_choices(
    elements: Elements, wanted: tuple[WantedSum, ...], cluster: TargetCluster
) -> Iterator[Elements]:
    """The elements with passes for all wanted sums, where the cluster has room for them: with the
    fewest lanes first, one for each number of hosted passes."""
    choices = sorted(
        (_with_passes(elements, wanted, hosts) for hosts in _host_choices(wanted)), key=connections
    )
    seen: set[int] = set()
    for choice in choices:
        hosted = sum(item.host is not None for item in choice.passes)
        if hosted not in seen and has_room(choice, cluster):
            seen.add(hosted)
            yield choice


def most_served(
    elements: Elements, wanted: tuple[WantedSum, ...], cluster: TargetCluster
) -> tuple[int, ...]:
    """Numbers of the wanted sums that are served where the most are, and early ones rather than
    late ones. The cluster has multipliers enough."""
    best: tuple[int, ...] = ()
    for hosts in _host_choices(wanted):
        hosted = [number for number, host in enumerate(hosts) if host is not None]
        passes = tuple(Pass(total=wanted[i].total, host=hosts[i]) for i in hosted)
        found = arrange(replace(elements, passes=passes), cluster)
        if found is not None:
            others = (number for number, host in enumerate(hosts) if host is None)
            served = sorted((*hosted, *itertools.islice(others, len(found.taps))))
            best = min(best, tuple(served), key=lambda numbers: (-len(numbers), numbers))
    return best


def probe_channels(elements: Elements) -> Channels:
    """Readings of all probes; there is a pass for each sum."""
    first = elements.state_count + len(elements.products)
    signals = {shape(item.total): first + i for i, item in enumerate(elements.passes)}
    return Channels(readings=tuple(_reading(q, elements, signals) for q in elements.readings))


def _reading(quantity: Sum, elements: Elements, signals: dict[Shape, int]) -> Reading:
    direct = read_output(quantity)
    if direct is not None:
        return direct
    signal = signals[shape(quantity)]
    return read_pass(quantity, elements.operands(signal)[0], signal)


def _host_choices(wanted: tuple[WantedSum, ...]) -> Iterator[tuple[Host | None, ...]]:
    """A host, or none, for each wanted sum. No two sums have a host in common."""
    options: list[tuple[Host | None, ...]] = [(None, *item.hosts) for item in wanted]
    return itertools.product(*options)


def _with_passes(
    elements: Elements, wanted: tuple[WantedSum, ...], hosts: tuple[Host | None, ...]
) -> Elements:
    passes = tuple(
        Pass(total=_total(elements, item, host), host=host, at=item.at)
        for item, host in zip(wanted, hosts, strict=True)
    )
    return replace(elements, passes=passes)


def _total(elements: Elements, wanted: WantedSum, host: Host | None) -> Sum:
    if host is None:
        return wanted.total
    number, side = host
    return operand_of(elements.products[number], side)
