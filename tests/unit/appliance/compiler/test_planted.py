"""Refusals of programs that cannot be built: kind, numbers, place, and how people see them."""

from __future__ import annotations

import re

import pytest

from appliance.compiler.diagnostics import CompileError, Diagnostic
from appliance.compiler.pipeline import CompileOptions, compile_program
from appliance.compiler.render import one_line, render
from appliance.descriptions import lucidac
from tests.unit.appliance.compiler.planted import PLANTED, Planted

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_SHORT = re.compile(r"^([\w -]+?)(?: for .*)?: needed (\d+), have (\d+)")


def refusal(planted: Planted) -> tuple[Diagnostic, ...]:
    with pytest.raises(CompileError) as caught:
        compile_program(
            planted.source, "planted.ana", lucidac(), CompileOptions(), lambda line: None
        )
    return caught.value.diagnostics


def told(diagnostics: tuple[Diagnostic, ...]) -> str:
    return "\n".join(f"{d.message} {d.hint or ''}" for d in diagnostics)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda p: p.name)
def test_the_refusal_says_what_and_where(planted: Planted) -> None:
    found = refusal(planted)
    assert {d.kind for d in found} == {planted.kind}, told(found)
    assert len(found) == max(1, len(planted.short)), told(found)
    assert found[0].at == planted.at
    for word in planted.words:
        assert word in told(found)
    shortages = [_SHORT.match(d.message) for d in found] if planted.short else []
    assert [m and (m[1], int(m[2]), int(m[3])) for m in shortages] == list(planted.short)
    if planted.time is not None:
        numbers = [float(text) for text in _NUMBER.findall(told(found))]
        near = [n for n in numbers if abs(n - planted.time) <= 0.01 * max(1.0, planted.time)]
        assert near, told(found)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda p: p.name)
def test_people_see_the_line_and_a_caret(planted: Planted) -> None:
    for found in refusal(planted):
        text = render(found, planted.source, "planted.ana")
        head, *rest = text.split("\n")
        if found.at is None:
            assert head.startswith(f"planted.ana: error[{planted.kind}]: ")
            assert one_line((found,)).startswith(f"{planted.kind}: ")
            continue
        line, column = found.at.line, found.at.column
        assert head.startswith(f"planted.ana:{line}:{column}: error[{planted.kind}]: ")
        assert rest[0] == planted.source.split("\n")[line - 1]
        assert rest[1] == " " * (column - 1) + "^"
        assert one_line((found,)).startswith(f"line {line}, column {column}: {planted.kind}: ")


def test_no_two_programs_are_the_same() -> None:
    assert len({p.source for p in PLANTED}) == len(PLANTED) >= 12
