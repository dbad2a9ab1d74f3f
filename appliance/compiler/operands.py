"""Expressions: tokens to syntax nodes, by operator precedence (analang reference, section 5).

The work is done with a stack of open parentheses instead of recursion, so that no program can
exhaust the interpreter's own stack.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from appliance.compiler.cursor import MAX_NESTING, Cursor, too_deep
from appliance.compiler.syntax import (
    Apply,
    Chain,
    Derivative,
    Name,
    Negate,
    Node,
    Number,
    Operand,
    Power,
    Quantity,
    Step,
    Sum,
)

if TYPE_CHECKING:
    from appliance.compiler.diagnostics import Position


@dataclass(frozen=True, slots=True)
class _Sign:
    """A sign that waits for its operand."""

    negative: bool


@dataclass(frozen=True, slots=True)
class _Base:
    """A base that waits for its exponent."""

    node: Node
    at: Position
    exponent_start: Position


_Opener: TypeAlias = Name | Quantity | None
"""What stands before a parenthesis: a called name, a derivative, or nothing."""


@dataclass(slots=True)
class _Level:
    """One open parenthesis (or the whole expression) and what is complete in it so far."""

    opener: _Opener
    start: Position
    arguments: list[Operand] = field(default_factory=list)
    terms: list[Step] = field(default_factory=list)
    factors: list[Step] = field(default_factory=list)
    waiting: list[_Sign | _Base] = field(default_factory=list)
    sum_operator: tuple[str, Position] | None = None
    chain_operator: tuple[str, Position] | None = None

    def add_factor(self, node: Node) -> None:
        """An operand with its signs and powers joins the product chain."""
        self.factors.append(Step(*(self.chain_operator or ("*", self.start)), node))

    def add_term(self) -> None:
        """The product chain is complete and joins the sum."""
        first, *steps = self.factors
        node = Chain(first.operand, tuple(steps)) if steps else first.operand
        self.terms.append(Step(*(self.sum_operator or ("+", self.start)), node))
        self.factors, self.chain_operator = [], None

    def finish(self) -> Operand:
        """The complete expression; the level is then ready for another argument."""
        self.add_term()
        first, *steps = self.terms
        node = Sum(first.operand, tuple(steps)) if steps else first.operand
        self.terms, self.sum_operator = [], None
        return Operand(node, self.start)


def parse_expression(cursor: Cursor) -> Operand:
    """Read one expression, up to the first token that cannot continue it."""
    return _ExpressionParser(cursor).parse()


def parse_quantity(cursor: Cursor) -> Quantity:
    """``diff[name, variable, ...]``, or a name alone."""
    diff = cursor.take("diff")
    if diff is None:
        name = parse_name(cursor)
        return Quantity(name, (), name.at)
    cursor.expect("[")
    name = parse_name(cursor)
    cursor.expect(",")
    variables = [parse_name(cursor)]
    while cursor.take(","):
        variables.append(parse_name(cursor))
    cursor.expect("]", "',' or ']'")
    return Quantity(name, tuple(variables), diff.at)


def parse_name(cursor: Cursor) -> Name:
    token = cursor.expect("name")
    return Name(token.text, token.at)


class _ExpressionParser:
    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._levels = [_Level(None, cursor.token.at)]
        self._depth = 0

    def parse(self) -> Operand:
        while True:
            node = self._operand()
            while node is not None:
                outcome = self._after(node)
                if isinstance(outcome, Operand):
                    return outcome
                node = outcome

    def _operand(self) -> Node | None:
        """Read signs, opening parentheses, and the operand itself if it is a simple one."""
        cursor = self._cursor
        token = cursor.token
        match token.kind:
            case "number":
                return Number(float(cursor.advance().text))
            case "name":
                return self._named()
            case "+" | "-":
                self._deeper(token.at)
                cursor.advance()
                self._levels[-1].waiting.append(_Sign(token.kind == "-"))
            case "(":
                self._open(None)
            case "diff":
                self._open(parse_quantity(cursor))
            case _:
                raise cursor.error("an expression")
        return None

    def _named(self) -> Node | None:
        cursor = self._cursor
        name = parse_name(cursor)
        if cursor.token.kind != "(":
            return name
        if cursor.following(1) == "name" and cursor.following(2) == ")":
            # the common x(t) is one operand, not a level of nesting
            cursor.advance()
            argument = parse_name(cursor)
            cursor.advance()
            return Apply(name, (Operand(argument, argument.at),))
        self._open(name)
        return None

    def _open(self, opener: _Opener) -> None:
        token = self._cursor.expect("(")
        self._deeper(token.at)
        self._levels.append(_Level(opener, self._cursor.token.at))

    def _deeper(self, at: Position) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise too_deep(at)

    def _after(self, node: Node) -> Node | Operand | None:
        """What follows an operand. Returns the next complete operand where a parenthesis closes,
        the whole expression at its end, None where another operand must follow."""
        cursor, level, token = self._cursor, self._levels[-1], self._cursor.token
        if token.kind == "**":
            self._deeper(token.at)
            cursor.advance()
            level.waiting.append(_Base(node, token.at, cursor.token.at))
            return None
        level.add_factor(self._with_waiting(node))
        match token.kind:
            case "*" | "/":
                level.chain_operator = (token.kind, token.at)
            case "+" | "-":
                level.add_term()
                level.sum_operator = (token.kind, token.at)
            case _:
                return self._end_of_level()
        cursor.advance()
        return None

    def _with_waiting(self, node: Node) -> Node:
        waiting = self._levels[-1].waiting
        self._depth -= len(waiting)
        while waiting:
            match waiting.pop():
                case _Sign(negative):
                    node = Negate(node) if negative else node
                case _Base(base, at, start):
                    node = Power(base, Operand(node, start), at)
        return node

    def _end_of_level(self) -> Node | Operand | None:
        cursor, level = self._cursor, self._levels[-1]
        several = isinstance(level.opener, Name)
        operand = level.finish()
        if len(self._levels) == 1:
            return operand
        if several and cursor.take(","):
            level.arguments.append(operand)
            level.start = cursor.token.at
            return None
        cursor.expect(")", "an operator, ',' or ')'" if several else "an operator or ')'")
        self._levels.pop()
        self._depth -= 1
        return _closed(level, operand)


def _closed(level: _Level, last: Operand) -> Node:
    match level.opener:
        case Name():
            return Apply(level.opener, (*level.arguments, last))
        case Quantity():
            return Derivative(level.opener, last)
        case None:
            return last.expr
