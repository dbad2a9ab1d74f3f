"""Random programs with divisions and functions, in any units and at any speed, judged by scipy.

Every state is drawn towards a bounded function of the others, so that solutions stay bounded. What
compiles must agree with the mathematics; what is refused must be short of something.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from appliance.compiler.diagnostics import CompileError
from appliance.compiler.pipeline import CompileOptions, compile_program
from appliance.descriptions import lucidac
from tests.unit.appliance.compiler.lowered_cases import lowered_case
from tests.unit.appliance.compiler.lowered_judge import reference
from tests.unit.appliance.compiler.programs import program
from tests.unit.appliance.compiler.test_lowered_programs import POINTS, simulated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.unit.appliance.compiler.lowered_cases import Case

NAMES: Final = ("x", "y", "z")
FORMS: Final = (
    "sin({a})",
    "cos({a})",
    "tanh({a})",
    "exp(-{b}*{b})",
    "({a})/(1.5 + {b}*{b})",
    "1/(2 + {c}*{b})",
    "sqrt(1 + {b}*{b})",
    "sqrt(abs({b}) + 0.3)",
    "abs({a})",
    "ln(1.5 + {b}*{b})",
    "abs(sin({b}))",
    "{b}*{d}",
)
"""{a}: a sum; {b}, {d}: states in their units or a wave of time; {c}: a number below 1. Every form
is bounded where its operands are."""
PYTHON: Final = {"ln": math.log, "sin": math.sin, "cos": math.cos, "tanh": math.tanh} | {
    "exp": math.exp,
    "sqrt": math.sqrt,
    "abs": abs,
}


def drawn(seed: int) -> Case:
    rng = random.Random(seed)
    names = NAMES[: rng.choice((1, 1, 2, 2, 3))]
    units = [float(f"{10 ** rng.uniform(-3, 3):.3g}") for _ in names]
    pace = float(f"{10 ** rng.uniform(-2, 2):.3g}")
    signals = [f"({name}(t)/{unit!r})" for name, unit in zip(names, units, strict=True)]
    lines, rights = [], []
    for name, unit, signal in zip(names, units, signals, strict=True):
        own = _function(rng, signals, pace)
        rate = float(f"{pace * rng.uniform(0.3, 1):.3g}")
        right = f"{rate * unit!r}*({own} - {rng.uniform(0.6, 1.4):.2f}*{signal})"
        lines += [f"let diff[{name}, t](t) = {right};"]
        rights += [right]
    start = tuple(unit * round(rng.uniform(-1, 1), 2) for unit in units)
    lines += [f"let {n}(t: 0) = {v!r};\nprobe {n}(t);" for n, v in zip(names, start, strict=True)]
    codes = [compile(_python(right), "right", "eval") for right in rights]

    def right_side(t: float, y: Sequence[float]) -> list[float]:
        known = PYTHON | dict(zip(names, y, strict=True)) | {"t": t}
        return [float(eval(code, {}, known)) for code in codes]

    horizon = float(f"{rng.uniform(5, 25) / pace:.3g}")
    return lowered_case(
        f"seed {seed}", horizon, "\n".join(lines), start, right_side, lambda t, y: list(y)
    )


def _function(rng: random.Random, signals: list[str], pace: float) -> str:
    """One or two terms."""
    wave = f"sin({pace * rng.uniform(0.3, 2):.3g}*t)"
    pool = [*signals, wave] if rng.random() < 0.3 else signals
    terms = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        one, other = rng.choice(pool), rng.choice(pool)
        total = rng.choice((one, f"{one} - {rng.uniform(0.2, 1):.2f}*{other}", f"1 - {one}"))
        form = rng.choice(FORMS)
        text = form.format(a=total, b=one, c=f"{rng.uniform(-0.4, 0.4):.2f}", d=other)
        terms.append(f"({rng.uniform(-0.6, 0.6):.3f})*{text}")
    return " + ".join(terms)


def _python(text: str) -> str:
    for name in NAMES:
        text = text.replace(f"{name}(t)", name)
    return text


def outcome(seed: int) -> str:
    """``compiled``, or what kind of refusal."""
    case = drawn(seed)
    source = program(f"//@ horizon = {case.horizon!r}", case.text)
    try:
        data = compile_program(source, "case.ana", lucidac(), CompileOptions(), lambda line: None)
    except CompileError as refusal:
        return " ".join(sorted({d.kind for d in refusal.diagnostics}))
    expected, points = reference(case, np.linspace(0.0, case.horizon, POINTS))
    error = np.max(np.abs(simulated(case, data) - expected)[:points], axis=0)
    amplitude = np.max(np.abs(expected), axis=0)
    assert np.all(error <= 0.02 * amplitude), (seed, error / amplitude)
    return "compiled"


def check(seeds: range) -> Counter[str]:
    outcomes = Counter(outcome(seed) for seed in seeds)
    assert outcomes.keys() <= {"compiled", "capacity"}
    return outcomes


def test_random_lowered_programs_agree_or_find_no_room() -> None:
    assert check(range(24))["compiled"] >= 12


@pytest.mark.long
@pytest.mark.parametrize("block", range(1, 11))
def test_many_random_lowered_programs(block: int) -> None:
    assert check(range(100 * block, 100 * block + 100))["compiled"] >= 50
