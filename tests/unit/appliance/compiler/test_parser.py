"""Grammar, binding strength, syntax errors and the limit of nesting."""

from __future__ import annotations

import pytest

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind, Position
from appliance.compiler.lexer import tokenize
from appliance.compiler.parser import parse
from appliance.compiler.syntax import (
    Apply,
    Chain,
    DefineConstant,
    DefineFunction,
    DefineValue,
    Derivative,
    Name,
    Negate,
    Node,
    Number,
    PlotStatement,
    Power,
    ProbeStatement,
    Sum,
    Tree,
    Use,
)


def tree(source: str) -> Tree:
    return parse(tokenize(source))


def fault(source: str) -> Diagnostic:
    with pytest.raises(CompileError) as caught:
        tree(source)
    (found,) = caught.value.diagnostics
    return found


def shape(node: Node) -> str:
    """The grouping of an expression, with every operation in brackets."""
    match node:
        case Number(value):
            return f"{value:g}"
        case Name(text):
            return text
        case Negate(operand):
            return f"[-{shape(operand)}]"
        case Sum(first, steps) | Chain(first, steps):
            rest = "".join(f" {s.operator} {shape(s.operand)}" for s in steps)
            return f"[{shape(first)}{rest}]"
        case Power(base, exponent):
            return f"[{shape(base)}**{shape(exponent.expr)}]"
        case Apply(name, arguments):
            return f"{name.text}({', '.join(shape(a.expr) for a in arguments)})"
        case Derivative(quantity, argument):
            return f"{quantity.name.text}{chr(39) * quantity.order}({shape(argument.expr)})"


def expression(text: str) -> str:
    (statement,) = tree(f"let a = {text};").statements
    assert isinstance(statement, DefineConstant)
    return shape(statement.right)


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("1 + 2 - 3", "[1 + 2 - 3]"),
        ("1 - (2 - 3)", "[1 - [2 - 3]]"),
        ("a*b/c*d", "[a * b / c * d]"),
        ("a*(b*c)", "[a * [b * c]]"),
        ("a + b*c - d/e", "[a + [b * c] - [d / e]]"),
        ("-x(t)**3", "[-[x(t)**3]]"),
        ("2**3**4", "[2**[3**4]]"),
        ("2**-3**4", "[2**[-[3**4]]]"),
        ("2**-x*3", "[[2**[-x]] * 3]"),
        ("(-2)**2", "[[-2]**2]"),
        ("+--a", "[-[-a]]"),
        ("a - -b", "[a - [-b]]"),
        ("a*-b*c", "[a * [-b] * c]"),
        ("-a*b", "[[-a] * b]"),
        ("((a))", "a"),
        ("f(a, b + c, g(d))", "f(a, [b + c], g(d))"),
        ("f((a), -(b))", "f(a, [-b])"),
        ("diff[x, t, t](t) * y(2*t)", "[x''(t) * y([2 * t])]"),
        ("f(a)**2", "[f(a)**2]"),
        ("diff[x, t](t - 1)", "x'([t - 1])"),
    ],
)
def test_grouping(text: str, grouped: str) -> None:
    assert expression(text) == grouped


def test_statements() -> None:
    statements = tree(
        "use math; let a = 1; let f(t) = a; let diff[x, t](t) = 2; let x(t: 0) = 3;"
        "let diff[x, t](t: 0) = 4; probe x(t); probe diff[x, t](t); plot(x: t, y: x(t));"
    ).statements
    assert [type(s) for s in statements] == [
        *(Use, DefineConstant, DefineFunction, DefineFunction, DefineValue, DefineValue),
        *(ProbeStatement, ProbeStatement, PlotStatement),
    ]


def test_empty_text_is_an_empty_program() -> None:
    assert tree(" // nothing\n").statements == ()


def test_operands_know_their_first_token() -> None:
    (statement,) = tree("let a = f(1, (2 + 3)) ** (4);").statements
    assert isinstance(statement, DefineConstant)
    power = statement.right
    assert isinstance(power, Power)
    assert power.at == Position(1, 23)
    assert power.exponent.start == Position(1, 26)
    assert isinstance(power.base, Apply)
    assert [a.start for a in power.base.arguments] == [Position(1, 11), Position(1, 14)]


@pytest.mark.parametrize(
    ("source", "column", "expected"),
    [
        (";", 1, "a statement"),
        ("x", 1, "a statement"),
        ("use;", 4, "a name"),
        ("use math", 9, "';'"),
        ("use let;", 5, "a name"),
        ("let = 1;", 5, "a name"),
        ("let 5 = 1;", 5, "a name"),
        ("let a 1;", 7, "'(' or '='"),
        ("let a == 1;", 8, "an expression"),
        ("let a = ;", 9, "an expression"),
        ("let a = 1", 10, "an operator or ';'"),
        ("let a = 1 2;", 11, "an operator or ';'"),
        ("let a = (1;", 11, "an operator or ')'"),
        ("let a = 1);", 10, "an operator or ';'"),
        ("let a = f(1;", 12, "an operator, ',' or ')'"),
        ("let a = f();", 11, "an expression"),
        ("let a = f(1,);", 13, "an expression"),
        ("let a = (1, 2);", 11, "an operator or ')'"),
        ("let a = 1 +;", 12, "an expression"),
        ("let a = *2;", 9, "an expression"),
        ("let a = 2***3;", 12, "an expression"),
        ("let a = diff;", 13, "'['"),
        ("let a = diff[x];", 15, "','"),
        ("let a = diff[x, t];", 19, "'('"),
        ("let a = diff[x, t](t, t);", 21, "an operator or ')'"),
        ("let a = diff[x, 1](t);", 17, "a name"),
        ("let f(t, s) = 1;", 8, "':' or ')'"),
        ("let f(1) = 1;", 7, "a name"),
        ("let f(t: ) = 1;", 10, "an expression"),
        ("let f(t: 0 = 1;", 12, "an operator or ')'"),
        ("let f(t) 1;", 10, "'='"),
        ("let diff[x, t] = 1;", 16, "'('"),
        ("probe x;", 8, "'('"),
        ("probe x(t: 0);", 10, "')'"),
        ("probe x(t), y(t);", 11, "';'"),
        ("probe 2;", 7, "a name"),
        ("plot();", 6, "a name"),
        ("plot(x = t);", 8, "':'"),
        ("plot(x: t;", 10, "an operator, ',' or ')'"),
        ("plot(x: t)", 11, "';'"),
        ("let plot = 1;", 5, "a name"),
    ],
)
def test_syntax_errors_stand_at_the_first_token_that_cannot_continue(
    source: str, column: int, expected: str
) -> None:
    found = fault(source)
    assert (found.kind, found.at) == (Kind.SYNTAX, Position(1, column))
    assert found.message.startswith(f"expected {expected}")


def test_the_first_fault_in_the_text_is_told_whether_lexical_or_syntax() -> None:
    assert fault("let a = 1\nlet b = 2 ^ 3;").kind == Kind.SYNTAX
    assert fault("let b = 2 ^ 3;\nlet a = 1 let").kind == Kind.LEXICAL
    assert fault("let a = 1; /*").kind == Kind.LEXICAL
    assert fault("let a = /*").kind == Kind.LEXICAL


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("let a = 2 x(t);", "*"),
        ("let a = (1)(2);", "*"),
        ("let a = 1\nlet b = 2;", "';'"),
        ("let use = 1;", "cannot be a name"),
        ("lett a = 1;", "did you mean let?"),
        ("porbe x(t);", "did you mean probe?"),
        ("let a(t) = dif[x, t](t);", "diff[x, t](t)"),
        ("probe dif[x, t](t);", "diff[x, t](t)"),
    ],
)
def test_hints(source: str, words: str) -> None:
    hint = fault(source).hint
    assert hint is not None
    assert words in hint


@pytest.mark.parametrize(
    ("inner", "opening", "closing"),
    [
        ("x(t)", "(", ")"),
        ("1", "-", ""),
        ("1", "2**", ""),
        ("1", "sin(", ")"),
        ("t", "diff[x, t](", ")"),
        ("1", "f(2, ", ")"),
    ],
)
def test_nesting_of_200_is_taken_and_of_201_is_not(inner: str, opening: str, closing: str) -> None:
    tree(f"let a = {opening * 200}{inner}{closing * 200};")
    found = fault(f"let a = {opening * 201}{inner}{closing * 201};")
    offset = max(0, opening.find("(")) if closing else opening.find("**") if "*" in opening else 0
    assert found.kind == Kind.LIMIT
    assert found.at == Position(1, 9 + 200 * len(opening) + offset)


def test_nesting_ends_where_it_closes() -> None:
    deep = "(" * 199 + "-1" + ")" * 199
    tree(f"let a = {' + '.join([deep] * 50)};")


@pytest.mark.parametrize("operator", ["+", "-", "*", "/"])
def test_long_sums_and_chains_stay_flat(operator: str) -> None:
    (statement,) = tree(f"let a = {operator.join(['t'] * 8000)};").statements
    assert isinstance(statement, DefineConstant)
    assert isinstance(statement.right, Sum | Chain)
    assert len(statement.right.steps) == 7999
