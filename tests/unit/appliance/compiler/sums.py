"""Elements written down directly, and what they are worth: for the tests of the layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from appliance.compiler.diagnostics import Position
from appliance.compiler.elements import Elements, Product, Sum
from appliance.compiler.program import Const, Expr, Probe, Program
from appliance.compiler.system import State, System

if TYPE_CHECKING:
    from appliance.compiler.channels import Channels

Array = NDArray[np.float64]


def elements_of_sums(
    derivatives: list[Sum],
    readings: list[Sum],
    products: list[tuple[Sum, Sum]] | None = None,
    named: list[Sum] | None = None,
    made: int = 0,
) -> Elements:
    """Elements with one state per derivative, the last ``made`` of them as if by lowering. Probe
    number i is in line 100 + i."""
    probes = tuple(
        Probe(name=f"p{i}", order=0, at=Position(100 + i, 7)) for i in range(len(readings))
    )
    program = Program(variable="t", equations=(), auxiliaries=(), probes=probes)
    own = len(derivatives) - made
    states = tuple(_state(i, Const(1.0) if i >= own else None) for i in range(len(derivatives)))
    return Elements(
        system=System(states=states, program=program, rights={}),
        products=tuple(Product(left=a, right=b, at=Position(1, 1)) for a, b in products or ()),
        derivatives=tuple(derivatives),
        readings=tuple(readings),
        named=tuple(named or ()),
    )


def _state(number: int, value: Expr | None) -> State:
    name = f"sqrt(u{number})" if value is not None else f"x{number}"
    at = Position(number + 1, 1)
    return State(name=name, order=0, initial=0.0, derivative=Const(0.0), at=at, value=value)


def worth(total: Sum, signals: Array) -> float:
    return total.constant + sum(c * float(signals[signal]) for signal, c in total.terms)


def signal_values(elements: Elements, states: Array) -> Array:
    """Values of all signals: a pass is minus its sum."""
    first = elements.state_count
    values = np.full(first + len(elements.products) + len(elements.passes), np.nan)
    values[:first] = states
    for signal in elements.order():
        found = [worth(operand, values) for operand in elements.operands(signal)]
        values[signal] = found[0] * found[1] if len(found) > 1 else -found[0]
    return values


def derivative_values(elements: Elements, states: Array) -> Array:
    values = signal_values(elements, states)
    return np.array([worth(derivative, values) for derivative in elements.derivatives])


def quantity_values(elements: Elements, states: Array) -> Array:
    """What the probes ought to show."""
    values = signal_values(elements, states)
    return np.array([worth(quantity, values) for quantity in elements.readings])


def probe_values(elements: Elements, channels: Channels, states: Array) -> Array:
    """What the channels show."""
    values = signal_values(elements, states)
    return np.array(
        [
            r.offset + (r.factor * float(values[r.signal]) if r.signal is not None else 0.0)
            for r in channels.readings
        ]
    )
