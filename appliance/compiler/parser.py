"""Tokens to a syntax tree: the statements of the grammar (analang reference, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.compiler.cursor import A_STATEMENT, Cursor
from appliance.compiler.operands import parse_expression, parse_name, parse_quantity
from appliance.compiler.syntax import (
    DefineConstant,
    DefineFunction,
    DefineValue,
    Name,
    Node,
    PlotStatement,
    ProbeStatement,
    Statement,
    Tree,
    Use,
)

if TYPE_CHECKING:
    from appliance.compiler.lexer import Scan


def parse(scan: Scan) -> Tree:
    """Build the syntax tree.

    Raises CompileError with one diagnostic, for the first lexical or syntax error of the text.
    """
    cursor = Cursor(scan)
    statements: list[Statement] = []
    while not cursor.at_end():
        statements.append(_statement(cursor))
    return Tree(statements=tuple(statements), pragmas=scan.pragmas)


def _statement(cursor: Cursor) -> Statement:
    match cursor.token.kind:
        case "use":
            return _use(cursor)
        case "let":
            return _let(cursor)
        case "probe":
            return _probe(cursor)
        case "plot":
            return _plot(cursor)
        case _:
            raise cursor.error(A_STATEMENT)


def _use(cursor: Cursor) -> Use:
    cursor.advance()
    module = parse_name(cursor)
    cursor.expect(";")
    return Use(module)


def _let(cursor: Cursor) -> DefineConstant | DefineFunction | DefineValue:
    cursor.advance()
    if cursor.token.kind not in ("name", "diff"):
        raise cursor.error("a name")
    quantity = parse_quantity(cursor)
    if not quantity.variables and cursor.token.kind != "(":
        cursor.expect("=", "'(' or '='")
        return DefineConstant(quantity.name, _right_side(cursor))
    cursor.expect("(")
    variable = parse_name(cursor)
    if not cursor.take(":"):
        cursor.expect(")", "':' or ')'")
        cursor.expect("=")
        return DefineFunction(quantity, variable, _right_side(cursor))
    time = parse_expression(cursor)
    cursor.expect(")", "an operator or ')'")
    cursor.expect("=")
    return DefineValue(quantity, variable, time, _right_side(cursor))


def _right_side(cursor: Cursor) -> Node:
    right = parse_expression(cursor).expr
    cursor.expect(";", "an operator or ';'")
    return right


def _probe(cursor: Cursor) -> ProbeStatement:
    cursor.advance()
    if cursor.token.kind not in ("name", "diff"):
        raise cursor.error("a name")
    quantity = parse_quantity(cursor)
    cursor.expect("(")
    variable = parse_name(cursor)
    cursor.expect(")")
    cursor.expect(";")
    return ProbeStatement(quantity, variable)


def _plot(cursor: Cursor) -> PlotStatement:
    at = cursor.advance().at
    cursor.expect("(")
    fields = [_field(cursor)]
    while cursor.take(","):
        fields.append(_field(cursor))
    cursor.expect(")", "an operator, ',' or ')'")
    cursor.expect(";")
    return PlotStatement(tuple(fields), at)


def _field(cursor: Cursor) -> tuple[Name, Node]:
    name = parse_name(cursor)
    cursor.expect(":")
    return name, parse_expression(cursor).expr
