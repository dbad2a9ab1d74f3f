"""The hardware tree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.apb import analog_pb2 as pb
from drivers.apb.codec import CircuitFile, Item, decode, encode
from drivers.apb.entities import (
    MAX_ENTITIES,
    MAX_TREE_DEPTH,
    EntityBudget,
    carriers,
    child,
    cluster_indices,
    device_class,
    has_t_block,
    m_block_kind,
    normalise,
    read_entity,
    write_entity,
)
from drivers.apb.errors import CircuitFileError
from drivers.apb.items import EntitySpecification
from drivers.apb.model import Entity, EntityClass, MBlockKind
from tests.machines import describe, lucidac_board, mredac_board
from tests.shared import fixtures


def read(message: pb.Entity) -> Entity:
    return read_entity(message, EntityBudget())


def rule(message: pb.Entity) -> str:
    with pytest.raises(CircuitFileError) as caught:
        read(message)
    return caught.value.faults[0].rule


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("/04-E9-E5-15-87-A0", "04-E9-E5-15-87-A0"),
        ("//04-E9/0/M0", "04-E9/0/M0"),
        ("04:e9:e5:15:87:a0/0/U", "04-E9-E5-15-87-A0/0/U"),
        ("", ""),
    ],
)
def test_paths(written: str, path: str) -> None:
    assert normalise(written) == path


def test_trees_come_back() -> None:
    for board in (lucidac_board(), mredac_board()):
        assert read(write_entity(board)) == board


def test_a_device_is_not_part_of_the_paths() -> None:
    device = Entity(path="PROXY", entity_class=EntityClass.DEVICE, children=(mredac_board(),))
    file = decode(encode(describe(device)))
    (found,) = carriers(file)
    assert found == mredac_board()
    assert device_class([found]) == "REDAC"


def test_a_front_plane_without_a_class_is_known_by_its_id() -> None:
    message = pb.Entity(id="/X", class_=pb.Entity.CARRIER, type=1, children=[pb.Entity(id="/FP")])
    (plane,) = read(message).children
    assert plane.entity_class is EntityClass.FRONT_PANEL
    message.children[0].id = "/ZZ"
    assert read(message).children[0].entity_class is EntityClass.UNKNOWN


def test_limits() -> None:
    message = pb.Entity(id="/X")
    for _ in range(MAX_TREE_DEPTH - 1):
        message = pb.Entity(id="/X", children=[message])
    assert read(message)
    assert rule(pb.Entity(id="/X", children=[message])) == "entity-depth"
    many = pb.Entity(id="/X", children=[pb.Entity(id="/Y")] * MAX_ENTITIES)
    assert rule(many) == "entity-count"
    assert rule(pb.Entity(id="/" + "X" * 200)) == "entity-id"


def test_entities_are_counted_over_the_whole_file() -> None:
    half = Entity(
        path="X",
        entity_class=EntityClass.CARRIER,
        children=tuple(
            Entity(path=f"X/{n}", entity_class=EntityClass.UNKNOWN)
            for n in range(MAX_ENTITIES // 2)
        ),
    )
    data = encode(describe(half, half))
    with pytest.raises(CircuitFileError) as caught:
        decode(data)
    assert caught.value.faults[0].rule == "entity-count"


def test_impossible_ids_and_classes() -> None:
    assert rule(pb.Entity()) == "entity-id"
    assert rule(pb.Entity(id="/A/B")) == "entity-id"
    strange = pb.Entity.FromString(b"\x0a\x02/X\x10\x4d")
    assert rule(strange) == "entity-class"


def broken(file: CircuitFile) -> str:
    with pytest.raises(CircuitFileError) as caught:
        device_class(carriers(file))
    return caught.value.faults[0].rule


def test_machines_that_make_no_sense() -> None:
    board = lucidac_board()
    cluster = board.children[0]
    assert broken(describe(board, board)) == "entity-twice"
    assert broken(describe(replace(board, children=(cluster, cluster)))) == "entity-twice"
    assert broken(describe(cluster)) == "no-carrier"
    assert broken(describe(board, mredac_board())) == "carrier-mixture"
    assert broken(describe(replace(board, type=3))) == "carrier-type"
    assert broken(CircuitFile(items=(Item(config=EntitySpecification()),))) == "no-carrier"


def test_helpers() -> None:
    lucidac, mredac = lucidac_board(), mredac_board()
    assert cluster_indices(lucidac) == (0,)
    assert cluster_indices(mredac) == (0, 1, 2)
    assert not has_t_block(lucidac)
    assert has_t_block(mredac)
    assert m_block_kind(lucidac, 0, 0) is MBlockKind.INT
    assert m_block_kind(mredac, 1, 1) is MBlockKind.MUL
    assert m_block_kind(mredac, 2, 1) is MBlockKind.MDR
    assert m_block_kind(lucidac, 1, 0) is None
    assert m_block_kind(lucidac_board(kinds=(1, 0)), 0, 1) is None
    assert child(lucidac, "0/U") is not None
    with pytest.raises(CircuitFileError, match="unknown type 9"):
        m_block_kind(lucidac_board(kinds=(1, 9)), 0, 1)


def test_fixture_machines() -> None:
    machines = {
        "lucidac-daniel": ("LUCIDAC", 1, [MBlockKind.MUL]),
        "unit-lucidac": ("LUCIDAC", 1, [MBlockKind.MUL]),
        "mredac-18-13-3B": ("REDAC", 1, [MBlockKind.MDR] * 3),
        "mredac-18-16-43": ("REDAC", 1, [MBlockKind.MDR, MBlockKind.MUL, MBlockKind.MUL]),
        "redac-tobias": ("REDAC", 7, None),
        "unit-redac": ("REDAC", 7, [MBlockKind.MUL] * 3),
    }
    for name, (machine, count, seconds) in machines.items():
        file = decode((fixtures() / "entities" / f"{name}.apb").read_bytes())
        found = carriers(file)
        assert (device_class(found), len(found)) == (machine, count), name
        if seconds is not None:
            for one in found:
                kinds = [m_block_kind(one, index, 1) for index in cluster_indices(one)]
                assert kinds == seconds, name
