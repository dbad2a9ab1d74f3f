"""The derivative of an expression with respect to the independent variable, by the chain rule."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from appliance.compiler import algebra
from appliance.compiler.program import Add, Call, Const, Div, Expr, Mul, Read, Scale, Time
from appliance.compiler.reads import reads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appliance.compiler.algebra import Value
    from appliance.compiler.diagnostics import Position

_Key = tuple[str, int]


class NotDifferentiable(Exception):
    """The expression contains a function without derivative, at ``at``."""

    def __init__(self, at: Position) -> None:
        super().__init__(at)
        self.at = at


class Derivatives:
    """Derivatives of expressions of one program.

    ``rights`` has what is computed from other quantities: auxiliaries and highest derivatives.
    Everything else that is read is a state, whose derivative is the next order.
    """

    def __init__(self, rights: Mapping[_Key, Expr]) -> None:
        self._rights = rights
        self._known: dict[int, tuple[Value, Expr]] = {}  # by identity; the object is kept alive
        self._reads: dict[_Key, Value] = {}
        self._sizes = algebra.Sizes()

    def of(self, expr: Expr, at: Position) -> Value:
        """The derivative; ``at`` is blamed where it grows too large.

        Raises NotDifferentiable, or CompileError ``limit``.
        """
        for key in self._needed(expr):
            if key not in self._reads:
                self._reads[key] = self._value(self._rights[key], at)
        return self._value(expr, at)

    def _needed(self, expr: Expr) -> list[_Key]:
        """Quantities with a right side behind an expression, each after those it reads: a chain of
        definitions may be longer than Python's stack is deep."""
        graph: dict[_Key, list[_Key]] = {}
        wanted = [key for key in reads(expr) if key in self._rights]
        while wanted:
            key = wanted.pop()
            if key not in graph:
                graph[key] = [read for read in reads(self._rights[key]) if read in self._rights]
                wanted += graph[key]
        return list(TopologicalSorter(graph).static_order())

    def _value(self, expr: Expr, at: Position) -> Value:
        known = self._known.get(id(expr))
        if known is None:
            known = self._known[id(expr)] = self._derived(expr, at), expr
        return known[0]

    def _derived(self, expr: Expr, at: Position) -> Value:
        match expr:
            case Const():
                return algebra.number(0.0)
            case Time():
                return algebra.number(1.0)
            case Read(name, order):
                if (name, order) in self._rights:
                    return self._reads[name, order]
                return algebra.leaf(Read(name, order + 1))
            case Scale(factor, operand):
                return algebra.multiply(algebra.number(factor), self._value(operand, at), at)
            case Add(terms):
                return algebra.add([(self._value(term, at), at) for term in terms])
            case Mul(left, right):
                return self._product(left, right, at)
            case Div(numerator, denominator):
                return self._quotient(expr, numerator, denominator, at)
            case Call():
                return self._call(expr, at)

    def _product(self, left: Expr, right: Expr, at: Position) -> Value:
        base, exponent = _power(left)
        if (other := _power(right))[0] == base:
            exponent += other[1]
            outer = algebra.whole_power(self._sizes.of(base), exponent - 1, at)
            change = algebra.multiply(outer, self._value(base, at), at)
            return algebra.multiply(algebra.number(float(exponent)), change, at)
        first = algebra.multiply(self._value(left, at), self._sizes.of(right), at)
        second = algebra.multiply(self._sizes.of(left), self._value(right, at), at)
        return algebra.add([(first, at), (second, at)])

    def _quotient(self, whole: Div, top: Expr, bottom: Expr, at: Position) -> Value:
        """(a/b)' = (a' - (a/b) b') / b: the quotient itself is there already."""
        bottom_slope = self._value(bottom, at)
        change = algebra.multiply(self._sizes.of(whole), bottom_slope, at)
        numerator = algebra.add([(self._value(top, at), at), (algebra.negate(change), at)])
        return algebra.divide(numerator, self._sizes.of(bottom), at)

    def _call(self, call: Call, at: Position) -> Value:
        slope = self._value(call.operand, at)
        operand, itself = self._sizes.of(call.operand), self._sizes.of(call)
        match call.function:
            case "sin":
                return algebra.multiply(algebra.call("cos", operand, call.at), slope, at)
            case "cos":
                outer = algebra.call("sin", operand, call.at)
                return algebra.negate(algebra.multiply(outer, slope, at))
            case "exp":
                return algebra.multiply(itself, slope, at)
            case "tanh":
                square = algebra.negate(algebra.multiply(itself, itself, at))
                outer = algebra.add([(algebra.number(1.0), at), (square, at)])
                return algebra.multiply(outer, slope, at)
            case "ln":
                return algebra.divide(slope, operand, at)
            case "sqrt":
                half = algebra.multiply(algebra.number(0.5), slope, at)
                return algebra.divide(half, itself, at)
            case _:
                raise NotDifferentiable(call.at)


def _power(expr: Expr) -> tuple[Expr, int]:
    """Base and exponent of what may be a power by repeated multiplication."""
    if not isinstance(expr, Mul):
        return expr, 1
    (base, exponent), (other, more) = _power(expr.left), _power(expr.right)
    return (base, exponent + more) if base == other else (expr, 1)
