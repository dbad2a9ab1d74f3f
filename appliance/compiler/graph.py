"""Circles and order in a graph of definitions that use each other."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


def components(uses: Mapping[T, Sequence[T]]) -> list[list[T]]:
    """Strongly connected components, used ones before their users.

    ``uses`` has every node as a key, and no target that is not one. A component of several nodes,
    or of one node that uses itself, is a circle (see ``is_circle``).
    """
    search = _Search(uses)
    for node in uses:
        search.visit(node)
    return search.found


def is_circle(component: list[T], uses: Mapping[T, Sequence[T]]) -> bool:
    """Whether the definitions of a component depend on themselves."""
    return len(component) > 1 or component[0] in uses[component[0]]


class _Search(Generic[T]):
    """Tarjan's method with its own stack, so that long chains cannot exhaust the interpreter's."""

    def __init__(self, uses: Mapping[T, Sequence[T]]) -> None:
        self._uses = uses
        self._number: dict[T, int] = {}
        self._low: dict[T, int] = {}
        self._open: list[T] = []
        self._is_open: set[T] = set()
        self.found: list[list[T]] = []

    def visit(self, root: T) -> None:
        if root in self._number:
            return
        path = [(root, self._enter(root))]
        while path:
            node, targets = path[-1]
            target = next(targets, None)
            if target is None:
                path.pop()
                self._leave(node)
                if path:
                    above = path[-1][0]
                    self._low[above] = min(self._low[above], self._low[node])
            elif target not in self._number:
                path.append((target, self._enter(target)))
            elif target in self._is_open:
                self._low[node] = min(self._low[node], self._number[target])

    def _enter(self, node: T) -> Iterator[T]:
        self._number[node] = self._low[node] = len(self._number)
        self._open.append(node)
        self._is_open.add(node)
        return iter(self._uses[node])

    def _leave(self, node: T) -> None:
        if self._low[node] != self._number[node]:
            return
        component: list[T] = []
        while not component or component[-1] != node:
            component.append(self._open.pop())
        self._is_open.difference_update(component)
        self.found.append(component)
