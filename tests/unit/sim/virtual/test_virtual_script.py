"""Fault scripts as text: what is read, what is refused, and when a fault strikes."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sim.virtual.director import Director
from sim.virtual.fault_kinds import KINDS, POINTS
from sim.virtual.faults import Faults, FaultScriptError, load_faults
from tests.fault_scripts import draw

MANUAL = Path(__file__).parents[4] / "docs" / "virtual-device.md"
EXAMPLES = re.findall(r"^### (\w+)\n.*?```toml\n(.*?)```", MANUAL.read_text(), re.S | re.M)


def test_each_fault_has_its_example() -> None:
    assert sorted(name for name, _ in EXAMPLES) == sorted(KINDS)


@pytest.mark.parametrize(("name", "script"), EXAMPLES)
def test_examples_are_read(name: str, script: str) -> None:
    (fault,) = load_faults(script).faults
    assert fault.what == name
    assert set(fault.values) == set(KINDS[name].settings)


def test_each_point_and_setting_is_documented() -> None:
    manual = MANUAL.read_text()
    settings = {name for kind in KINDS.values() for name in kind.settings}
    assert [name for name in (*POINTS, *settings) if not re.search(rf"\b{name}\b", manual)] == []


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("what = ", "no TOML"),
        ("speed = 1", "speed is not known here"),
        ("seed = -1", "seed must be"),
        ("seed = true", "seed must be"),
        ("fault = 1", r"\[\[fault\]\]"),
        ("[[fault]]", "what must be one of silence"),
        ('[[fault]]\nwhat = "fire"', "fault 1: what must be one of"),
        ('[[fault]]\nwhat = "busy"\nfor_s = 1', "for_s is not known here"),
        ('[[fault]]\nwhat = "busy"\nat = "noon"', "at must be one or a list of connect"),
        ('[[fault]]\nwhat = "busy"\nat = []', "at must be one"),
        ('[[fault]]\nwhat = "busy"\nat = "chunk"', "cannot happen at chunk; possible are auth"),
        ('[[fault]]\nwhat = "busy"\nafter = -1', "after must be a whole number"),
        ('[[fault]]\nwhat = "busy"\ncount = 1.5', "count must be a whole number"),
        ('[[fault]]\nwhat = "busy"\nchance = 2', "chance must be a number from 0 to 1"),
        ('[[fault]]\nwhat = "hang"\nfor_s = nan', "for_s must be a number"),
        ('[[fault]]\nwhat = "hang"\nfor_s = "1"', "for_s must be a number"),
        ('[[fault]]\nwhat = "hang"\nfor_s = 1e6', "for_s must be a number from 0 to 3600"),
        ('[[fault]]\nwhat = "error"\ntext = 1', "text must be a text"),
        ('[[fault]]\nwhat = "error"\nunasked = 1', "unasked must be true or false"),
        ('[[fault]]\nwhat = "garbage"\nbytes = 0', "bytes must be a whole number from 1"),
        ('[[fault]]\nwhat = "foreign_udp"\nform = "x"', "form must be one of run, carrier"),
        ('[[fault]]\nwhat = "busy"\n' * 101, "101 faults"),
        ("#" * 70_000, "longer than 65536"),
    ],
)
def test_what_is_not_understood_is_refused_in_words(script: str, words: str) -> None:
    with pytest.raises(FaultScriptError, match=words):
        load_faults(script)


def test_the_second_fault_is_named() -> None:
    with pytest.raises(FaultScriptError, match=r"fault 2 \(hang\): "):
        load_faults('[[fault]]\nwhat = "busy"\n[[fault]]\nwhat = "hang"\ncount = "x"')


@given(some.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(FaultScriptError):
        assert isinstance(load_faults(text), Faults)


def strikes(script: str, occasions: int = 8) -> list[int]:
    director = Director(load_faults(script))
    return [n for n in range(occasions) if director.at("chunk")]


def test_after_and_count() -> None:
    head = '[[fault]]\nwhat = "missing_chunk"\n'
    assert strikes(head) == [0]
    assert strikes(f"{head}after = 2\ncount = 3") == [2, 3, 4]
    assert strikes(f"{head}after = 5\ncount = 0") == [5, 6, 7]


def test_chance_follows_the_seed() -> None:
    body = '[[fault]]\nwhat = "missing_chunk"\ncount = 0\nchance = 0.3\n'
    struck = strikes(body, 1000)
    assert strikes(body, 1000) == struck
    assert strikes(f"seed = 1\n{body}", 1000) != struck
    assert 230 < len(struck) < 370


def test_other_points_are_no_occasions() -> None:
    director = Director(
        load_faults('[[fault]]\nwhat = "silence"\nat = ["state", "ping"]\nafter = 1')
    )
    assert director.at("chunk") == ()
    assert director.at("op") == ()
    assert director.at("chunk") == ()
    assert [fault.what for fault in director.at("ping")] == ["silence"]
    assert director.struck == (1,)


def test_scripts_by_seed_are_sound_differ_and_cover_everything() -> None:
    scripts = [draw(seed) for seed in range(300)]
    loaded = [load_faults(script) for script in scripts]
    assert {fault.what for one in loaded for fault in one.faults} == set(KINDS)
    assert len(set(scripts)) == len(scripts)
    assert draw(7) == draw(7)
    assert "reboot" not in {
        f.what for n in range(300) for f in load_faults(draw(n, without=["reboot"])).faults
    }
