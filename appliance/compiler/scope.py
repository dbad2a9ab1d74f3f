"""What a program defines: its independent variable, functions, constants and modules."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final

from appliance.compiler.arithmetic import FUNCTIONS, NAMED_CONSTANTS
from appliance.compiler.diagnostics import Kind, Position
from appliance.compiler.suggest import Suggester, did_you_mean
from appliance.compiler.syntax import (
    DefineConstant,
    DefineFunction,
    Name,
    Node,
    Quantity,
    Statement,
    Tree,
    Use,
)

if TYPE_CHECKING:
    from appliance.compiler.findings import Findings

START: Final = Position(1, 1)
MODULES: Final = ("display", "math")
MAX_FUNCTIONS: Final = 512
MAX_ORDER: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """The definition that counts for a function; order 0 is an auxiliary one."""

    name: str
    order: int
    right: Node
    at: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """All names of a program, in the order of the text.

    ``surplus`` and ``surplus_constants`` hold the right sides of second definitions: refused, but
    still checked. ``disputed`` are the functions with definitions of different orders; what can be
    said about their derivatives and start values depends on which one was meant.
    """

    variable: str
    modules: frozenset[str]
    functions: dict[str, Function] = field(default_factory=dict)
    constants: dict[str, DefineConstant] = field(default_factory=dict)
    surplus: list[Node] = field(default_factory=list)
    surplus_constants: list[Node] = field(default_factory=list)
    disputed: set[str] = field(default_factory=set)
    suggester: Suggester = field(default_factory=Suggester)

    def check_variable(self, findings: Findings, *names: Name) -> None:
        """Each name must be the independent variable; the first that is not gets an error."""
        for name in names:
            if name.text != self.variable:
                message = f"'{name.text}' is not the independent variable '{self.variable}'"
                hint = "a program has one independent variable, set by its first equation"
                findings.error(Kind.INDEPENDENT_VARIABLE, message, name.at, hint)
                return

    def near_function(self, name: str) -> str | None:
        """A hint for an unknown function."""
        if name == "Derivative":
            return "a derivative is written diff[x, t](t), its start value diff[x, t](t: 0)"
        if name in self.constants:
            return f"{name} is a constant: write it without an argument, with * before a factor"
        if name in FUNCTIONS:
            return (
                f"{name} is built in: it can be called, but has no value or derivative of its own"
            )
        near = self.suggester.near(name, chain(self.functions, FUNCTIONS))
        return did_you_mean(near) or "a function needs an equation or a definition"

    def near_name(self, name: str) -> str | None:
        """A hint for an unknown bare name."""
        constant = self.suggester.near(name, chain(self.constants, NAMED_CONSTANTS))
        if constant is not None:
            return did_you_mean(constant)
        function = self.suggester.near(name, self.functions)
        if function is not None:
            return did_you_mean(f"{function}({self.variable})")
        return f"a constant is defined by: let {name} = ...;"


def build_scope(tree: Tree, findings: Findings) -> Scope:
    """Collect all definitions; reports modules, double and reserved names, and limits."""
    scope = Scope(variable=_variable(tree), modules=_modules(tree, findings))
    for statement in tree.statements:
        match statement:
            case DefineConstant(name):
                _check_free(name, scope, findings)
                if scope.constants.setdefault(name.text, statement) is not statement:
                    scope.surplus_constants.append(statement.right)
            case DefineFunction():
                _define_function(statement, scope, findings)
    if not any(_is_equation(statement) for statement in tree.statements):
        _no_equations(findings)
    return scope


def _variable(tree: Tree) -> str:
    for statement in tree.statements:
        if isinstance(statement, DefineFunction) and _is_equation(statement):
            return statement.quantity.variables[0].text
    return "t"


def _is_equation(statement: Statement) -> bool:
    return isinstance(statement, DefineFunction) and statement.quantity.order > 0


def _modules(tree: Tree, findings: Findings) -> frozenset[str]:
    used = [s.module for s in tree.statements if isinstance(s, Use)]
    suggester = Suggester()
    for module in used:
        if module.text not in MODULES:
            near = did_you_mean(suggester.near(module.text, MODULES))
            findings.error(
                Kind.UNKNOWN_MODULE,
                f"there is no module '{module.text}'",
                module.at,
                near or "the modules are display and math",
            )
    return frozenset(module.text for module in used)


def _define_function(statement: DefineFunction, scope: Scope, findings: Findings) -> None:
    quantity = statement.quantity
    _check_order(quantity, findings)
    scope.check_variable(findings, *quantity.variables, statement.variable)
    name = quantity.name
    _check_free(name, scope, findings)
    function = Function(name=name.text, order=quantity.order, right=statement.right, at=name.at)
    first = scope.functions.setdefault(name.text, function)
    if first is not function:
        scope.surplus.append(statement.right)
        if first.order != function.order:
            scope.disputed.add(name.text)
    elif len(scope.functions) == MAX_FUNCTIONS + 1:
        message = f"the program has more than {MAX_FUNCTIONS} functions"
        findings.error(Kind.LIMIT, message, name.at)


def _check_order(quantity: Quantity, findings: Findings) -> None:
    if quantity.order > MAX_ORDER:
        findings.error(
            Kind.LIMIT,
            f"the equation of {quantity.name.text} is of order {quantity.order}",
            quantity.variables[MAX_ORDER].at,
            f"orders up to {MAX_ORDER} are possible",
        )


def _check_free(name: Name, scope: Scope, findings: Findings) -> None:
    """Report a name that may not be defined here.

    The definition is kept all the same, so that its users are not reported too.
    """
    if name.text in FUNCTIONS:
        message = f"'{name.text}' is a built-in function and cannot be defined"
        findings.error(Kind.RESERVED_NAME, message, name.at)
    elif name.text == scope.variable:
        message = f"'{name.text}' is the independent variable and cannot be defined"
        findings.error(Kind.RESERVED_NAME, message, name.at)
    elif first := _definition_place(name.text, scope):
        message = f"'{name.text}' is defined a second time"
        hint = f"the first definition is at {first.line}:{first.column}"
        findings.error(Kind.DUPLICATE_DEFINITION, message, name.at, hint)


def _definition_place(name: str, scope: Scope) -> Position | None:
    if name in scope.functions:
        return scope.functions[name].at
    if name in scope.constants:
        return scope.constants[name].name.at
    return None


def _no_equations(findings: Findings) -> None:
    findings.error(
        Kind.NO_EQUATIONS,
        "the program has no differential equation",
        START,
        "write at least one: let diff[x, t](t) = ...;",
    )
