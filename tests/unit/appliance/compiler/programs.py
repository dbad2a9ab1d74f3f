"""Programs of our own for the back end's tests, with what is known about their mathematics."""

from __future__ import annotations


def program(*lines: str) -> str:
    """A program with the two ``use`` lines in front."""
    return "\n".join(("use display;", "use math;", *lines)) + "\n"


PENDULUM = program(
    "let diff[x, t, t](t) = -2.25*x(t);",
    "let x(t: 0) = 0.5;",
    "probe x(t);",
)
"""x = 0.5 cos(1.5 t): x stays within one machine unit, so does x' (0.75)."""

LORENZ = program(
    "let diff[x, t](t) = 10*(y(t) - x(t));",
    "let diff[y, t](t) = x(t)*(28 - z(t)) - y(t);",
    "let diff[z, t](t) = x(t)*y(t) - (8/3)*z(t);",
    "let x(t: 0) = 1;",
    "let y(t: 0) = 1;",
    "let z(t: 0) = 1;",
    "probe x(t);",
    "probe y(t);",
    "probe z(t);",
)
"""Textbook Lorenz: far outside one machine unit, coefficients above 8, chaotic."""
