"""Walks over syntax trees without recursion."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from appliance.compiler.syntax import (
    Apply,
    Chain,
    Derivative,
    Name,
    Negate,
    Node,
    Number,
    Power,
    Sum,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")


def operands(node: Node) -> Sequence[Node]:
    """The nodes directly below a node, in the order of the text."""
    match node:
        case Number() | Name():
            return ()
        case Sum(first, steps) | Chain(first, steps):
            return [first, *[step.operand for step in steps]]
        case Negate(operand):
            return (operand,)
        case Power(base, exponent):
            return (base, exponent.expr)
        case Apply(_, arguments):
            return [argument.expr for argument in arguments]
        case Derivative(_, argument):
            return (argument.expr,)


def walk(root: Node) -> Iterator[Node]:
    """All nodes of a tree, in no particular order."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(operands(node))


def fold(
    root: Node,
    below: Callable[[Node], Sequence[Node]],
    combine: Callable[[Node, list[T]], T],
) -> T:
    """Compute a result for each node from those of the nodes that ``below`` names, bottom up."""
    stack: list[tuple[Node, int]] = [(root, -1)]
    results: list[T] = []
    while stack:
        node, count = stack.pop()
        if count < 0:
            parts = below(node)
            count = len(parts)
            if count:
                stack.append((node, count))
                stack.extend((part, -1) for part in reversed(parts))
                continue
        split = len(results) - count
        below_results = results[split:]
        del results[split:]
        results.append(combine(node, below_results))
    return results[0]
