"""First-order system: each equation of order n becomes n states, one integrator each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.compiler.program import Equation, Expr, Program, Read

if TYPE_CHECKING:
    from appliance.compiler.diagnostics import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One first-order state: the ``order``-th derivative of ``name``.

    ``derivative`` is its right side, ``initial`` its value at time 0 in the user's units.
    """

    name: str
    order: int
    initial: float
    derivative: Expr
    at: Position

    @property
    def label(self) -> str:
        return self.name + "'" * self.order


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """States in the order of the equations, each from the function itself upward."""

    states: tuple[State, ...]
    program: Program


def reduce_order(program: Program) -> System:
    """Program to first-order system."""
    states = tuple(
        state for equation in program.equations for state in _states_of_equation(equation)
    )
    return System(states=states, program=program)


def _states_of_equation(equation: Equation) -> list[State]:
    last = equation.order - 1
    return [
        State(
            name=equation.name,
            order=order,
            initial=equation.initial[order],
            derivative=equation.right if order == last else Read(equation.name, order + 1),
            at=equation.at,
        )
        for order in range(equation.order)
    ]
