from __future__ import annotations

import math

import pytest

from appliance.compiler.diagnostics import CompileError, Position
from appliance.compiler.front import read_program
from appliance.compiler.program import Add, Call, Const, Expr, Read, Scale
from appliance.compiler.start import started
from appliance.compiler.system import State, System, reduce_order
from tests.unit.appliance.compiler.programs import program

AT = Position(3, 7)
X = Read("x", 0)


def system(start: str = "-0.5") -> System:
    return reduce_order(
        read_program(
            program(
                "let double(t) = 2*x(t);",
                "let diff[x, t](t) = -x(t);",
                f"let x(t: 0) = {start};",
                "probe x(t);",
            )
        )
    )


def made(value: Expr, derivative: Expr = X, pace: Expr | None = None) -> State:
    return State(
        name="f", order=0, initial=9.0, derivative=derivative, at=AT, value=value, pace=pace
    )


@pytest.mark.parametrize(
    ("value", "start"),
    [
        (Call("exp", X, AT), math.exp(-0.5)),
        (Add((Read("double", 0), Const(3.0))), 2.0),
        (Read("x", 1), 0.5),
        (Const(4.0), 4.0),
    ],
)
def test_the_start_is_the_value_of_the_function(value: Expr, start: float) -> None:
    (found,) = started([made(value)], system())
    assert found.initial == pytest.approx(start, rel=1e-15)
    assert found.derivative == X


@pytest.mark.parametrize(
    ("derivative", "turned"),
    [
        (X, Scale(-1.0, X)),
        (Scale(-1.0, X), X),
        (Scale(3.0, X), Scale(-3.0, X)),
        (Const(2.0), Const(-2.0)),
    ],
)
def test_a_loop_whose_pace_is_negative_at_the_start_is_turned(
    derivative: Expr, turned: Expr
) -> None:
    loops = [made(Const(1.0), derivative, pace) for pace in (X, Scale(-1.0, X), Const(0.0))]
    found = [loop.derivative for loop in started(loops, system())]
    assert found == [turned, derivative, derivative]


def test_all_functions_without_a_value_are_told_in_order() -> None:
    early = State(
        name="g", order=0, initial=0.0, derivative=X, at=Position(2, 1), value=Call("ln", X, AT)
    )
    with pytest.raises(CompileError) as caught:
        started([made(Call("sqrt", X, AT)), made(Const(1.0)), early], system())
    found = [(d.kind, d.at, d.message.split()[0]) for d in caught.value.diagnostics]
    assert found == [
        ("amplitude-unbounded", Position(2, 1), "g"),
        ("amplitude-unbounded", AT, "f"),
    ]
