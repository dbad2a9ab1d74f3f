"""Sharing: a sum that occurs in several sums is computed once, by a pass, to save lanes.

A pass shows a sum S on its output; every other sum D = c * S + rest can then read that output and
the rest. A pass for S costs the lanes of S, or none where S is the operand of a product whose
input is tapped, or where a probe needs the pass anyway.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import combinations, islice, product
from typing import TYPE_CHECKING, Final, TypeAlias

from appliance.compiler.elements import Elements, Pass, Product, Side, Sum
from appliance.compiler.forms import (
    CONSTANT,
    Form,
    common_factor,
    exchange,
    form_of,
    operand_of,
    rounded,
    shape,
    sum_of,
    without_constant,
)
from appliance.compiler.place import connections, numbered_passes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BEGINNINGS: Final = 3
"""First passes that are tried; what follows is whatever saves the most."""

_Room: TypeAlias = "Callable[[Elements], bool]"


@dataclass(frozen=True, slots=True)
class _Sink:
    """A sum that may read a pass. ``owners`` are the signals that it is computed into without
    delay; ``is_free`` if it feeds nothing by lanes of its own."""

    form: Form
    owners: frozenset[int] = frozenset()
    is_free: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    """A pass, there already or not (``new``): signal ``signal`` is minus ``form``, which sink
    ``definition`` has and keeps."""

    form: Form
    signal: int
    definition: int | None
    new: Pass | None = None

    @property
    def cost(self) -> int:
        """Lanes that it takes itself."""
        return len(self.form) if self.new is not None and self.new.host is None else 0


@dataclass(frozen=True, slots=True)
class _Step:
    """A pass and the sinks that read it, each with the multiple of the pass that it takes."""

    source: _Source
    factors: dict[int, float]
    saved: int


def share(elements: Elements, lanes: int, has_room: _Room) -> Elements:
    """Elements of the same meaning with passes in place of common sums, until no more than
    ``lanes`` connections are left or nothing saves any. ``has_room`` tells whether elements with
    further passes can be placed."""
    best = elements
    for begun in islice(_steps(elements, has_room), _BEGINNINGS):
        found = _continue(begun, lanes, has_room)
        best = min(best, found, key=connections)
        if connections(best) <= lanes:
            break
    return best


def _continue(elements: Elements, lanes: int, has_room: _Room) -> Elements:
    while connections(elements) > lanes:
        further = next(_steps(elements, has_room), None)
        if further is None:
            break
        elements = further
    return elements


def _steps(elements: Elements, has_room: _Room) -> Iterator[Elements]:
    """Elements after one step that saves lanes, the best step first."""
    sinks = _sinks(elements)
    needs = _needs(elements)
    found = [_step(source, sinks, needs) for source in _sources(elements, sinks)]
    for step in sorted(found, key=lambda step: (-step.saved, step.source.cost)):
        if step.saved <= 0:
            return
        result = _taken(step, elements, sinks)
        if step.source.new is None or has_room(result):
            yield result


def _sinks(elements: Elements) -> list[_Sink]:
    """In this order: derivatives, operands, passes, named sums. A hosted pass is no sink of its
    own: it is its product's operand."""
    first = elements.state_count
    tapped = {item.host: signal for signal, item in numbered_passes(elements)}
    sinks = [_Sink(form_of(derivative)) for derivative in elements.derivatives]
    for number, factors in enumerate(elements.products):
        for side in Side:
            owners = {first + number, tapped.get((number, side), first + number)}
            sinks.append(_Sink(form_of(operand_of(factors, side)), frozenset(owners)))
    for signal, item in numbered_passes(elements):
        form = form_of(item.total) if item.host is None else {}
        sinks.append(_Sink(form, frozenset({signal})))
    sinks += [_Sink(form_of(named), is_free=True) for named in elements.named]
    return sinks


def _needs(elements: Elements) -> dict[int, frozenset[int]]:
    """Of each signal itself and all that it is computed from without delay."""
    needs = {state: frozenset[int]() for state in range(elements.state_count)}
    for signal in elements.order():
        used = (needs[s] for operand in elements.operands(signal) for s, _ in operand.terms)
        needs[signal] = frozenset({signal}).union(*used)
    return needs


def _sources(elements: Elements, sinks: list[_Sink]) -> Iterator[_Source]:
    first = elements.state_count + len(elements.products)
    for signal, item in numbered_passes(elements):
        place = _definition(elements, item, signal - first)
        yield _Source(sinks[place].form, signal, place)
    new = first + len(elements.passes)
    tapped = {item.host for item in elements.passes}
    for number, side in product(range(len(elements.products)), Side):
        operand = operand_of(elements.products[number], side)
        if len(operand.terms) > 1 and (number, side) not in tapped:
            item = Pass(total=operand, host=(number, side))
            yield _Source(form_of(operand), new, _definition(elements, item, 0), item)
    for form in _candidates(sinks):
        yield _Source(form, new, None, Pass(total=sum_of(form)))


def _definition(elements: Elements, item: Pass, number: int) -> int:
    """Number of the sink that has the sum of a pass."""
    if item.host is None:
        return elements.state_count + 2 * len(elements.products) + number
    return elements.state_count + 2 * item.host[0] + item.host[1]


def _candidates(sinks: list[_Sink]) -> list[Form]:
    """Sums of several signals that seem to occur more than once: whole ones, common parts of two
    of them, and what most of them make of such a part."""
    wholes = [without_constant(sink.form) for sink in sinks]
    paid = [whole for whole, sink in zip(wholes, sinks, strict=True) if not sink.is_free]
    parts = _distinct(part for pair in combinations(paid, 2) for part in _common_parts(*pair))
    return _distinct((*wholes, *parts, *(_consensus(part, paid) for part in parts)))


def _distinct(forms: Iterator[Form] | tuple[Form, ...]) -> list[Form]:
    """One of those equal up to a factor; those of several signals only."""
    found: dict[object, Form] = {}
    for form in forms:
        if len(form) > 1:
            found.setdefault(shape(sum_of(form)), form)
    return list(found.values())


def _common_parts(one: Form, other: Form) -> list[Form]:
    """The parts of the first that are multiples of parts of the other."""
    parts: dict[float, Form] = {}
    for signal, c in one.items():
        if signal in other:
            parts.setdefault(rounded(other[signal] / c), {})[signal] = c
    return [part for part in parts.values() if len(part) > 1]


def _consensus(part: Form, forms: list[Form]) -> Form:
    """The sum that forms with a multiple of ``part`` have in common, as most of them have it: a
    form with a term of its own on top of the sum is outvoted."""
    votes: dict[int, Counter[float]] = {}
    for form in forms:
        number, factor = common_factor(form, part)
        if number > 1:
            for signal, c in form.items():
                votes.setdefault(signal, Counter())[rounded(c / factor)] += 1
    winners = {signal: counter.most_common(1)[0] for signal, counter in votes.items()}
    return {signal: c for signal, (c, number) in winners.items() if number > 1 and c != 0.0}


def _step(source: _Source, sinks: list[_Sink], needs: dict[int, frozenset[int]]) -> _Step:
    """What the source saves where it may be read: nowhere that it is itself computed from."""
    used = frozenset[int]().union(*(needs[s] for s in source.form if s != CONSTANT))
    factors: dict[int, float] = {}
    saved = -source.cost
    for number, sink in enumerate(sinks):
        if number != source.definition and not sink.owners & used:
            gain, factor = _gain(sink.form, source)
            if gain > 0:
                factors[number] = factor
                saved += 0 if sink.is_free else gain
    return _Step(source, factors, saved)


def _gain(form: Form, source: _Source) -> tuple[int, float]:
    """Terms that the form loses by reading the source, and how many times it reads it."""
    equal, factor = common_factor(form, source.form)
    if equal == 0:
        return 0, 0.0
    added = sum(signal not in form for signal in source.form) + (source.signal not in form)
    return equal - added, factor


def _taken(step: _Step, elements: Elements, sinks: list[_Sink]) -> Elements:
    source = step.source
    forms = [sink.form for sink in sinks]
    for number, factor in step.factors.items():
        forms[number] = exchange(forms[number], source.form, factor, source.signal)
    return _with_sums(elements, [sum_of(form) for form in forms], source.new)


def _with_sums(elements: Elements, sums: list[Sum], new: Pass | None) -> Elements:
    """Elements with the sums of all sinks, in their order, and perhaps a further pass."""
    rest = iter(sums)
    derivatives = tuple(islice(rest, elements.state_count))
    products = tuple(Product(left=next(rest), right=next(rest), at=p.at) for p in elements.products)
    own = [replace(item, total=next(rest)) for item in elements.passes]
    named = tuple(rest)
    if new is not None:
        own.append(new)
    passes = tuple(
        replace(item, total=operand_of(products[item.host[0]], item.host[1])) if item.host else item
        for item in own
    )
    return replace(elements, derivatives=derivatives, products=products, passes=passes, named=named)
