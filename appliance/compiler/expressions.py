"""Expressions: names resolved, everything checked, constants folded (analang sections 5 and 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.compiler import algebra
from appliance.compiler.arithmetic import FUNCTIONS, NAMED_CONSTANTS
from appliance.compiler.diagnostics import CompileError, Kind, Position
from appliance.compiler.fold import fold, operands
from appliance.compiler.program import Read, Time
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
    Sum,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from appliance.compiler.algebra import Value
    from appliance.compiler.findings import Findings
    from appliance.compiler.scope import Scope


class ExpressionChecker:
    """Turns syntax nodes into checked expressions; errors go to the findings.

    ``constants`` has the value of each named constant, None where its definition is faulty.
    Where something is wrong the result is None, and nothing more is said about what contains it.
    """

    def __init__(
        self, scope: Scope, constants: Mapping[str, float | None], findings: Findings
    ) -> None:
        self._scope = scope
        self._constants = constants
        self._findings = findings
        self._only_constants = False
        self._math_is_warned = "math" in scope.modules

    def check(self, node: Node) -> Value | None:
        """An expression that may read functions and time."""
        self._only_constants = False
        return fold(node, self._below, self._combine)

    def constant(self, node: Node) -> float | None:
        """An expression that must fold to a number."""
        self._only_constants = True
        value = fold(node, self._below, self._combine)
        return None if value is None else value.constant

    def _below(self, node: Node) -> Sequence[Node]:
        """The argument of a function that is read is compared, not computed."""
        if isinstance(node, Derivative):
            return ()
        if isinstance(node, Apply) and self._is_read(node.name):
            return ()
        return operands(node)

    def _is_read(self, name: Name) -> bool:
        """Whether a name with an argument is a function of the program."""
        return name.text in self._scope.functions and name.text not in FUNCTIONS

    def _combine(self, node: Node, parts: list[Value | None]) -> Value | None:
        match node:
            case Number(value):
                return algebra.number(value)
            case Name():
                return self._name(node)
            case Apply(name, arguments):
                return self._apply(name, arguments, parts)
            case Derivative(quantity, argument):
                return self._derivative(quantity, argument)
        sound = [part for part in parts if part is not None]
        if len(sound) < len(parts):
            return None
        try:
            return _operation(node, sound)
        except CompileError as error:
            self._findings.absorb(error)
            return None

    def _name(self, name: Name) -> Value | None:
        text = name.text
        if text == self._scope.variable:
            return self._time(name.at)
        if text in self._constants:
            value = self._constants[text]
            return None if value is None else algebra.number(value)
        if text in self._scope.functions:
            hint = f"write {text}({self._scope.variable})"
            message = f"the function '{text}' has no argument here"
            self._findings.error(Kind.MISSING_ARGUMENT, message, name.at, hint)
        elif text in FUNCTIONS:
            message = f"the function '{text}' has no argument here"
            self._findings.error(Kind.MISSING_ARGUMENT, message, name.at, f"write {text}(...)")
        elif text in NAMED_CONSTANTS:
            return algebra.number(NAMED_CONSTANTS[text])
        else:
            message = f"there is no constant '{text}'"
            near = self._scope.near_name(text)
            self._findings.error(Kind.UNDEFINED_NAME, message, name.at, near)
        return None

    def _time(self, at: Position) -> Value | None:
        if self._only_constants:
            message = f"'{self._scope.variable}' is not a constant"
            self._findings.error(Kind.NOT_CONSTANT, message, at, "a number is needed here")
            return None
        return algebra.leaf(Time(at))

    def _apply(
        self, name: Name, arguments: tuple[Operand, ...], parts: list[Value | None]
    ) -> Value | None:
        if self._is_read(name):
            return self._read(Quantity(name, (), name.at), arguments)
        if name.text in FUNCTIONS:
            return self._call(name, arguments, parts)
        hint = self._scope.near_function(name.text)
        message = f"there is no function '{name.text}'"
        self._findings.error(Kind.UNDEFINED_FUNCTION, message, name.at, hint)
        return None

    def _call(
        self, name: Name, arguments: tuple[Operand, ...], parts: list[Value | None]
    ) -> Value | None:
        if not self._math_is_warned:
            self._math_is_warned = True
            message = f"'{name.text}' is used without its module"
            self._findings.warn("missing-module", message, name.at, "add: use math;")
        if len(arguments) > 1:
            message = f"'{name.text}' takes one argument"
            self._findings.error(Kind.BAD_ARGUMENT, message, arguments[1].start)
            return None
        if parts[0] is None:
            return None
        try:
            return algebra.call(name.text, parts[0], name.at)
        except CompileError as error:
            self._findings.absorb(error)
            return None

    def _derivative(self, quantity: Quantity, argument: Operand) -> Value | None:
        name = quantity.name
        if name.text not in self._scope.functions:
            hint = self._scope.near_function(name.text)
            message = f"there is no function '{name.text}'"
            self._findings.error(Kind.UNDEFINED_FUNCTION, message, name.at, hint)
            return None
        return self._read(quantity, (argument,))

    def _read(self, quantity: Quantity, arguments: tuple[Operand, ...]) -> Value | None:
        name, scope = quantity.name.text, self._scope
        if self._only_constants:
            message = f"the value of '{name}' is not a constant"
            self._findings.error(Kind.NOT_CONSTANT, message, quantity.at, "a number is needed here")
            return None
        scope.check_variable(self._findings, *quantity.variables)
        for number, argument in enumerate(arguments):
            if number or argument.expr_name != scope.variable:
                self._bad_argument(name, argument.start)
                return None
        if not check_order(quantity, scope, self._findings):
            return None
        return algebra.leaf(Read(name, quantity.order))

    def _bad_argument(self, name: str, at: Position) -> None:
        variable = self._scope.variable
        message = f"'{name}' can be read at the current time only"
        self._findings.error(Kind.BAD_ARGUMENT, message, at, f"the only argument is {variable}")


def check_order(quantity: Quantity, scope: Scope, findings: Findings) -> bool:
    """Whether a known function has this derivative; reports if not."""
    function = scope.functions[quantity.name.text]
    if quantity.order <= function.order or function.name in scope.disputed:
        return True
    if function.order == 0:
        message = f"'{function.name}' is an auxiliary function and has no derivative"
        hint = "only functions with a differential equation have one"
    else:
        message = (
            f"derivative {quantity.order} of '{function.name}' is above the order of its "
            f"equation, {function.order}"
        )
        hint = None
    findings.error(Kind.DERIVATIVE_ORDER, message, quantity.at, hint)
    return False


def _operation(node: Node, parts: list[Value]) -> Value:
    match node:
        case Negate():
            return algebra.negate(parts[0])
        case Sum(_, steps):
            terms = [(parts[0], steps[0].at)]
            for step, part in zip(steps, parts[1:], strict=True):
                signed = part if step.operator == "+" else algebra.negate(part)
                terms.append((signed, step.at))
            return algebra.add(terms)
        case Chain(_, steps):
            result = parts[0]
            for step, part in zip(steps, parts[1:], strict=True):
                operation = algebra.multiply if step.operator == "*" else algebra.divide
                result = operation(result, part, step.at)
            return result
        case Power(_, exponent, at):
            return algebra.power(parts[0], parts[1], at, exponent.start)
        case _:
            raise TypeError(f"{type(node).__name__} is no operation")
