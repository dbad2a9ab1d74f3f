"""Circuits to the config of set_circuit and back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.apb import items as it
from drivers.apb.circuit import assemble, to_items
from drivers.apb.codec import decode as read_file
from drivers.apb.items import CircuitFile, Item
from drivers.errors import ProtocolError, RunRefused
from drivers.wire.jsonl_circuit import read_config, write_config
from tests.machines import LUCIDAC, LUCIDAC_PATH, MREDAC, blank, circuits, harmonic
from tests.shared import fixtures

if TYPE_CHECKING:
    from drivers.apb.model import Circuit

# Any: a config is JSON.
Config = dict[str, Any]


def there_and_back(file: CircuitFile) -> CircuitFile:
    board, config = write_config(file)
    return read_config([board], config)


def plain_channels(circuit: Circuit) -> Circuit:
    """The circuit as this dialect can say it: columns count from 0, without gain and offset."""
    carriers = tuple(
        replace(one, channels=tuple(replace(ch, gain=1.0, offset=0.0) for ch in one.channels))
        for one in circuit.carriers
    )
    return replace(circuit, carriers=carriers, scaling=None)


@settings(max_examples=20)
@given(circuits(LUCIDAC))
def test_any_circuit_comes_back(drawn: Circuit) -> None:
    circuit = plain_channels(drawn)
    back = there_and_back(CircuitFile(items=to_items(circuit)))
    assert replace(assemble(back, LUCIDAC), warnings=()) == circuit


GOLDEN = [
    "const_tenth_split",
    "decay",
    "harmonic",
    "lorenz",
    "lotka_volterra",
    "mathieu",
    "roessler",
    "sprott_sqm",
    "van_der_pol",
]


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_circuits_come_back(name: str) -> None:
    file = read_file((fixtures() / "circuits" / f"{name}.apb").read_bytes())
    description = CircuitFile(
        items=tuple(one for one in file.items if isinstance(one.config, it.EntitySpecification))
    )
    expected = assemble(file)
    back = assemble(there_and_back(file), description)
    assert back.carriers == expected.carriers


def config_of(circuit: Circuit) -> Config:
    board, config = write_config(CircuitFile(items=to_items(circuit)))
    assert board == LUCIDAC_PATH
    return config


def test_a_known_circuit_in_our_own_words() -> None:
    config = config_of(harmonic())
    assert config["adc_channels"] == [0, 1, None, None, None, None, None, None]
    assert config["acl_select"] == ["internal"] * 8
    cluster = config["/0"]
    assert set(cluster) == {"/M0", "/U", "/C", "/I"}
    assert cluster["/M0"]["elements"][:2] == [{"ic": -0.5, "k": 10_000}, {"ic": 0.0, "k": 10_000}]
    assert cluster["/U"] == {"outputs": [1, 0, *[None] * 30]}
    assert cluster["/C"]["elements"][:2] == [-1.0, 1.0]
    assert cluster["/I"]["outputs"][:3] == [[0], [1], []]
    assert cluster["/I"]["upscaling"] == [False] * 32


def of_items(*parts: tuple[str, it.Config]) -> CircuitFile:
    return CircuitFile(items=tuple(Item(entity=path, config=config) for path, config in parts))


@pytest.mark.parametrize(
    ("constant", "magnitude", "value"), [(1, 0, 1.0), (1, 1, 0.1), (2, 0, -1.0), (2, 1, -0.1)]
)
def test_constants_have_sign_and_size(constant: int, magnitude: int, value: float) -> None:
    select = it.SelectConfig(constant=constant, magnitude=magnitude)
    _, config = write_config(of_items(("X/0/U", select)))
    assert config["/0"]["/U"]["constant"] == value
    assert read_config(["X"], config).items[2].config == select


def test_a_constant_that_is_off_is_left_out() -> None:
    """Firmware of 2024 answers ``"constant": false`` with an error."""
    _, config = write_config(of_items(("X/0/U", it.SelectConfig())))
    assert "constant" not in config["/0"]["/U"]


@pytest.mark.parametrize("value", [False, None, 0, 0.0])
def test_ways_to_say_that_it_is_off(value: object) -> None:
    read = read_config(["X"], {"/0": {"/U": {"constant": value}}})
    assert read.items[0].config == it.SelectConfig()


def test_an_upscaled_lane_keeps_factor_and_flag() -> None:
    file = of_items(
        ("X/0/C", it.CoefConfig(elements=(it.CoefEntry(lane=3, factor=0.75),))),
        ("X/0/I", it.SumConfig(sums=((5, (3,)),), upscales=((3, True),))),
    )
    _, config = write_config(file)
    assert config["/0"]["/C"]["elements"][3] == 0.75
    assert config["/0"]["/I"]["upscaling"][3] is True
    assert config["/0"]["/I"]["outputs"][5] == [3]


def test_columns_follow_the_probes() -> None:
    channels = tuple(it.AdcEntry(output=o, probe=p, gain=1.0) for o, p in ((4, 7), (9, 2), (1, 5)))
    _, config = write_config(of_items(("X", it.AdcConfig(channels=channels))))
    assert config["adc_channels"][:4] == [9, 1, 4, None]


def test_integrators_on_the_second_socket() -> None:
    itor = it.ItorConfig(elements=(it.ItorEntry(element=7, ic=0.25, k=100),))
    _, config = write_config(of_items(("X/0/M1", itor)))
    assert config["/0"]["/M1"]["elements"][7] == {"ic": 0.25, "k": 100}
    assert read_config(["X"], config).items[2].entity == "X/0/M1"


def test_literal_expressions_are_written_as_numbers() -> None:
    literal = it.Expression(literal=0.5, negated=True)
    coef = it.CoefConfig(elements=(it.CoefEntry(lane=0, factor=0.1, expression=literal),))
    _, config = write_config(of_items(("X/0/C", coef)))
    assert config["/0"]["/C"]["elements"][0] == -0.5


_PARAMETER = it.Expression(parameter=1)


@pytest.mark.parametrize(
    ("path", "config", "reason"),
    [
        ("X/0/M1", it.MdrConfig(operations=(1,)), "MdrConfig"),
        ("X/T", it.SwitchConfig(muxes=((0, 1),)), "SwitchConfig"),
        ("X/1/C", it.CoefConfig(), "CoefConfig for X/1/C"),
        ("X/0/C", it.CoefConfig(elements=(it.CoefEntry(lane=32),)), "no lane 32"),
        ("X/0/C", it.CoefConfig(elements=(it.CoefEntry(expression=_PARAMETER),)), "parameter"),
        ("X/0/M0", it.ItorConfig(elements=(it.ItorEntry(element=8),)), "no integrator 8"),
        ("X/0/I", it.SumConfig(sums=((16, (0,)),)), "no input sum 16"),
        ("X/0/I", it.SumConfig(sums=((0, (32,)),)), "above 31"),
        ("X/0/U", it.SelectConfig(connections=((16, 0),)), "above 15"),
        ("X/0/U", it.SelectConfig(constant=3), "constant giver"),
        ("X", it.AdcConfig(channels=(it.AdcEntry(output=16, gain=1.0),)), "no output 16"),
        ("X", it.AdcConfig(channels=(it.AdcEntry(gain=2.0),)), "gain"),
        ("X", it.AdcConfig(channels=(it.AdcEntry(),) * 9), "9 channels"),
        ("X/0/M0", it.LimiterConfig(elements=(it.LimiterEntry(enable=True),)), "LimiterConfig"),
        (
            "X/FP",
            it.Opaque(kind="signal_generator_config", data=b"\x25\x00\x00\x80\x3f"),
            "signal_generator_config",
        ),
        ("X", it.Opaque(kind="wiring_specification"), "wiring_specification"),
    ],
)
def test_what_the_dialect_has_no_words_for_is_refused(
    path: str, config: it.Config, reason: str
) -> None:
    with pytest.raises(RunRefused, match=reason):
        write_config(of_items((path, config)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x18\x01\x40\x01\x4a\x08" + bytes(8),  # what the vendor's client always writes
        b"\x25\x00\x00\x80\x3f\x40\x01",  # an amplitude, but asleep
    ],
)
def test_a_silent_signal_generator_is_left_out(data: bytes) -> None:
    generator = it.Opaque(kind="signal_generator_config", data=data)
    board, config = write_config(of_items(("X/FP", generator)))
    assert board == "X"
    assert "/FP" not in config


@pytest.mark.parametrize("data", [b"\x40\x01\x4a\x04\x00\x00\x00\x3f", b"\x40"])
def test_a_signal_generator_that_holds_an_output_is_refused(data: bytes) -> None:
    generator = it.Opaque(kind="signal_generator_config", data=data)
    with pytest.raises(RunRefused, match="signal_generator"):
        write_config(of_items(("X/FP", generator)))


def test_one_carrier_at_a_time() -> None:
    with pytest.raises(RunRefused, match="not 0"):
        write_config(CircuitFile(items=()))
    with pytest.raises(RunRefused, match="not 2"):
        write_config(of_items(("X", it.AdcConfig()), ("Y", it.AdcConfig())))
    with pytest.raises(RunRefused):
        write_config(CircuitFile(items=to_items(blank(MREDAC))))


def test_a_config_may_be_for_a_block_or_a_cluster() -> None:
    factors = {"elements": [0.5]}
    expected = read_config(["X"], {"/0": {"/C": factors}})
    assert read_config(["X", "0", "C"], factors) == expected
    assert read_config(["X", "/0"], {"C": factors}) == expected
    assert expected.items[0].entity == "X/0/C"


def test_the_board_keeps_its_case() -> None:
    assert read_config(["70-79-6f"], {"adc_channels": [1]}).items[0].entity == "70-79-6f"


def test_what_a_config_leaves_out_gives_no_item() -> None:
    assert read_config(["X"], {"/0": {"/M1": {}}, "/FP": {"leds": 3}}).items == ()


@pytest.mark.parametrize(
    ("entity", "config"),
    [
        ([], {}),
        (None, {}),
        ("X", {}),
        (["X", "0", "C", "1"], {}),
        (["X/0"], {}),
        ([1], {}),
        (["X"], None),
        (["X"], {"adc_channels": [None, 3]}),
        (["X"], {"adc_channels": [0] * 9}),
        (["X"], {"adc_channels": [True]}),
        (["X"], {"acl_select": ["outside"]}),
        (["X"], {"acl_select": [0]}),
        (["X"], {"/0": []}),
        (["X"], {"/0": {"/M0": {"elements": [{}] * 9}}}),
        (["X"], {"/0": {"/M0": {"elements": [{"k": -1}]}}}),
        (["X"], {"/0": {"/M0": {"elements": [{"ic": "0"}]}}}),
        (["X"], {"/0": {"/U": {"outputs": [None] * 33}}}),
        (["X"], {"/0": {"/U": {"outputs": [-1]}}}),
        (["X"], {"/0": {"/U": {"constant": 0.5}}}),
        (["X"], {"/0": {"/C": {"elements": [1e39]}}}),
        (["X"], {"/0": {"/C": {"elements": [float("inf")]}}}),
        (["X"], {"/0": {"/I": {"outputs": [[0] * 33]}}}),
        (["X"], {"/0": {"/I": {"outputs": [[[0]]]}}}),
        (["X"], {"/0": {"/I": {"upscaling": [1]}}}),
    ],
)
def test_unsound_configs_are_refused(entity: object, config: object) -> None:
    with pytest.raises(ProtocolError):
        read_config(entity, config)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["/0", "/U", "/C", "/I", "/M0", "outputs", "elements", "adc_channels", "constant"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@settings(max_examples=50)
@given(_JSON, _JSON)
def test_any_json_gives_items_or_an_error(entity: object, config: object) -> None:
    for one in (entity, ["X"]):
        try:
            read_config(one, config)
        except ProtocolError:
            continue
