"""The conformance corpus through the command line, as a user would type it."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from appliance import cli
from tests.shared import fixtures

if TYPE_CHECKING:
    from pathlib import Path

GOOD = (
    "decay",
    "harmonic_pair",
    "damped_oscillator",
    "van_der_pol",
    "lorenz_scaled",
    "roessler_scaled",
    "lotka_volterra",
    "duffing_forced",
    "mathieu",
    "sprott_b",
    "nose_hoover",
    "coupled_oscillators",
    "third_order",
    "hopf_auxiliary",
    "saturating_uptake",
    "draining_tank",
    "quadratic_drag",
    "swept_drive",
    "rigid_body_plot",
    "lexical_stress",
)
EVERY_DAY = ("damped_oscillator", "quadratic_drag", "lexical_stress")


@cache
def corpus() -> tuple[dict[str, Any], ...]:  # Any: JSON
    return tuple(json.loads((fixtures() / "analang" / "corpus.json").read_text())["programs"])


def check(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = next(entry for entry in corpus() if entry["file"] == f"{name}.ana")
    source = fixtures() / "analang" / entry["file"]
    module, table = folder / "out.apb", folder / "out.csv"
    horizon = repr(entry["op_time"])
    compile = ["compile", str(source), "--target", "lucidac", "--horizon", horizon]
    assert cli.run([*compile, "-o", str(module)]) == 0
    log = capsys.readouterr().err
    assert log.count("verification: probe ") == len(entry["probes"])
    assert log.count("lowering: ") == 2 * entry["lowered"].get("sin", 0) + sum(
        count for kind, count in entry["lowered"].items() if kind != "sin"
    )
    simulate = ["simulate", str(module), "--problem-time", horizon, "--points", "200"]
    assert cli.run([*simulate, "-o", str(table)]) == 0
    header, *rows = table.read_text().splitlines()
    assert header.split(",") == ["t", *entry["probes"]]
    found = np.array([row.split(",") for row in rows], dtype=float)
    reference = np.loadtxt(source.with_suffix(".ref.csv"), delimiter=",", skiprows=1)
    assert found.shape == reference.shape
    assert found[:, 0] == pytest.approx(reference[:, 0], rel=1e-9)
    judged = reference[:, 0] <= entry["compare_until"]
    tolerance = 0.02 if entry["lowered"] else 1e-3
    error = np.max(np.abs(found - reference)[judged], axis=0)
    assert np.all(error <= tolerance * np.max(np.abs(reference), axis=0))


@pytest.mark.parametrize("name", EVERY_DAY)
def test_some_good_programs_from_text_to_numbers(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(name, tmp_path, capsys)


@pytest.mark.long
@pytest.mark.parametrize("name", GOOD)
def test_every_good_program_from_text_to_numbers(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check(name, tmp_path, capsys)


def test_the_good_programs_are_all() -> None:
    assert {f"{name}.ana" for name in GOOD} == {e["file"] for e in corpus() if e["ok"]}


def test_every_bad_program_is_refused_with_kind_line_column_and_caret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = [entry for entry in corpus() if not entry["ok"]]
    assert len(entries) == 25
    for entry in entries:
        source = fixtures() / "analang" / entry["file"]
        output = tmp_path / "out.apb"
        assert cli.run(["compile", str(source), "-o", str(output)]) == 1
        told = capsys.readouterr()
        wanted = entry["expected_error"]
        line, column = wanted["line"], wanted["column"]
        first, text, caret, *_ = told.err.splitlines()
        assert first.startswith(f"{source}:{line}:{column}: error[{wanted['kind']}]: ")
        assert text.strip() == source.read_text().splitlines()[line - 1].strip()
        assert caret.strip().startswith("^")
        assert caret.index("^") - text.index(text.strip()) >= 0
        assert (told.out, output.exists()) == ("", False)
