"""The mathematics of a netlist, once for all kinds of numbers.

The same few lines serve plain floats (one state), arrays (many states at once) and heyoka's
expressions (formulas to be compiled). What differs is handed in as `Arithmetic`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.elements import InputSum, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sim.elements import Memoryless, Netlist

Array = NDArray[np.float64]
_Result: TypeAlias = Any  # each kind of number has its own


class Number(Protocol):
    """What floats, arrays and expressions have in common."""

    def __mul__(self, other: _Result, /) -> _Result: ...
    def __rmul__(self, other: _Result, /) -> _Result: ...
    def __neg__(self) -> _Result: ...


N = TypeVar("N", bound=Number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic(Generic[N]):
    """How one kind of number is made of a constant, added up, divided and rooted. Quotient and
    root give NaN or infinity where there is no value; they do not raise."""

    constant: Callable[[float], N]
    total: Callable[[Sequence[N]], N]
    quotient: Callable[[N, N], N]
    root: Callable[[N], N]


def input_sum(row: InputSum, outputs: Sequence[N], arithmetic: Arithmetic[N]) -> N:
    """The value of an input sum."""
    parts: list[N] = [weight * outputs[source] for source, weight in row.terms]
    if row.constant != 0.0 or not parts:
        parts.append(arithmetic.constant(row.constant))
    return arithmetic.total(parts) if len(parts) > 1 else parts[0]


def evaluate(netlist: Netlist, states: Sequence[N], arithmetic: Arithmetic[N]) -> list[N]:
    """Outputs of all elements, given those of the integrators."""
    outputs = list(states)
    for element in netlist.memoryless:
        outputs.append(_output(element, outputs, arithmetic))
    return outputs


def _output(element: Memoryless, outputs: list[N], arithmetic: Arithmetic[N]) -> N:
    inputs = [input_sum(row, outputs, arithmetic) for row in element.inputs]
    result: N
    match element.kind:
        case Kind.PRODUCT:
            result = inputs[0] * inputs[1]
        case Kind.SQUARE:
            result = inputs[0] * inputs[0]
        case Kind.QUOTIENT:
            result = arithmetic.quotient(inputs[0], inputs[1])
        case Kind.ROOT:
            result = arithmetic.root(-inputs[0])
        case _:
            result = -inputs[0]
    return result


def _float_quotient(a: float, b: float) -> float:
    if b == 0.0:
        return math.nan if a == 0.0 else math.copysign(math.inf, a)
    return a / b


def _float_root(a: float) -> float:
    return math.sqrt(a) if a >= 0.0 else math.nan


FLOATS: Arithmetic[float] = Arithmetic(
    constant=float, total=sum, quotient=_float_quotient, root=_float_root
)


def _array_total(parts: Sequence[Array]) -> Array:
    result = parts[0] + parts[1]
    for part in parts[2:]:
        result += part  # in place: ``result`` is ours
    return result


def _array_quotient(a: Array, b: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(a / b)


def _array_root(a: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(a))


ARRAYS: Arithmetic[Array] = Arithmetic(
    constant=np.asarray, total=_array_total, quotient=_array_quotient, root=_array_root
)


def outputs_of(netlist: Netlist, states: Array) -> Array:
    """Outputs of all elements for many states: (integrators, n) to (elements, n)."""
    rows = evaluate(netlist, list(states), ARRAYS)
    result = np.empty((len(rows), states.shape[1]))
    for target, row in zip(result, rows, strict=True):
        target[...] = row
    return result
