"""Programs that no compiler can build for one LUCIDAC, each for one reason that is known.

In a program's text ``@`` marks the place that the compiler must blame; it is not part of the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from appliance.compiler.diagnostics import Kind, Position
from tests.unit.appliance.compiler.programs import program

MARK: Final = "@"
_PRAGMA: Final = "//@"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """``kind`` is that of the refusal; ``short`` has each resource that is short, as (name, needed,
    have). ``words`` must all occur in what is told; ``time`` is the problem time that must be
    named, to one part in a hundred."""

    name: str
    marked: str
    kind: Kind
    short: tuple[tuple[str, int, int], ...] = ()
    words: tuple[str, ...] = ()
    time: float | None = None

    @property
    def source(self) -> str:
        return self.marked.replace(_PRAGMA, "\0").replace(MARK, "").replace("\0", _PRAGMA)

    @property
    def at(self) -> Position | None:
        """Line and column of the mark; None where no place can be blamed."""
        text = self.marked.replace(_PRAGMA, "///")
        if MARK not in text:
            return None
        before = text[: text.index(MARK)].split("\n")
        return Position(len(before), len(before[-1]) + 1)


def _decays(count: int) -> list[str]:
    """Equations and start values of x0, x1, ...: one connection each."""
    return [
        line
        for i in range(count)
        for line in (f"let diff[x{i}, t](t) = -{i + 1}*x{i}(t);", f"let x{i}(t: 0) = 0.5;")
    ]


def _ring(states: int, extra: int) -> list[str]:
    """Each state reads four states; ``extra`` of them a constant too."""
    lines = []
    for i in range(states):
        reads = " + ".join(f"0.{n}*x{(i + n) % states}(t)" for n in (1, 2, 3))
        constant = " + 0.1" if i < extra else ""
        lines.append(f"let diff[x{i}, t](t) = {reads} - 2*x{i}(t){constant};")
        lines.append(f"let x{i}(t: 0) = 0.5;")
    return lines


def _driven_by(expression: str, *others: str) -> str:
    """y follows an expression."""
    return program(
        *others, f"let diff[y, t](t) = {expression} - y(t);", "let y(t: 0) = 0;", "probe y(t);"
    )


_FALLING: Final = ("//@ horizon = 3", "let diff[x, t](t) = -1;", "let x(t: 0) = 1;")
"""x = 1 - t."""

CAPACITY: Final = (
    Planted(
        name="nine states",
        marked=program(*_decays(9), "probe x0(t);"),
        kind=Kind.CAPACITY,
        short=(("integrators", 9, 8),),
    ),
    Planted(
        name="nine states by order",
        marked=program(
            *(f"let diff[x{i}, t, t, t](t) = -x{i}(t) - diff[x{i}, t](t);" for i in range(3)),
            *(f"let x{i}(t: 0) = 0.1;" for i in range(3)),
            "//@ horizon = 2",
            "probe x0(t);",
        ),
        kind=Kind.CAPACITY,
        short=(("integrators", 9, 8),),
    ),
    Planted(
        name="five products",
        marked=program(
            *_decays(3),
            "let diff[y, t](t) = x0(t)*x0(t) + x0(t)*x1(t) + x0(t)*x2(t) + x1(t)*x1(t)"
            " + x2(t)*x1(t) + 3*(x1(t)*x0(t)) - y(t);",
            "let y(t: 0) = 0;",
            "probe y(t);",
        ),
        kind=Kind.CAPACITY,
        short=(("multipliers", 5, 4),),
    ),
    Planted(
        name="33 lanes",
        marked=program(*_ring(8, extra=1), "probe x0(t);"),
        kind=Kind.CAPACITY,
        short=(("lanes", 33, 32),),
    ),
    Planted(
        name="nine probes",
        marked=program(
            *_decays(8),
            *(f"probe x{i}(t);" for i in range(8)),
            "let g(t) = x0(t) + x1(t);",
            "probe @g(t);",
        ),
        kind=Kind.CAPACITY,
        short=(("ADC channels", 9, 8),),
    ),
    Planted(
        name="three probes of sums beside three products",
        marked=program(
            *_decays(3),
            "let diff[y, t](t) = x0(t)*x1(t) + x1(t)*x2(t) + x0(t)*x2(t) - y(t);",
            "let y(t: 0) = 0;",
            *(f"let g{i}(t) = x{i}(t) + y(t);" for i in range(3)),
            "probe g0(t);",
            "probe g1(t);",
            "probe @g2(t);",
        ),
        kind=Kind.CAPACITY,
        short=(("pass-through elements", 3, 2),),
    ),
    Planted(
        name="two probes of sums, one of them a factor of one of four products",
        marked=program(
            *_decays(3),
            "let g(t) = x0(t) + x1(t);",
            "let h(t) = x1(t) + x2(t);",
            "let diff[y, t](t) = (1 - g(t))*x2(t) + x0(t)*x1(t) + x1(t)*x2(t) + x0(t)*x0(t)"
            " - y(t);",
            "let y(t: 0) = 0;",
            "probe g(t);",
            "probe @h(t);",
        ),
        kind=Kind.CAPACITY,
        short=(("pass-through elements", 2, 1),),
    ),
    Planted(
        name="a weight of thousands",
        marked=program(
            "//@ horizon = 1000",
            "//@ bound y = 1e6",
            "let diff[@x, t](t) = y(t) - x(t);",
            "let x(t: 0) = 1;",
            "let diff[y, t](t) = -y(t);",
            "let y(t: 0) = 1;",
            "probe x(t);",
        ),
        kind=Kind.COEFFICIENT_RANGE,
        short=(("lanes", 1042, 30),),
        words=("weight of 8333", "equation of x", "of 32"),
    ),
)
"""Something is short."""

UNBOUNDED: Final = (
    Planted(
        name="a solution that ends",
        marked=program(
            "//@ horizon = 2",
            "let diff[@x, t](t) = x(t)*x(t);",
            "let x(t: 0) = 1;",
            "probe x(t);",
        ),
        kind=Kind.AMPLITUDE_UNBOUNDED,
        time=1.0,
        words=("x", "horizon 2"),
    ),
    Planted(
        name="a bound that is passed",
        marked=program(
            "//@ horizon = 10",
            "let diff[x, t](t) = 0.3*x(t);",
            "let x(t: 0) = 0.1;",
            "@//@ bound x = 0.5",
            "probe x(t);",
        ),
        kind=Kind.AMPLITUDE_UNBOUNDED,
        time=5.36479,
        words=("bound 0.5", "2.0"),
    ),
    Planted(
        name="too small a tolerance",
        marked=program(
            "//@ tolerance = 1e-10",
            "let diff[x, t](t) = -0.3*x(t);",
            "let x(t: 0) = 0.1;",
            "probe @x(t);",
        ),
        kind=Kind.VERIFICATION,
        words=("probe x", "%"),
    ),
    Planted(
        name="an algebraic loop",
        marked=program(
            "let diff[x, t](t) = a(t) - x(t);",
            "let x(t: 0) = 1;",
            "let @a(t) = b(t) + x(t);",
            "let b(t) = 0.5*a(t)*x(t);",
            "probe x(t);",
        ),
        kind=Kind.ALGEBRAIC_LOOP,
        words=("a", "b"),
    ),
)
"""The mathematics does not allow it."""

DOMAIN: Final = (
    Planted(
        name="the root of what turns negative",
        marked=_driven_by("0.5*@sqrt(x(t))", *_FALLING),
        kind=Kind.AMPLITUDE_UNBOUNDED,
        time=1.0,
        words=("radicand, x,", "horizon 3"),
    ),
    Planted(
        name="the logarithm of what reaches zero",
        marked=_driven_by("@ln(x(t) + 0.5)", *_FALLING),
        kind=Kind.AMPLITUDE_UNBOUNDED,
        time=1.5,
        words=("ln", "x + 0.5"),
    ),
    Planted(
        name="division by what crosses zero",
        marked=_driven_by(
            "1@/x(t)",
            "//@ horizon = 10",
            "let diff[x, t, t](t) = -x(t);",
            "let x(t: 0) = 1;",
        ),
        kind=Kind.AMPLITUDE_UNBOUNDED,
        time=1.5708,
        words=("divisor, x,",),
    ),
    Planted(
        name="the root of a negative start value",
        marked=_driven_by("@sqrt(x(t))", "let diff[x, t](t) = 1 - x(t);", "let x(t: 0) = -1;"),
        kind=Kind.AMPLITUDE_UNBOUNDED,
        words=("sqrt(x)", "start"),
    ),
)
"""A function's domain is left, or never entered."""

LOWERED: Final = (
    Planted(
        name="a sine of an absolute value",
        marked=_driven_by("@sin(abs(x(t)))", "let diff[x, t](t) = -x(t);", "let x(t: 0) = 1;"),
        kind=Kind.NOT_DIFFERENTIABLE,
        words=("abs",),
    ),
    Planted(
        name="five sines",
        marked=program(
            *(f"let diff[x{i}, t](t) = 0.1*sin(x{i}(t)) - {i + 1};" for i in range(5)),
            *(f"let x{i}(t: 0) = 0.5;" for i in range(5)),
            "//@ horizon = 1",
            "probe x0(t);",
        ),
        kind=Kind.CAPACITY,
        short=(("integrators", 15, 8), ("multipliers", 10, 4)),
        words=("sin(x", "cos(x"),
    ),
    Planted(
        name="three hyperbolic tangents",
        marked=program(
            *(f"let diff[x{i}, t](t) = tanh(x{i}(t)) - {i + 1}*x{i}(t);" for i in range(3)),
            *(f"let x{i}(t: 0) = 0.5;" for i in range(3)),
            "probe x0(t);",
        ),
        kind=Kind.CAPACITY,
        short=(("multipliers", 6, 4),),
        words=("6 of them", "functions"),
    ),
)
"""What functions cost is more than there is."""

PLANTED: Final = (*CAPACITY, *UNBOUNDED, *DOMAIN, *LOWERED)
