"""Diagnostics as text and as fields."""

from __future__ import annotations

import json

import pytest

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind, Position
from appliance.compiler.front import read_program
from appliance.compiler.render import as_fields, one_line, render, render_all


def errors(source: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(CompileError) as caught:
        read_program(source)
    return caught.value.diagnostics


def at(line: int, column: int, hint: str | None = None) -> Diagnostic:
    return Diagnostic(kind=Kind.DOMAIN, message="no", at=Position(line, column), hint=hint)


def test_error_with_source_line_caret_and_hint() -> None:
    source = "let diff[x, t](t) = y(t);\nlet diff[y, t](t) = 0;\nlet x(t: 0) = 1;\nprobe x(t);\n"
    assert render(errors(source)[0], source, "run.ana") == (
        "run.ana:2:10: error[missing-initial-condition]: 'y' has no start value\n"
        "let diff[y, t](t) = 0;\n"
        "         ^\n"
        "  hint: add: let y(t: 0) = 0;"
    )


def test_warning_and_diagnostic_without_a_place() -> None:
    warning = Diagnostic(kind="repeated-probe", message="twice", is_warning=True)
    assert render(warning, "probe x(t);", "a.ana") == "a.ana: warning[repeated-probe]: twice"


def test_tabs_stay_tabs_below() -> None:
    assert render(at(1, 5), "\ta\tb", "n").splitlines()[1:] == ["\ta\tb", "\t \t ^"]


def test_marks_and_line_ends_are_counted_as_the_lexer_counts_them() -> None:
    assert render(at(3, 1), "\ufeffa\r\nb\rc\u2028d", "n").splitlines()[1] == "c?d"
    assert render(at(1, 1), "\ufeffa", "n").splitlines()[1] == "a"


def test_place_after_the_last_character() -> None:
    assert render(at(2, 1), "a\n", "n").splitlines()[1:] == ["", "^"]
    assert render(at(1, 2), "a", "n").splitlines()[1:] == ["a", " ^"]
    assert render(at(9, 9), "a", "n").splitlines()[1:] == ["", "^"]


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert render(at(1, 2), "\x1b[2J\ud800", "n").splitlines()[1:] == ["?[2J?", " ^"]


@pytest.mark.parametrize("column", [1, 50, 61, 62, 500, 60000, 65536, 65537])
def test_long_lines_are_cut_around_the_column(column: int) -> None:
    line = "".join(chr(ord("a") + i % 26) for i in range(65536))
    _, shown, caret = render(at(1, column), line, "n").splitlines()
    assert len(shown) < 130
    assert len(caret) - 1 <= len(shown)
    if column <= len(line):
        assert shown[len(caret) - 1] == line[column - 1]


def test_many_diagnostics_are_counted_not_shown() -> None:
    source = "let g(t) = " + "+".join(["b"] * 3000) + ";"
    text = render_all(errors(source), source, "n.ana")
    assert text.count("error[") == 50
    assert text.endswith("n.ana: and 2952 more")
    assert len(text) < 20_000
    assert "more" not in render_all(errors("")[:2], "", "n")


def test_one_line_for_the_api() -> None:
    found = errors("let diff[x, t](t) = y(t) + k;\nlet x(t: 0) = 1;\nprobe x(t);")
    told = "line 1, column 21: undefined-function: there is no function 'y'"
    assert one_line(found) == f"{told} (and 1 more, see the log)"
    assert one_line([Diagnostic(kind="routing", message="no way")]) == "routing: no way"


def test_fields_are_plain_json() -> None:
    assert json.loads(json.dumps(as_fields(at(3, 4, "this")))) == {
        "kind": "domain",
        "line": 3,
        "column": 4,
        "message": "no",
        "hint": "this",
        "is_warning": False,
    }
    assert as_fields(Diagnostic(kind="routing", message="no"))["line"] is None


def test_warnings_beside_an_error_do_not_count() -> None:
    warning = Diagnostic(kind="domain", message="near", is_warning=True)
    error = Diagnostic(kind="routing", message="no way")
    assert one_line([warning, error]) == "routing: no way"
    assert one_line([warning]) == "domain: near"
