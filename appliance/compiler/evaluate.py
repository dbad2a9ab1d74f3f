"""Numbers from a checked program: right sides and quantities as compiled Python functions.

Programs are written out as Python source with names of our own making only, one variable per
distinct subexpression, and compiled. Division by zero, roots and logarithms of negative numbers and
overflow give inf or nan, never an exception.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.compiler.program import Add, Call, Const, Div, Expr, Mul, Program, Read, Scale, Time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Array = NDArray[np.float64]
_Quantities: TypeAlias = "Callable[[float, list[float]], tuple[float, ...]]"

_TERMS_PER_LINE: Final = 32
"""Python's own compiler recurses over sums."""
_ERRORS: Final = (ZeroDivisionError, ValueError, OverflowError)


def state_names(program: Program) -> tuple[tuple[str, int], ...]:
    """Name and order of each first-order state: equation by equation, from order 0 upward."""
    return tuple((e.name, order) for e in program.equations for order in range(e.order))


def initial_state(program: Program) -> Array:
    """Start values (n,) in the order of ``state_names``, in the user's units."""
    return np.array([v for e in program.equations for v in e.initial], dtype=np.float64)


def rhs_function(program: Program) -> Callable[[float, Array], Array]:
    """The right side f(t, y) of y' = f, y (n,) in the order of ``state_names``; returns (n,)."""
    derivatives = [Read(name, order + 1) for name, order in state_names(program)]
    quantities = quantity_function(program, derivatives)

    def right_side(t: float, y: Array) -> Array:
        return np.array(quantities(t, y))

    return right_side


def rhs_work(program: Program) -> int:
    """How many operations one evaluation of the right side takes, roughly."""
    writer = _Writer(program, careful=False)
    for name, order in state_names(program):
        writer.atom(Read(name, order + 1))
    return sum(len(line.split()) // 2 for line in writer.lines)


def quantity_function(
    program: Program, exprs: Sequence[Expr]
) -> Callable[[float, Array], tuple[float, ...]]:
    """The values of expressions of the program, as a function of time and the states (n,)."""
    fast = _compiled(program, exprs, careful=False)
    careful: list[_Quantities] = []  # compiled when the fast one fails for the first time

    def quantities(t: float, y: Array) -> tuple[float, ...]:
        values = y.tolist()
        try:
            return fast(t, values)
        except _ERRORS:
            if not careful:
                careful.append(_compiled(program, exprs, careful=True))
            return careful[0](t, values)

    return quantities


def _compiled(program: Program, exprs: Sequence[Expr], *, careful: bool) -> _Quantities:
    writer = _Writer(program, careful=careful)
    atoms = [writer.atom(expr) for expr in exprs]
    lines = [*writer.lines, f"return ({''.join(f'{atom}, ' for atom in atoms)})"]
    text = "def quantities(t, y):\n " + "\n ".join(lines)
    # Any: whatever exec leaves behind
    names: dict[str, Any] = dict(_CAREFUL if careful else _FAST)
    exec(compile(text, "<program>", "exec"), names)
    function: _Quantities = names["quantities"]
    return function


class _Writer:
    """Writes expressions as lines of Python. An atom is a variable or a number as text."""

    def __init__(self, program: Program, *, careful: bool) -> None:
        self._states = {key: number for number, key in enumerate(state_names(program))}
        self._rights = {(a.name, 0): a.right for a in program.auxiliaries}
        self._rights |= {(e.name, e.order): e.right for e in program.equations}
        self._careful = careful
        self._atoms: dict[int, tuple[str, Expr]] = {}  # by identity; the object is kept alive
        self._variables: dict[str, str] = {}
        self.lines: list[str] = []

    def atom(self, root: Expr) -> str:
        """Write the lines that compute an expression, without recursion."""
        stack = [root]
        while stack:
            expr = stack[-1]
            if id(expr) in self._atoms:
                stack.pop()
                continue
            missing = [part for part in self._parts(expr) if id(part) not in self._atoms]
            if missing:
                stack.extend(missing)
                continue
            self._atoms[id(expr)] = (self._write(expr), expr)
            stack.pop()
        return self._of(root)

    def _of(self, expr: Expr) -> str:
        return self._atoms[id(expr)][0]

    def _parts(self, expr: Expr) -> tuple[Expr, ...]:
        match expr:
            case Const() | Time():
                return ()
            case Read(name, order):
                key = (name, order)
                return () if key in self._states else (self._rights[key],)
            case Scale(_, operand) | Call(_, operand):
                return (operand,)
            case Add(terms):
                return terms
            case Mul(left, right) | Div(left, right):
                return (left, right)

    def _write(self, expr: Expr) -> str:
        match expr:
            case Const(value):
                return _number(value)
            case Time():
                return "t"
            case Read(name, order):
                state = self._states.get((name, order))
                if state is None:
                    return self._of(self._rights[name, order])
                return self._variable(f"y[{state}]")
            case Scale(factor, operand):
                return self._variable(f"{_number(factor)} * {self._of(operand)}")
            case Add(terms):
                return self._sum([self._of(term) for term in terms])
            case Mul(left, right):
                return self._variable(" * ".join(sorted((self._of(left), self._of(right)))))
            case Div(numerator, denominator):
                return self._quotient(self._of(numerator), self._of(denominator))
            case Call(function, operand):
                return self._variable(f"{function}({self._of(operand)})")

    def _sum(self, atoms: list[str]) -> str:
        total = self._variable(" + ".join(atoms[:_TERMS_PER_LINE]))
        for start in range(_TERMS_PER_LINE, len(atoms), _TERMS_PER_LINE):
            total = self._variable(" + ".join([total, *atoms[start : start + _TERMS_PER_LINE]]))
        return total

    def _quotient(self, numerator: str, denominator: str) -> str:
        if self._careful:
            return self._variable(f"divide({numerator}, {denominator})")
        return self._variable(f"{numerator} / {denominator}")

    def _variable(self, text: str) -> str:
        """The variable that holds a value; equal texts are computed once."""
        known = self._variables.get(text)
        if known is None:
            known = self._variables[text] = f"v{len(self._variables)}"
            self.lines.append(f"{known} = {text}")
        return known


def _number(value: float) -> str:
    return repr(value) if value >= 0.0 else f"({value!r})"


def _divide(numerator: float, denominator: float) -> float:
    if denominator != 0.0:
        return numerator / denominator
    if numerator == 0.0 or math.isnan(numerator):
        return math.nan
    return math.copysign(math.inf, numerator) * math.copysign(1.0, denominator)


def _sqrt(value: float) -> float:
    return math.nan if value < 0.0 else math.sqrt(value)


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _ln(value: float) -> float:
    if value == 0.0:
        return -math.inf
    return math.nan if value < 0.0 else math.log(value)


def _sin(value: float) -> float:
    return math.nan if math.isinf(value) else math.sin(value)


def _cos(value: float) -> float:
    return math.nan if math.isinf(value) else math.cos(value)


_FAST: Final = {
    "abs": abs,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "exp": math.exp,
    "ln": math.log,
    "tanh": math.tanh,
}
_CAREFUL: Final = {
    "abs": abs,
    "sqrt": _sqrt,
    "sin": _sin,
    "cos": _cos,
    "exp": _exp,
    "ln": _ln,
    "tanh": math.tanh,
    "divide": _divide,
}
