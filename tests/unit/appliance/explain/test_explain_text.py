"""The words about a circuit, read back and held against the circuit file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from appliance.explain.lanes import lane_words
from appliance.explain.names import combination, weighted
from appliance.explain.text import explain
from drivers.apb.model import Lane
from tests.shared import fixtures
from tests.unit.appliance.explain.explained import SOURCES, explained, explained_source

if TYPE_CHECKING:
    from appliance.explain.model import Schematic
    from drivers.apb.model import Circuit

HEAD = re.compile(r"^  M output (\d+): ")
SETTING = re.compile(r"^      k = (\d+), starts at (\S+) MU ")
SUM = re.compile(r"^      (?:left |right )?sum (\d+): ")
TAP = re.compile(r"^      taps sum (\d+), the (left|right) sum of M output (\d+)$")
LANES = re.compile(
    r"^        lanes? ([\d+-]+) +(\S+)( \* gain 8)?(?: on each of (\d+))? +weight (\S+)"
    r" +from (?:.* \(M output (\d+)\)|constant (\S+) MU)$"
)
CHANNEL = re.compile(r"^  ADC (\d+)   (\S+) = (.*?) +from .* \(M output (\d+)\)$")


@dataclass
class Told:
    """What a reader of the text would patch."""

    lanes: dict[int, Lane] = field(default_factory=dict)
    constant: float | None = None
    integrators: dict[int, tuple[int, float]] = field(default_factory=dict)
    outputs: list[int] = field(default_factory=list)
    taps: dict[int, int] = field(default_factory=dict)
    channels: dict[int, tuple[int, str]] = field(default_factory=dict)


def numbers(text: str) -> list[int]:
    """``3-5+9`` as numbers."""
    runs = [run.split("-") for run in text.split("+")]
    return [n for run in runs for n in range(int(run[0]), int(run[-1]) + 1)]


def read_back(text: str) -> Told:
    told, output, total = Told(), -1, -1
    for line in text.splitlines():
        if m := HEAD.match(line):
            output = int(m[1])
            told.outputs.append(output)
        elif m := SETTING.match(line):
            told.integrators[output] = int(m[1]), float(m[2])
        elif m := SUM.match(line):
            total = int(m[1])
        elif m := TAP.match(line):
            told.taps[output] = int(m[1])
        elif m := LANES.match(line):
            lanes = numbers(m[1])
            assert len(lanes) == int(m[4] or 1)
            gain = 8 if m[3] else 1
            assert float(m[5]) == pytest.approx(len(lanes) * gain * float(m[2]), rel=1e-5)
            for lane in lanes:
                source = int(m[6]) if m[6] else 15 if lane < 16 else 14
                told.lanes[lane] = Lane(
                    source=source, factor=float(m[2]), sinks=(total,), upscaled=bool(m[3])
                )
            if m[7]:
                told.constant = float(m[7])
        elif m := CHANNEL.match(line):
            told.channels[int(m[1])] = int(m[4]), m[2]
        else:
            assert not re.match(r" +(lane|ADC|k =|M output|taps)", line), line
    return told


def check(schematic: Schematic, circuit: Circuit) -> None:
    """The text says all that the file sets, and nothing else."""
    told = read_back(explain(schematic))
    carrier = circuit.carriers[0]
    (cluster,) = carrier.clusters
    used = {n: lane for n, lane in enumerate(cluster.lanes) if lane.sinks}
    assert told.lanes.keys() == used.keys()
    for number, lane in used.items():
        found = told.lanes[number]
        assert (found.source, found.sinks, found.upscaled) == (
            lane.source,
            lane.sinks,
            lane.upscaled,
        )
        assert found.factor == pytest.approx(lane.factor, rel=1e-5)
    assert told.constant == (cluster.constant.value if cluster.constant else None)
    integrators = cluster.blocks[0].integrators if cluster.blocks[0] else ()
    for output, (k, start) in told.integrators.items():
        assert integrators[output].k == k
        assert -integrators[output].ic == pytest.approx(start, rel=1e-5)
    scales = {p.probe: p.name for p in circuit.scaling.probes} if circuit.scaling else {}
    channels = [(channel.output, scales[channel.probe]) for channel in carrier.channels]
    assert told.channels == dict(enumerate(channels))
    assert all(output == total + 4 for output, total in told.taps.items())  # M-MUL's taps
    assert len(set(told.outputs)) == len(told.outputs)
    assert set(told.outputs) >= {lane.source for lane in told.lanes.values()} - {14, 15}


@pytest.mark.parametrize("name", SOURCES)
def test_the_text_is_what_the_circuit_file_says(name: str) -> None:
    check(*explained(name))


@pytest.mark.long
def test_the_text_of_the_corpus() -> None:
    folder = fixtures() / "analang"
    for entry in json.loads((folder / "corpus.json").read_text())["programs"]:
        if entry["ok"]:
            source = (folder / entry["file"]).read_text()
            check(*explained_source(source, entry["file"], horizon=entry["op_time"]))


def lines(name: str) -> list[str]:
    return [line.strip() for line in explain(explained(name)[0]).splitlines()]


def test_the_equations_come_back_in_the_users_units() -> None:
    found = lines("lorenz")
    assert "sum 0: x' = -10*x + 10*y" in found
    assert "sum 1: y' = -y + x*(28 - z)" in found
    assert "sum 2: z' = -2.66667*z + x*y" in found
    assert any(line.startswith("M output 0: x / ") for line in found)
    assert any(re.match(r"ADC 0 +x = \S+\*sample +from x \(M output 0\)", line) for line in found)


def test_lanes_in_parallel_and_the_constant_are_told() -> None:
    text = explain(explained("stiff")[0])
    assert re.search(r"lanes [\d+-]+ +\+\S+ \* gain 8 on each of 1\d +weight \+", text)
    assert "from constant 1 MU" in text
    assert "y' = -0.5*x - 30*y + 2" in text


def test_pass_through_elements_are_told_with_what_they_tap() -> None:
    (tap,) = (line for line in lines("ring") if line.startswith("taps sum"))
    schematic, _ = explained("ring")
    (element,) = (e for e in schematic.elements if e.tapped is not None)
    assert tap.startswith(f"taps sum {element.tapped}, the left sum of M output ")
    assert "sum 8: x - 3*y" in lines("stiff")
    assert "M output 12: -s" in lines("stiff")


def test_what_the_compiler_made_is_told() -> None:
    assert any(
        re.fullmatch(r"follows sqrt\(h\) by relaxation, gain \S+ per unit of t", line)
        for line in lines("tank")
    )
    assert "generates sin(2*t) from an equation of its own" in lines("driven")


def test_long_names_are_told_once() -> None:
    found = lines("driven")
    assert "#0 is a_rather_long_name_for_a_state" in found
    assert "#1 is a_rather_long_name_for_a_state'" in found
    assert any(line.startswith("sum 0: #0' = #1") for line in found)


def test_lanes_in_words() -> None:
    assert lane_words((3,)) == "lane 3"
    assert lane_words((3, 4)) == "lanes 3+4"
    assert lane_words((3, 4, 5, 9)) == "lanes 3-5+9"


def test_combinations_in_words() -> None:
    assert combination(()) == "0"
    assert combination(((2.0, "x"), (-1.0, "y"), (-0.5, ""))) == "2*x - y - 0.5"
    assert weighted(-1.0, "a + b") == "-(a + b)"
    assert weighted(1.0, "-a") == "(-a)"
    assert weighted(1.0, "a") == "a"
