"""Programs with quotients, roots and absolute values."""

from __future__ import annotations

from math import sin, sqrt

from tests.unit.appliance.compiler.lowered_cases import lowered_case

QUOTIENTS = (
    lowered_case(
        "michaelis menten",
        20.0,
        """let v(t) = 1.2*s(t)/(0.5 + s(t));
        let diff[s, t](t) = -v(t);
        let diff[p, t](t) = v(t);
        let s(t: 0) = 3; let p(t: 0) = 0;
        probe s(t); probe p(t); probe v(t);""",
        (3.0, 0.0),
        lambda t, y: [-1.2 * y[0] / (0.5 + y[0]), 1.2 * y[0] / (0.5 + y[0])],
        lambda t, y: [y[0], y[1], 1.2 * y[0] / (0.5 + y[0])],
    ),
    lowered_case(
        "logistic with 1/(1 + x)",
        30.0,
        """let diff[x, t](t) = x(t)*(2/(1 + x(t)) - 0.5);
        let x(t: 0) = 0.05;
        probe x(t);""",
        (0.05,),
        lambda t, y: [y[0] * (2 / (1 + y[0]) - 0.5)],
    ),
    lowered_case(
        "negative divisor",
        10.0,
        """let diff[x, t](t) = 1/(x(t) - 3) + 0.2;
        let x(t: 0) = -1;
        probe x(t);""",
        (-1.0,),
        lambda t, y: [1 / (y[0] - 3) + 0.2],
    ),
    lowered_case(
        "negative quotient and start",
        8.0,
        """let diff[x, t](t) = -x(t)/(4 + y(t));
        let diff[y, t](t) = -0.7*y(t) + x(t);
        let x(t: 0) = -2; let y(t: 0) = 1;
        probe x(t); probe y(t);""",
        (-2.0, 1.0),
        lambda t, y: [-y[0] / (4 + y[1]), -0.7 * y[1] + y[0]],
        lambda t, y: [y[0], y[1]],
    ),
    lowered_case(
        "holling predator and prey",
        60.0,
        """let eaten(t) = a(t)*b(t)/(1 + a(t));
        let diff[a, t](t) = a(t)*(1 - a(t)/3) - eaten(t);
        let diff[b, t](t) = 0.8*eaten(t) - 0.4*b(t);
        let a(t: 0) = 1; let b(t: 0) = 0.6;
        probe a(t); probe b(t);""",
        (1.0, 0.6),
        lambda t, y: [
            y[0] * (1 - y[0] / 3) - y[0] * y[1] / (1 + y[0]),
            0.8 * y[0] * y[1] / (1 + y[0]) - 0.4 * y[1],
        ],
        lambda t, y: [y[0], y[1]],
    ),
    lowered_case(
        "thousands of units",
        50.0,
        """let diff[x, t](t) = 40 - 60*x(t)/(800 + x(t));
        let x(t: 0) = 200;
        probe x(t);""",
        (200.0,),
        lambda t, y: [40 - 60 * y[0] / (800 + y[0])],
    ),
    lowered_case(
        "thousandths of a unit",
        50.0,
        """let diff[x, t](t) = 0.0004 - 0.0006*x(t)/(0.002 + x(t));
        let x(t: 0) = 0.0001;
        probe x(t);""",
        (0.0001,),
        lambda t, y: [0.0004 - 0.0006 * y[0] / (0.002 + y[0])],
    ),
    lowered_case(
        "a thousand per time unit",
        0.02,
        """let diff[x, t](t) = -1000*x(t)/(1 + x(t));
        let x(t: 0) = 2;
        probe x(t);""",
        (2.0,),
        lambda t, y: [-1000 * y[0] / (1 + y[0])],
    ),
    lowered_case(
        "a thousandth per time unit",
        200.0,
        """let diff[x, t](t) = -0.01*x(t)/(1 + x(t));
        let x(t: 0) = 2;
        probe x(t);""",
        (2.0,),
        lambda t, y: [-0.01 * y[0] / (1 + y[0])],
    ),
    lowered_case(
        "hill function, probed",
        20.0,
        """let h(t) = 1/(1 + x(t)**2);
        let diff[x, t](t) = 3*h(t) - x(t);
        let x(t: 0) = 0;
        probe h(t); probe x(t);""",
        (0.0,),
        lambda t, y: [3 / (1 + y[0] ** 2) - y[0]],
        lambda t, y: [1 / (1 + y[0] ** 2), y[0]],
    ),
    lowered_case(
        "toggle of two",
        20.0,
        """let diff[u, t](t) = 3/(1 + v(t)) - u(t);
        let diff[v, t](t) = 2/(1 + u(t)) - v(t);
        let u(t: 0) = 0.1; let v(t: 0) = 1.5;
        probe u(t); probe v(t);""",
        (0.1, 1.5),
        lambda t, y: [3 / (1 + y[1]) - y[0], 2 / (1 + y[0]) - y[1]],
        lambda t, y: [y[0], y[1]],
    ),
    lowered_case(
        "quotient inside of a quotient",
        10.0,
        """let diff[x, t](t) = 1/(1 + 1/(1 + x(t))) - 0.5*x(t);
        let x(t: 0) = 0.2;
        probe x(t);""",
        (0.2,),
        lambda t, y: [1 / (1 + 1 / (1 + y[0])) - 0.5 * y[0]],
    ),
)

ROOTS = (
    lowered_case(
        "tank that drains",
        6.0,
        """let diff[h, t](t) = -0.6*sqrt(h(t));
        let h(t: 0) = 4;
        probe h(t);""",
        (4.0,),
        lambda t, y: [-0.6 * sqrt(y[0])],
    ),
    lowered_case(
        "root that comes near zero",
        6.4,
        """let diff[h, t](t) = -0.6*sqrt(h(t));
        let h(t: 0) = 4;
        probe h(t);""",
        (4.0,),
        lambda t, y: [-0.6 * sqrt(y[0])],
    ),
    lowered_case(
        "two tanks",
        20.0,
        """let diff[a, t](t) = 0.4 - 0.5*sqrt(a(t));
        let diff[b, t](t) = 0.5*sqrt(a(t)) - 0.3*sqrt(b(t));
        let a(t: 0) = 2; let b(t: 0) = 0.3;
        probe a(t); probe b(t);""",
        (2.0, 0.3),
        lambda t, y: [0.4 - 0.5 * sqrt(y[0]), 0.5 * sqrt(y[0]) - 0.3 * sqrt(y[1])],
        lambda t, y: [y[0], y[1]],
    ),
    lowered_case(
        "relativistic oscillator",
        30.0,
        """let diff[q, t](t) = p(t)/sqrt(1 + p(t)*p(t));
        let diff[p, t](t) = -q(t);
        let q(t: 0) = 1.5; let p(t: 0) = 0;
        probe q(t); probe p(t);""",
        (1.5, 0.0),
        lambda t, y: [y[1] / sqrt(1 + y[1] ** 2), -y[0]],
        lambda t, y: [y[0], y[1]],
    ),
    lowered_case(
        "length of a vector, probed",
        20.0,
        """let r(t) = sqrt(x(t)*x(t) + y(t)*y(t) + 0.1);
        let diff[x, t](t) = y(t) - 0.1*x(t);
        let diff[y, t](t) = -x(t);
        let x(t: 0) = 30; let y(t: 0) = 0;
        probe r(t);""",
        (30.0, 0.0),
        lambda t, y: [y[1] - 0.1 * y[0], -y[0]],
        lambda t, y: [sqrt(y[0] ** 2 + y[1] ** 2 + 0.1)],
    ),
    lowered_case(
        "root of a small quantity",
        100.0,
        """let diff[x, t](t) = 0.001 - 0.05*sqrt(x(t));
        let x(t: 0) = 0.002;
        probe x(t);""",
        (0.002,),
        lambda t, y: [0.001 - 0.05 * sqrt(y[0])],
    ),
    lowered_case(
        "root times a state",
        10.0,
        """let diff[x, t](t) = -x(t)*sqrt(2 + y(t));
        let diff[y, t](t) = x(t) - y(t);
        let x(t: 0) = 1; let y(t: 0) = 0;
        probe x(t); probe y(t);""",
        (1.0, 0.0),
        lambda t, y: [-y[0] * sqrt(2 + y[1]), y[0] - y[1]],
        lambda t, y: [y[0], y[1]],
    ),
)

ABSOLUTES = (
    lowered_case(
        "abs of a sine",
        12.0,
        """let diff[x, t](t) = abs(sin(2*t)) - 0.5*x(t);
        let x(t: 0) = 0;
        probe x(t);""",
        (0.0,),
        lambda t, y: [abs(sin(2 * t)) - 0.5 * y[0]],
    ),
    lowered_case(
        "quadratic drag",
        12.0,
        """let diff[x, t, t](t) = -x(t) - 0.5*abs(diff[x, t](t))*diff[x, t](t);
        let x(t: 0) = 2;
        probe x(t); probe diff[x, t](t);""",
        (2.0, 0.0),
        lambda t, y: [y[1], -y[0] - 0.5 * abs(y[1]) * y[1]],
        lambda t, y: [y[0], y[1]],
    ),
    lowered_case(
        "van der pol with abs",
        20.0,
        """let diff[x, t, t](t) = 0.8*(1 - abs(x(t)))*diff[x, t](t) - x(t);
        let x(t: 0) = 0.5;
        probe x(t);""",
        (0.5, 0.0),
        lambda t, y: [y[1], 0.8 * (1 - abs(y[0])) * y[1] - y[0]],
    ),
    lowered_case(
        "jerk with abs",
        40.0,
        """let diff[x, t, t, t](t) = -0.6*diff[x, t, t](t) - diff[x, t](t) + abs(x(t)) - 1;
        let x(t: 0) = 0.1;
        probe x(t);""",
        (0.1, 0.0, 0.0),
        lambda t, y: [y[1], y[2], -0.6 * y[2] - y[1] + abs(y[0]) - 1],
    ),
    lowered_case(
        "chua with abs",
        5.0,
        """let f(t) = -0.714*x(t) - 0.2145*(abs(x(t) + 1) - abs(x(t) - 1));
        let diff[x, t](t) = 9*(y(t) - x(t) - f(t));
        let diff[y, t](t) = x(t) - y(t) + z(t);
        let diff[z, t](t) = -14.28*y(t);
        let x(t: 0) = 0.7; let y(t: 0) = 0; let z(t: 0) = 0;
        probe x(t);""",
        (0.7, 0.0, 0.0),
        lambda t, y: [
            9 * (y[1] - y[0] + 0.714 * y[0] + 0.2145 * (abs(y[0] + 1) - abs(y[0] - 1))),
            y[0] - y[1] + y[2],
            -14.28 * y[1],
        ],
    ),
    lowered_case(
        "hundreds of units in abs",
        20.0,
        """let diff[x, t](t) = 3*v(t);
        let diff[v, t](t) = -x(t) - 0.002*abs(v(t))*v(t);
        let x(t: 0) = 400; let v(t: 0) = 0;
        probe x(t);""",
        (400.0, 0.0),
        lambda t, y: [3 * y[1], -y[0] - 0.002 * abs(y[1]) * y[1]],
    ),
)

LOOPS = (*QUOTIENTS, *ROOTS, *ABSOLUTES)
