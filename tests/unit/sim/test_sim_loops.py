"""Order among dependent nodes, and cycles."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.loops import components, loops

GRAPHS = st.integers(1, 12).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, n - 1), max_size=3), min_size=n, max_size=n)
)


@given(GRAPHS)
def test_each_node_comes_once_and_after_its_needs(graph: list[list[int]]) -> None:
    found = components(graph)
    assert sorted(node for component in found for node in component) == list(range(len(graph)))
    place = {node: i for i, component in enumerate(found) for node in component}
    assert all(place[need] <= place[node] for node in place for need in graph[node])


@given(GRAPHS)
def test_loops_are_cycles_in_the_direction_of_flow(graph: list[list[int]]) -> None:
    for cycle in loops(graph):
        assert len(set(cycle)) == len(cycle)
        following = (*cycle[1:], cycle[0])
        assert all(a in graph[b] for a, b in zip(cycle, following, strict=True))


@given(GRAPHS)
def test_without_loops_each_node_stands_alone(graph: list[list[int]]) -> None:
    assert bool(loops(graph)) == _has_cycle(graph)


def _has_cycle(graph: list[list[int]]) -> bool:
    """Take nodes without open needs away until nothing changes."""
    left = set(range(len(graph)))
    while free := {node for node in left if not left.intersection(graph[node])}:
        left -= free
    return bool(left)


def test_long_chains_need_no_recursion() -> None:
    chain = [[i + 1] for i in range(5000)] + [[]]
    assert [c[0] for c in components(chain)] == list(reversed(range(5001)))
    assert len(loops([*chain[:-1], [0]])[0]) == 5001
