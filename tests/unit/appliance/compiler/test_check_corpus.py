"""The conformance corpus: what must be accepted, and what must be refused and where."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.compiler.diagnostics import CompileError
from appliance.compiler.front import read_program
from appliance.compiler.program import Add, Call, Const, Div, Expr, Mul, Program, Read, Scale, Time
from tests.shared import fixtures


def corpus(*, ok: bool) -> list[dict[str, Any]]:  # Any: JSON
    text = (fixtures() / "analang" / "corpus.json").read_text()
    return [entry for entry in json.loads(text)["programs"] if entry["ok"] is ok]


def source(entry: dict[str, Any]) -> str:
    file: str = entry["file"]
    return (fixtures() / "analang" / file).read_bytes().decode("utf-8")


def test_good_programs() -> None:
    entries = corpus(ok=True)
    assert len(entries) == 20
    for entry in entries:
        program = read_program(source(entry))
        name = entry["file"]
        assert program.variable == entry["independent_variable"], name
        assert [probe.label for probe in program.probes] == entry["probes"], name
        assert sum(e.order for e in program.equations) == entry["integrators_needed"], name
        assert list(map(str, program.warnings)) == entry["warnings"], name
        multipliers, lowered = resources(program)
        assert multipliers == entry["multipliers_needed"], name
        assert lowered == entry["lowered"], name


def test_bad_programs() -> None:
    entries = corpus(ok=False)
    assert len(entries) == 25
    for entry in entries:
        with pytest.raises(CompileError) as caught:
            read_program(source(entry))
        (found,) = caught.value.diagnostics
        assert found.at is not None
        wanted = entry["expected_error"]
        assert (found.kind, found.at.line, found.at.column) == (
            wanted["kind"],
            wanted["line"],
            wanted["column"],
        ), entry["file"]


def resources(program: Program) -> tuple[int, dict[str, int]]:
    """Multipliers by the four rules of section 5, and functions to lower."""
    products: set[Expr] = set()
    lowered: dict[str, set[Expr]] = {}
    stack = [e.right for e in program.equations] + [a.right for a in program.auxiliaries]
    while stack:
        expr = stack.pop()
        match expr:
            case Mul(left, right, at):
                first, second = sorted((left, right), key=repr)
                products.add(Mul(first, second, at))
                stack += [left, right]
            case Div(left, right):
                lowered.setdefault("div", set()).add(expr)
                stack += [left, right]
            case Call(function, operand):
                lowered.setdefault(function, set()).add(expr)
                if not is_linear_in_time(operand):
                    stack.append(operand)
            case Time():
                lowered.setdefault("time", set()).add(expr)
            case Scale(_, operand):
                stack.append(operand)
            case Add(terms):
                stack += terms
            case Const() | Read():
                pass
    return len(products), {name: len(found) for name, found in lowered.items()}


def is_linear_in_time(expr: Expr) -> bool:
    return isinstance(expr, Time) or (isinstance(expr, Scale) and isinstance(expr.operand, Time))
