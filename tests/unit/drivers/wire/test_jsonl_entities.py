"""Hardware trees of the JSONL dialect."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from drivers.apb.circuit import assemble
from drivers.apb.codec import decode as read_file
from drivers.apb.entities import roots
from drivers.apb.model import Entity, EntityClass, MBlockKind
from drivers.errors import ProtocolError
from drivers.wire.jsonl_entities import read_entities, write_entities
from tests.machines import LUCIDAC, describe, lucidac_board, mredac_board
from tests.shared import fixtures

if TYPE_CHECKING:
    from drivers.apb.items import CircuitFile

# Any: a tree is JSON.
Tree = dict[str, Any]


def node(entity_class: int, kind: int = 1, **below: Tree) -> Tree:
    """An entity; what is below it gets its slash."""
    own: Tree = {"class": entity_class, "type": kind, "variant": 1, "version": [1, 2, 0]}
    return own | {f"/{name}": child for name, child in below.items()}


def from_zero() -> Tree:
    """A LUCIDAC as the vendor's emulator counts: everything from 0, one number as version, and a
    board whose name has no slash."""

    def leaf(entity_class: int, kind: int = 0) -> Tree:
        return {"class": entity_class, "type": kind, "variant": 0, "version": 0}

    cluster = leaf(1, 3) | {
        "/M0": leaf(2, 0),
        "/M1": leaf(2, 1),
        "/U": leaf(3),
        "/C": leaf(4),
        "/I": leaf(5),
    }
    return {"70-79-6f": leaf(0) | {"/0": cluster}}


def test_the_firmware_counts_as_the_other_dialect_does() -> None:
    cluster = node(2, M0=node(3, 1), M1=node(3, 2), U=node(4))
    tree = {"/04-E9": node(1, 1, **{"0": cluster, "FP": node(0, 0), "CTRL": node(9)})}
    (board,) = roots(read_entities(tree))
    assert board.path == "04-E9"
    assert board.entity_class is EntityClass.CARRIER
    assert board.version == (1, 2, 0)
    inner, plane, control = board.children
    assert [one.path for one in inner.children] == ["04-E9/0/M0", "04-E9/0/M1", "04-E9/0/U"]
    assert [one.type for one in inner.children] == [1, 2, 1]
    assert plane.entity_class is EntityClass.FRONT_PANEL
    assert control.entity_class is EntityClass.CTRL_BLOCK


def test_the_front_plane_may_stand_beside_its_board() -> None:
    """So does firmware of 2024 list it."""
    cluster = node(2, M0=node(3, 1), M1=node(3, 2))
    (board,) = roots(read_entities({"/04-E9": node(1) | {"/0": cluster}, "/FP": node(8)}))
    plane = next(one for one in board.children if one.path == "04-E9/FP")
    assert plane.entity_class is EntityClass.FRONT_PANEL
    assert assemble(read_entities({"/04-E9": node(1) | {"/0": cluster}, "/FP": node(8)})).carriers


def test_the_emulator_counts_from_zero() -> None:
    circuit = assemble(read_entities(from_zero()))
    (board,) = circuit.carriers
    assert board.path == "70-79-6f"
    first, second = board.clusters[0].blocks
    assert first is not None
    assert second is not None
    assert (first.kind, second.kind) == (MBlockKind.INT, MBlockKind.MUL)


def without_location(entity: Entity) -> Entity:
    children = tuple(without_location(one) for one in entity.children)
    return replace(entity, location=None, children=children)


@pytest.mark.parametrize("board", [lucidac_board(), mredac_board(), lucidac_board(kinds=(2, 1))])
def test_a_tree_comes_back(board: Entity) -> None:
    back = read_entities(write_entities(describe(board)))
    assert roots(back) == (without_location(board),)


def test_golden_trees_come_back() -> None:
    for path in sorted((fixtures() / "entities").glob("*.apb")):
        expected = [
            without_location(board)
            for root in roots(read_file(path.read_bytes()))
            for board in (root.children if root.entity_class is EntityClass.DEVICE else (root,))
        ]
        found = {one.path: one for one in roots(_again(expected))}
        assert found == {one.path: one for one in expected}, path.name


def _again(boards: list[Entity]) -> CircuitFile:
    """Their description after its way through the dialect."""
    return read_entities(write_entities(describe(*boards))) if boards else describe()


def test_what_is_above_the_carriers_is_left_out() -> None:
    (board,) = roots(LUCIDAC)
    device = Entity(path="", entity_class=EntityClass.DEVICE, children=(board,))
    assert write_entities(describe(device)) == write_entities(LUCIDAC)


def deep(levels: int) -> Tree:
    tree = node(4)
    for _ in range(levels - 1):
        tree = node(2) | {"/0": tree}
    return tree


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"/X": 1},
        {"/X": {}},
        {"/X": {"class": 77}},
        {"/X": {"class": True}},
        {"/X": {"class": 1, "type": -1}},
        {"/X": {"class": 1, "version": [1, 2, 3, 4]}},
        {"/X": {"class": 1, "version": "1.2.0"}},
        {"/X": {"class": 1, "eui": 4}},
        {"/X": {"class": 1, "/0": 3}},
        {"/": {"class": 1}},
        {"/FP": {"class": 8}},
        {"/X/Y": {"class": 1}},
        {"X" * 65: {"class": 1}},
        {"/X": {"class": 1, "/0": deep(8)}},
        {f"/{n}": {"class": 1} for n in range(2049)},
    ],
)
def test_unsound_trees_are_refused(tree: Tree) -> None:
    with pytest.raises(ProtocolError):
        read_entities(tree)


def test_the_deepest_tree_passes() -> None:
    assert len(roots(read_entities({"/X": {"class": 1, "/0": deep(7)}}))) == 1
