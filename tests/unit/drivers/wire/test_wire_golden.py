"""The sessions that were captured from the vendor's client and mock device, event by event."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import numpy as np
import pytest

from drivers.apb.entities import carriers, device_class
from drivers.apb.items import AdcConfig, CoefConfig, EntitySpecification, ItorConfig
from drivers.wire import messages as m
from drivers.wire.frames import Unframer
from drivers.wire.messages import RunState
from drivers.wire.protobuf import decode, decode_datagram, encode
from tests.shared import fixtures

MAC: Final = "00-00-00-00-00-00"
RUNS: Final = {
    "udp": "ca2c3d56-9cfc-4a00-9c1d-f683c6dd6353",
    "tcp": "de5b972c-bc83-43ab-8894-f055213c89a9",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An envelope of the session, where it came from and what it says."""

    connection: int
    sender: str
    by: str
    data: bytes
    message: m.Message


def session(name: str) -> list[Said]:
    path = fixtures().parent / "reference" / "wire-protocol-golden.jsonl"
    if not path.is_file():
        pytest.skip("the golden sessions (../shared/reference) are not here")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    streams: dict[tuple[int, str], Unframer] = {}
    found: list[Said] = []
    for row in (one for one in rows if one["session"] == name and one["hex"]):
        data, by = bytes.fromhex(row["hex"]), row["kind"]
        stream = streams.setdefault((row["conn"], row["dir"]), Unframer())
        for one in [data] if by == "udp" else stream.feed(data):
            message = decode_datagram(one) if by == "udp" else decode(one)
            found.append(
                Said(connection=row["conn"], sender=row["dir"], by=by, data=one, message=message)
            )
    assert all(stream.pending == 0 for stream in streams.values())
    return found


def _state(name: str, old: RunState, new: RunState) -> m.StateChanged:
    return m.StateChanged(run_id=RUNS[name], old=old, new=new)


def _start(name: str) -> m.StartRun:
    return m.StartRun(
        run_id=RUNS[name],
        ic_time_ns=100_000,
        op_time_ns=3_000_000,
        channels=2,
        sample_rate=100_000,
        master=MAC,
    )


REPLIES: Final = {
    "udp": (m.StreamToUdp(port=48_496), m.Accepted()),
    "tcp": (m.StreamToUdp(port=41_075), m.UdpRefused()),
}


def expected(name: str) -> list[tuple[str, object]]:
    """Sender and body of each message in the order of the protocol's description; None where the
    body is looked at on its own."""
    d2c = [
        _state(name, RunState.TAKE_OFF, RunState.IC),
        _state(name, RunState.IC, RunState.OP),
        None,
        None,
        None,
        _state(name, RunState.OP, RunState.OP_END),
        None,
        _state(name, RunState.OP_END, RunState.DONE),
    ]
    takes_off = _state(name, RunState.NEW, RunState.TAKE_OFF)
    accepted: list[object] = [takes_off, m.RunAccepted()]
    if name == "tcp":
        accepted.reverse()
    asked, answered = REPLIES[name]
    return [
        ("c2d", m.Extract(specification=True, recursive=True)),
        ("d2c", None),
        ("c2d", asked),
        ("d2c", answered),
        ("c2d", m.Reset(keep_calibration=True, sync=True, overload_reset=False)),
        ("d2c", m.ResetDone()),
        ("c2d", None),
        ("d2c", m.Configured()),
        ("c2d", m.Calibrate(leader=MAC, math=False, gain=True, offset=True)),
        ("d2c", m.Calibrated()),
        ("c2d", _start(name)),
        *(("d2c", one) for one in [*accepted, *d2c]),
        ("c2d", m.GetOverloads()),
        ("d2c", m.Overloads()),
    ]


@pytest.mark.parametrize("name", ["udp", "tcp"])
def test_session_is_the_one_that_was_described(name: str) -> None:
    said = session(name)
    wanted = expected(name)
    assert [one.sender for one in said] == [sender for sender, _ in wanted]
    for one, (_, body) in zip(said, wanted, strict=True):
        if body is not None:
            assert one.message.body == body
    notified = [one for one in said if isinstance(one.message.body, m.StateChanged | m.Samples)]
    assert {one.by for one in notified} == {name}
    assert {one.by for one in said if one not in notified} == {"tcp"}


@pytest.mark.parametrize("name", ["udp", "tcp"])
def test_replies_have_the_ids_of_their_requests(name: str) -> None:
    said = session(name)
    asked = [one.message.id for one in said if one.sender == "c2d"]
    answered = [one.message.id for one in said if one.sender == "d2c"]
    assert len(set(asked)) == 7
    assert [one for one in answered if one in asked] == asked
    others = [one for one in answered if one not in asked]
    assert len(set(others)) == len(others) == 9
    assert None not in others


@pytest.mark.parametrize("name", ["udp", "tcp"])
def test_description_is_that_of_a_lucidac(name: str) -> None:
    (found,) = (
        one.message.body.description
        for one in session(name)
        if isinstance(one.message.body, m.Described)
    )
    boards = carriers(found)
    assert device_class(boards) == "LUCIDAC"
    assert [board.path for board in boards] == [MAC]
    assert [child.path for child in boards[0].children] == [
        f"{MAC}/{one}" for one in ("0", "CTRL", "FP")
    ]


@pytest.mark.parametrize("name", ["udp", "tcp"])
def test_circuit_is_the_one_that_was_sent(name: str) -> None:
    (found,) = (
        one.message.body for one in session(name) if isinstance(one.message.body, m.Configure)
    )
    assert found.reset_before
    by_kind = {type(item.config): item for item in found.circuit.items}
    adc = by_kind[AdcConfig].config
    assert isinstance(adc, AdcConfig)
    assert [(one.output, one.probe, one.gain) for one in adc.channels] == [(0, 0, 1.0), (1, 1, 1.0)]
    itor, coef = by_kind[ItorConfig], by_kind[CoefConfig]
    assert (itor.entity, coef.entity) == (f"{MAC}/0/M0", f"{MAC}/0/C")
    assert isinstance(coef.config, CoefConfig)
    assert [one.factor for one in coef.config.elements] == [0.5] + [1.0] * 31
    assert EntitySpecification in by_kind


@pytest.mark.parametrize("name", ["udp", "tcp"])
def test_samples_are_the_mocks_sines(name: str) -> None:
    """The mock sends 300 samples in chunks of 100: sines of half the range, an eighth of a circle
    ahead from channel to channel."""
    chunks = [one.message.body for one in session(name) if isinstance(one.message.body, m.Samples)]
    assert [(one.chunk, one.is_final) for one in chunks] == [
        (0, False),
        (1, False),
        (2, False),
        (0, True),
    ]
    assert {one.carrier for one in chunks} == {MAC}
    assert {one.probes for one in chunks} == {(0, 1)}
    values = np.concatenate([one.values for one in chunks if not one.is_final])
    assert values.shape == (300, 2)
    assert values[0] == pytest.approx([0.0, 0.353553], abs=1e-5)
    assert chunks[3].values.tolist() == [[-0.5, 0.0]]
    assert np.abs(np.diff(values, axis=0)).max() < 1e-2


@pytest.mark.parametrize("name", ["udp", "tcp"])
def test_written_again_every_byte_is_the_same(name: str) -> None:
    said = session(name)
    assert len(said) == 23
    for one in said:
        assert encode(one.message) == one.data
