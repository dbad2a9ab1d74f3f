"""Syntax tree to checked program: joins the checks of names, values, expressions and pragmas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.compiler.algebra import MAX_NODES, Value
from appliance.compiler.constants import fold_constants
from appliance.compiler.diagnostics import Kind
from appliance.compiler.expressions import ExpressionChecker, check_order
from appliance.compiler.findings import Findings
from appliance.compiler.initial import check_values, initial_values
from appliance.compiler.loops import order_auxiliaries
from appliance.compiler.pragmas import check_pragmas
from appliance.compiler.program import Auxiliary, Equation, Expr, Plot, Probe, Program
from appliance.compiler.scope import START, Scope, build_scope
from appliance.compiler.syntax import Name, Node, PlotStatement, ProbeStatement, Tree

if TYPE_CHECKING:
    from appliance.compiler.diagnostics import Position


def check(tree: Tree) -> Program:
    """Check everything that can be wrong beyond syntax.

    Raises CompileError with all errors of the program, sorted by position.
    """
    findings = Findings()
    scope = build_scope(tree, findings)
    constants = fold_constants(scope, findings)
    checker = ExpressionChecker(scope, constants, findings)
    values = check_values(tree, scope, checker, findings)
    rights = _check_rights(scope, checker, findings)
    auxiliaries = order_auxiliaries(scope, findings)
    probes = _check_probes(tree, scope, findings)
    plots = _check_plots(tree, scope, checker, findings)
    settings = check_pragmas(tree.pragmas, scope, findings)
    findings.raise_errors()
    return Program(
        variable=scope.variable,
        equations=tuple(
            Equation(
                name=f.name,
                order=f.order,
                right=rights[f.name],
                initial=initial_values(f, values),
                at=f.at,
            )
            for f in scope.functions.values()
            if f.order > 0
        ),
        auxiliaries=tuple(
            Auxiliary(name=f.name, right=rights[f.name], at=f.at) for f in auxiliaries
        ),
        probes=probes,
        plots=plots,
        bounds=settings.bounds,
        horizon=settings.horizon,
        tolerance=settings.tolerance,
        warnings=findings.warnings,
    )


@dataclass(slots=True)
class _Sizes:
    """Nodes of all expressions together, which later stages have to walk over."""

    nodes: int = 0

    def add(self, value: Value | None, at: Position, findings: Findings) -> None:
        before = self.nodes
        self.nodes += 0 if value is None else value.nodes
        if before <= MAX_NODES < self.nodes:
            message = f"written out, the program has more than {MAX_NODES} parts"
            findings.error(Kind.LIMIT, message, at)


def _check_rights(scope: Scope, checker: ExpressionChecker, findings: Findings) -> dict[str, Expr]:
    """Right sides of all functions; those without a fault."""
    rights: dict[str, Expr] = {}
    sizes = _Sizes()
    for function in scope.functions.values():
        value = checker.check(function.right)
        sizes.add(value, function.at, findings)
        if value is not None:
            rights[function.name] = value.expr
    for right in scope.surplus:
        checker.check(right)
    return rights


def _check_probes(tree: Tree, scope: Scope, findings: Findings) -> tuple[Probe, ...]:
    statements = [s for s in tree.statements if isinstance(s, ProbeStatement)]
    probes: dict[tuple[str, int], Probe] = {}
    for statement in statements:
        quantity = statement.quantity
        name = quantity.name
        scope.check_variable(findings, *quantity.variables, statement.variable)
        if name.text not in scope.functions:
            hint = scope.near_function(name.text)
            message = f"there is no function '{name.text}' to probe"
            findings.error(Kind.UNDEFINED_FUNCTION, message, name.at, hint)
        elif check_order(quantity, scope, findings):
            probe = Probe(name=name.text, order=quantity.order, at=quantity.at)
            if probes.setdefault((probe.name, probe.order), probe) is not probe:
                _repeated(probe, findings)
    if not statements:
        hint = "name what to record: probe x(t);"
        findings.error(Kind.NO_PROBE, "the program has no probe", START, hint)
    return tuple(probes.values())


def _repeated(probe: Probe, findings: Findings) -> None:
    message = f"{probe.label} is probed already; it is recorded once"
    findings.warn("repeated-probe", message, probe.at)


def _check_plots(
    tree: Tree, scope: Scope, checker: ExpressionChecker, findings: Findings
) -> tuple[Plot, ...]:
    statements = [s for s in tree.statements if isinstance(s, PlotStatement)]
    if statements and "display" not in scope.modules:
        message = "'plot' is used without its module"
        findings.warn("missing-module", message, statements[0].at, "add: use display;")
    sizes = _Sizes()
    plots: list[Plot] = []
    for statement in statements:
        fields = [_check_field(f, checker, sizes, findings) for f in statement.fields]
        sound = tuple(field for field in fields if field is not None)
        plots.append(Plot(fields=sound, at=statement.at))
    return tuple(plots)


def _check_field(
    field: tuple[Name, Node], checker: ExpressionChecker, sizes: _Sizes, findings: Findings
) -> tuple[str, Expr] | None:
    name, node = field
    value = checker.check(node)
    sizes.add(value, name.at, findings)
    return None if value is None else (name.text, value.expr)
