"""The front end: text to checked program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.compiler.check import check
from appliance.compiler.lexer import tokenize
from appliance.compiler.parser import parse

if TYPE_CHECKING:
    from appliance.compiler.program import Program


def read_program(source: str) -> Program:
    """Read an analang program.

    Raises CompileError: with one diagnostic for a lexical or syntax error, with all of them, sorted
    by position, for any other.
    """
    return check(parse(tokenize(source)))
