"""Programs with sines, exponentials, logarithms, hyperbolic tangents and time."""

from __future__ import annotations

from math import cos, exp, log, sin, sqrt, tanh

from tests.unit.appliance.compiler.lowered_cases import lowered_case

CIRCLES = (
    lowered_case(
        "pendulum with large swings",
        20.0,
        """let diff[a, t, t](t) = -sin(a(t));
        let a(t: 0) = 2.8;
        probe a(t); probe diff[a, t](t);""",
        (2.8, 0.0),
        lambda t, y: [y[1], -sin(y[0])],
        lambda t, y: [y[0], y[1]],
    ),
    lowered_case(
        "pendulum that turns over",
        15.0,
        """let diff[a, t, t](t) = -sin(a(t)) - 0.05*diff[a, t](t);
        let a(t: 0) = 0; let diff[a, t](t: 0) = 3;
        probe a(t);""",
        (0.0, 3.0),
        lambda t, y: [y[1], -sin(y[0]) - 0.05 * y[1]],
    ),
    lowered_case(
        "kuramoto of two",
        30.0,
        """let diff[a, t](t) = 1.3 - 0.5*sin(a(t) - b(t));
        let diff[b, t](t) = 0.7 + 0.5*sin(a(t) - b(t));
        let a(t: 0) = 0; let b(t: 0) = 1;
        probe a(t); probe b(t);""",
        (0.0, 1.0),
        lambda t, y: [1.3 - 0.5 * sin(y[0] - y[1]), 0.7 + 0.5 * sin(y[0] - y[1])],
        lambda t, y: [y[0], y[1]],
    ),
    lowered_case(
        "duffing, driven",
        30.0,
        """let diff[x, t, t](t) = x(t) - x(t)**3 - 0.3*diff[x, t](t) + 0.3*cos(1.2*t);
        let x(t: 0) = 1;
        probe x(t);""",
        (1.0, 0.0),
        lambda t, y: [y[1], y[0] - y[0] ** 3 - 0.3 * y[1] + 0.3 * cos(1.2 * t)],
    ),
    lowered_case(
        "three phases of one pair",
        20.0,
        """let diff[x, t](t) = sin(2*t) - 0.4*x(t);
        let diff[y, t](t) = cos(2*t + 1) + sin(-2*t) - 0.4*y(t);
        let x(t: 0) = 0; let y(t: 0) = 0;
        probe x(t); probe y(t);""",
        (0.0, 0.0),
        lambda t, y: [sin(2 * t) - 0.4 * y[0], cos(2 * t + 1) + sin(-2 * t) - 0.4 * y[1]],
        lambda t, y: [y[0], y[1]],
    ),
    lowered_case(
        "sine that is probed, and time",
        10.0,
        """let s(t) = 5*sin(3*t + 0.4) - 2;
        let diff[x, t](t) = 0.3*t - x(t) + 0.1*s(t);
        let x(t: 0) = 1;
        probe s(t); probe x(t);""",
        (1.0,),
        lambda t, y: [0.3 * t - y[0] + 0.1 * (5 * sin(3 * t + 0.4) - 2)],
        lambda t, y: [5 * sin(3 * t + 0.4) - 2, y[0]],
    ),
    lowered_case(
        "sine of a square of time",
        6.0,
        """let diff[x, t](t) = sin(t*t) - x(t);
        let x(t: 0) = 0.5;
        probe x(t);""",
        (0.5,),
        lambda t, y: [sin(t * t) - y[0]],
    ),
    lowered_case(
        "sine of a root",
        10.0,
        """let diff[x, t](t) = sin(sqrt(1 + x(t)));
        let x(t: 0) = 0;
        probe x(t);""",
        (0.0,),
        lambda t, y: [sin(sqrt(1 + y[0]))],
    ),
    lowered_case(
        "driven fast",
        0.05,
        """let diff[x, t](t) = 500*sin(800*t) - 300*x(t);
        let x(t: 0) = 0;
        probe x(t);""",
        (0.0,),
        lambda t, y: [500 * sin(800 * t) - 300 * y[0]],
    ),
    lowered_case(
        "fitzhugh nagumo",
        60.0,
        """let diff[v, t](t) = v(t) - v(t)**3/3 - w(t) + 0.5 + 0.2*sin(0.3*t);
        let diff[w, t](t) = 0.08*(v(t) + 0.7 - 0.8*w(t));
        let v(t: 0) = -1; let w(t: 0) = 1;
        probe v(t); probe w(t);""",
        (-1.0, 1.0),
        lambda t, y: [
            y[0] - y[0] ** 3 / 3 - y[1] + 0.5 + 0.2 * sin(0.3 * t),
            0.08 * (y[0] + 0.7 - 0.8 * y[1]),
        ],
        lambda t, y: [y[0], y[1]],
    ),
)

EXPONENTIALS = (
    lowered_case(
        "exp of a state",
        5.0,
        """let diff[x, t](t) = exp(-x(t)) - 0.2;
        let x(t: 0) = 0;
        probe x(t);""",
        (0.0,),
        lambda t, y: [exp(-y[0]) - 0.2],
    ),
    lowered_case(
        "two shifted exponentials",
        5.0,
        """let diff[x, t](t) = 2*exp(1 - x(t)) - exp(-x(t) - 2) - x(t);
        let x(t: 0) = 0.5;
        probe x(t);""",
        (0.5,),
        lambda t, y: [2 * exp(1 - y[0]) - exp(-y[0] - 2) - y[0]],
    ),
    lowered_case(
        "fading drive",
        10.0,
        """let diff[x, t](t) = 3*exp(-0.5*t) - x(t);
        let x(t: 0) = -1;
        probe x(t);""",
        (-1.0,),
        lambda t, y: [3 * exp(-0.5 * t) - y[0]],
    ),
    lowered_case(
        "sigmoid of an exponential",
        10.0,
        """let diff[x, t](t) = 1/(1 + exp(-x(t))) - 0.4*x(t);
        let x(t: 0) = 0.1;
        probe x(t);""",
        (0.1,),
        lambda t, y: [1 / (1 + exp(-y[0])) - 0.4 * y[0]],
    ),
    lowered_case(
        "exp of a quotient",
        8.0,
        """let diff[x, t](t) = -x(t)*exp(-x(t)/y(t));
        let diff[y, t](t) = 0.2;
        let x(t: 0) = 2; let y(t: 0) = 1;
        probe x(t);""",
        (2.0, 1.0),
        lambda t, y: [-y[0] * exp(-y[0] / y[1]), 0.2],
    ),
    lowered_case(
        "gompertz",
        20.0,
        """let diff[x, t](t) = -0.4*x(t)*ln(x(t)/5);
        let x(t: 0) = 0.5;
        probe x(t);""",
        (0.5,),
        lambda t, y: [-0.4 * y[0] * log(y[0] / 5)],
    ),
    lowered_case(
        "ln of a square",
        20.0,
        """let diff[x, t](t) = y(t);
        let diff[y, t](t) = -ln(1 + x(t)*x(t)) + 0.3 - 0.2*y(t);
        let x(t: 0) = 0.4; let y(t: 0) = 0;
        probe x(t);""",
        (0.4, 0.0),
        lambda t, y: [y[1], -log(1 + y[0] ** 2) + 0.3 - 0.2 * y[1]],
    ),
    lowered_case(
        "ln, probed, of hundreds",
        10.0,
        """let l(t) = ln(x(t));
        let diff[x, t](t) = 60 - 0.4*x(t);
        let x(t: 0) = 800;
        probe l(t); probe x(t);""",
        (800.0,),
        lambda t, y: [60 - 0.4 * y[0]],
        lambda t, y: [log(y[0]), y[0]],
    ),
    lowered_case(
        "one tanh",
        20.0,
        """let diff[x, t](t) = -x(t) + 1.5*tanh(x(t)) + 0.3;
        let x(t: 0) = -0.2;
        probe x(t);""",
        (-0.2,),
        lambda t, y: [-y[0] + 1.5 * tanh(y[0]) + 0.3],
    ),
    lowered_case(
        "hopfield of two",
        20.0,
        """let diff[u, t](t) = -u(t) + 1.4*tanh(v(t));
        let diff[v, t](t) = -v(t) + 1.2*tanh(u(t)) + 0.1;
        let u(t: 0) = 0.3; let v(t: 0) = -0.5;
        probe u(t); probe v(t);""",
        (0.3, -0.5),
        lambda t, y: [-y[0] + 1.4 * tanh(y[1]), -y[1] + 1.2 * tanh(y[0]) + 0.1],
        lambda t, y: [y[0], y[1]],
    ),
    lowered_case(
        "dry friction",
        15.0,
        """let diff[x, t](t) = v(t);
        let diff[v, t](t) = -x(t) - 0.1*tanh(10*v(t));
        let x(t: 0) = 1; let v(t: 0) = 0;
        probe x(t); probe v(t);""",
        (1.0, 0.0),
        lambda t, y: [y[1], -y[0] - 0.1 * tanh(10 * y[1])],
        lambda t, y: [y[0], y[1]],
    ),
    lowered_case(
        "root of an absolute value",
        10.0,
        """let diff[x, t](t) = y(t);
        let diff[y, t](t) = -x(t);
        let diff[z, t](t) = sqrt(abs(x(t)) + 0.5) - z(t);
        let x(t: 0) = 1; let y(t: 0) = 0; let z(t: 0) = 0;
        probe z(t);""",
        (1.0, 0.0, 0.0),
        lambda t, y: [y[1], -y[0], sqrt(abs(y[0]) + 0.5) - y[2]],
        lambda t, y: [y[2]],
    ),
)

GENERATORS = (*CIRCLES, *EXPONENTIALS)
