"""Each rule of the validator: a sound file of one change that breaks it, and only it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from drivers.apb import items as it
from drivers.apb.circuit import assemble, to_items
from drivers.apb.codec import CircuitFile, Item, decode
from drivers.apb.errors import CircuitFileError
from drivers.apb.items import Config
from drivers.apb.model import Entity, EntityClass, ProbeScaling, Scaling
from drivers.apb.review import MAX_FINDINGS
from drivers.apb.validate import check
from tests.machines import (
    LUCIDAC,
    LUCIDAC_PATH,
    MREDAC,
    MREDAC_PATH,
    blank,
    describe,
    harmonic,
    lucidac_board,
    mredac_board,
)
from tests.shared import fixtures

if TYPE_CHECKING:
    from collections.abc import Callable

SOUND = CircuitFile(items=LUCIDAC.items + to_items(harmonic()))
WIDE = CircuitFile(items=MREDAC.items + to_items(blank(MREDAC)))
NAN = float("nan")

Change = tuple[CircuitFile, Config]


def with_config(file: CircuitFile, config: Config) -> CircuitFile:
    """The file with its first item of this type saying something else."""
    number = position(file, type(config))
    items = list(file.items)
    items[number] = replace(items[number], config=config)
    return replace(file, items=tuple(items))


def position(file: CircuitFile, record: type[Config]) -> int:
    return next(n for n, item in enumerate(file.items) if isinstance(item.config, record))


def factor(lane: int = 0, value: float = 0.0, expression: it.Expression | None = None) -> Config:
    return it.CoefConfig(elements=(it.CoefEntry(lane=lane, factor=value, expression=expression),))


def itor(element: int = 0, ic: float = 0.0, k: int = 100) -> Config:
    return it.ItorConfig(elements=(it.ItorEntry(element=element, ic=ic, k=k),))


def adc(*channels: tuple[int, int]) -> Config:
    entries = tuple(it.AdcEntry(output=output, probe=probe, gain=1.0) for output, probe in channels)
    return it.AdcConfig(channels=entries)


BROKEN: dict[str, tuple[str, CircuitFile, Config]] = {
    "factor above 1": ("factor-range", SOUND, factor(value=1.001)),
    "factor below -1": ("factor-range", SOUND, factor(value=-1.001)),
    "factor is no number": ("factor-range", SOUND, factor(value=NAN)),
    "factor of a lane too far": ("lane-range", SOUND, factor(lane=32)),
    "two factors": (
        "factor-twice",
        SOUND,
        it.CoefConfig(elements=(it.CoefEntry(lane=3), it.CoefEntry(lane=3))),
    ),
    "literal above 1": (
        "factor-range",
        SOUND,
        factor(expression=it.Expression(literal=1.5, negated=True)),
    ),
    "expression without a value": ("expression", SOUND, factor(expression=it.Expression())),
    "undeclared parameter": ("parameter", SOUND, factor(expression=it.Expression(parameter=1))),
    "start value above 1": ("ic-range", SOUND, itor(ic=1.5)),
    "start value is no number": ("ic-range", SOUND, itor(ic=NAN)),
    "k0 of another speed": ("k0", SOUND, itor(k=1000)),
    "k0 left out": ("k0", SOUND, itor(k=0)),
    "integrator too far": ("element-range", SOUND, itor(element=8)),
    "one integrator twice": (
        "element-twice",
        SOUND,
        it.ItorConfig(elements=(it.ItorEntry(k=100), it.ItorEntry(k=100))),
    ),
    "limiter too far": (
        "element-range",
        SOUND,
        it.LimiterConfig(elements=(it.LimiterEntry(element=8),)),
    ),
    "one limiter twice": (
        "element-twice",
        SOUND,
        it.LimiterConfig(elements=(it.LimiterEntry(), it.LimiterEntry())),
    ),
    "two sources": ("lane-source", SOUND, it.SelectConfig(connections=((0, 1), (2, 1)))),
    "source too far": ("output-range", SOUND, it.SelectConfig(connections=((16, 1),))),
    "source of a lane too far": ("lane-range", SOUND, it.SelectConfig(connections=((0, 32),))),
    "constant from an input": ("constant", SOUND, it.SelectConfig(constant=3)),
    "constant of unknown sign": ("constant", SOUND, it.SelectConfig(constant=4)),
    "constant of unknown size": ("constant", SOUND, it.SelectConfig(constant=1, magnitude=2)),
    "two sinks": ("lane-sink", SOUND, it.SumConfig(sums=((0, (1,)), (1, (1,))))),
    "one sink twice": ("lane-sink", SOUND, it.SumConfig(sums=((0, (1, 1)),))),
    "sum too far": ("sum-range", SOUND, it.SumConfig(sums=((16, (1,)),))),
    "summed lane too far": ("lane-range", SOUND, it.SumConfig(sums=((0, (32,)),))),
    "gain of a lane too far": ("lane-range", SOUND, it.SumConfig(upscales=((32, True),))),
    "two gains": ("gain-twice", SOUND, it.SumConfig(upscales=((3, True), (3, True)))),
    "nine ADC channels": ("adc-count", SOUND, adc(*((n, n) for n in range(9)))),
    "ADC reads cluster 1": ("adc-output", SOUND, adc((16, 0))),
    "ADC reads output 99": ("adc-output", SOUND, adc((99, 0))),
    "offset is no number": (
        "not-finite",
        SOUND,
        it.AdcConfig(channels=(it.AdcEntry(gain=1.0, offset=NAN),)),
    ),
    "one probe twice": ("probe-twice", SOUND, adc((0, 0), (1, 0))),
    "no probe assigned": ("probe-twice", SOUND, adc((0, 0), (1, 0), (2, 0))),
    "probe missing": ("probe-gap", SOUND, adc((0, 0), (1, 2))),
    "probes from 1": ("probe-gap", SOUND, adc((0, 1))),
    "nine ports": ("port-count", SOUND, it.PortConfig(states=(0,) * 9)),
    "port of unknown state": ("port-state", SOUND, it.PortConfig(states=(2,))),
    "trace of a lane too far": (
        "trace",
        SOUND,
        it.DependencyInfo(entities=("X",), traces=(it.Trace(sink=it.TraceLane(lane=32)),)),
    ),
    "trace of a cluster too far": (
        "trace",
        SOUND,
        it.DependencyInfo(entities=("X",), traces=(it.Trace(source=it.TraceLane(cluster=3)),)),
    ),
    "mux too far": ("mux-range", WIDE, it.SwitchConfig(muxes=((96, 0),))),
    "mux sector too far": ("mux-sector", WIDE, it.SwitchConfig(muxes=((0, 4),))),
    "one mux twice": ("mux-twice", WIDE, it.SwitchConfig(muxes=((1, 0), (1, 0)))),
    "MDR identity": ("mdr-operation", WIDE, it.MdrConfig(operations=(4,))),
    "MDR of unknown operation": ("mdr-operation", WIDE, it.MdrConfig(operations=(5,))),
    "five MDR operations": ("mdr-count", WIDE, it.MdrConfig(operations=(0,) * 5)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_item_that_breaks_a_rule(name: str) -> None:
    rule, file, config = BROKEN[name]
    assert check(file) == ()
    broken = with_config(file, config)
    faults = check(broken)
    assert {fault.rule for fault in faults} == {rule}
    number = position(file, type(config))
    if not rule.startswith("probe"):
        assert {(fault.item, fault.entity) for fault in faults} == {
            (number, file.items[number].entity)
        }
    with pytest.raises(CircuitFileError) as caught:
        assemble(broken)
    assert caught.value.faults == faults


def rules(file: CircuitFile, description: CircuitFile | None = None) -> list[str]:
    return [fault.rule for fault in check(file, description)]


def added(file: CircuitFile, *items: Item) -> CircuitFile:
    return replace(file, items=file.items + items)


def test_the_numbers_at_the_limits_are_sound() -> None:
    for config in (
        factor(lane=31, value=-1.0),
        itor(element=7, ic=1.0, k=10_000),
        adc((15, 0)),
        it.SelectConfig(connections=((15, 31),), constant=2, magnitude=1),
        it.SumConfig(sums=((15, (31,)), (15, (30,))), upscales=((31, True),)),
        it.PortConfig(states=(1,) * 8),
    ):
        assert rules(with_config(SOUND, config)) == []
    for config in (
        adc((47, 0)),
        it.SwitchConfig(muxes=((95, 0),)),
        it.MdrConfig(operations=(0, 1, 2, 3)),
    ):
        assert rules(with_config(WIDE, config)) == []


def test_items_for_entities_that_are_not_there() -> None:
    coef = it.CoefConfig()
    for path in ("", "X/0/C", f"{LUCIDAC_PATH}/1/C", f"{LUCIDAC_PATH}/0/CC"):
        assert rules(added(LUCIDAC, Item(entity=path, config=coef))) == ["entity-unknown"]
    switch = Item(entity=f"{LUCIDAC_PATH}/T", config=it.SwitchConfig())
    assert rules(added(LUCIDAC, switch)) == ["entity-unknown"]


@pytest.mark.parametrize(
    ("place", "config"),
    [
        ("", it.CoefConfig()),
        ("/0", it.CoefConfig()),
        ("/0/U", it.CoefConfig()),
        ("/0/C", it.SumConfig()),
        ("/0/M1", it.ItorConfig()),
        ("/0/M1", it.LimiterConfig()),
        ("/0/M1", it.MdrConfig()),
        ("/0/M0", it.MdrConfig()),
        ("/0/M0", it.Opaque(kind="mul_config")),
        ("/0", it.AdcConfig()),
        ("/FP", it.PortConfig()),
        ("", it.Opaque(kind="front_panel_config")),
        ("/0/U", it.DependencyInfo()),
    ],
)
def test_items_for_entities_of_another_kind(place: str, config: Config) -> None:
    item = Item(entity=LUCIDAC_PATH + place, config=config)
    assert rules(added(LUCIDAC, item)) == ["entity-kind"]


def test_two_items_of_one_kind_for_one_entity() -> None:
    number = position(SOUND, it.CoefConfig)
    assert rules(added(SOUND, SOUND.items[number])) == ["item-twice"]
    leds = Item(entity=f"{LUCIDAC_PATH}/FP", config=it.Opaque(kind="front_panel_config"))
    assert rules(added(SOUND, leds)) == []
    assert rules(added(SOUND, leds, leds)) == ["item-twice"]


def test_parameters() -> None:
    declared = it.ParamSpecification(parameters=(it.Parameter(index=1, name="r", default=0.5),))
    uses = with_config(SOUND, factor(expression=it.Expression(parameter=1)))
    assert rules(added(uses, Item(config=declared))) == []
    twice = added(SOUND, Item(config=declared), Item(config=declared))
    assert rules(twice) == ["parameter-twice"]
    bare = it.ParamSpecification(parameters=(it.Parameter(index=1, name="r"),))
    (fault,) = check(added(uses, Item(config=bare)))
    assert fault.rule == "parameter"
    assert "parameter r" in fault.message
    endless = it.ParamSpecification(parameters=(it.Parameter(default=NAN),))
    assert rules(added(SOUND, Item(config=endless))) == ["not-finite"]


def test_backplane_switches() -> None:
    back = Entity(path=f"{MREDAC_PATH}/ST0", entity_class=EntityClass.BACK_PANEL_T_BLOCK, type=1)
    board = mredac_board()
    machine = describe(replace(board, children=(*board.children, back)))
    for muxes, found in (
        (((71, 8),), []),
        (((72, 8),), ["mux-range"]),
        (((71, 9),), ["mux-sector"]),
        (((3, 1), (3, 1)), ["mux-twice"]),
    ):
        config = it.BackplaneSwitchConfig(muxes=muxes)
        assert rules(added(machine, Item(entity=back.path, config=config))) == found


def test_a_t_block_listens_only_to_clusters_that_are_there() -> None:
    two = describe(mredac_board(seconds=(2, 2)))
    away = Item(entity=f"{MREDAC_PATH}/T", config=it.SwitchConfig(muxes=((1, 3),)))
    assert rules(added(two, away)) == ["mux-sector"]
    rest = Item(entity=f"{MREDAC_PATH}/T", config=it.SwitchConfig(muxes=((3, 3),)))
    assert rules(added(two, rest)) == []


def test_probes_count_over_all_carriers() -> None:
    boards = [mredac_board(f"X{n}", position=n) for n in range(2)]

    def probed(first: int, second: int) -> CircuitFile:
        channels = [Item(entity=f"X{n}", config=adc((0, p))) for n, p in enumerate((first, second))]
        return added(describe(*boards), *channels)

    assert rules(probed(0, 1)) == []
    assert rules(probed(1, 0)) == []
    assert rules(probed(0, 0)) == ["probe-twice"]
    assert rules(probed(0, 2)) == ["probe-gap"]


def test_sources_and_probes_in_empty_sockets() -> None:
    machine = describe(lucidac_board(kinds=(1, 0)))
    select = Item(entity=f"{LUCIDAC_PATH}/0/U", config=it.SelectConfig(connections=((8, 0),)))
    assert rules(added(machine, select)) == ["source-empty"]
    assert rules(added(machine, Item(entity=LUCIDAC_PATH, config=adc((8, 0))))) == ["adc-output"]
    constant = it.SelectConfig(connections=((15, 0),), constant=1)
    assert rules(added(machine, Item(entity=f"{LUCIDAC_PATH}/0/U", config=constant))) == []


@pytest.mark.parametrize(
    ("board", "rule"),
    [
        (replace(lucidac_board(), type=7), "carrier-type"),
        (lucidac_board(kinds=(1, 9)), "block-type"),
        (lucidac_board(kinds=(0, 9)), "block-type"),
        (
            replace(
                lucidac_board(),
                children=(Entity(path=f"{LUCIDAC_PATH}/3", entity_class=EntityClass.CLUSTER),),
            ),
            "cluster-index",
        ),
        (Entity(path="X", entity_class=EntityClass.CLUSTER), "no-carrier"),
    ],
)
def test_machines_that_we_do_not_know(board: Entity, rule: str) -> None:
    assert rules(describe(board)) == [rule]
    assert rules(CircuitFile(items=to_items(harmonic())), describe(board))[0] == rule


def test_no_machine_at_all() -> None:
    assert rules(CircuitFile(items=to_items(harmonic()))) == ["no-specification"]


SCALING = Scaling(
    variable="t",
    horizon=1.0,
    time_rate=1e4,
    probes=(ProbeScaling(probe=0, name="x"), ProbeScaling(probe=1, name="y")),
)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, horizon=0.0),
        lambda one: replace(one, horizon=NAN),
        lambda one: replace(one, time_rate=-1.0),
        lambda one: replace(one, time_rate=float("inf")),
        lambda one: replace(one, probes=one.probes[:1] * 2),
        lambda one: replace(one, probes=(ProbeScaling(probe=2, name="z"),)),
        lambda one: replace(one, probes=(ProbeScaling(probe=0, name="z", factor=NAN),)),
        lambda one: replace(one, probes=(ProbeScaling(probe=0, name="z", offset=NAN),)),
        lambda one: replace(one, probes=(ProbeScaling(probe=0, name="z" * 201),)),
        lambda one: replace(one, variable="z" * 201),
    ],
)
def test_scalings_that_do_not_fit(change: Callable[[Scaling], Scaling]) -> None:
    assert rules(replace(SOUND, scaling=SCALING)) == []
    assert rules(replace(SOUND, scaling=change(SCALING))) == ["scaling"]


def warnings(config: Config, file: CircuitFile = SOUND) -> str:
    return "\n".join(assemble(with_config(file, config)).warnings)


def test_what_is_only_warned_about() -> None:
    grounded = it.SelectConfig(connections=((15, 0),))
    assert "may ground it" in warnings(grounded)
    assert "may ground it" in warnings(it.SelectConfig(connections=((14, 16),)))
    assert "ground" not in warnings(it.SelectConfig(connections=((14, 0), (15, 16))))
    shadowed = it.SelectConfig(connections=((15, 0), (15, 16)), constant=1)
    assert "only one half" in warnings(shadowed)
    assert warnings(it.SelectConfig(connections=((15, 0),), constant=1)) == ""
    assert "has no gain" in warnings(it.AdcConfig(channels=(it.AdcEntry(),)))
    assert "more than one ADC channel" in warnings(adc((0, 0), (0, 1)))
    assert "has no factor" in warnings(factor(lane=5))
    used = with_config(SOUND, it.SelectConfig(connections=((0, 24),)))
    assert "takes the lane's place" in warnings(it.PortConfig(states=(1,)), used)
    empty = added(
        describe(lucidac_board(kinds=(1, 0))),
        Item(entity=f"{LUCIDAC_PATH}/0/I", config=it.SumConfig(sums=((8, (1,)),))),
    )
    assert "empty socket" in "\n".join(assemble(empty).warnings)
    unknown = assemble(added(SOUND, Item(config=it.Opaque()))).warnings
    assert "does not know" in unknown[0]


def test_all_faults_are_reported_at_once_up_to_a_limit() -> None:
    several = with_config(SOUND, factor(value=2.0))
    several = with_config(several, itor(ic=2.0, k=7))
    assert rules(several) == ["ic-range", "k0", "factor-range"]
    elements = tuple(it.CoefEntry(lane=99 + n) for n in range(500))
    assert len(check(with_config(SOUND, it.CoefConfig(elements=elements)))) == MAX_FINDINGS


def test_warnings_have_a_limit_too() -> None:
    many = added(SOUND, *(Item(config=it.Opaque()) for _ in range(500)))
    assert len(assemble(many).warnings) == MAX_FINDINGS


def test_fixture_circuits_are_sound() -> None:
    paths = sorted((fixtures() / "circuits").glob("*.apb"))
    assert paths
    for path in paths:
        assert check(decode(path.read_bytes())) == (), path.name
