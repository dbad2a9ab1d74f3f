"""Order of evaluation among elements without memory, and the loops that make one impossible."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_UNSEEN = -1


def components(dependencies: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Strongly connected components of a graph, each after all that it depends on.

    ``dependencies[i]`` lists what node i needs. Nodes of one component need each other.
    """
    search = _Search(dependencies)
    for node in range(len(dependencies)):
        if search.index[node] == _UNSEEN:
            search.visit(node)
    return search.found


def loops(dependencies: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """One cycle for each set of nodes that need each other, in the direction of signal flow."""
    return [
        _cycle(component, dependencies)
        for component in components(dependencies)
        if len(component) > 1 or component[0] in dependencies[component[0]]
    ]


def _cycle(component: tuple[int, ...], dependencies: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """A cycle within a component: walk along dependencies until a node comes again."""
    members = set(component)
    walk: list[int] = [component[0]]
    while True:
        following = next(n for n in dependencies[walk[-1]] if n in members)
        if following in walk:
            return tuple(reversed(walk[walk.index(following) :]))
        walk.append(following)


class _Search:
    """Tarjan's search with a stack of its own: a chain may be longer than Python may recurse."""

    def __init__(self, dependencies: Sequence[Sequence[int]]) -> None:
        self.dependencies = dependencies
        self.index = [_UNSEEN] * len(dependencies)
        self.low = [0] * len(dependencies)
        self.pending: list[int] = []
        self.is_pending = [False] * len(dependencies)
        self.found: list[tuple[int, ...]] = []
        self.count = 0

    def visit(self, root: int) -> None:
        calls = [self._enter(root)]
        while calls:
            node, remaining = calls[-1]
            following = next(remaining, None)
            if following is None:
                calls.pop()
                self._leave(node)
                if calls:
                    parent = calls[-1][0]
                    self.low[parent] = min(self.low[parent], self.low[node])
            elif self.index[following] == _UNSEEN:
                calls.append(self._enter(following))
            elif self.is_pending[following]:
                self.low[node] = min(self.low[node], self.index[following])

    def _enter(self, node: int) -> tuple[int, Iterator[int]]:
        self.index[node] = self.low[node] = self.count
        self.count += 1
        self.pending.append(node)
        self.is_pending[node] = True
        return node, iter(self.dependencies[node])

    def _leave(self, node: int) -> None:
        if self.low[node] != self.index[node]:
            return
        component: list[int] = []
        while not component or component[-1] != node:
            component.append(self.pending.pop())
            self.is_pending[component[-1]] = False
        self.found.append(tuple(reversed(component)))
