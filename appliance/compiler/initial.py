"""Values at the start (analang reference, section 4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.compiler.arithmetic import FUNCTIONS
from appliance.compiler.diagnostics import Kind
from appliance.compiler.fold import walk
from appliance.compiler.syntax import Apply, DefineValue, Derivative, Name, Node, Tree

if TYPE_CHECKING:
    from appliance.compiler.expressions import ExpressionChecker
    from appliance.compiler.findings import Findings
    from appliance.compiler.scope import Function, Scope


def check_values(
    tree: Tree, scope: Scope, checker: ExpressionChecker, findings: Findings
) -> dict[tuple[str, int], float]:
    """The values given in the program, by function and order; sound ones only."""
    values: dict[tuple[str, int], float] = {}
    seen: set[tuple[str, int]] = set()
    for statement in tree.statements:
        if not isinstance(statement, DefineValue):
            continue
        scope.check_variable(findings, *statement.quantity.variables, statement.variable)
        _check_time(statement, scope, checker, findings)
        value = checker.constant(statement.right)
        if not _has_value(statement, scope, findings):
            continue
        key = (statement.quantity.name.text, statement.quantity.order)
        if key in seen:
            _duplicate(statement, findings)
        elif value is not None:
            values[key] = value
        seen.add(key)
    _check_missing(scope, seen, findings)
    return values


def initial_values(function: Function, values: dict[tuple[str, int], float]) -> tuple[float, ...]:
    """Start values of an equation's states; 0 for a derivative without one."""
    return tuple(values.get((function.name, order), 0.0) for order in range(function.order))


def _check_time(
    statement: DefineValue, scope: Scope, checker: ExpressionChecker, findings: Findings
) -> None:
    time = statement.time
    value = None if _reads(time.expr, scope) else checker.constant(time.expr)
    if value == 0.0 or (value is None and not _reads(time.expr, scope)):
        return  # faults of the expression itself are reported already
    message = f"a value can be given at {scope.variable} = 0 only"
    findings.error(Kind.IC_TIME, message, time.start)


def _reads(node: Node, scope: Scope) -> bool:
    """Whether an expression depends on time or reads a function."""
    return any(
        isinstance(part, Derivative)
        or (isinstance(part, Apply) and part.name.text not in FUNCTIONS)
        or (isinstance(part, Name) and part.text == scope.variable)
        for part in walk(node)
    )


def _has_value(statement: DefineValue, scope: Scope, findings: Findings) -> bool:
    """Whether the quantity is a state; reports why not."""
    quantity = statement.quantity
    name = quantity.name
    function = scope.functions.get(name.text)
    if function is None:
        if name.text in FUNCTIONS:
            message = f"'{name.text}' is a built-in function"
            findings.error(Kind.RESERVED_NAME, message, name.at)
        else:
            message = f"there is no function '{name.text}' that could start at a value"
            hint = scope.near_function(name.text)
            findings.error(Kind.UNDEFINED_FUNCTION, message, name.at, hint)
        return False
    if function.name in scope.disputed:
        return True
    if function.order == 0:
        message = f"'{name.text}' is an auxiliary function: its definition fixes its value"
        findings.error(Kind.IC_ON_ALGEBRAIC, message, name.at)
        return False
    if quantity.order >= function.order:
        message = (
            f"the equation of '{name.text}' has order {function.order} and fixes derivative "
            f"{function.order}; derivatives below it can have a start value"
        )
        findings.error(Kind.DERIVATIVE_ORDER, message, quantity.at)
        return False
    return True


def _duplicate(statement: DefineValue, findings: Findings) -> None:
    name = statement.quantity.name
    label = name.text + "'" * statement.quantity.order
    message = f"'{label}' has a start value already"
    findings.error(Kind.DUPLICATE_INITIAL_CONDITION, message, name.at)


def _check_missing(scope: Scope, seen: set[tuple[str, int]], findings: Findings) -> None:
    for function in scope.functions.values():
        if function.order > 0 and (function.name, 0) not in seen:
            findings.error(
                Kind.MISSING_INITIAL_CONDITION,
                f"'{function.name}' has no start value",
                function.at,
                f"add: let {function.name}({scope.variable}: 0) = 0;",
            )
