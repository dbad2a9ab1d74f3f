"""What heyoka compiles: the equations of a netlist, and the margins whose fall through zero is an
event.

All margins are of the order of one as long as they count: heyoka takes the largest of all numbers
that it follows as the scale of the error that a step may make. For the same reason an overloaded
element's margin is switched off once its overload is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import heyoka as hy
import numpy as np

from sim.algebra import FLOATS, Arithmetic, evaluate, input_sum
from sim.edges import DIVISOR_FLOOR, ROOT_FLOOR, read_elements
from sim.elements import Kind
from sim.options import DIVERGED, OVERLOAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.algebra import Array
    from sim.elements import InputSum, Memoryless, Netlist

Expression: TypeAlias = Any  # heyoka carries no types; the name says what is meant

_ROOT_MARGIN: Final = 1e-9
"""So far below zero the operand of a root that only a probe sees may be, by rounding."""

EXPRESSIONS: Arithmetic[Expression] = Arithmetic(
    constant=hy.expression,
    total=hy.sum,
    quotient=lambda a, b: a / b,
    root=hy.sqrt,
)


@dataclass(frozen=True, slots=True)
class Margin:
    """A formula that falls through zero when something happens to an element."""

    element: int
    formula: Expression


class Formulas:
    """Formulas of a netlist; ``limit`` is that of the integrators, or None.

    Parameters of the formulas, by number: for each element whether its overload is still watched
    for (1 or 0); then, with a limit, for each integrator whether it is free (1 or 0) and the sign
    of the limit it is held at.
    """

    def __init__(self, netlist: Netlist, limit: float | None) -> None:
        self._netlist = netlist
        self._limit = limit
        self._states = [hy.expression(f"x{i}") for i in range(len(netlist.integrators))]
        self._outputs: list[Expression] = evaluate(netlist, self._states, EXPRESSIONS)
        self._first_limit = len(self._outputs)

    def equations(self) -> list[tuple[Expression, Expression]]:
        """Each state and its slope, in time units of 1/k of the fastest integrator."""
        rate = max(integrator.k for integrator in self._netlist.integrators)
        found = []
        for i, integrator in enumerate(self._netlist.integrators):
            slope = (-integrator.k / rate) * self._sum(integrator.input)
            found.append((self._states[i], slope if self._limit is None else self._free(i) * slope))
        return found

    def overloads(self) -> Iterator[Margin]:
        """What is left to the range of each element that can leave it."""
        first = len(self._netlist.integrators)
        for i, output in enumerate(self._outputs):
            if i < first:
                excess = output * output - OVERLOAD**2
            else:
                excess = self._excess(self._netlist.memoryless[i - first], output)
            if _varies(excess):
                # 1 where it is not watched for any more
                yield Margin(i, 1.0 - hy.par[i] * (1.0 + excess))

    def _excess(self, element: Memoryless, output: Expression) -> Expression:
        """Above zero where an element is overloaded; without division or root, as the Taylor series
        has no value at their edges while the machine has one."""
        inputs = [self._sum(row) for row in element.inputs]
        if element.kind is Kind.QUOTIENT:
            return inputs[0] * inputs[0] - OVERLOAD**2 * inputs[1] * inputs[1]
        if element.kind is Kind.ROOT:
            return -inputs[0] - OVERLOAD**2
        return output * output - OVERLOAD**2

    def divergence(self) -> Expression:
        """What is left to where the circuit counts as diverged: events do not survive infinity."""
        return 1.0 - DIVERGED**-2 * hy.sum([state * state for state in self._states])

    def edges(self, start: Array) -> Iterator[Margin]:
        """What is left until a root or a quotient ceases to have a value, from ``start`` on."""
        read = read_elements(self._netlist)
        outputs = evaluate(self._netlist, start.tolist(), FLOATS)
        for i, element in enumerate(self._netlist.memoryless, len(self._netlist.integrators)):
            operand = self._sum(element.inputs[-1])
            if element.kind is Kind.ROOT:
                formula = -operand - (ROOT_FLOOR if i in read else -_ROOT_MARGIN)
            elif element.kind is Kind.QUOTIENT and i in read:
                sign = np.sign(input_sum(element.inputs[-1], outputs, FLOATS))
                formula = float(sign) * operand - DIVISOR_FLOOR
            else:
                continue
            if _varies(formula):
                yield Margin(i, formula)

    def limits(self) -> Iterator[Margin]:
        """For each integrator what is left to its limit, or while it is held there, how far its
        input points outward."""
        if self._limit is None:
            return
        for i, integrator in enumerate(self._netlist.integrators):
            left = self._limit**2 - self._states[i] * self._states[i]
            outward = -hy.par[self._first_limit + 2 * i + 1] * self._sum(integrator.input)
            yield Margin(i, self._free(i) * left + (1.0 - self._free(i)) * outward)

    def _free(self, integrator: int) -> Expression:
        return hy.par[self._first_limit + 2 * integrator]

    def _sum(self, row: InputSum) -> Expression:
        return input_sum(row, self._outputs, EXPRESSIONS)


def _varies(formula: Expression) -> bool:
    return bool(hy.get_variables(formula))
