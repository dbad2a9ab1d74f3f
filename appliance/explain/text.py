"""A schematic in words, as one writes a circuit into a lab notebook."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from appliance.explain.lanes import lane_words
from appliance.explain.model import Shape
from appliance.explain.names import combination, is_atom, is_factor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from appliance.explain.model import Channel, Element, Input, Schematic, Term

_HEADINGS: Final = {
    Shape.INTEGRATOR: "Integrators: output' = -k * sum, so what makes an output rise weighs < 0",
    Shape.MULTIPLIER: "Multipliers: output = left sum * right sum",
    Shape.PASS: "Pass-through elements: output = -sum",
}
_SIDES: Final = ("left sum", "right sum")


def explain(schematic: Schematic) -> str:
    """All elements, lanes and channels; lines of text, the last one ended too."""
    parts = [_overview(schematic)]
    for shape, heading in _HEADINGS.items():
        elements = (element for element in schematic.elements if element.shape is shape)
        found = sorted(elements, key=lambda element: element.output)
        if found:
            blocks = [element_lines(element, schematic) for element in found]
            parts.append([heading, *chain.from_iterable(["", *block] for block in blocks)])
    parts.append(_channels(schematic))
    return "\n".join("\n".join([*part, ""]) for part in parts)


def _overview(schematic: Schematic) -> list[str]:
    lines = [
        f"{schematic.title} on {schematic.machine}",
        *(f"  {line}" for line in overview(schematic)),
        "  MU: machine unit, what an output may reach; a weight is what lanes make of their source",
    ]
    if schematic.constant is not None:
        lines.append(f"  constant giver: {schematic.constant:g} MU")
    return lines


def overview(schematic: Schematic) -> tuple[str, str, str]:
    """Resources, time, and how good the circuit is: a line each."""
    variable, rate, horizon = schematic.variable, schematic.rate, schematic.horizon
    used = ", ".join(f"{name} {used} of {have}" for name, used, have in schematic.resources)
    return (
        f"resources: {used}",
        f"time: 1 s of machine time = {rate:.6g} units of {variable}; "
        f"{horizon:g} units = {horizon / rate:.4g} s",
        f"deviation from the equations: at most {100 * schematic.worst:.2g} % of a probe's "
        f"amplitude, up to {variable} = {schematic.until:.4g}",
    )


def element_lines(element: Element, schematic: Schematic) -> Iterator[str]:
    """All there is to say about one element, in indented lines."""
    yield f"  M output {element.output}: {carried(element)}"
    if element.remark:
        yield f"      {element.remark}"
    if element.words != element.name:
        yield f"      {element.name} is {element.words}"
    if element.start is not None:
        yield (
            f"      k = {element.start.rate}, starts at {element.start.machine:.6g} MU "
            f"({element.name} = {element.start.value:.6g})"
        )
        yield from _sum(_derivative(element.name), "sum", element.inputs[0], schematic)
    elif element.shape is Shape.MULTIPLIER:
        for side, total in zip(_SIDES, element.inputs, strict=True):
            yield from _sum(None, side, total, schematic)
    elif element.tapped is not None:
        yield f"      taps sum {element.tapped}, {_host(element.tapped, schematic)}"
    else:
        yield from _sum(None, "sum", element.inputs[0], schematic)


def carried(element: Element) -> str:
    """``x' / 2.1``: what the output has in MU."""
    if element.unit == 1.0:
        return element.name
    name = element.name if is_factor(element.name) else f"({element.name})"
    return f"{name} / {element.unit:.6g}"


def _derivative(name: str) -> str:
    return f"{name}'" if is_atom(name) else f"({name})'"


def _host(number: int, schematic: Schematic) -> str:
    for element in schematic.elements:
        for side, total in zip(_SIDES, element.inputs, strict=False):
            if element.shape is Shape.MULTIPLIER and total.number == number:
                return f"the {side} of M output {element.output}"
    raise ValueError("a pass-through element taps a sum that no multiplier has")


def _sum(left: str | None, what: str, total: Input, schematic: Schematic) -> Iterator[str]:
    """The sum in the user's units, then its lanes as they are set."""
    words = combination((t.share, _name(t, schematic)) for t in total.terms)
    if left is None:
        scale = "" if total.unit == 1.0 else f", in MU / {total.unit:.6g}"
        yield f"      {what} {total.number}: {words}{scale}"
    else:
        yield f"      {what} {total.number}: {left} = {words}"
    rows = [_row(term, schematic) for term in total.terms]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield ("        " + "   ".join(cells)).rstrip()


def _name(term: Term, schematic: Schematic) -> str:
    return "" if term.source is None else schematic.words(term.source)


def _row(term: Term, schematic: Schematic) -> tuple[str, ...]:
    """Lanes, setting, weight of all of them, source."""
    gain = " * gain 8" if term.is_upscaled else ""
    each = f" on each of {len(term.lanes)}" if len(term.lanes) > 1 else ""
    source = (
        f"constant {schematic.constant:g} MU"
        if term.source is None
        else f"{schematic.words(term.source)} (M output {term.source})"
    )
    return (
        lane_words(term.lanes),
        f"{term.factor:+.6g}{gain}{each}",
        f"weight {term.weight:+.6g}",
        f"from {source}",
    )


def _channels(schematic: Schematic) -> list[str]:
    rows = [_channel(channel, schematic) for channel in schematic.channels]
    return ["Channels", "", *_aligned(rows)]


def reading(channel: Channel) -> str:
    """``24*sample + 1``: a probe's value."""
    sample = [(channel.factor, "sample")] if channel.factor else []
    offset = [(channel.offset, "")] if channel.offset else []
    return combination((*sample, *offset))


def _channel(channel: Channel, schematic: Schematic) -> tuple[str, ...]:
    return (
        f"ADC {channel.number}",
        f"{channel.label} = {reading(channel)}",
        f"from {schematic.words(channel.output)} (M output {channel.output})",
    )


def _aligned(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    found = list(rows)
    widths = [max(map(len, column)) for column in zip(*found, strict=True)]
    for row in found:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield ("  " + "   ".join(cells)).rstrip()
