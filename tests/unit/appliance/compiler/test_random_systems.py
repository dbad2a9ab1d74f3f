"""Random systems through the whole compiler; scipy alone judges what compiles.

The plain count of a system (``random_counts``) says by hand whether it fits one LUCIDAC. What fits
must compile, nearly always; what compiles must agree with the ODE, always.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from appliance.compiler.diagnostics import CompileError
from tests.unit.appliance.compiler.random_counts import plain_count
from tests.unit.appliance.compiler.random_judge import Outcomes, case_of, compiled, faults
from tests.unit.appliance.compiler.random_systems import (
    Atom,
    Drawn,
    Form,
    Kind,
    Product,
    Sizes,
    draw,
)
from tests.unit.appliance.compiler.random_writing import Text

SHARE = 0.98
X, Y = Atom(Kind.STATE, 0), Atom(Kind.STATE, 1)


@pytest.mark.parametrize("block", range(10))
def test_what_fits_compiles_and_agrees_with_the_equations(block: int) -> None:
    """Of these hundred all that fit compile; of two thousand a few may not."""
    outcomes = Outcomes()
    for seed in range(10 * block, 10 * block + 10):
        outcomes.add(case_of(seed))
    assert outcomes.wrong == []
    assert outcomes.refused == []
    assert outcomes.compiled >= 2


@pytest.mark.long
def test_two_thousand_systems(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = Outcomes()
    for seed in range(2000):
        outcomes.add(case_of(seed))
    with capsys.disabled():
        print(f"\n{outcomes.report()}")
    assert outcomes.wrong == []
    assert outcomes.compiled >= SHARE * outcomes.fitting


@pytest.mark.parametrize(
    ("sizes", "resource"),
    [
        (Sizes(states=9, products=2, probes=3), "integrators: needed 9, have 8"),
        (Sizes(states=11, products=0, probes=1), "integrators: needed 11, have 8"),
        (Sizes(states=3, products=5, probes=2), "multipliers: needed 5, have 4"),
        (Sizes(states=4, products=7, probes=2), "multipliers: needed 7, have 4"),
        (Sizes(states=8, products=0, probes=9), "ADC channels: needed 9, have 8"),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_what_cannot_fit_is_refused_with_the_numbers(
    sizes: Sizes, resource: str, seed: int
) -> None:
    rng = random.Random(seed)
    drawn = draw(rng, sizes)
    plain = plain_count(drawn)
    while (plain.states, plain.products) != (sizes.states, sizes.products) or (
        plain.probes != sizes.probes
    ):
        drawn = draw(rng, sizes)
        plain = plain_count(drawn)
    assert plain.is_impossible
    with pytest.raises(CompileError) as caught:
        compiled(Text(drawn, rng).source(), None)
    assert resource in str(caught.value)


def test_a_wrong_circuit_is_noticed() -> None:
    """The judge itself: another system's circuit, and one that is a little off."""
    case = next(c for c in map(case_of, range(100)) if c.plain.fits and len(c.drawn.probes) > 2)
    assert faults(case, compiled(case.source, case.drawn.k0)) == []
    right = case.drawn.rights[0]
    louder = tuple((1.01 * c, atom) for c, atom in right.terms)
    other = replace(case.drawn, rights=(Form(louder, right.constant), *case.drawn.rights[1:]))
    wrong = compiled(Text(other, random.Random(1)).source(), case.drawn.k0)
    assert any("deviates" in fault for fault in faults(case, wrong))


def _system(*definitions: Product | Form, rights: tuple[Form, ...], probes: int = 0) -> Drawn:
    """First-order system; the last ``probes`` definitions are probed, and state 0."""
    count = len(definitions)
    shown = [Atom(Kind.DEFINITION, k) for k in range(count - probes, count)]
    return Drawn(
        orders=(1,) * len(rights),
        units=(1.0,) * len(rights),
        starts=(0.5,) * len(rights),
        definitions=definitions,
        rights=rights,
        probes=(Atom(Kind.STATE, 0), *shown),
        horizon=1.0,
        k0=None,
    )


def _alone(atom: Atom) -> Form:
    return Form(((1.0, atom),))


_XY = Product(_alone(X), _alone(Y))
_YX = Product(_alone(Y), _alone(X))
_XX = Product(_alone(X), _alone(X))
_YY = Product(_alone(Y), _alone(Y))
_D = tuple(Atom(Kind.DEFINITION, k) for k in range(6))
_SUM = Form(((0.5, X), (0.5, Y)))
_DIFFERENCE = Form(((0.5, X), (-0.5, Y)))


def test_equal_products_count_once_and_cancelled_lanes_not_at_all() -> None:
    plain = plain_count(
        _system(
            _XY,
            _YX,
            rights=(Form(((2.0, _D[0]), (-2.0, _D[1]), (-1.0, X))), Form(((3.0, _D[1]),), 0.5)),
        )
    )
    assert (plain.states, plain.products, plain.probes) == (2, 1, 1)
    assert plain.lanes == 1 + 2 + 2  # -x; the product and a constant; the two factors


def test_auxiliary_functions_are_written_out() -> None:
    plain = plain_count(_system(_SUM, rights=(Form(((1.0, _D[0]), (2.0, Y))), _alone(_D[0]))))
    assert plain.lanes == 2 + 2


def test_a_probe_of_a_sum_costs_lanes_at_an_idle_multiplier() -> None:
    plain = plain_count(_system(_SUM, rights=(_alone(X), _alone(Y)), probes=1))
    assert plain.lanes == 2 + 2


def test_a_factor_shows_its_sum_without_a_lane() -> None:
    """Four products leave no idle multiplier; one has the sum at an input, up to a constant."""
    factor = Product(Form(((1.0, X), (1.0, Y)), 2.0), _alone(X))
    products = (_XX, _XY, _YY, factor)
    rights = (Form(tuple((1.0, atom) for atom in _D[:4])), _alone(Y))
    shown = plain_count(_system(*products, _SUM, rights=rights, probes=1))
    assert shown.products == 4
    assert shown.lanes == 4 + 1 + 10
    hidden = plain_count(_system(*products, _DIFFERENCE, rights=rights, probes=1))
    assert hidden.lanes is None
    assert not hidden.fits


def test_a_multiple_of_a_state_needs_no_pass_through() -> None:
    plain = plain_count(_system(Form(((0.5, X),), 0.5), rights=(_alone(X), _alone(Y)), probes=1))
    assert plain.lanes == 2
