"""Any text gives a program or a CompileError with places inside it; programs mean what they say."""

from __future__ import annotations

import math
import random
import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind
from appliance.compiler.evaluate import initial_state, quantity_function, rhs_function
from appliance.compiler.front import read_program
from appliance.compiler.program import Program, Read
from appliance.compiler.render import render_all

PIECES = [
    *("use ", "let ", "probe ", "diff", "plot", "math", "display", "x", "y", "t", "k", "sin"),
    *("abs", "pi", "0", "1", "2.5", "1e3", "-", "+", "*", "/", "**", "(", ")", "[", "]", ","),
    *(";", ":", "=", "//", "#", "/*", "*/", "//@ ", "bound x = 1", "\n", "\r\n", "\t", " ", "^"),
    *("let diff[x, t](t) = -x(t);", "let x(t: 0) = 0.5;", "probe x(t);", "x(t)", "(x(t) + 1)"),
    *("\ufeff", "é", "\ud800", "let k = 2;", "let g(t) = x(t)/k;", "diff[x, t](t)"),
]
GOOD = (
    "use display; use math;\n//@ bound x = 3\nlet k = 2*pi;\nlet diff[x, t, t](t) = -k*x(t)**3 "
    "+ sin(t)/(1 + g(t));\nlet x(t: 0) = 1; let diff[x, t](t: 0) = -.5;\n"
    "let g(t) = abs(x(t)) + diff[x, t](t); probe x(t); probe g(t);\nplot(x: t, y: x(t));\n"
)


def judge(source: str) -> Program | tuple[Diagnostic, ...]:
    """Read a text as the compiler does; all diagnostics must have a place in the text."""
    try:
        program = read_program(source)
    except CompileError as error:
        found = error.diagnostics
    else:
        slope = rhs_function(program)(0.5, initial_state(program))
        assert slope.shape == initial_state(program).shape
        return program
    assert found
    lines = re.split(r"\r\n|\n|\r", source)
    places = [d.at for d in found if d.at is not None]
    assert len(places) == len(found)
    assert places == sorted(places)
    for place in places:
        assert 1 <= place.line <= len(lines)
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1
    assert render_all(found, source, "fuzz.ana")
    return found


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_text(source: str) -> None:
    judge(source)


@given(st.lists(st.sampled_from(PIECES), max_size=60))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_any_sequence_of_tokens(pieces: list[str]) -> None:
    judge("".join(pieces))


def mutated(generator: random.Random) -> str:
    source = GOOD
    for _ in range(generator.randint(1, 6)):
        place = generator.randrange(len(source))
        cut = place + generator.choice([0, 0, 1, 2, 8])
        source = source[:place] + generator.choice(["", *PIECES]) + source[cut:]
    return source


def test_mutated_programs() -> None:
    judged = [judge(mutated(random.Random(seed))) for seed in range(600)]
    kinds = {found.kind for group in judged if isinstance(group, tuple) for found in group}
    assert any(isinstance(group, Program) for group in judged)
    assert {Kind.SYNTAX, Kind.LEXICAL, Kind.UNDEFINED_NAME, Kind.MISSING_ARGUMENT} <= kinds


@pytest.mark.long
def test_many_mutated_programs() -> None:
    for seed in range(1000, 101_000):
        judge(mutated(random.Random(seed)))


FRAME = "use math;let diff[x,t](t)=-x(t);let x(t:0)=1;probe x(t);"


MAX = 64_000


def filled(unit: str, size: int) -> str:
    return f"{FRAME}let a(t)=" + unit * ((size - len(FRAME)) // len(unit)) + "t;"


def worst_cases(size: int) -> dict[str, str]:
    """Programs of about ``size`` bytes that a careless compiler would choke on."""
    return {
        "sum": filled("t-", size),
        "product": filled("t*", size),
        "constants": filled("2/", size),
        "powers": filled("t**9-", size),
        "signs": filled("-", size),
        "parentheses": filled("(", size),
        "many nested": filled("(" * 150 + "x(t)" + ")" * 150 + "+", size),
        "nested powers": f"{FRAME}let a(t)={'(' * 190}x(t){')**16' * 190};",
        "nested sums": f"{FRAME}let a(t)={'(2*t-' * 190}{'t-' * (size // 2 - 700)}t{')' * 190};",
        "undefined names": f"{FRAME}let a(t)={'+'.join(f'q{i}' for i in range(size // 8))};",
        "undefined long names": FRAME
        + "".join(f"let {'a' * 58}{i:04}={'a' * 58}{i:04}bb;" for i in range(size // 140)),
        "statements": FRAME + "use a;" * (size // 7),
        "functions": FRAME + "".join(f"let f{i}(t)=t;" for i in range(size // 16)),
        "chain": FRAME
        + "".join(f"let a{i}=a{i + 1};" for i in range(size // 18))
        + f"let a{size // 18}=1;",
        "circle": FRAME
        + "".join(f"let a{i}=a{i + 1};" for i in range(size // 18))
        + f"let a{size // 18}=a0;",
        "comments": FRAME + "/*" * (size // 2 - 50),
        "closed comments": FRAME + "/*/**/" * (size // 7),
        "pragmas": FRAME + "//@ bound x=1\n" * (size // 16),
        "digits": f"{FRAME}let a={'9' * (size - 100)};",
        "name": "x" * size,
        "arguments": f"{FRAME}let a(t)=foo({'t,' * (size // 2 - 100)}t);",
        "orders": f"{FRAME}let diff[y{',t' * (size // 2 - 100)}](t)=1;",
        "probes": FRAME + "probe x(t);" * (size // 12),
    }


def seconds(source: str) -> float:
    """Processor time to read a program, or to refuse it with all its diagnostics."""
    assert len(source) <= 65_536
    start = time.process_time()
    try:
        read_program(source)
    except CompileError as error:
        render_all(error.diagnostics, source, "n.ana")
    return time.process_time() - start


@pytest.mark.parametrize("name", worst_cases(8000))
def test_worst_cases_are_read_or_refused(name: str) -> None:
    """No recursion and no error of another kind, whatever the text."""
    seconds(worst_cases(8000)[name])


@pytest.mark.long
@pytest.mark.parametrize("name", worst_cases(8000))
def test_worst_cases_of_full_size_take_little_time(name: str) -> None:
    assert seconds(worst_cases(MAX)[name]) < 2.0  # 0.5 s where this was written


class _Writer:
    """Random expressions, in analang and, written by other rules, in Python."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def expression(self, depth: int) -> tuple[str, str]:
        if depth == 0 or self._random.random() < 0.1:
            return self._leaf()
        makers = [self._sum, self._product, self._quotient, self._power, self._call, self._signed]
        make = self._random.choice([*makers, self._sum, self._product])
        return make(depth - 1)

    def _leaf(self) -> tuple[str, str]:
        number = f"{self._random.uniform(0.1, 3.0):.3f}"
        pairs = [("x(t)", "x"), ("diff[x, t](t)", "v"), ("y(t)", "y"), ("t", "t"), ("k", "1.7")]
        pairs += [(number, number), ("pi", "pi"), ("g(t)", "(x*y - 2*t)")]
        return self._random.choice(pairs)

    def _sum(self, depth: int) -> tuple[str, str]:
        a, b, c = (self.expression(depth) for _ in range(3))
        return f"({a[0]} + {b[0]} - {c[0]})", f"((({a[1]}) + ({b[1]})) - ({c[1]}))"

    def _product(self, depth: int) -> tuple[str, str]:
        a, b = self.expression(depth), self.expression(depth)
        return f"{a[0]}*{b[0]}", f"(({a[1]}) * ({b[1]}))"

    def _quotient(self, depth: int) -> tuple[str, str]:
        a, b = self.expression(depth), self.expression(depth)
        return f"({a[0]})/(2 + abs({b[0]}))", f"(({a[1]}) / (2 + fabs({b[1]})))"

    def _power(self, depth: int) -> tuple[str, str]:
        base, exponent = self.expression(depth), self._random.randint(0, 4)
        return f"sin({base[0]})**{exponent}", f"(sin({base[1]})**{exponent})"

    def _call(self, depth: int) -> tuple[str, str]:
        name = self._random.choice(["sin", "cos", "tanh", "abs"])
        operand = self.expression(depth)
        return f"{name}({operand[0]})", f"{'fabs' if name == 'abs' else name}({operand[1]})"

    def _signed(self, depth: int) -> tuple[str, str]:
        operand = self.expression(depth)
        return f"(-{operand[0]})", f"(-({operand[1]}))"


def test_programs_mean_what_they_say() -> None:
    for seed in range(150):
        text, python = _Writer(seed).expression(4)
        program = read_program(
            "use math; let k = 1.7; let diff[x, t, t](t) = 0; let x(t: 0) = 0; probe x(t);"
            f"let diff[y, t](t) = 0; let y(t: 0) = 0; let g(t) = x(t)*y(t) - 2*t;"
            f"let result(t) = {text};"
        )
        found = quantity_function(program, [Read("result", 0)])
        for t, x, v, y in [(0.3, 0.7, -1.2, 0.4), (2.0, -0.5, 0.8, -1.1)]:
            names = {"t": t, "x": x, "v": v, "y": y, **vars(math)}
            expected = eval(python, names)
            value = found(t, np.array([x, v, y]))[0]
            assert math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9), text
