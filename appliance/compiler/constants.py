"""Named constants: values in any order of definition (analang reference, section 4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.compiler.diagnostics import Kind
from appliance.compiler.expressions import ExpressionChecker
from appliance.compiler.fold import walk
from appliance.compiler.graph import components, is_circle
from appliance.compiler.syntax import DefineConstant, Name, Node

if TYPE_CHECKING:
    from appliance.compiler.findings import Findings
    from appliance.compiler.scope import Scope


def fold_constants(scope: Scope, findings: Findings) -> dict[str, float | None]:
    """The value of each named constant; None where the definition is faulty."""
    uses = {name: _used(c.right, scope) for name, c in scope.constants.items()}
    values: dict[str, float | None] = {}
    checker = ExpressionChecker(scope, values, findings)
    for component in components(uses):
        if is_circle(component, uses):
            values.update(dict.fromkeys(component))
            _circle([scope.constants[name] for name in component], findings)
        else:
            values[component[0]] = checker.constant(scope.constants[component[0]].right)
    for right in scope.surplus_constants:
        checker.constant(right)
    return values


def _used(right: Node, scope: Scope) -> list[str]:
    names = (node.text for node in walk(right) if isinstance(node, Name))
    return list(dict.fromkeys(name for name in names if name in scope.constants))


def _circle(circle: list[DefineConstant], findings: Findings) -> None:
    first, *others = sorted(circle, key=lambda constant: constant.name.at)
    message = f"the constant '{first.name.text}' depends on itself"
    if others:
        message += ", together with " + some_names([c.name.text for c in others])
    findings.error(Kind.CYCLIC_DEFINITION, message, first.name.at)


def some_names(names: list[str]) -> str:
    """Names for a message, the first few of them."""
    shown = ", ".join(f"'{name}'" for name in names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"
