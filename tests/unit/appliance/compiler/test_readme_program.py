"""The program that the README shows compiles, and is the mathematics that it seems to be."""

from __future__ import annotations

from math import sin
from textwrap import dedent

import numpy as np

from appliance.compiler.pipeline import CompileOptions, compile_program
from appliance.descriptions import lucidac
from tests.shared import ROOT
from tests.unit.appliance.compiler.lowered_cases import lowered_case
from tests.unit.appliance.compiler.lowered_judge import reference
from tests.unit.appliance.compiler.test_lowered_programs import POINTS, simulated


def test_the_readme_shows_a_program_that_compiles() -> None:
    section = (ROOT / "README.md").read_text().split("\n## Programs\n")[1].split("\n## ")[0]
    text = dedent("\n".join(line for line in section.splitlines() if line.startswith("    ")))

    def right(t: float, y: object) -> list[float]:
        prey, hunters = np.asarray(y).tolist()
        eaten = prey * hunters / (1 + prey)
        growth = 1.1 * (1 + 0.3 * sin(0.5 * t)) * prey * (1 - prey / 4)
        return [growth - eaten, 0.8 * eaten - 0.4 * hunters]

    case = lowered_case(
        "readme", 40.0, text, (0.5, 0.3), right, lambda t, y: [*y, y[0] * y[1] / (1 + y[0])]
    )
    data = compile_program(text, "readme.ana", lucidac(), CompileOptions(), lambda line: None)
    expected, points = reference(case, np.linspace(0.0, case.horizon, POINTS))
    error = np.max(np.abs(simulated(case, data) - expected), axis=0)
    assert points == POINTS
    assert np.all(error <= 0.02 * np.max(np.abs(expected), axis=0))
