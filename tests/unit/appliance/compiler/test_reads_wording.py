from __future__ import annotations

import pytest

from appliance.compiler.diagnostics import Position
from appliance.compiler.front import read_program
from appliance.compiler.program import Add, Call, Const, Div, Expr, Mul, Read, Scale, Time
from appliance.compiler.reads import parts, reads
from appliance.compiler.wording import MAX_LENGTH, written
from tests.unit.appliance.compiler.programs import program

AT = Position(1, 1)
X, Y = Read("x", 0), Read("y", 1)


def expression(text: str) -> Expr:
    source = program(
        f"let a(t) = {text};",
        "let diff[x, t](t) = y(t); let diff[y, t, t](t) = -x(t);",
        "let x(t: 0) = 1; let y(t: 0) = 0;",
        "probe a(t);",
    )
    return read_program(source).auxiliaries[0].right


@pytest.mark.parametrize(
    ("expr", "operands"),
    [
        (Const(2.0), ()),
        (Time(AT), ()),
        (X, ()),
        (Scale(2.0, X), (X,)),
        (Call("sin", X, AT), (X,)),
        (Add((X, Y, Const(1.0))), (X, Y, Const(1.0))),
        (Mul(X, Y, AT), (X, Y)),
        (Div(Y, X, AT), (Y, X)),
    ],
)
def test_parts_are_the_operands(expr: Expr, operands: tuple[Expr, ...]) -> None:
    assert parts(expr) == operands


def test_every_function_is_read_once_with_its_order() -> None:
    expr = expression("x(t)*x(t) + sin(diff[y, t](t))/(2 + x(t)) - t")
    assert reads(expr).keys() == {("x", 0), ("y", 1)}
    assert reads(expression("2*t + 1")) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x(t)", "x"),
        ("-x(t)", "-x"),
        ("diff[y, t](t)", "y'"),
        ("2.5*x(t) - 1", "2.5*x - 1"),
        ("-(x(t) + y(t))", "-(x + y)"),
        ("x(t)*(y(t) - 1)", "x*(y - 1)"),
        ("x(t)/(2*y(t))", "0.5*x/y"),
        ("x(t)/(y(t)*x(t))", "x/(y*x)"),
        ("(x(t) + 1)/(y(t) + 1)", "(x + 1)/(y + 1)"),
        ("x(t) - 2*y(t)*x(t)", "x - 2*y*x"),
        ("x(t) - (y(t) - x(t)*y(t))", "x - (y - x*y)"),
        ("sin(2*t)*x(t)", "sin(2*t)*x"),
        ("exp(-x(t)/y(t))", "exp(-x/y)"),
        ("x(t)/y(t)/x(t)", "x/y/x"),
        ("x(t)/(y(t)/x(t))", "x/(y/x)"),
    ],
)
def test_words_are_short_and_mean_the_same(text: str, words: str) -> None:
    assert written(expression(text)) == words


def test_the_independent_variable_has_its_own_name() -> None:
    assert written(Scale(2.0, Time(AT)), "tau") == "2*tau"


def test_long_expressions_are_cut() -> None:
    words = written(expression(" + ".join(f"{n}*x(t)*y(t)**{n}" for n in range(2, 9))))
    assert len(words) == MAX_LENGTH
    assert words.endswith("...")
    assert written(Const(1.0 / 3.0), limit=5) == "0...."


@pytest.mark.parametrize("operation", [Mul, Div])
def test_what_is_cut_is_not_read(operation: type[Mul | Div]) -> None:
    """Written out, this one has 2**100 parts."""
    expr: Expr = X
    for _ in range(100):
        expr = operation(expr, expr, AT)
    words = written(expr)
    assert len(words) == MAX_LENGTH
    assert words.endswith("...")
