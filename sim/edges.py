"""Where square roots and quotients cease to have a value, or a slope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sim.algebra import FLOATS, evaluate, input_sum
from sim.elements import Kind

if TYPE_CHECKING:
    from sim.algebra import Array
    from sim.elements import Memoryless, Netlist

ROOT_FLOOR: Final = 1e-14
DIVISOR_FLOOR: Final = 1e-12
"""The operand of a root that feeds other elements must stay above this, and so must the size of a
divisor: at the edge a Taylor series has no value, and often the equations have none either."""


def at_edge(netlist: Netlist, states: Array) -> list[Memoryless]:
    """Roots and quotients that others read and that have no value at these states."""
    read = read_elements(netlist)
    outputs = evaluate(netlist, states.tolist(), FLOATS)
    return [
        element
        for i, element in enumerate(netlist.memoryless, len(netlist.integrators))
        if i in read and _is_at_edge(element.kind, input_sum(element.inputs[-1], outputs, FLOATS))
    ]


def _is_at_edge(kind: Kind, operand: float) -> bool:
    if kind is Kind.ROOT:
        return not -operand > ROOT_FLOOR
    return kind is Kind.QUOTIENT and not abs(operand) > DIVISOR_FLOOR


def read_elements(netlist: Netlist) -> set[int]:
    """Elements whose outputs other elements take."""
    rows = [integrator.input for integrator in netlist.integrators]
    rows += [row for element in netlist.memoryless for row in element.inputs]
    return {source for row in rows for source, _ in row.terms}
