"""Bytes to typed items and back: what we do not know survives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.apb import analog_pb2 as pb
from drivers.apb import items as it
from drivers.apb.codec import CircuitFile, Item, decode, encode, peek
from drivers.apb.errors import CircuitFileError, Fault
from drivers.apb.model import ProbeScaling, Scaling
from drivers.apb.wire import field
from tests.machines import LUCIDAC, MREDAC, describe, lucidac_board, mredac_board
from tests.shared import fixtures

VERSION = field(1, b"\x10\x01")


def file_of(*messages: pb.Item, version: bytes = VERSION) -> bytes:
    return version + field(2, pb.Module(items=messages).SerializeToString())


def refused(data: bytes) -> Fault:
    """The fault, which the cheap and the whole check have to agree on."""
    with pytest.raises(CircuitFileError) as cheap:
        peek(data)
    with pytest.raises(CircuitFileError) as whole:
        decode(data)
    assert cheap.value.faults == whole.value.faults
    (fault,) = whole.value.faults
    return fault


COEF = pb.Item(
    entity=pb.EntityId(path="X/0/C"),
    coef_config=pb.CoefConfig(elements=[pb.CoefConfig.Element(idx=3, factor=0.5)]),
)


def test_every_fixture_survives_byte_for_byte() -> None:
    for path in sorted(fixtures().glob("*/*.apb")):
        data = path.read_bytes()
        assert encode(decode(data)) == data, path.name
        assert peek(data).items == len(decode(data).items)


def test_a_file_needs_a_module_with_items() -> None:
    assert refused(b"").rule == "no-module"
    assert refused(VERSION).rule == "no-module"
    assert refused(VERSION + field(2, b"")).rule == "empty-module"


def test_a_module_alone_is_not_a_file() -> None:
    fault = refused(pb.Module(items=[COEF]).SerializeToString())
    assert fault.rule == "no-module"
    assert "a module alone is not enough" in fault.message


def test_versions() -> None:
    assert decode(file_of(COEF)).version == (0, 1, 0)
    assert decode(file_of(COEF)).warnings == ()
    later = pb.Version(minor=1, patch=7).SerializeToString()
    assert decode(file_of(COEF, version=field(1, later))).version == (0, 1, 7)
    for missing in (b"", field(1, b"")):
        file = decode(file_of(COEF, version=missing))
        assert file.version is None
        assert any("no schema version" in warning for warning in file.warnings)
        assert peek(file_of(COEF, version=missing)).warnings == file.warnings
    for wrong in (pb.Version(major=1, minor=1), pb.Version(minor=2), pb.Version(patch=1)):
        fault = refused(file_of(COEF, version=field(1, wrong.SerializeToString())))
        assert fault.rule == "version"


def test_bytes_that_only_the_parser_refuses() -> None:
    not_text = field(1, field(1, b"\xff"))
    fault = refused(VERSION + field(2, not_text))
    assert (fault.rule, fault.item) == ("damaged", 0)


def test_peek_tells_the_class_of_the_machine() -> None:
    assert peek(encode(LUCIDAC)).device_class == "LUCIDAC"
    assert peek(encode(MREDAC)).device_class == "REDAC"
    assert not peek(encode(MREDAC)).has_configuration
    configured = peek(file_of(COEF))
    assert configured.device_class is None
    assert not configured.has_specification
    assert configured.has_configuration


def test_peek_refuses_machines_of_no_class() -> None:
    mixed = encode(describe(lucidac_board(), mredac_board()))
    strange = encode(describe(replace(lucidac_board(), type=9)))
    for data, rule in ((mixed, "carrier-mixture"), (strange, "carrier-type")):
        with pytest.raises(CircuitFileError) as caught:
            peek(data)
        assert caught.value.faults[0].rule == rule


def test_paths_are_normalised() -> None:
    message = pb.Item(entity=pb.EntityId(path="/04:e9:e5:15:87:a0/0/C"))
    message.coef_config.SetInParent()
    assert decode(file_of(message)).items[0].entity == "04-E9-E5-15-87-A0/0/C"
    assert encode(decode(file_of(message))) == file_of(message)


def test_unknown_items_and_fields_survive() -> None:
    unknown_item = field(1, field(1, b"X")) + field(900, b"future")
    extended = COEF.SerializeToString() + field(901, b"more")
    rest = field(77, b"module")
    data = VERSION + field(2, field(1, unknown_item) + field(1, extended) + rest)
    data += field(78, b"file")
    file = decode(data)
    assert encode(file) == data
    first, second = file.items
    assert isinstance(first.config, it.Opaque)
    assert first.entity == "X"
    changed = replace(second, config=it.CoefConfig(elements=(it.CoefEntry(lane=4, factor=0.25),)))
    written = encode(replace(file, items=(first, changed)))
    again = decode(written)
    assert again.items == (first, changed)
    assert field(901, b"more") in written
    assert rest in written
    assert written.endswith(field(78, b"file"))
    assert encode(replace(file, items=(first, second))) == data


def test_fields_inside_of_a_changed_config_survive() -> None:
    payload = pb.CoefConfig(elements=[pb.CoefConfig.Element(idx=1)]).SerializeToString()
    data = file_of() + field(2, field(1, field(14, payload + field(90, b"deep"))))
    file = decode(data)
    changed = replace(file.items[0], entity="Y/0/C", config=it.CoefConfig())
    written = encode(replace(file, items=(changed,)))
    assert field(90, b"deep") in written
    assert decode(written).items[0].entity == "Y/0/C"


def test_a_changed_unknown_item_keeps_its_content() -> None:
    data = VERSION + field(2, field(1, field(1, field(1, b"X")) + field(900, b"future")))
    (item,) = decode(data).items
    moved = decode(encode(CircuitFile(items=(replace(item, entity="Z"),)))).items[0]
    assert moved.entity == "Z"
    assert field(900, b"future") in (moved.source or b"")


def test_known_kinds_without_a_record_are_carried() -> None:
    message = pb.Item(
        entity=pb.EntityId(path="X/FP"), front_panel_config=pb.FrontPanelConfig(leds=5)
    )
    (item,) = decode(file_of(message)).items
    assert item.config == it.Opaque(kind="front_panel_config", data=b"\x08\x05")
    fresh = CircuitFile(items=(Item(entity="X/FP", config=item.config),))
    assert encode(fresh) == file_of(message)
    darker = replace(item, config=it.Opaque(kind="front_panel_config", data=b""))
    assert decode(encode(CircuitFile(items=(darker,)))).items == (darker,)


EXPRESSIONS = (
    it.Expression(literal=0.5),
    it.Expression(literal=0.25, negated=True),
    it.Expression(parameter=3),
    it.Expression(parameter=0, negated=True),
    it.Expression(),
)

CONFIGS: tuple[it.Config, ...] = (
    it.AdcConfig(channels=(it.AdcEntry(output=3, probe=1, gain=2.0, offset=-1.0), it.AdcEntry())),
    it.CoefConfig(
        elements=tuple(
            it.CoefEntry(lane=lane, factor=0.5, gain_correction=gain, expression=expression)
            for lane, (gain, expression) in enumerate(
                [(None, None), (0.0, None), *((1.25, one) for one in EXPRESSIONS)]
            )
        )
    ),
    it.ItorConfig(elements=(it.ItorEntry(element=1, ic=-0.5, k=100, expression=EXPRESSIONS[0]),)),
    it.LimiterConfig(elements=(it.LimiterEntry(element=2, enable=True), it.LimiterEntry())),
    it.SelectConfig(connections=((0, 1), (15, 0)), constant=2, magnitude=1),
    it.SelectConfig(constant=77, magnitude=78),
    it.SumConfig(sums=((0, (1, 2, 3)), (5, ())), upscales=((0, True), (1, False))),
    it.SwitchConfig(muxes=((4, 1), (0, 3))),
    it.SwitchConfig(muxes=((0, 2), (1, 1), (2, 0))),
    it.BackplaneSwitchConfig(muxes=((9, 8),)),
    it.MdrConfig(operations=(0, 4, 2, 99)),
    it.PortConfig(states=(0, 1, 7)),
    it.EntitySpecification(),
    it.EntitySpecification(root=mredac_board()),
    it.DependencyInfo(
        entities=("A", "B"),
        traces=(
            it.Trace(),
            it.Trace(sink=it.TraceLane(carrier=1, cluster=2, lane=3), upscaled=True),
        ),
        active_lanes=9,
    ),
    it.ParamSpecification(
        parameters=(it.Parameter(index=2, name="r", default=0.5), it.Parameter())
    ),
    it.SimConfig(),
    it.SimConfig(k0=0, with_limits=True),
    it.SimConfig(k0=5, only_module_sinks=True),
)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda one: type(one).__name__)
def test_every_record_comes_back(config: it.Config) -> None:
    item = Item(entity="X/0", config=config)
    (again,) = decode(encode(CircuitFile(items=(item,)))).items
    assert again == item
    for other in CONFIGS:
        changed = replace(again, config=other)
        assert decode(encode(CircuitFile(items=(changed,)))).items == (changed,)


def test_negations_are_folded() -> None:
    expression = pb.Expr(literal=pb.LitExpr(value=0.5))
    for _ in range(3):
        expression = pb.Expr(neg=pb.NegExpr(expr=expression))
    message = pb.Item(
        coef_config=pb.CoefConfig(elements=[pb.CoefConfig.Element(factor_expr=expression)])
    )
    (item,) = decode(file_of(message)).items
    assert isinstance(item.config, it.CoefConfig)
    assert item.config.elements[0].expression == it.Expression(literal=0.5, negated=True)


def test_mux_lists_without_indices_go_by_position() -> None:
    message = pb.Item(switch_config=pb.SwitchConfig(muxes=[pb.Mux(state=s) for s in (3, 0, 1)]))
    (item,) = decode(file_of(message)).items
    assert item.config == it.SwitchConfig(muxes=((0, 3), (1, 0), (2, 1)))


def test_external_circuits_of_a_simulator_survive_a_change() -> None:
    wires = pb.ACLConfig(plugins=[pb.ACLPlugin(plugin="delay")])
    message = pb.Item(sim_config=pb.SimConfig(k0=7, acl_config=wires))
    (item,) = decode(file_of(message)).items
    assert item.config == it.SimConfig(k0=7, external=True)
    changed = replace(item, config=it.SimConfig(external=True))
    assert b"delay" in encode(CircuitFile(items=(changed,)))
    dropped = replace(item, config=it.SimConfig())
    assert b"delay" not in encode(CircuitFile(items=(dropped,)))


def test_scaling() -> None:
    scaling = Scaling(
        variable="t",
        horizon=20.0,
        time_rate=1e4,
        probes=(ProbeScaling(probe=1, name="x'", factor=-2.5, offset=0.5),),
    )
    file = CircuitFile(items=decode(file_of(COEF)).items, scaling=scaling)
    data = encode(file)
    assert decode(data).scaling == scaling
    assert encode(decode(data)) == data
    module = pb.File.FromString(data).module
    assert module.analogcloud_scaling.probes[0].name == "x'"
    shorter = replace(scaling, horizon=10.0)
    assert decode(encode(replace(decode(data), scaling=shorter))).scaling == shorter
    assert decode(encode(replace(decode(data), scaling=None))).scaling is None


def test_scaling_keeps_what_a_later_version_adds() -> None:
    payload = pb.Scaling(variable="t", horizon=1.0).SerializeToString() + field(60, b"later")
    data = VERSION + field(2, field(1, COEF.SerializeToString()) + field(50000, payload))
    file = decode(data)
    assert encode(file) == data
    assert file.scaling is not None
    changed = encode(replace(file, scaling=replace(file.scaling, horizon=2.0)))
    assert field(60, b"later") in changed


def test_errors_say_where_and_what() -> None:
    error = CircuitFileError(
        *(Fault(rule="k0", message=f"Fault {n}.", item=n, entity="X") for n in range(7))
    )
    assert str(error).startswith("Fault 0. (item 0, X) [k0]; Fault 1.")
    assert str(error).endswith("and 2 more")
    assert str(CircuitFileError(Fault(rule="a", message="B."))) == "B. [a]"
    with pytest.raises(ValueError, match="at least one"):
        CircuitFileError()
