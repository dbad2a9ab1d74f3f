from __future__ import annotations

from appliance.descriptions import ADDRESS, lucidac
from drivers.apb.codec import decode, peek
from drivers.apb.entities import carrier_kind, carriers, cluster_indices, m_block_kind, walk
from drivers.apb.model import CarrierKind, MBlockKind


def test_the_built_in_lucidac() -> None:
    (carrier,) = carriers(decode(lucidac()))
    assert carrier.path == ADDRESS
    assert carrier_kind(carrier) is CarrierKind.LUCIDAC
    assert cluster_indices(carrier) == (0,)
    assert m_block_kind(carrier, 0, 0) is MBlockKind.INT
    assert m_block_kind(carrier, 0, 1) is MBlockKind.MUL
    names = [entity.path.removeprefix(ADDRESS) for entity in walk(carrier)]
    assert names == [
        "",
        "/0",
        *(f"/0/{n}" for n in ["M0", "M1", "U", "C", "I", "SH"]),
        "/CTRL",
        "/FP",
    ]


def test_it_is_a_description_and_no_circuit() -> None:
    found = peek(lucidac())
    assert (found.version, found.items, found.has_configuration) == ((0, 1, 0), 1, False)
    assert found.device_class == "LUCIDAC"
    assert len(lucidac()) < 1000
