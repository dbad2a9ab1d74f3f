"""Sound programs to start from: all of the language occurs, in its usual and odd forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

OWN: Final = (
    "use display;\nuse math;\nlet diff[x, t](t) = -0.6*x(t);\nlet x(t: 0) = 0.9;\nprobe x(t);\n",
    # second order, start values of both kinds, a constant of constants, a derivative probed
    "use math; let w = 2*pi/half; let half = 2**-1;\nlet diff[q, t, t](t) = -w**2*q(t)/100;\n"
    "let q(t: 0) = .5; let diff[q, t](t: 0.0) = -(1/4);\nprobe q(t); probe diff[q, t](t);\n"
    "probe diff[q, t, t](t);\n",
    # auxiliary functions that read each other, pragmas of every kind
    "//@ bound x = 2.5\n//@ bound y = 3e0 // enough\n//@ horizon = 8\n//@ tolerance = 0.02 # more\n"
    "use math;\nlet r2(t) = x(t)*x(t) + y(t)*y(t);\nlet gain(t) = mu - r2(t);\nlet mu = 0.5;\n"
    "let diff[x, t](t) = gain(t)*x(t) - y(t);\nlet diff[y, t](t) = gain(t)*y(t) + x(t);\n"
    "let x(t: 0) = 0.1;\nlet y(t: 0) = 0;\nprobe x(t);\nprobe r2(t);\nprobe gain(t);\n",
    # functions, alone and inside of each other
    "use math;\n//@ horizon = 4\nlet diff[x, t](t) = -x(t) + 0.3*sin(2*t) + 0.1*cos(t)*exp(-t/4);\n"
    "let x(t: 0) = 0.2;\nprobe x(t);\n",
    "use math;\n//@ horizon = 3\nlet diff[u, t](t) = -tanh(3*u(t)) + 0.2*ln(1.5 + u(t)**2);\n"
    "let u(t: 0) = 0.8;\nlet s(t) = sqrt(0.1 + abs(u(t)));\nprobe u(t);\nprobe s(t);\n",
    # division in its forms, powers in theirs
    "use math;\n//@ horizon = 5\nlet diff[s, t](t) = 0.05 - (0.6*s(t))/(0.3 + s(t));\n"
    "let s(t: 0) = 0.95;\nlet v(t) = 1/(2 + s(t)**2) - s(t)/3;\nprobe s(t);\nprobe v(t);\n",
    "use math;\nlet diff[x, t](t) = -x(t)**3 + 0.2*x(t)**2 - (1 + x(t))**-1 + (x(t) + 2)**0.5;\n"
    "let x(t: 0) = 1;\n//@ horizon = 2\nprobe x(t);\n",
    # another variable, odd layout, every comment
    "/* first */ use math;use display; # two\nlet diff[_A1 ,tau,tau]( tau )=-.5e0*_A1(tau)\n"
    " -diff[_A1,tau](tau)*1.E-1+-+--0.25;//done\nlet\n_A1\n(tau:0)\n=\n(E)/4;\tprobe _A1(tau);\r\n",
    # far from one machine unit
    "use math;\nlet diff[x, t](t) = 10*(y(t) - x(t));\n"
    "let diff[y, t](t) = x(t)*(28 - z(t)) - y(t);\n"
    "let diff[z, t](t) = x(t)*y(t) - (8/3)*z(t);\nlet x(t: 0) = 1; let y(t: 0) = 1;\n"
    "let z(t: 0) = 1;\nprobe x(t); probe y(t); probe z(t); //@ horizon = 6\n",
    # a picture, the highest derivative read, shared products
    "use display; use math;\nlet diff[a, t](t) = -a(t) + 0.5*a(t)*b(t);\n"
    "let diff[b, t](t) = -diff[a, t](t) - b(t)*a(t);\nlet a(t: 0) = 0.5;\nlet b(t: 0) = (-0.25);\n"
    "plot(x: ((t * 0.02) - 1.0), y: a(t), z: diff[b, t](t)**2);\nprobe b(t); probe b(t);\n",
    # order eight, and without modules
    "let diff[h, t,t,t,t,t,t,t,t](t) = -h(t);let h(t: 0) = 1e-3;probe h(t);//@ horizon = 1\n"
    "let diff[h,t,t,t](t: 0) = 1e-4;",
    "let diff[x, t](t) = -abs(x(t));let x(t:0)=1;plot(x:t);probe x(t);",
    # with errors of its own: all are told
    "use maths;let diff[x, t](t) = k*y(t) + x;let sin(t) = 1;let g(t) = h(t);let h(t) = g(t);\n"
    "let x(t: 1) = x(t);probe diff[x, t, t](t);//@ bond x = 1\nlet z = 1/0 + ln(0) + 2**(1/0);",
)


def seeds() -> list[str]:
    """Our own programs, and those of the corpus where it is."""
    folder: Path = ROOT.parent / "shared" / "fixtures" / "analang"
    paths = sorted(folder.glob("*.ana"))
    return [*OWN, *(path.read_bytes().decode("utf-8") for path in paths)]
