"""What a device is told, as far as it needs no device."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.apb import items as it
from drivers.apb.circuit import to_items
from drivers.apb.codec import encode
from drivers.apb.items import CircuitFile, Item
from drivers.errors import RunRefused
from drivers.preparing import FAST_IC_NS, SLOW_IC_NS, ic_time_ns, portions
from tests.machines import LUCIDAC_PATH, harmonic

CLUSTER: Final = f"{LUCIDAC_PATH}/0"


def slow(element: int, slot: int = 0) -> CircuitFile:
    """The oscillator, with one integrator at k0 = 100."""
    entries = tuple(it.ItorEntry(element=n, k=100 if n == element else 10_000) for n in range(8))
    others = (i for i in to_items(harmonic()) if not isinstance(i.config, it.ItorConfig))
    item = Item(entity=f"{CLUSTER}/M{slot}", config=it.ItorConfig(elements=entries))
    return CircuitFile(items=(*others, item))


def test_start_values_need_longer_on_slow_integrators_in_use() -> None:
    assert ic_time_ns(CircuitFile(items=to_items(harmonic()))) == FAST_IC_NS
    assert ic_time_ns(slow(0)) == SLOW_IC_NS
    assert ic_time_ns(slow(5)) == FAST_IC_NS
    assert ic_time_ns(slow(1, slot=1)) == FAST_IC_NS


def test_one_that_is_only_recorded_is_in_use() -> None:
    channels = it.AdcConfig(channels=(it.AdcEntry(output=5),))
    recorded = Item(entity=LUCIDAC_PATH, config=channels)
    bare = tuple(i for i in slow(5).items if not isinstance(i.config, it.AdcConfig))
    assert ic_time_ns(CircuitFile(items=(*bare, recorded))) == SLOW_IC_NS


def test_a_small_circuit_is_one_command() -> None:
    items = to_items(harmonic())
    assert portions(items) == (CircuitFile(items=items),)


@given(room=st.integers(450, 3000))
def test_a_large_one_is_several_in_order(room: int) -> None:
    items = to_items(harmonic()) * 3
    found = portions(items, room)
    assert tuple(item for one in found for item in one.items) == items
    assert all(one.items for one in found)
    assert all(len(encode(one)) <= room for one in found)


def test_an_item_that_fits_nowhere_is_refused() -> None:
    with pytest.raises(RunRefused, match="too large for one message"):
        portions(to_items(harmonic()), 100)
