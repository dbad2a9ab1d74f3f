"""Characters, numbers, comments, positions and limits of the source text."""

from __future__ import annotations

import pytest

from appliance.compiler.diagnostics import Diagnostic, Kind, Position
from appliance.compiler.lexer import tokenize


def kinds(source: str) -> list[str]:
    scan = tokenize(source)
    assert scan.fault is None, scan.fault
    return [token.kind for token in scan.tokens]


def fault(source: str) -> Diagnostic:
    scan = tokenize(source)
    assert scan.fault is not None
    assert scan.tokens[-1].kind == "end"
    assert scan.tokens[-1].at == scan.fault.at
    return scan.fault


def test_a_statement_is_split_into_keywords_names_and_symbols() -> None:
    assert kinds("let diff[x, t](t)=-x(t)**2;") == [
        *("let", "diff", "[", "name", ",", "name", "]", "(", "name", ")", "="),
        *("-", "name", "(", "name", ")", "**", "number", ";", "end"),
    ]


@pytest.mark.parametrize("text", ["1", "0.42", "1.0e-7", ".5", "1.", "1.e3", ".5E+2", "007"])
def test_number_forms(text: str) -> None:
    tokens = tokenize(text).tokens
    assert [(t.kind, t.text) for t in tokens] == [("number", text), ("end", "")]


@pytest.mark.parametrize(
    "text", ["2x", "1.2.3", "1..", "1e", "1e+", "1_000", "0x10", "1.5e3e", "2é", "1e999"]
)
def test_malformed_numbers_are_reported_at_their_first_character(text: str) -> None:
    found = fault(f"let a = {text};")
    assert (found.kind, found.at) == (Kind.LEXICAL, Position(1, 9))


def test_names_are_ascii_and_case_sensitive() -> None:
    tokens = tokenize("_Run2 x X Let").tokens
    assert [t.text for t in tokens[:-1]] == ["_Run2", "x", "X", "Let"]
    assert {t.kind for t in tokens[:-1]} == {"name"}
    assert fault("let é").at == Position(1, 5)


def test_names_have_at_most_64_characters() -> None:
    assert kinds("a" * 64) == ["name", "end"]
    found = fault("\n " + "a" * 65)
    assert (found.kind, found.at) == (Kind.LIMIT, Position(2, 2))


def test_all_line_ends_count_once() -> None:
    tokens = tokenize("a\nb\rc\r\nd\n\re\r\r\nf").tokens
    assert [t.at.line for t in tokens] == [1, 2, 3, 4, 6, 8, 8]
    assert tokens[-1].at == Position(8, 2)


def test_other_line_separators_of_unicode_are_no_blanks() -> None:
    for character in "\u2028\x0b\x0c\x85\u00a0":
        assert fault(f"a{character}b").at == Position(1, 2)


def test_byte_order_mark_takes_no_column() -> None:
    assert tokenize("\ufeffuse").tokens[0].at == Position(1, 1)
    assert fault("\ufeff\ufeffuse").at == Position(1, 1)
    assert fault("use \ufeff").at == Position(1, 5)


def test_columns_count_code_points_and_tabs_as_one() -> None:
    assert tokenize("/*😀é*/\tx").tokens[0].at == Position(1, 8)


def test_end_is_just_after_the_last_character() -> None:
    assert tokenize("").tokens[0].at == Position(1, 1)
    assert tokenize("use a;").tokens[-1].at == Position(1, 7)
    assert tokenize("use a;\n").tokens[-1].at == Position(2, 1)


def test_comments_of_all_styles_disappear() -> None:
    assert kinds("a // b /* c\nd # e // f\n/* g /* h */ i /**/ j") == ["name"] * 4 + ["end"]


def test_a_division_is_no_comment() -> None:
    assert kinds("a / b /c") == ["name", "/", "name", "/", "name", "end"]


@pytest.mark.parametrize("text", ["/*", "/*/", "/* a * /", "/* // \n"])
def test_unterminated_comment_is_reported_where_it_opens(text: str) -> None:
    found = fault(f"a;\n  {text}")
    assert (found.kind, found.at) == (Kind.LEXICAL, Position(2, 3))


def test_pragmas_are_line_comments_with_an_at_sign() -> None:
    scan = tokenize("//@ bound x = 2 \r\n  //@\n/* //@ no */ # //@ no\n// @ no\nuse //@horizon=3")
    assert [(p.text, p.at) for p in scan.pragmas] == [
        ("bound x = 2", Position(1, 1)),
        ("", Position(2, 3)),
        ("horizon=3", Position(5, 5)),
    ]


def test_caret_is_answered_with_the_power_operator() -> None:
    found = fault("let a = 2^3;")
    assert (found.kind, found.at) == (Kind.LEXICAL, Position(1, 10))
    assert found.hint is not None
    assert "**" in found.hint


@pytest.mark.parametrize("text", ["@", "'", ".", "!", "\x00", "\ud800", "{", "²", "\u202e"])
def test_other_characters_are_lexical_errors(text: str) -> None:
    found = fault(f"a {text}")
    assert (found.kind, found.at) == (Kind.LEXICAL, Position(1, 3))
    assert found.message.isprintable()


def test_tokens_before_a_fault_are_kept() -> None:
    assert [t.text for t in tokenize("let a $ b").tokens] == ["let", "a", ""]


def test_source_of_exactly_64_kib_is_taken() -> None:
    assert kinds("a;" + " " * (65536 - 2)) == ["name", ";", "end"]
    assert kinds("\ufeffa;#" + "é" * ((65536 - 6) // 2)) == ["name", ";", "end"]


@pytest.mark.parametrize(
    ("source", "column"),
    [
        ("a;" + " " * 65535, 65537),
        ("a;" + " " * 65533 + "bc", 65536),
        ("a;/*" + "é" * 32766 + "*/", 3),
        ("a " * 10_000_000, 65537),
    ],
    ids=["blank", "name", "comment", "huge"],
)
def test_longer_source_is_refused_at_the_token_that_passes_the_limit(
    source: str, column: int
) -> None:
    found = fault(source)
    assert (found.kind, found.at) == (Kind.LIMIT, Position(1, column))
