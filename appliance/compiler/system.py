"""First-order system: each equation of order n becomes n states, one integrator each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, TypeAlias

from appliance.compiler.program import Equation, Expr, Program, Read
from appliance.compiler.reads import reads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.compiler.diagnostics import Position


Key: TypeAlias = tuple[str, int]
"""Name and order of a quantity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One first-order state, one integrator: the ``order``-th derivative of ``name``, or one that
    the compiler made to compute a function (then ``value`` says, in the user's own quantities,
    what it stands for, and ``name`` says it to people).

    ``derivative`` is its right side, ``initial`` its value at time 0 in the user's units. A loop
    follows its value by relaxation: its derivative counts times a gain that is chosen later, and
    ``pace`` is the rate of relaxation at gain 1 (in the user's own quantities).
    """

    name: str
    order: int
    initial: float
    derivative: Expr
    at: Position
    value: Expr | None = None
    pace: Expr | None = None

    @property
    def is_loop(self) -> bool:
        return self.pace is not None

    @property
    def label(self) -> str:
        return self.name + "'" * self.order


class Need(StrEnum):
    """What a function needs of its operand over the whole run."""

    NOT_ZERO = "the divisor"
    NOT_NEGATIVE = "the radicand"
    POSITIVE = "the argument of ln"
    ANY = "the argument of abs"  # it only gets slow near zero
    SMALL = "the argument of tanh"  # far out the generator forgets where it was


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """An operand (in the user's own quantities) that must stay in the domain of its function;
    ``at`` is that function."""

    operand: Expr
    need: Need
    at: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """States in the order of the equations, each from the function itself upward, then those that
    the compiler made. ``program`` is the user's. ``rights`` has what states are computed from: the
    right side of auxiliaries (order 0) and highest derivatives, by name and order.
    """

    states: tuple[State, ...]
    program: Program
    rights: Mapping[Key, Expr]
    guards: tuple[Guard, ...] = ()

    @property
    def own(self) -> int:
        """Number of the user's own states, which come first."""
        return sum(state.value is None for state in self.states)

    def needed(self) -> list[Key]:
        """Keys of the right sides that equations and probes need, each after those that it reads.
        What only a plot reads is not needed."""
        wanted = [(e.name, e.order) for e in self.program.equations]
        wanted += [(p.name, p.order) for p in self.program.probes]
        wanted += [key for state in self.states for key in reads(state.derivative)]
        graph: dict[Key, list[Key]] = {}
        while wanted:
            key = wanted.pop()
            if key in self.rights and key not in graph:
                graph[key] = [read for read in reads(self.rights[key]) if read in self.rights]
                wanted += graph[key]
        return list(TopologicalSorter(graph).static_order())


def reduce_order(program: Program) -> System:
    """Program to first-order system."""
    states = tuple(
        state for equation in program.equations for state in _states_of_equation(equation)
    )
    rights = {(a.name, 0): a.right for a in program.auxiliaries}
    rights |= {(e.name, e.order): e.right for e in program.equations}
    return System(states=states, program=program, rights=rights)


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
