"""What checked expressions look like: folding, factors, grouping, powers, order of auxiliaries."""

from __future__ import annotations

import math

import pytest

from appliance.compiler.diagnostics import Position
from appliance.compiler.front import read_program
from appliance.compiler.program import (
    Add,
    Bound,
    Call,
    Const,
    Div,
    Expr,
    Mul,
    Program,
    Read,
    Scale,
    Time,
)

AT = Position(1, 1)  # positions do not take part in comparisons
X, Y, Z = Read("x", 0), Read("y", 0), Read("z", 0)


def program(text: str) -> Program:
    frame = "use display; use math;" + "".join(
        f"let diff[{name}, t](t) = 0; let {name}(t: 0) = 0; probe {name}(t);" for name in "xyz"
    )
    return read_program(frame + text)


def expression(text: str) -> Expr:
    for name in "xyz":
        text = text.replace(name.upper(), f"{name}(t)")
    return program(f"let k = 2; let result(t) = {text};").auxiliaries[-1].right


def mul(left: Expr, right: Expr) -> Mul:
    return Mul(left, right, AT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3*4 - 6/4", Const(12.5)),
        ("-(-2)**2", Const(-4.0)),
        ("2**-1", Const(0.5)),
        ("2**3**2", Const(512.0)),
        ("k/8", Const(0.25)),
        ("sqrt(4) + abs(-1) + exp(0) + ln(1) + sin(0) + cos(0) + tanh(0)", Const(5.0)),
        ("pi", Const(math.pi)),
        ("ln(E)", Const(1.0)),
        ("t", Time(AT)),
        ("X", X),
        ("+X", X),
        ("-X", Scale(-1.0, X)),
        ("--X", X),
        ("k*X", Scale(2.0, X)),
        ("X/8", Scale(0.125, X)),
        ("2*X/3", Scale(2 / 3, X)),
        ("-2*(X*3)*-1", Scale(6.0, X)),
        ("1*X", X),
        ("0*X", Const(0.0)),
        ("-0*X", Const(0.0)),
        ("X*0 + Y", Y),
        ("0/X", Const(0.0)),
        ("X + 0", X),
        ("X - Y", Add((X, Scale(-1.0, Y)))),
        ("1 + X + 2", Add((X, Const(3.0)))),
        ("X + (Y + 1) + (Z - 3)", Add((X, Y, Z, Const(-2.0)))),
        ("X - (Y + 1)", Add((X, Scale(-1.0, Add((Y, Const(1.0))))))),
        ("(X + 1) - 1", X),
        ("2*(X + Y)", Scale(2.0, Add((X, Y)))),
        ("-(2*(X + Y))", Scale(-2.0, Add((X, Y)))),
        ("2*X*3*Y*Z", Scale(6.0, mul(mul(X, Y), Z))),
        ("X*(Y*Z)", mul(X, mul(Y, Z))),
        ("(X*-Y)*(2*Z)", Scale(-2.0, mul(mul(X, Y), Z))),
        ("(1 - X*X)*Y", mul(Add((Scale(-1.0, mul(X, X)), Const(1.0))), Y)),
        ("X/Y", Div(X, Y, AT)),
        ("3/Y", Scale(3.0, Div(Const(1.0), Y, AT))),
        ("6*X/(-3*Y)", Scale(-2.0, Div(X, Y, AT))),
        ("X/Y*Z", mul(Div(X, Y, AT), Z)),
        ("sin(2*X)", Call("sin", Scale(2.0, X), AT)),
        ("X**0", Const(1.0)),
        ("X**1", X),
        ("X**2", mul(X, X)),
        ("X**3", mul(X, mul(X, X))),
        ("X**4", mul(mul(X, X), mul(X, X))),
        ("X**-1", Div(Const(1.0), X, AT)),
        ("X**-2", Div(Const(1.0), mul(X, X), AT)),
        ("X**0.5", Call("sqrt", X, AT)),
        ("-X**2", Scale(-1.0, mul(X, X))),
        ("(-2*X)**3", Scale(-8.0, mul(X, mul(X, X)))),
        ("diff[x, t](t)", Read("x", 1)),
    ],
)
def test_expression(text: str, expected: Expr) -> None:
    assert expression(text) == expected


@pytest.mark.parametrize(
    ("exponent", "multipliers"),
    [(2, 1), (3, 2), (4, 2), (5, 3), (6, 3), (7, 4), (8, 3), (9, 4), (15, 6), (16, 4)],
)
def test_powers_cost_repeated_squaring(exponent: int, multipliers: int) -> None:
    products: set[Expr] = set()
    stack = [expression(f"X**{exponent}")]
    while stack:
        expr = stack.pop()
        if isinstance(expr, Mul):
            products.add(expr)
            stack += [expr.left, expr.right]
    assert len(products) == multipliers


def test_operations_keep_their_places() -> None:
    expr = program("\nlet g(t) = x(t) * y(t) / z(t) + sin(x(t)) + t;").auxiliaries[0].right
    assert isinstance(expr, Add)
    division, call, time = expr.terms
    assert isinstance(division, Div)
    assert isinstance(division.numerator, Mul)
    assert isinstance(call, Call)
    assert isinstance(time, Time)
    assert [p.at.column for p in (division.numerator, division, call, time)] == [17, 24, 33, 45]


def test_auxiliaries_come_in_the_order_of_dependency() -> None:
    found = program(
        "let a(t) = b(t) + 1; let b(t) = diff[w, t](t) + c(t); let c(t) = x(t);"
        "let diff[w, t](t) = d(t); let w(t: 0) = 1; let d(t) = c(t);"
    )
    names = [auxiliary.name for auxiliary in found.auxiliaries]
    assert sorted(names) == ["a", "b", "c", "d"]
    for before, after in [("b", "a"), ("c", "b"), ("c", "d"), ("d", "b")]:
        assert names.index(before) < names.index(after)


def test_equations_carry_their_start_values() -> None:
    equation = program(
        "let diff[w, t, t, t](t) = 1; let diff[w, t, t](t: 0) = -pi; let w(t: 0) = 2/4;"
    ).equations[-1]
    assert (equation.name, equation.order) == ("w", 3)
    assert equation.initial == (0.5, 0.0, -math.pi)


def test_pragmas_and_plots_are_kept() -> None:
    found = program(
        "//@ bound x = 2.5\n//@ horizon = 20\nplot(x: t, y: 2*x(t));\n//@ tolerance = 0.05"
    )
    assert found.bounds == (Bound(name="x", order=0, value=2.5, at=found.bounds[0].at),)
    assert (found.horizon, found.tolerance) == (20.0, 0.05)
    assert found.plots[0].fields == (("x", Time(AT)), ("y", Scale(2.0, X)))
