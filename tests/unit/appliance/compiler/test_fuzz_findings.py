"""Texts that the fuzz of programs found, each with what was wrong about the answer."""

from __future__ import annotations

import pytest

from appliance.compiler.diagnostics import CompileError, Kind
from appliance.compiler.front import read_program
from appliance.compiler.render import as_fields, one_line

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
