"""The demo's problem: the Lorenz equations with the values of the textbook, as a program."""

from __future__ import annotations

from typing import Final

NAMES: Final = ("x", "y", "z")
PROGRAM: Final = """\
use display;
use math;

let sigma = 10;
let rho = 28;
let beta = 8/3;

let diff[x, t](t) = sigma*(y(t) - x(t));
let diff[y, t](t) = x(t)*(rho - z(t)) - y(t);
let diff[z, t](t) = x(t)*y(t) - beta*z(t);
let x(t: 0) = 1;
let y(t: 0) = 1;
let z(t: 0) = 1;

probe x(t);
probe y(t);
probe z(t);
"""
START: Final = (1.0, 1.0, 1.0)
"""Values of the program at time zero."""


def say(text: str) -> None:
    """One line for whoever watches the demo, at once."""
    print(text, flush=True)
