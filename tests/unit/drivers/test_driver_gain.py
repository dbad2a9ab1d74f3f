"""Factors for machines with another lane gain."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from drivers.apb import items as it
from drivers.apb.circuit import assemble, to_items
from drivers.apb.items import CircuitFile, Item
from drivers.errors import RunRefused
from drivers.gain import rescale
from tests.machines import LUCIDAC, LUCIDAC_PATH, MREDAC, MREDAC_PATH, circuits

CLUSTER = f"{LUCIDAC_PATH}/0"


def lanes(*upscaled: int, factor: float = 0.5, coef: bool = True) -> CircuitFile:
    """Lanes 3 and 4 feed sum 1."""
    sums = it.SumConfig(sums=((1, (3, 4)),), upscales=tuple((one, True) for one in upscaled))
    factors = tuple(it.CoefEntry(lane=lane, factor=factor) for lane in range(8))
    wanted = Item(entity=f"{CLUSTER}/C", config=it.CoefConfig(elements=factors))
    gains = Item(entity=f"{CLUSTER}/I", config=sums)
    return CircuitFile(items=(gains, wanted) if coef else (gains,))


def factors(file: CircuitFile) -> dict[int, float]:
    (coef,) = (i.config for i in file.items if isinstance(i.config, it.CoefConfig))
    return {one.lane: one.factor for one in coef.elements}


def test_only_upscaled_lanes_in_use_change() -> None:
    changed = factors(rescale(lanes(3, 7), 10.0))
    assert changed == {lane: 0.4 if lane == 3 else 0.5 for lane in range(8)}


def test_the_gain_of_modules_changes_nothing() -> None:
    file = lanes(3)
    assert rescale(file, 8.0) is file


def test_a_lane_without_factor_has_one() -> None:
    assert factors(rescale(lanes(3, coef=False), 10.0)) == {3: pytest.approx(0.8)}
    assert rescale(lanes(coef=False), 10.0) == lanes(coef=False)


def test_a_smaller_gain_is_refused_where_factors_end() -> None:
    assert factors(rescale(lanes(3), 4.0))[3] == 1.0
    with pytest.raises(RunRefused, match=r"lane 3 would need the factor -1\.2"):
        rescale(lanes(3, factor=-0.6), 4.0)
    with pytest.raises(RunRefused, match=r"the factor 1\.2"):
        rescale(lanes(3, factor=0.6), 4.0)


def test_a_jack_has_no_factor() -> None:
    ports = Item(entity=LUCIDAC_PATH, config=it.PortConfig(states=(1,)))
    sums = it.SumConfig(sums=((1, (24,)),), upscales=((24, True),))
    file = CircuitFile(items=(ports, Item(entity=f"{CLUSTER}/I", config=sums)))
    with pytest.raises(RunRefused, match=r"lane 24 is upscaled and takes a jack's signal"):
        rescale(file, 10.0)
    assert rescale(file, 8.0) is file


def test_another_clusters_lane_has_its_factor_there() -> None:
    switch = it.SwitchConfig(muxes=((4 * 2 + 1, 2),))  # lane 10: cluster 0 hears cluster 1
    sums = it.SumConfig(sums=((1, (10,)),), upscales=((10, True),))
    file = CircuitFile(
        items=(
            Item(entity=f"{MREDAC_PATH}/T", config=switch),
            Item(entity=f"{MREDAC_PATH}/0/I", config=sums),
        )
    )
    with pytest.raises(RunRefused, match="another cluster's signal"):
        rescale(file, 10.0)


@settings(max_examples=20)
@given(data=st.data())
def test_weights_stay_what_they_are(data: st.DataObject) -> None:
    description = data.draw(st.sampled_from([LUCIDAC, MREDAC]))
    circuit = data.draw(circuits(description))
    file = CircuitFile(items=description.items + to_items(circuit))
    try:
        changed = rescale(file, 10.0)
    except RunRefused:
        carrier = circuit.carriers[0]
        assume(not any(carrier.acl_external) and not carrier.muxes)
        raise
    before, after = assemble(file), assemble(changed)
    for old, new in zip(before.carriers[0].clusters, after.carriers[0].clusters, strict=True):
        for one, other in zip(old.lanes, new.lanes, strict=True):
            in_use = one.upscaled and one.sinks
            assert other.factor * (10 if in_use else 1) == pytest.approx(
                one.factor * (8 if in_use else 1)
            )
            assert replace(other, factor=one.factor) == one
