"""Every kind of error with its place, and near misses that are no errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appliance.compiler.diagnostics import CompileError, Diagnostic
from appliance.compiler.front import read_program

if TYPE_CHECKING:
    from appliance.compiler.program import Program

EQUATION = "use display; use math;\nlet diff[x, t](t) = -x(t);\n"
FRAME = EQUATION + "let x(t: 0) = 0.5;\nprobe x(t);\n"
"""A sound program of four lines, to which the cases add from line 5 on."""


def errors(source: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(CompileError) as caught:
        read_program(source)
    assert not any(d.is_warning for d in caught.value.diagnostics)
    return caught.value.diagnostics


def places(source: str) -> list[str]:
    return [f"{d.at.line}:{d.at.column} {d.kind}" for d in errors(source) if d.at is not None]


def program(text: str) -> Program:
    return read_program(FRAME + text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        # modules
        ("use Math;", "5:5 unknown-module"),
        # reserved names
        ("let sin = 1;", "5:5 reserved-name"),
        ("let t = 1;", "5:5 reserved-name"),
        ("let abs(t) = x(t);", "5:5 reserved-name"),
        ("let t(t) = x(t);", "5:5 reserved-name"),
        ("let diff[exp, t](t) = 1; let exp(t: 0) = 0; probe exp(t);", "5:10 reserved-name"),
        ("let sqrt(t: 0) = 1;", "5:5 reserved-name"),
        # independent variable
        ("let g(s) = x(t);", "5:7 independent-variable"),
        ("probe diff[x, s](t);", "5:15 independent-variable"),
        ("probe x(tau);", "5:9 independent-variable"),
        ("let g(t) = diff[x, s](t);", "5:20 independent-variable"),
        ("let diff[y, t](s) = 1; let y(t: 0) = 0;", "5:16 independent-variable"),
        ("let diff[y, t](t) = 1; let y(s: 0) = 0;", "5:30 independent-variable"),
        # double definitions
        ("let x = 1;", "5:5 duplicate-definition"),
        ("let x(t) = 1;", "5:5 duplicate-definition"),
        ("let a = 1; let a = 2;", "5:16 duplicate-definition"),
        ("let a = 1; let a(t) = x(t); probe a(t);", "5:16 duplicate-definition"),
        ("let g(t) = 1; let diff[g, t](t) = 1; let g(t: 0) = 0;", "5:24 duplicate-definition"),
        # start values
        ("let x(t: 0) = 1;", "5:5 duplicate-initial-condition"),
        (
            "let diff[y, t, t](t) = 1; let y(t: 0) = 1;"
            "let diff[y, t](t: 0) = 1; let diff[y, t](t: 0) = 1;",
            "5:78 duplicate-initial-condition",
        ),
        ("let diff[y, t](t) = 1;", "5:10 missing-initial-condition"),
        ("let y(t: 0) = 1;", "5:5 undefined-function"),
        ("let diff[y, t](t: 0) = 1;", "5:10 undefined-function"),
        ("let diff[x, t](t: 0) = 1;", "5:5 derivative-order"),
        ("let g(t) = 1; let g(t: 0) = 1;", "5:19 ic-on-algebraic"),
        ("let diff[y, t](t) = 1; let y(t: 1 - 2) = 0;", "5:33 ic-time"),
        ("let diff[y, t](t) = 1; let y(t: t) = 0;", "5:33 ic-time"),
        ("let diff[y, t](t) = 1; let y(t: x(t)) = 0;", "5:33 ic-time"),
        ("let diff[y, t](t) = 1; let y(t: k) = 0;", "5:33 undefined-name"),
        ("let diff[y, t](t) = 1; let y(t: 0) = 2*x(0);", "5:40 not-constant"),
        ("let diff[y, t](t) = 1; let y(t: 0) = -diff[x, t](t);", "5:39 not-constant"),
        ("let diff[y, t](t) = 1; let y(t: 0) = 1 + t;", "5:42 not-constant"),
        # constants
        ("let a = x(t);", "5:9 not-constant"),
        ("let a = a;", "5:5 cyclic-definition"),
        ("let a = 2*b; let b = c; let c = a + 1;", "5:5 cyclic-definition"),
        ("let d = a; let b = a; let a = b;", "5:16 cyclic-definition"),
        ("let a = k;", "5:9 undefined-name"),
        ("let a = x;", "5:9 missing-argument"),
        ("let a = 2*sin;", "5:11 missing-argument"),
        # functions
        ("let g(t) = y(t);", "5:12 undefined-function"),
        ("let g(t) = diff[y, t](t);", "5:17 undefined-function"),
        ("let g(t) = sgn(x(t));", "5:12 undefined-function"),
        ("let a = 1; let g(t) = a(t);", "5:23 undefined-function"),
        ("let a = 1; probe a(t);", "5:18 undefined-function"),
        ("probe diff[y, t](t);", "5:12 undefined-function"),
        ("let g(t) = x(0);", "5:14 bad-argument"),
        ("let g(t) = x((t - 1));", "5:14 bad-argument"),
        ("let g(t) = x(2*t);", "5:14 bad-argument"),
        ("let g(t) = x(q);", "5:14 bad-argument"),
        ("let g(t) = x(t, 1);", "5:17 bad-argument"),
        ("let g(t) = diff[x, t](0);", "5:23 bad-argument"),
        ("let g(t) = sin(t, 2);", "5:19 bad-argument"),
        ("let g(t) = diff[x, t, t](t);", "5:12 derivative-order"),
        ("let g(t) = 1; probe diff[g, t](t);", "5:21 derivative-order"),
        ("let g(t) = x(t); let h(t) = diff[g, t](t);", "5:29 derivative-order"),
        # loops
        ("let g(t) = g(t);", "5:5 algebraic-loop"),
        ("let g(t) = 0*g(t);", "5:5 algebraic-loop"),
        ("let h(t) = sin(g(t)); let g(t) = -k(t); let k(t) = h(t);", "5:5 algebraic-loop"),
        (
            "let g(t) = diff[y, t](t); let diff[y, t](t) = g(t); let y(t: 0) = 0;",
            "5:5 algebraic-loop",
        ),
        # arithmetic
        ("let g(t) = x(t)/(1 - 1);", "5:16 division-by-zero"),
        ("let a = 1/0;", "5:10 division-by-zero"),
        ("let a = 0**-1;", "5:10 division-by-zero"),
        ("let a = sqrt(-1);", "5:9 domain"),
        ("let a = 1 + ln(0);", "5:13 domain"),
        ("let g(t) = x(t)*ln(-2);", "5:17 domain"),
        ("let a = exp(1000);", "5:9 domain"),
        ("let a = (-8)**0.5;", "5:13 domain"),
        ("let a = 10**400;", "5:11 domain"),
        ("let a = 1e300*1e300;", "5:14 domain"),
        ("let a = 1e308 + 1e308;", "5:15 domain"),
        ("let g(t) = x(t)/1e-320;", "5:16 domain"),
        ("let g(t) = x(t)**17;", "5:18 unsupported-exponent"),
        ("let g(t) = x(t)**-17;", "5:18 unsupported-exponent"),
        ("let g(t) = x(t)**(1/3);", "5:18 unsupported-exponent"),
        ("let g(t) = 2**x(t);", "5:15 unsupported-exponent"),
        ("let g(t) = 2**t;", "5:15 unsupported-exponent"),
        # pragmas
        ("//@ speed = 3", "5:1 pragma"),
        ("  //@", "5:3 pragma"),
        ("//@ horizon", "5:1 pragma"),
        ("//@ horizon =", "5:1 pragma"),
        ("//@ horizon = 0", "5:1 pragma"),
        ("//@ horizon = -3", "5:1 pragma"),
        ("//@ horizon = 1e999", "5:1 pragma"),
        ("//@ horizon = 3 seconds", "5:1 pragma"),
        ("//@ tolerance = k", "5:1 pragma"),
        ("//@ bound = 3", "5:1 pragma"),
        ("//@ bound y = 3", "5:1 pragma"),
        ("//@ bound x' = 3", "5:1 pragma"),
        ("//@ bound x = 0.0", "5:1 pragma"),
        ("let g(t) = x(t); //@ bound g = 3", "5:18 pragma"),
        ("//@ horizon = 3\n//@ horizon = 4", "6:1 pragma"),
        ("//@ bound x = 3\n//@ bound x = 3", "6:1 pragma"),
        # plots
        ("plot(x: t, y: q(t));", "5:15 undefined-function"),
        ("plot(x: x);", "5:9 missing-argument"),
        # limits
        ("let g(t) = x(t)" + "*x(t)" * 201 + ";", "5:1016 limit"),
        ("let diff[y" + ", t" * 9 + "](t) = 1; let y(t: 0) = 0;", "5:37 limit"),
        ("let g(t) = (((((x(t)**16)**16)**16)**16)**16);", "5:36 limit"),
    ],
)
def test_error_and_place(text: str, place: str) -> None:
    assert places(FRAME + text) == [place]


@pytest.mark.parametrize(
    "text",
    [
        "use math; use display; use math;",
        "let pi = 3; let E = 2; let g(t) = pi*x(t) + E;",
        "let a = 2*b; let b = c; let c = pi;",
        "let diff[y, t](t) = 1; let y(t: 1 - 1) = (-2);",
        "let z = 0; let diff[y, t](t) = 1; let y(t: z) = 2*pi/3;",
        "let diff[y, t, t](t) = 1; let y(t: 0) = 0; let diff[y, t](t: 0) = 1;",
        "let g(t) = diff[x, t](t); let h(t) = g(t);",
        "probe diff[x, t](t);",
        "let g(t) = x((t));",
        "let g(t) = x(t)**16 + x(t)**-16 + x(t)**0.5 + x(t)**(8/2) + 3**0.7;",
        "let g(t) = 1/x(t) + sqrt(x(t)) + ln(x(t)) + tanh(t) + abs(-x(t)) + exp(x(t));",
        "//@bound x=2.5\t",
        "//@ tolerance = 5e-2\n//@ horizon=+.5 // short",
        "let diff[y, t, t](t) = 1; let y(t: 0) = 0; //@ bound y' = 3\n//@ bound y  = 2",
        "plot(x: ((t * 0.02) - 1.0), y: x(t));",
        "let g(t) = x(t)" + "*x(t)" * 200 + ";",
        "let diff[y" + ", t" * 8 + "](t) = 1; let y(t: 0) = 0;",
        "let g(t) = " + "(2*x(t) - " * 199 + "1" + ")" * 199 + ";",
    ],
)
def test_near_misses_are_accepted(text: str) -> None:
    assert program(text).equations[0].name == "x"


def test_programs_without_equations_or_probes() -> None:
    assert places("") == ["1:1 no-equations", "1:1 no-probe"]
    assert places("let g(t) = t; probe g(t);") == ["1:1 no-equations"]
    assert places(EQUATION + "let x(t: 0) = 1;") == ["1:1 no-probe"]


def test_all_errors_are_collected_and_sorted() -> None:
    text = "probe y(t);\nlet a = k;\nlet x(t: 0) = q;\nuse maths;\n//@ what\nlet g(t) = a + 1/0;"
    assert places(FRAME + text) == [
        "5:7 undefined-function",
        "6:9 undefined-name",
        "7:5 duplicate-initial-condition",
        "7:15 undefined-name",
        "8:5 unknown-module",
        "9:1 pragma",
        "10:17 division-by-zero",
    ]


def test_faulty_constants_blame_nobody_else() -> None:
    text = "let a = a; let b = 2*a; let g(t) = x(t)**b + x(t)/a; probe g(t);"
    assert places(FRAME + text) == ["5:5 cyclic-definition"]


def test_right_sides_of_second_definitions_are_checked_too() -> None:
    text = "let diff[x, t](t) = y(t);\nlet a = 1; let a = k;"
    assert places(FRAME + text) == [
        "5:10 duplicate-definition",
        "5:21 undefined-function",
        "6:16 duplicate-definition",
        "6:20 undefined-name",
    ]


def test_first_equation_in_the_text_sets_the_variable() -> None:
    text = "let g(tau) = tau; let diff[x, tau](tau) = g(tau); let x(tau: 0) = 1; probe x(tau);"
    assert read_program(text).variable == "tau"


def test_at_most_512_functions() -> None:
    text = "".join(f"let f{i}(t) = x(t);\n" for i in range(511))
    assert len(program(text).auxiliaries) == 511
    assert places(FRAME + text + "let f(t) = x(t); let h(t) = f(t);") == ["516:5 limit"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("use maths;", "did you mean math?"),
        ("probe X(t);", "did you mean x?"),
        ("let g(t) = sinn(t);", "did you mean sin?"),
        ("let omega = 1; let g(t) = oemga;", "did you mean omega?"),
        ("let frequency = 1; let g(t) = freqency*t;", "did you mean frequency?"),
        ("let speed(t) = 1; let g(t) = speeed;", "did you mean speed(t)?"),
        ("let g(t) = rate*t;", "let rate = ...;"),
        ("let g(t) = x;", "write x(t)"),
        ("let a = 1; let g(t) = a(t - 1);", "a is a constant"),
        ("let Derivative(t: 0) = 1;", "diff[x, t](t: 0)"),
        ("let diff[y, t](t) = 1;", "let y(t: 0) = 0;"),
        ("probe sin(t);", "sin is built in"),
    ],
)
def test_hints(text: str, words: str) -> None:
    (found,) = errors(FRAME + text)
    assert found.hint is not None
    assert words in found.hint


def test_short_names_get_no_wild_guesses() -> None:
    (found,) = errors(FRAME + "let g(t) = y(t);")
    assert "did you mean" not in (found.hint or "")


def test_warnings() -> None:
    text = (
        "let diff[x, t](t) = sin(t) + cos(t);\nlet x(t: 0) = 0;\nprobe x(t);\n"
        "probe diff[x, t](t);\nprobe x(t);\nplot(x: t);"
    )
    found = read_program(text)
    assert [probe.label for probe in found.probes] == ["x", "x'"]
    assert [(d.kind, d.at and (d.at.line, d.at.column), d.is_warning) for d in found.warnings] == [
        ("missing-module", (1, 21), True),
        ("repeated-probe", (5, 7), True),
        ("missing-module", (6, 1), True),
    ]
    assert program("plot(x: sin(t));").warnings == ()
