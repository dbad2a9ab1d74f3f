"""Functions without state: algebraic loops, and an order in which they can be computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from appliance.compiler.arithmetic import FUNCTIONS
from appliance.compiler.constants import some_names
from appliance.compiler.diagnostics import Kind
from appliance.compiler.fold import walk
from appliance.compiler.graph import components, is_circle
from appliance.compiler.syntax import Apply, Derivative, Node

if TYPE_CHECKING:
    from appliance.compiler.findings import Findings
    from appliance.compiler.scope import Function, Scope

_Key: TypeAlias = tuple[str, int]
"""Name and order: an auxiliary function, or the highest derivative of an equation."""


def order_auxiliaries(scope: Scope, findings: Findings) -> list[Function]:
    """Auxiliary functions, those that are read before those that read them.

    Reports each algebraic loop, at the name in the definition of it that comes first in the text.
    """
    keys = {(f.name, f.order): f for f in scope.functions.values() if f.name not in FUNCTIONS}
    uses = {key: _used(f.right, keys) for key, f in keys.items()}
    order: list[Function] = []
    for component in components(uses):
        functions = [keys[key] for key in component]
        if is_circle(component, uses):
            _loop(functions, findings)
        order.extend(function for function in functions if function.order == 0)
    return order


def _used(right: Node, keys: dict[_Key, Function]) -> list[_Key]:
    """Quantities without state that a right side reads."""
    found: dict[_Key, None] = {}
    for node in walk(right):
        match node:
            case Apply(name):
                found[name.text, 0] = None
            case Derivative(quantity):
                found[quantity.name.text, quantity.order] = None
    return [key for key in found if key in keys]


def _loop(circle: list[Function], findings: Findings) -> None:
    first, *others = sorted(circle, key=lambda function: function.at)
    what = f"the highest derivative of '{first.name}'" if first.order else f"'{first.name}'"
    message = f"{what} depends on its own present value"
    if others:
        message += ", by way of " + some_names([function.name for function in others])
    hint = "solve the equation for it by hand; only integration may close a loop"
    findings.error(Kind.ALGEBRAIC_LOOP, message, first.at, hint)
