"""Quantities whose terms cancel: nothing but rounding is left, and that must disturb nobody."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.compiler.diagnostics import CompileError
from appliance.compiler.front import read_program
from appliance.compiler.pipeline import CompileOptions, compile_program
from appliance.compiler.program import Read
from appliance.compiler.rounding import sizes_and_terms, term_sizes
from appliance.descriptions import lucidac
from drivers.apb.circuit import assemble
from drivers.apb.codec import decode
from tests.unit.appliance.compiler.programs import program

BALANCED = program(
    "let diff[x, t](t) = 0.3*y(t) - 0.1*z(t);",
    "let diff[w, t](t) = x(t);",
    "let diff[y, t](t) = -y(t);",
    "let diff[z, t](t) = -z(t);",
    "let x(t: 0) = 0;",
    "let w(t: 0) = 0;",
    "let y(t: 0) = 5;",
    "let z(t: 0) = 15;",
    "probe x(t);",
    "probe y(t);",
)
"""x and w rest: z is three times y for ever."""


def compiled(source: str) -> tuple[bytes, list[str]]:
    log: list[str] = []
    return compile_program(source, "test.ana", lucidac(), CompileOptions(), log.append), log


def test_terms_do_not_cancel() -> None:
    source = program(
        "let e(t) = x(t)*x(t) - 2*y(t) - 3;",
        "let diff[x, t](t) = e(t) - e(t) + 1;",
        "let diff[y, t](t) = -y(t);",
        "let x(t: 0) = 1;",
        "let y(t: 0) = 1;",
        "probe e(t);",
    )
    states = np.array([[1.0, -5.0], [-2.0, 0.5]])
    reads = [Read("e", 0), Read("x", 1), Read("y", 0)]
    found = term_sizes(read_program(source), reads, np.array([0.0, 1.0]), states)
    assert found.tolist() == [29.0, 59.0, 2.0]


def test_what_rests_and_what_it_drives_get_a_size() -> None:
    times = np.array([0.0, 10.0])
    amplitudes = np.array([1e-16, 1e-15, 5.0, 15.0])
    states = amplitudes[:, None] * np.array([[1.0, 0.0]])
    sizes, terms = sizes_and_terms(read_program(BALANCED), times, states, amplitudes)
    assert sizes == pytest.approx([3.0, 3.0, 5.0, 15.0])
    assert terms == pytest.approx([3.0, 3.0, 5.0, 15.0])


def test_a_state_that_rests_but_for_rounding_slows_nothing_down() -> None:
    data, log = compiled(BALANCED)
    scaling = assemble(decode(data)).scaling
    assert scaling is not None
    assert scaling.time_rate == 10_000.0
    assert not [line for line in log if "warning" in line]


def test_a_conserved_quantity_may_be_probed() -> None:
    _, log = compiled(
        program(
            "let e(t) = x(t)*x(t) + y(t)*y(t) - 1;",
            "let diff[x, t](t) = 1.3*y(t);",
            "let diff[y, t](t) = -1.3*x(t);",
            "let x(t: 0) = 0.6;",
            "let y(t: 0) = 0.8;",
            "probe e(t);",
        )
    )
    assert any("probe e deviates" in line for line in log)


def test_a_system_in_balance_may_be_probed() -> None:
    compiled(
        program(
            "let diff[a, t](t) = -0.3*a(t) + 0.1*b(t);",
            "let diff[b, t](t) = 0.3*a(t) - 0.1*b(t);",
            "let a(t: 0) = 1;",
            "let b(t: 0) = 3;",
            "probe diff[a, t](t);",
        )
    )


NEARLY_EQUAL = program(
    "let rest(t) = x(t) - y(t);",
    "let diff[x, t](t) = -x(t);",
    "let diff[y, t](t) = -RATE*y(t);",
    "let x(t: 0) = 1;",
    "let y(t: 0) = 1;",
    "probe rest(t);",
)


def test_a_probe_finer_than_the_machine_adds_is_refused() -> None:
    """Twenty per cent of it would be wrong."""
    with pytest.raises(CompileError) as caught:
        compiled(NEARLY_EQUAL.replace("RATE", "1.0000003"))
    (fault,) = caught.value.diagnostics
    assert fault.kind == "verification"
    assert "probe rest by" in fault.message
    assert fault.hint is not None
    assert "the terms of rest reach 2 and cancel but for 1.1e-07" in fault.hint


def test_what_is_left_of_cancelling_terms_may_be_small() -> None:
    _, log = compiled(NEARLY_EQUAL.replace("RATE", "1.001"))
    assert any("of its amplitude 0.00036" in line for line in log)


def test_a_probe_that_is_all_rounding_says_so() -> None:
    _, log = compiled(NEARLY_EQUAL.replace("RATE", "1.0000000001"))
    assert "verification: the terms of probe rest cancel; what it records is rounding" in log
