"""What the simulator's elements are in the words of the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.apb.model import BLOCK_SIZE
from sim.elements import Kind

if TYPE_CHECKING:
    from appliance.compiler.layout import Layout


def element_labels(layout: Layout) -> dict[str, str]:
    """Name that the simulator gives an element, to what the program has it for."""
    elements, placement = layout.elements, layout.placement
    states, products = elements.state_count, len(elements.products)
    signals = range(states + products + len(elements.passes))
    return {
        _name(placement.cluster.path, placement.output(signal), signal < states): _label(
            layout, signal
        )
        for signal in signals
    }


def _name(path: str, output: int, is_integrator: bool) -> str:
    """As in ``sim.cluster``: multipliers are the first four outputs of their block."""
    slot, number = divmod(output, BLOCK_SIZE)
    half = BLOCK_SIZE // 2
    if is_integrator:
        return f"{path}/M{slot} integrator {number}"
    kind = Kind.PRODUCT if number < half else Kind.IDENTITY
    return f"{path}/M{slot} {kind.value} {number % half}"


def _label(layout: Layout, signal: int) -> str:
    elements = layout.elements
    number = signal - elements.state_count
    if number < 0:
        return elements.system.states[signal].label
    if number < len(elements.products):
        at = elements.products[number].at
        return f"the product at {at.line}:{at.column}"
    place = elements.passes[number - len(elements.products)].at
    return "a sum" if place is None else f"the sum for {place.line}:{place.column}"
