"""A module's carriers on the device's boards."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.apb import items as it
from drivers.apb.circuit import assemble, to_items
from drivers.apb.codec import decode
from drivers.apb.entities import carriers
from drivers.apb.items import CircuitFile, Item
from drivers.errors import RunRefused
from drivers.mapping import map_module
from tests.machines import LUCIDAC, circuits, describe, harmonic, lucidac_board, mredac_board
from tests.shared import fixtures

VIRTUAL: Final = "00-00-00-00-00-00"
SECOND: Final = "00-00-00-00-00-01"
HERE: Final = "04-E9-E5-00-00-0A"
THERE: Final = "04-E9-E5-00-00-0B"


def module(path: str = VIRTUAL, *, described: bool = True) -> CircuitFile:
    """The oscillator on a LUCIDAC of this address."""
    own = {item.entity.partition("/")[0] for item in to_items(harmonic())}.pop()
    items = tuple(
        replace(
            item,
            entity=item.entity.replace(own, path),
            config=replace(item.config, entities=(path,))
            if isinstance(item.config, it.DependencyInfo)
            else item.config,
        )
        for item in to_items(harmonic())
    )
    tree = describe(lucidac_board(path)).items if described else ()
    return CircuitFile(items=tree + items)


def stack(*paths: str) -> CircuitFile:
    """A LUCIStack's description; the boards do not arrive in the order of their places."""
    boards = [replace(lucidac_board(path), location=(0, n)) for n, path in enumerate(paths)]
    return describe(*reversed(boards))


def addresses(file: CircuitFile) -> set[str]:
    found = {item.entity.partition("/")[0] for item in file.items}
    for item in file.items:
        if isinstance(item.config, it.DependencyInfo):
            found |= set(item.config.entities)
        if isinstance(item.config, it.EntitySpecification) and item.config.root:
            found.add(item.config.root.path)
    return found


@pytest.mark.parametrize("described", [True, False])
def test_a_virtual_carrier_becomes_the_devices(described: bool) -> None:
    mapped = map_module(module(described=described), describe(lucidac_board(HERE)))
    assert addresses(mapped.file) == {HERE}
    assert mapped.carriers == (HERE,)
    assert mapped.in_module_words(f"{HERE}/0/M0") == f"{VIRTUAL}/0/M0"
    assert mapped.in_module_words("elsewhere") == "elsewhere"
    there = assemble(mapped.file)
    assert there.carriers[0].clusters[0].lanes == harmonic().carriers[0].clusters[0].lanes


def test_an_address_of_the_device_stays() -> None:
    mapped = map_module(module(HERE), describe(lucidac_board(HERE)))
    assert mapped.names == {HERE: HERE}
    assert mapped.file.items[1:] == module(HERE).items[1:]


def test_slashes_do_not_count_and_case_is_kept() -> None:
    loose = module("ab-cd-EF", described=False)
    slashed = tuple(replace(item, entity=f"/{item.entity}/") for item in loose.items)
    with pytest.raises(RunRefused, match="ab-cd-EF"):
        map_module(loose, describe(lucidac_board("AB-CD-EF")))
    mapped = map_module(replace(loose, items=slashed), describe(lucidac_board("ab-cd-EF")))
    assert mapped.file.items[1:] == loose.items


def test_a_foreign_address_is_refused_naming_both() -> None:
    with pytest.raises(RunRefused) as caught:
        map_module(module(THERE), describe(lucidac_board(HERE)))
    assert THERE in str(caught.value)
    assert HERE in str(caught.value)


def two_carriers() -> CircuitFile:
    """The oscillator on the first, the same with the probes 2 and 3 on the second; described in
    the opposite order."""
    second = [
        replace(
            item,
            config=replace(
                item.config,
                channels=tuple(replace(one, probe=one.probe + 2) for one in item.config.channels),
            )
            if isinstance(item.config, it.AdcConfig)
            else item.config,
        )
        for item in module(SECOND, described=False).items
    ]
    items = module(described=False).items + tuple(second)
    return CircuitFile(items=stack(VIRTUAL, SECOND).items + items)


@pytest.mark.parametrize("described", [True, False])
def test_carriers_go_by_their_places(described: bool) -> None:
    both = two_carriers()
    file = both if described else replace(both, items=both.items[2:])
    mapped = map_module(file, stack(THERE, HERE, "third"))
    assert mapped.names == {THERE: VIRTUAL, HERE: SECOND}
    assert mapped.carriers == (THERE, HERE)
    probes = {
        item.entity: [one.probe for one in item.config.channels]
        for item in mapped.file.items
        if isinstance(item.config, it.AdcConfig)
    }
    assert probes == {THERE: [0, 1], HERE: [2, 3]}


def test_more_carriers_than_there_are_are_refused() -> None:
    with pytest.raises(RunRefused, match="needs 2 carriers"):
        map_module(two_carriers(), describe(lucidac_board(HERE)))
    with pytest.raises(RunRefused, match=f"has only {HERE}"):
        map_module(module(SECOND, described=False), describe(lucidac_board(HERE)))


def test_a_carrier_that_is_there_keeps_its_place() -> None:
    """The device's own virtual address, as a simulator or the vendor's mock has it."""
    mapped = map_module(two_carriers(), stack(SECOND, VIRTUAL))
    assert mapped.names == {VIRTUAL: VIRTUAL, SECOND: SECOND}
    assert mapped.carriers == (SECOND, VIRTUAL)


def test_another_kind_of_carrier_is_refused() -> None:
    with pytest.raises(RunRefused, match=r"made for a LUCIDAC .* is an mREDAC"):
        map_module(module(), describe(mredac_board(HERE)))


@pytest.mark.parametrize(
    ("kinds", "said"), [((2, 1), "this device has an M-MUL"), ((0, 2), "this device has none")]
)
def test_a_block_that_is_not_there_is_refused(kinds: tuple[int, int], said: str) -> None:
    with pytest.raises(RunRefused, match=f"needs an M-INT block at {VIRTUAL}/0/M0, .*{said}"):
        map_module(module(), describe(lucidac_board(HERE, kinds)))


def test_a_block_that_nothing_uses_may_be_another() -> None:
    assert map_module(module(), describe(lucidac_board(HERE, (1, 3)))).carriers == (HERE,)


def test_without_a_description_the_items_must_fit() -> None:
    with pytest.raises(RunRefused, match="entity-kind"):
        map_module(module(described=False), describe(lucidac_board(HERE, (2, 1))))


def test_items_for_a_carrier_that_is_not_described_are_refused() -> None:
    file = CircuitFile(items=module().items + module(SECOND, described=False).items)
    with pytest.raises(RunRefused, match=f"{SECOND}, but describes only {VIRTUAL}"):
        map_module(file, stack(HERE, THERE))


def test_an_unsound_module_is_refused_with_its_faults() -> None:
    wrong = Item(entity=f"{VIRTUAL}/0/C", config=it.CoefConfig(elements=(it.CoefEntry(lane=99),)))
    items = (*(i for i in module().items if not i.entity.endswith("/C")), wrong)
    with pytest.raises(RunRefused, match="Lane 99"):
        map_module(CircuitFile(items=items), LUCIDAC)
    with pytest.raises(RunRefused, match="configures nothing"):
        map_module(CircuitFile(items=(Item(config=it.SimConfig()),)), LUCIDAC)


def test_the_device_gets_plain_numbers_and_no_notes_of_ours() -> None:
    slot = it.Expression(parameter=3, negated=True)
    declared = it.ParamSpecification(parameters=(it.Parameter(index=3, name="a", default=0.25),))
    items = (
        *(item for item in module(described=False).items if not item.entity.endswith("/C")),
        Item(config=declared),
        Item(config=it.SimConfig(k0=5)),
        Item(config=it.Opaque(data=b"\xba\xbb\x03\x00")),
        Item(
            entity=f"{VIRTUAL}/0/C",
            config=it.CoefConfig(elements=(it.CoefEntry(lane=1, expression=slot),)),
        ),
        Item(
            entity=f"{VIRTUAL}/0/M0",
            config=it.ItorConfig(
                elements=(it.ItorEntry(element=1, k=100, expression=it.Expression(literal=0.5)),)
            ),
        ),
    )
    kept = tuple(one for one in items if not isinstance(one.config, it.ItorConfig)) + items[-1:]
    channels = it.AdcConfig(channels=(it.AdcEntry(output=0, gain=0.0),))
    silent = tuple(
        replace(one, config=channels) if isinstance(one.config, it.AdcConfig) else one
        for one in kept
    )
    mapped = map_module(CircuitFile(items=silent), describe(lucidac_board(HERE)))
    configs = [item.config for item in mapped.file.items]
    assert not [c for c in configs if isinstance(c, it.ParamSpecification | it.SimConfig)]
    assert not [c for c in configs if isinstance(c, it.Opaque) and not c.kind]
    assert it.CoefConfig(elements=(it.CoefEntry(lane=1, factor=-0.25),)) in configs
    assert it.ItorConfig(elements=(it.ItorEntry(element=1, ic=0.5, k=100),)) in configs
    assert it.AdcConfig(channels=(it.AdcEntry(output=0, gain=1.0),)) in configs
    keeping = map_module(CircuitFile(items=silent), LUCIDAC, keep_sim=True)
    assert it.SimConfig(k0=5) in [item.config for item in keeping.file.items]


def test_a_parameter_without_value_is_refused() -> None:
    slot = it.Expression(parameter=3)
    item = Item(
        entity=f"{VIRTUAL}/0/C",
        config=it.CoefConfig(elements=(it.CoefEntry(lane=1, expression=slot),)),
    )
    with pytest.raises(RunRefused, match="factor of lane 1 depends on a parameter"):
        map_module(CircuitFile(items=(item,)), LUCIDAC)


@settings(max_examples=20)
@given(data=st.data())
def test_any_circuit_is_the_same_on_another_machine(data: st.DataObject) -> None:
    """What the machine computes does not depend on the addresses."""
    description = describe(mredac_board(VIRTUAL))
    circuit = data.draw(circuits(description))
    file = CircuitFile(items=description.items + to_items(circuit), scaling=circuit.scaling)
    mapped = map_module(file, describe(mredac_board(HERE)))
    assert mapped.scaling == circuit.scaling
    assert addresses(mapped.file) == {HERE}
    back = map_module(mapped.file, describe(mredac_board(HERE)))
    assert back.file == mapped.file
    mine, theirs = assemble(mapped.file).carriers[0], circuit.carriers[0]
    assert mine.channels == theirs.channels
    assert [c.lanes for c in mine.clusters] == [c.lanes for c in theirs.clusters]


@pytest.mark.parametrize("name", ["harmonic", "lorenz", "mredac_split_harmonic"])
def test_the_fixtures_run_on_their_own_machines(name: str) -> None:
    file = decode((fixtures() / "circuits" / f"{name}.apb").read_bytes())
    own = CircuitFile(
        items=tuple(i for i in file.items if isinstance(i.config, it.EntitySpecification))
    )
    assert map_module(file, own).carriers == (carriers(file)[0].path,)
