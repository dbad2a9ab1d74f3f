"""Circuits from files and back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.apb import items as it
from drivers.apb.circuit import assemble, build_file, to_items
from drivers.apb.codec import CircuitFile, Item, decode, encode
from drivers.apb.errors import CircuitFileError
from drivers.apb.kinds import kind_name
from drivers.apb.model import (
    AdcChannel,
    CarrierKind,
    Circuit,
    Constant,
    Entity,
    EntityClass,
    Integrator,
    Lane,
    MBlockKind,
    MdrOperation,
    Scaling,
)
from tests.machines import (
    LUCIDAC,
    LUCIDAC_PATH,
    MREDAC,
    MREDAC_PATH,
    blank,
    circuits,
    describe,
    float32,
    harmonic,
    lucidac_board,
    mredac_board,
)
from tests.shared import fixtures

CIRCUITS = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def without_warnings(circuit: Circuit) -> Circuit:
    return replace(circuit, warnings=())


def test_a_blank_lucidac() -> None:
    circuit = assemble(LUCIDAC)
    (carrier,) = circuit.carriers
    (cluster,) = carrier.clusters
    assert (carrier.path, carrier.kind) == (LUCIDAC_PATH, CarrierKind.LUCIDAC)
    assert (carrier.stack, carrier.position, carrier.muxes) == (0, 0, ())
    assert cluster.path == f"{LUCIDAC_PATH}/0"
    itor, mul = cluster.blocks
    assert itor is not None
    assert itor.integrators == (Integrator(),) * 8
    assert mul is not None
    assert (mul.kind, mul.operations) == (MBlockKind.MUL, (MdrOperation.MULTIPLY,) * 4)
    assert cluster.lanes == (Lane(factor=1.0),) * 32
    assert cluster.constant is None
    assert circuit.warnings == ()


def test_a_configured_lucidac() -> None:
    path = LUCIDAC_PATH
    configs: dict[str, it.Config] = {
        f"{path}/0/M0": it.ItorConfig(elements=(it.ItorEntry(element=3, ic=-0.25, k=100),)),
        f"{path}/0/U": it.SelectConfig(connections=((3, 7), (15, 8)), constant=2, magnitude=1),
        f"{path}/0/C": it.CoefConfig(elements=(it.CoefEntry(lane=7, factor=0.5),)),
        f"{path}/0/I": it.SumConfig(sums=((3, (7, 8)),), upscales=((7, True),)),
        path: it.PortConfig(states=(0, 1)),
    }
    items = tuple(Item(entity=where, config=config) for where, config in configs.items())
    adc = it.AdcConfig(channels=(it.AdcEntry(output=3, gain=2.0, offset=0.5),))
    file = CircuitFile(items=(*LUCIDAC.items, *items, Item(entity=path, config=adc)))
    circuit = assemble(file)
    (carrier,) = circuit.carriers
    (cluster,) = carrier.clusters
    first = cluster.blocks[0]
    assert first is not None
    assert first.integrators[3] == Integrator(ic=-0.25, k=100)
    assert cluster.lanes[7] == Lane(source=3, factor=0.5, sinks=(3,), upscaled=True)
    assert cluster.lanes[8] == Lane(source=15, factor=1.0, sinks=(3,))
    assert cluster.constant == Constant(value=-0.1)
    assert carrier.channels == (AdcChannel(output=3, probe=0, gain=2.0, offset=0.5),)
    assert carrier.acl_external == (False, True, *[False] * 6)
    assert any("Lane 8 has no factor" in one for one in circuit.warnings)


def test_expressions_take_the_place_of_numbers() -> None:
    known = it.ParamSpecification(parameters=(it.Parameter(index=4, name="r", default=0.5),))
    coef = it.CoefConfig(
        elements=(
            it.CoefEntry(lane=0, factor=9.0, expression=it.Expression(literal=0.25, negated=True)),
            it.CoefEntry(lane=1, expression=it.Expression(parameter=4, negated=True)),
        )
    )
    itor = it.ItorConfig(
        elements=(it.ItorEntry(element=0, ic=0.1, k=100, expression=it.Expression(parameter=4)),)
    )
    items = (
        Item(config=known),
        Item(entity=f"{LUCIDAC_PATH}/0/C", config=coef),
        Item(entity=f"{LUCIDAC_PATH}/0/M0", config=itor),
    )
    cluster = assemble(CircuitFile(items=LUCIDAC.items + items)).carriers[0].clusters[0]
    assert [lane.factor for lane in cluster.lanes[:3]] == [-0.25, -0.5, 1.0]
    assert cluster.blocks[0] is not None
    assert cluster.blocks[0].integrators[0] == Integrator(ic=0.5, k=100)


def test_a_t_block_away_from_rest() -> None:
    switch = it.SwitchConfig(muxes=((2, 1),))
    item = Item(entity=f"{MREDAC_PATH}/T", config=switch)
    (carrier,) = assemble(CircuitFile(items=(*MREDAC.items, item))).carriers
    assert carrier.muxes[:8] == (0, 1, 1, 3, 0, 1, 2, 3)
    assert len(carrier.muxes) == 96


def test_a_file_without_a_machine_needs_one() -> None:
    items = to_items(harmonic())
    with pytest.raises(CircuitFileError) as caught:
        assemble(CircuitFile(items=items))
    assert caught.value.faults[0].rule == "no-specification"
    assert assemble(CircuitFile(items=items), LUCIDAC) == harmonic()


def test_a_borrowed_machine_stands_in_for_a_virtual_address() -> None:
    virtual = tuple(
        replace(item, entity=item.entity.replace(LUCIDAC_PATH, "00-00-00-00-00-00"))
        for item in to_items(harmonic())
    )
    assert assemble(CircuitFile(items=virtual), LUCIDAC) == harmonic()
    two = describe(lucidac_board(), lucidac_board("04-E9-E5-00-00-09"))
    with pytest.raises(CircuitFileError) as caught:
        assemble(CircuitFile(items=virtual), two)
    assert caught.value.faults[0].rule == "entity-unknown"


def test_a_machine_of_its_own_is_not_replaced() -> None:
    """Addresses that do not match the file's own description stay a fault."""
    other = describe(lucidac_board("04-E9-E5-00-00-09"))
    with pytest.raises(CircuitFileError):
        assemble(CircuitFile(items=other.items + to_items(harmonic())), LUCIDAC)


def test_carriers_come_in_the_order_of_their_locations() -> None:
    boards = [mredac_board(f"X{n}", position=position) for n, position in enumerate((2, 0, 1))]
    circuit = assemble(describe(*boards))
    assert [carrier.path for carrier in circuit.carriers] == ["X1", "X2", "X0"]
    nowhere = [replace(board, location=None) for board in boards]
    circuit = assemble(describe(*nowhere))
    assert [(one.path, one.position) for one in circuit.carriers] == [
        ("X0", 0),
        ("X1", 1),
        ("X2", 2),
    ]


def test_carriers_of_a_device() -> None:
    boards = tuple(mredac_board(f"X{n}", position=n) for n in range(2))
    device = Entity(path="", entity_class=EntityClass.DEVICE, children=boards)
    assert [one.path for one in assemble(describe(device)).carriers] == ["X0", "X1"]


def test_the_items_of_the_worked_example() -> None:
    """Hardware reference, section 4.5."""
    items = to_items(harmonic())
    assert [(kind_name(item.config), item.entity.removeprefix(LUCIDAC_PATH)) for item in items] == [
        ("adc_config", ""),
        ("port_config", ""),
        ("itor_config", "/0/M0"),
        ("limiter_config", "/0/M0"),
        ("select_config", "/0/U"),
        ("coef_config", "/0/C"),
        ("sum_config", "/0/I"),
        ("dependency_info", ""),
    ]
    configs = {kind_name(item.config): item.config for item in items}
    assert configs["select_config"] == it.SelectConfig(connections=((1, 0), (0, 1)))
    assert isinstance(configs["sum_config"], it.SumConfig)
    assert configs["sum_config"].sums == ((0, (0,)), (1, (1,)))
    assert configs["dependency_info"] == it.DependencyInfo(
        entities=(LUCIDAC_PATH,),
        traces=(it.Trace(), it.Trace(source=it.TraceLane(lane=1), sink=it.TraceLane(lane=1))),
        active_lanes=3,
    )


def test_traces_follow_the_t_block() -> None:
    empty = blank(MREDAC)
    carrier = empty.carriers[0]
    muxes = list(range(4)) * 24
    muxes[4 * (9 - 8) + 1] = 3
    muxes[4 * (10 - 8) + 1] = 0
    sinks = [Lane()] * 32
    sinks[9] = Lane(sinks=(0,), upscaled=True)
    sinks[10] = Lane(sinks=(1,), source=3)
    sinks[11] = Lane(sinks=(2,))
    sources = [Lane()] * 32
    sources[9] = Lane(source=4)
    first, second, third = carrier.clusters
    clusters = (replace(first, lanes=tuple(sinks)), second, replace(third, lanes=tuple(sources)))
    carrier = replace(carrier, clusters=clusters, muxes=tuple(muxes))
    info = to_items(replace(empty, carriers=(carrier,)))[-1].config
    assert isinstance(info, it.DependencyInfo)
    crossing = it.Trace(
        source=it.TraceLane(cluster=2, lane=9), sink=it.TraceLane(lane=9), upscaled=True
    )
    assert info.traces == (crossing,)
    assert info.active_lanes == 1 << 9


def test_build_file_keeps_the_description() -> None:
    scaling = Scaling(variable="t", horizon=1.0, time_rate=1e4)
    circuit = replace(harmonic(), scaling=scaling)
    source = encode(LUCIDAC)
    data = build_file(source, circuit)
    assert source[source.index(b"/04") - 4 :] in data
    assert assemble(decode(data)) == circuit
    assert decode(data).version == (0, 1, 0)
    assert build_file(LUCIDAC, circuit) == data
    assert build_file(data, circuit) == data


def test_build_file_refuses_what_does_not_fit() -> None:
    for description in (CircuitFile(items=to_items(harmonic())), encode(MREDAC)):
        with pytest.raises(CircuitFileError):
            build_file(description, harmonic())
    carrier = harmonic().carriers[0]
    cluster = carrier.clusters[0]
    for lane in (Lane(factor=float("nan")), Lane(factor=1e39), Lane(sinks=(0, 1))):
        wrong = replace(cluster, lanes=(lane, *cluster.lanes[1:]))
        with pytest.raises(CircuitFileError):
            build_file(LUCIDAC, Circuit(carriers=(replace(carrier, clusters=(wrong,)),)))
    odd = replace(cluster, constant=Constant(value=0.5))
    with pytest.raises(ValueError, match="constant giver"):
        to_items(Circuit(carriers=(replace(carrier, clusters=(odd,)),)))


def test_numbers_become_float32() -> None:
    carrier = harmonic().carriers[0]
    cluster = carrier.clusters[0]
    lanes = (Lane(source=1, factor=0.1, sinks=(0,)), *cluster.lanes[1:])
    carrier = replace(carrier, clusters=(replace(cluster, lanes=lanes),))
    again = assemble(decode(build_file(LUCIDAC, Circuit(carriers=(carrier,)))))
    assert again.carriers[0].clusters[0].lanes[0].factor == float32(0.1) != 0.1


DESCRIPTIONS = (
    LUCIDAC,
    describe(lucidac_board(kinds=(2, 1))),
    describe(lucidac_board(kinds=(0, 3))),
    MREDAC,
)


@CIRCUITS
@given(st.sampled_from(DESCRIPTIONS).flatmap(lambda one: st.tuples(st.just(one), circuits(one))))
def test_any_circuit_comes_back(drawn: tuple[CircuitFile, Circuit]) -> None:
    description, circuit = drawn
    data = build_file(description, circuit)
    file = decode(data)
    assert without_warnings(assemble(file)) == circuit
    assert encode(file) == data
    bare = CircuitFile(items=to_items(circuit), scaling=circuit.scaling)
    assert without_warnings(assemble(bare, description)) == circuit


def test_fixture_circuits_come_back() -> None:
    paths = sorted((fixtures() / "circuits").glob("*.apb"))
    assert len(paths) == 11
    for path in paths:
        file = decode(path.read_bytes())
        circuit = assemble(file)
        assert circuit.warnings == (), path.name
        facts = json.loads(path.with_suffix(".json").read_text())
        channels = [one for carrier in circuit.carriers for one in carrier.channels]
        assert [one.probe for one in channels] == list(range(len(facts["channels"]))), path.name
        assert assemble(decode(build_file(file, circuit))) == circuit, path.name


def test_mredac_fixtures_are_written_as_the_client_writes_them() -> None:
    for name in ("mredac_mdr_ops", "mredac_split_harmonic"):
        data = (fixtures() / "circuits" / f"{name}.apb").read_bytes()
        assert build_file(data, assemble(decode(data))) == data


def test_a_fixture_without_a_machine_borrows_one() -> None:
    folder = fixtures() / "entities"
    file = decode((folder / "harmonic_pb.apb").read_bytes())
    machine = decode((folder / "lucidac-daniel.apb").read_bytes())
    circuit = assemble(file, machine)
    (carrier,) = circuit.carriers
    assert carrier.path == "04-E9-E5-15-87-A0"
    assert carrier.channels == (AdcChannel(output=0, probe=0),)
    cluster = carrier.clusters[0]
    assert cluster.lanes[0] == Lane(source=1, factor=1.0, sinks=(0,))
    assert cluster.lanes[1] == Lane(source=0, factor=-1.0, sinks=(1,))
    assert cluster.constant == Constant(value=1.0)


def test_fixture_machines_are_blank_circuits() -> None:
    for path in sorted((fixtures() / "entities").glob("*.apb")):
        file = decode(path.read_bytes())
        if path.stem != "harmonic_pb":
            circuit = assemble(file)
            assert assemble(decode(build_file(file, circuit))) == circuit, path.name
