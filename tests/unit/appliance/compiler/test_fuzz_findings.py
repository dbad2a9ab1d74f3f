"""Texts that the fuzz of programs found, each with what was wrong about the answer."""

from __future__ import annotations

import pytest

from appliance.compiler.diagnostics import CompileError, Kind
from appliance.compiler.front import read_program
from appliance.compiler.pipeline import CompileOptions, compile_program
from appliance.compiler.render import as_fields, one_line
from appliance.descriptions import lucidac

SOUND = "use math; let diff[x, t](t) = -x(t); let x(t: 0) = 1; probe x(t);\n"


@pytest.mark.parametrize("character", ["\f", "\x1b", "\0", "\ud800", "\u2028", "\u202e"])
def test_a_pragma_in_a_message_has_no_characters_that_cannot_be_shown(character: str) -> None:
    """They went to terminals and logs as they were, and half a character could not be sent."""
    with pytest.raises(CompileError) as refusal:
        read_program(f"{SOUND}//@ bond{character}x = 1")
    (found,) = refusal.value.diagnostics
    assert found.kind == Kind.PRAGMA
    assert found.message == "this pragma is not understood: bond?x = 1"
    assert str(as_fields(found)["message"]).encode()
    assert one_line([found]).isprintable()


@pytest.mark.parametrize(
    ("right", "start", "words"),
    [
        ("x(t)", "1e306", "no finite value at the start, or one beyond 1e+300"),
        ("x(t)", "1e299", "the solution of the equations ends at t = "),
        ("9*x(t)", "1", "the start value is lost"),
    ],
)
def test_a_solution_that_leaves_all_numbers_is_refused(right: str, start: str, words: str) -> None:
    """It went on to infinity, and the comparison with a neighbour failed with a ValueError."""
    source = f"let diff[x, t](t) = {right}; let x(t: 0) = {start}; probe x(t); //@ horizon = 20"
    log: list[str] = []
    with pytest.raises(CompileError) as refusal:
        compile_program(source, "huge.ana", lucidac(), CompileOptions(), log.append)
    assert {d.kind for d in refusal.value.diagnostics} == {Kind.AMPLITUDE_UNBOUNDED}
    assert words in str(refusal.value)
