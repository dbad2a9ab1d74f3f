"""Programs that need several kinds of lowering, are chaotic or stiff, or fill the machine."""

from __future__ import annotations

from math import cos, exp, log, sin, sqrt, tanh

from tests.unit.appliance.compiler.lowered_cases import lowered_case

CHAOTIC = (
    lowered_case(
        "driven pendulum",
        40.0,
        """let diff[a, t, t](t) = -0.5*diff[a, t](t) - sin(a(t)) + 1.15*cos(2*t/3);
        let a(t: 0) = 0.3;
        probe a(t);""",
        (0.3, 0.0),
        lambda t, y: [y[1], -0.5 * y[1] - sin(y[0]) + 1.15 * cos(2 * t / 3)],
    ),
    lowered_case(
        "food chain",
        100.0,
        """let p(t) = 5*x(t)*(y(t)/(1 + 3*x(t)));
        let r(t) = 0.1*y(t)*(z(t)/(1 + 2*y(t)));
        let diff[x, t](t) = x(t)*(1 - x(t)) - p(t);
        let diff[y, t](t) = p(t) - r(t) - 0.4*y(t);
        let diff[z, t](t) = r(t) - 0.01*z(t);
        let x(t: 0) = 0.76; let y(t: 0) = 0.16; let z(t: 0) = 9.9;
        probe x(t); probe y(t); probe z(t);""",
        (0.76, 0.16, 9.9),
        lambda t, y: [
            y[0] - y[0] ** 2 - 5 * y[0] * y[1] / (1 + 3 * y[0]),
            5 * y[0] * y[1] / (1 + 3 * y[0]) - 0.1 * y[1] * y[2] / (1 + 2 * y[1]) - 0.4 * y[1],
            0.1 * y[1] * y[2] / (1 + 2 * y[1]) - 0.01 * y[2],
        ],
        lambda t, y: [y[0], y[1], y[2]],
    ),
    lowered_case(
        "thrown, with drag",
        4.0,
        """let v(t) = sqrt(diff[x, t](t)**2 + diff[y, t](t)**2);
        let diff[x, t, t](t) = -0.02*v(t)*diff[x, t](t);
        let diff[y, t, t](t) = -9.81 - 0.02*v(t)*diff[y, t](t);
        let x(t: 0) = 0; let diff[x, t](t: 0) = 20;
        let y(t: 0) = 0; let diff[y, t](t: 0) = 20;
        probe x(t); probe y(t);""",
        (0.0, 20.0, 0.0, 20.0),
        lambda t, y: [
            y[1],
            -0.02 * sqrt(y[1] ** 2 + y[3] ** 2) * y[1],
            y[3],
            -9.81 - 0.02 * sqrt(y[1] ** 2 + y[3] ** 2) * y[3],
        ],
        lambda t, y: [y[0], y[2]],
    ),
    lowered_case(
        "roessler with a quotient",
        30.0,
        """let diff[x, t](t) = -y(t) - z(t);
        let diff[y, t](t) = x(t) + 0.2*y(t);
        let diff[z, t](t) = 0.2 + z(t)*(x(t) - 5.7) - 0.1*z(t)/(1 + z(t));
        let x(t: 0) = 1; let y(t: 0) = 1; let z(t: 0) = 0;
        probe x(t); probe z(t);""",
        (1.0, 1.0, 0.0),
        lambda t, y: [
            -y[1] - y[2],
            y[0] + 0.2 * y[1],
            0.2 + y[2] * (y[0] - 5.7) - 0.1 * y[2] / (1 + y[2]),
        ],
        lambda t, y: [y[0], y[2]],
    ),
    lowered_case(
        "lorenz with an absolute value",
        10.0,
        """let diff[x, t](t) = 10*(y(t) - x(t));
        let diff[y, t](t) = x(t)*(28 - z(t)) - y(t);
        let diff[z, t](t) = 2*abs(x(t)) + x(t)*y(t)/2 - 8*z(t)/3;
        let x(t: 0) = 1; let y(t: 0) = 1; let z(t: 0) = 1;
        probe x(t); probe z(t);""",
        (1.0, 1.0, 1.0),
        lambda t, y: [
            10 * (y[1] - y[0]),
            y[0] * (28 - y[2]) - y[1],
            2 * abs(y[0]) + y[0] * y[1] / 2 - 8 * y[2] / 3,
        ],
        lambda t, y: [y[0], y[2]],
    ),
    lowered_case(
        "driven duffing in chaos",
        40.0,
        """let diff[x, t, t](t) = x(t) - x(t)**3 - 0.25*diff[x, t](t) + 0.4*sin(t);
        let x(t: 0) = 0.5; let diff[x, t](t: 0) = -0.3;
        probe x(t);""",
        (0.5, -0.3),
        lambda t, y: [y[1], y[0] - y[0] ** 3 - 0.25 * y[1] + 0.4 * sin(t)],
    ),
)

STIFF = (
    lowered_case(
        "fast tracks slow",
        10.0,
        """let diff[x, t](t) = -200*(x(t) - cos(t));
        let x(t: 0) = 0;
        probe x(t);""",
        (0.0,),
        lambda t, y: [-200 * (y[0] - cos(t))],
    ),
    lowered_case(
        "slow and fast quotients",
        20.0,
        """let diff[x, t](t) = -0.02*x(t)/(1 + x(t));
        let diff[y, t](t) = 5*x(t) - 20*y(t)/(2 + y(t));
        let x(t: 0) = 3; let y(t: 0) = 0;
        probe x(t); probe y(t);""",
        (3.0, 0.0),
        lambda t, y: [-0.02 * y[0] / (1 + y[0]), 5 * y[0] - 20 * y[1] / (2 + y[1])],
        lambda t, y: [y[0], y[1]],
    ),
    lowered_case(
        "a thousand oscillations",
        200.0,
        """let diff[x, t](t) = sin(30*t) - 0.02*x(t);
        let x(t: 0) = 0.02;
        probe x(t);""",
        (0.02,),
        lambda t, y: [sin(30 * t) - 0.02 * y[0]],
    ),
    lowered_case(
        "spikes",
        40.0,
        """let diff[v, t](t) = 10*(v(t) - v(t)**3/3 - w(t));
        let diff[w, t](t) = 0.3*(v(t)/(1 + 0.1*v(t)) + 0.2);
        let v(t: 0) = 1; let w(t: 0) = 0;
        probe v(t); probe w(t);""",
        (1.0, 0.0),
        lambda t, y: [10 * (y[0] - y[0] ** 3 / 3 - y[1]), 0.3 * (y[0] / (1 + 0.1 * y[0]) + 0.2)],
        lambda t, y: [y[0], y[1]],
    ),
)

SEVERAL = (
    lowered_case(
        "quotient, root and absolute value",
        15.0,
        """let diff[x, t](t) = -x(t)/(2 + x(t)) + 0.3*sqrt(y(t));
        let diff[y, t](t) = 1 - 0.5*y(t) + 0.2*abs(z(t));
        let diff[z, t](t) = x(t) - 1 - 0.3*z(t);
        let x(t: 0) = 1; let y(t: 0) = 1; let z(t: 0) = -0.5;
        probe x(t); probe y(t); probe z(t);""",
        (1.0, 1.0, -0.5),
        lambda t, y: [
            -y[0] / (2 + y[0]) + 0.3 * sqrt(y[1]),
            1 - 0.5 * y[1] + 0.2 * abs(y[2]),
            y[0] - 1 - 0.3 * y[2],
        ],
        lambda t, y: [y[0], y[1], y[2]],
    ),
    lowered_case(
        "three quotients in a ring",
        20.0,
        """let diff[a, t](t) = 4/(1 + c(t)) - a(t);
        let diff[b, t](t) = 4/(1 + a(t)) - b(t);
        let diff[c, t](t) = 4/(1 + b(t)) - c(t);
        let a(t: 0) = 1; let b(t: 0) = 0.5; let c(t: 0) = 0.1;
        probe a(t); probe b(t); probe c(t);""",
        (1.0, 0.5, 0.1),
        lambda t, y: [4 / (1 + y[2]) - y[0], 4 / (1 + y[0]) - y[1], 4 / (1 + y[1]) - y[2]],
        lambda t, y: [y[0], y[1], y[2]],
    ),
    lowered_case(
        "two pendulums, coupled: eight integrators, four multipliers",
        20.0,
        """let diff[a, t, t](t) = -sin(a(t)) - 0.2*(a(t) - b(t));
        let diff[b, t, t](t) = -1.5*sin(b(t)) + 0.2*(a(t) - b(t));
        let a(t: 0) = 1.2; let b(t: 0) = -0.4;
        probe a(t); probe b(t);""",
        (1.2, 0.0, -0.4, 0.0),
        lambda t, y: [
            y[1],
            -sin(y[0]) - 0.2 * (y[0] - y[2]),
            y[3],
            -1.5 * sin(y[2]) + 0.2 * (y[0] - y[2]),
        ],
        lambda t, y: [y[0], y[2]],
    ),
    lowered_case(
        "chemostat",
        40.0,
        """let g(t) = 0.9*s(t)/(0.4 + s(t));
        let diff[s, t](t) = 0.3*(2 - s(t)) - g(t)*x(t);
        let diff[x, t](t) = x(t)*(g(t) - 0.3);
        let s(t: 0) = 2; let x(t: 0) = 0.05;
        probe s(t); probe x(t); probe g(t);""",
        (2.0, 0.05),
        lambda t, y: [
            0.3 * (2 - y[0]) - 0.9 * y[0] / (0.4 + y[0]) * y[1],
            y[1] * (0.9 * y[0] / (0.4 + y[0]) - 0.3),
        ],
        lambda t, y: [y[0], y[1], 0.9 * y[0] / (0.4 + y[0])],
    ),
    lowered_case(
        "inhibited by its substrate",
        40.0,
        """let diff[s, t](t) = 0.2*(3 - s(t)) - s(t)/(0.5 + s(t) + s(t)**2/4);
        let s(t: 0) = 0.2;
        probe s(t);""",
        (0.2,),
        lambda t, y: [0.2 * (3 - y[0]) - y[0] / (0.5 + y[0] + y[0] ** 2 / 4)],
    ),
    lowered_case(
        "goodwin's oscillator",
        60.0,
        """let diff[x, t](t) = 1/(1 + z(t)**8) - 0.2*x(t);
        let diff[y, t](t) = x(t) - 0.2*y(t);
        let diff[z, t](t) = y(t)/10 - 0.2*z(t);
        let x(t: 0) = 0.1; let y(t: 0) = 0.2; let z(t: 0) = 0.9;
        probe x(t); probe z(t);""",
        (0.1, 0.2, 0.9),
        lambda t, y: [1 / (1 + y[2] ** 8) - 0.2 * y[0], y[0] - 0.2 * y[1], y[1] / 10 - 0.2 * y[2]],
        lambda t, y: [y[0], y[2]],
    ),
    lowered_case(
        "morse oscillator",
        30.0,
        """let diff[x, t, t](t) = 2*exp(-2*x(t)) - 2*exp(-x(t));
        let x(t: 0) = 0.9;
        probe x(t);""",
        (0.9, 0.0),
        lambda t, y: [y[1], 2 * exp(-2 * y[0]) - 2 * exp(-y[0])],
    ),
    lowered_case(
        "toda oscillator",
        20.0,
        """let diff[x, t, t](t) = exp(-x(t)) - 1 - 0.05*diff[x, t](t);
        let x(t: 0) = 2;
        probe x(t);""",
        (2.0, 0.0),
        lambda t, y: [y[1], exp(-y[0]) - 1 - 0.05 * y[1]],
    ),
    lowered_case(
        "epidemic in a changing population",
        40.0,
        """let n(t) = s(t) + i(t) + r(t);
        let new(t) = 0.8*s(t)*i(t)/n(t);
        let diff[s, t](t) = 5 - new(t) - 0.01*s(t);
        let diff[i, t](t) = new(t) - 0.25*i(t);
        let diff[r, t](t) = 0.2*i(t) - 0.01*r(t);
        let s(t: 0) = 990; let i(t: 0) = 10; let r(t: 0) = 0;
        probe s(t); probe i(t); probe r(t);""",
        (990.0, 10.0, 0.0),
        lambda t, y: [
            5 - 0.8 * y[0] * y[1] / (y[0] + y[1] + y[2]) - 0.01 * y[0],
            0.8 * y[0] * y[1] / (y[0] + y[1] + y[2]) - 0.25 * y[1],
            0.2 * y[1] - 0.01 * y[2],
        ],
        lambda t, y: [y[0], y[1], y[2]],
    ),
)

OF_TIME = (
    lowered_case(
        "airy",
        8.0,
        """let diff[x, t, t](t) = -t*x(t);
        let x(t: 0) = 1;
        probe x(t);""",
        (1.0, 0.0),
        lambda t, y: [y[1], -t * y[0]],
    ),
    lowered_case(
        "bessel, shifted",
        20.0,
        """let diff[x, t, t](t) = -diff[x, t](t)/(1 + t) - x(t);
        let x(t: 0) = 1;
        probe x(t);""",
        (1.0, 0.0),
        lambda t, y: [y[1], -y[1] / (1 + t) - y[0]],
    ),
    lowered_case(
        "root and logarithm of time",
        10.0,
        """let diff[x, t](t) = sqrt(t + 0.5) - ln(1 + t) - 0.3*x(t);
        let x(t: 0) = -1;
        probe x(t);""",
        (-1.0,),
        lambda t, y: [sqrt(t + 0.5) - log(1 + t) - 0.3 * y[0]],
    ),
    lowered_case(
        "a bell of time",
        10.0,
        """let diff[x, t](t) = 4*exp(-(t - 4)**2) - 0.2*x(t);
        let x(t: 0) = 0;
        probe x(t);""",
        (0.0,),
        lambda t, y: [4 * exp(-((t - 4) ** 2)) - 0.2 * y[0]],
    ),
    lowered_case(
        "a soft step of time",
        10.0,
        """let diff[x, t](t) = 1 + tanh(t - 4) - x(t);
        let x(t: 0) = 0;
        probe x(t);""",
        (0.0,),
        lambda t, y: [1 + tanh(t - 4) - y[0]],
    ),
    lowered_case(
        "a corner of time",
        10.0,
        """let diff[x, t](t) = abs(t - 5) - x(t);
        let x(t: 0) = 0;
        probe x(t);""",
        (0.0,),
        lambda t, y: [abs(t - 5) - y[0]],
    ),
    lowered_case(
        "frequency modulation",
        15.0,
        """let diff[x, t](t) = cos(4*t + 2*sin(t)) - 0.5*x(t);
        let x(t: 0) = 0;
        probe x(t);""",
        (0.0,),
        lambda t, y: [cos(4 * t + 2 * sin(t)) - 0.5 * y[0]],
    ),
    lowered_case(
        "exponential of a sine",
        15.0,
        """let diff[x, t](t) = exp(sin(2*t)) - x(t);
        let x(t: 0) = 0;
        probe x(t);""",
        (0.0,),
        lambda t, y: [exp(sin(2 * t)) - y[0]],
    ),
    lowered_case(
        "growing drive",
        12.0,
        """let diff[x, t](t) = 0.01*exp(0.6*t) - x(t);
        let x(t: 0) = 0;
        probe x(t);""",
        (0.0,),
        lambda t, y: [0.01 * exp(0.6 * t) - y[0]],
    ),
)

MIXED = (*CHAOTIC, *STIFF, *SEVERAL, *OF_TIME)
