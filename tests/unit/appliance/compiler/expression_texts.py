"""Expressions drawn as text, with values in a domain where every function has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.compiler.evaluate import rhs_function

if TYPE_CHECKING:
    from appliance.compiler.program import Program

Array = NDArray[np.float64]

SMOOTH = ("sin", "cos", "tanh", "exp", "ln", "sqrt", "/")
_STEP = 1e-3


def _leaf(*, with_time: bool) -> st.SearchStrategy[str]:
    names = ["x(t)", "y(t)", *(["t"] if with_time else [])]
    numbers = st.integers(-20, 20).map(lambda n: f"({n / 10})")
    return st.one_of(st.sampled_from(names), numbers)


def _larger(inner: st.SearchStrategy[str], functions: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Operands of functions are kept inside of their domains, and small."""
    operation = st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda p: f"({''.join(p)})")
    choices = [operation]
    for function in functions:
        form = {
            "/": "({0})/(2 + {0}*{0})",
            "exp": "exp(0.5*sin({0}))",
            "ln": "ln(2 + {0}*{0})",
            "sqrt": "sqrt(1 + {0}*{0})",
        }.get(function, function + "({0})")
        choices.append(inner.map(form.format))
    return st.one_of(choices)


def expressions(
    functions: tuple[str, ...] = SMOOTH, *, with_time: bool = True, leaves: int = 4
) -> st.SearchStrategy[str]:
    """Analang text of an expression over x(t), y(t) and t."""
    leaf = _leaf(with_time=with_time)
    return st.recursive(leaf, lambda inner: _larger(inner, functions), max_leaves=leaves)


def moved(program: Program, t: float, y: Array, step: float) -> Array:
    """The states a small step later: one step of the classical Runge-Kutta method."""
    f = rhs_function(program)
    a = f(t, y)
    b = f(t + step / 2, y + step / 2 * a)
    c = f(t + step / 2, y + step / 2 * b)
    d = f(t + step, y + step * c)
    return y + step / 6 * (a + 2 * b + 2 * c + d)


def slopes(program: Program, quantities: object, t: float, y: Array) -> Array:
    """Derivatives of quantities (a function of t and y) along the solution, by differences of
    fourth order."""
    assert callable(quantities)
    values = {
        n: np.array(quantities(t + n * _STEP, moved(program, t, y, n * _STEP)))
        for n in (-2, -1, 1, 2)
    }
    slope: Array = (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * _STEP)
    return slope
