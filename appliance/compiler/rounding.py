"""Rounding: what nobody can tell from zero, because it is left over from terms that cancel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from appliance.compiler.diagnostics import Position
from appliance.compiler.evaluate import quantity_function, state_names
from appliance.compiler.program import Add, Call, Const, Expr, Mul, Program, Read, Scale

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOISE: Final = 4 * float(np.finfo(np.float64).eps)
_REST: Final = 1e-10
_REACH: Final = 0.1
_NOWHERE: Final = Position(0, 0)

Array = NDArray[np.float64]


def term_sizes(program: Program, reads: Sequence[Read], times: Array, states: Array) -> Array:
    """How large the terms are that each quantity is the sum of, though they may cancel; the largest
    over the times. ``states`` is (n, times); the result is (quantities,)."""
    quantities = quantity_function(_without_signs(program), reads)
    with np.errstate(all="ignore"):
        found = [np.abs(quantities(t, y)) for t, y in zip(times, states.T, strict=True)]
        return np.asarray(np.max(np.nan_to_num(found, posinf=0.0), axis=0))


def _without_signs(program: Program) -> Program:
    """The program with all coefficients and states taken positive, so that nothing cancels."""
    states = frozenset(state_names(program))
    return replace(
        program,
        equations=tuple(replace(e, right=_positive(e.right, states)) for e in program.equations),
        auxiliaries=tuple(
            replace(a, right=_positive(a.right, states)) for a in program.auxiliaries
        ),
    )


def _positive(expr: Expr, states: frozenset[tuple[str, int]]) -> Expr:
    match expr:
        case Const(value):
            return Const(abs(value))
        case Scale(factor, operand):
            return Scale(abs(factor), _positive(operand, states))
        case Add(terms):
            return Add(tuple(_positive(term, states) for term in terms))
        case Mul(left, right, at):
            return Mul(_positive(left, states), _positive(right, states), at)
        case Read(name, order) if (name, order) not in states:
            return expr  # its own right side is without signs
        case _:
            return Call("abs", expr, _NOWHERE)


def step_noise(terms: Array, step: float) -> Array:
    """What rounding does to each state (n,) in one step, ``terms`` being those of its derivative:
    a solver that wants to be better shortens its steps without end."""
    return _NOISE * terms * step


def sizes_and_terms(
    program: Program, times: Array, states: Array, amplitudes: Array
) -> tuple[Array, Array]:
    """Size of each state (n,) to scale with, and of the terms of its derivative.

    ``states`` is (n, times), ``times`` from 0 to the horizon. The size is the amplitude, but a
    state that rests but for rounding gets what a fraction of its derivative's terms would bring it
    to; then so may what it drives in turn.
    """
    derivatives = [Read(name, order + 1) for name, order in state_names(program)]
    sizes, states = amplitudes.copy(), states.copy()
    moving = np.full(len(sizes), True)
    while True:
        terms = term_sizes(program, derivatives, times, states)
        reach = terms * times[-1]
        resting = moving & (reach > 0.0) & (amplitudes <= _REST * reach)
        if not np.any(resting):
            return sizes, terms
        sizes[resting] = _REACH * reach[resting]
        states[resting] = sizes[resting, None]
        moving &= ~resting
