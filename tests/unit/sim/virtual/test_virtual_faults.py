"""Each fault does what its documentation says, and the device works afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import trio

from drivers.errors import ConnectError, ProtocolError
from drivers.wire.frames import frame
from drivers.wire.messages import (
    Busy,
    Calibrate,
    Configure,
    Configured,
    Described,
    Extract,
    Failed,
    GetOverloads,
    Message,
    Overloads,
    Ping,
    Pong,
    Reset,
    ResetDone,
    RunAccepted,
    RunState,
    Samples,
    StateChanged,
    StreamToUdp,
    UdpRefused,
)
from drivers.wire.protobuf import encode
from sim.virtual.dialect import JSONL
from tests.unit.sim.virtual.client import Client, Story, hear, listen_to_udp, start
from tests.virtual_network import LUCIDAC, decay, harmonic, powered

if TYPE_CHECKING:
    from drivers.wire.messages import Body
    from tests.virtual_network import MemoryDatagrams, Network

COURSE = [RunState.TAKE_OFF, RunState.IC, RunState.OP, RunState.OP_END, RunState.DONE]


def script(what: str, **settings: object) -> str:
    lines = [f'what = "{what}"']
    for key, value in settings.items():
        text = f'"{value}"' if isinstance(value, str) else str(value).lower()
        lines.append(f"{key} = {text}")
    return "[[fault]]\n" + "\n".join(lines)


async def configured(network: Network) -> Client:
    client = await Client.connect(network)
    await client.send(Configure(circuit=harmonic()))
    while not isinstance((await client.next()).body, Configured):
        pass
    return client


async def is_well(network: Network) -> bool:
    """Whether a new client can use the device from the beginning to the end."""
    client = await Client.connect(network)
    await client.ask(Reset())
    await client.ask(Configure(circuit=harmonic()))
    story = await client.run(start())
    return story.states() == COURSE and story.samples().shape == (500, 2)


async def hear_run(datagrams: MemoryDatagrams) -> Story:
    story = Story()
    while not story.is_over:
        story.add(await hear(datagrams))
    return story


async def comes_nothing(client: Client, for_s: float = 30.0) -> bool:
    with trio.move_on_after(for_s):
        await client.next()
        return False
    return True


async def test_silence_leaves_an_answer_out(autojump_clock: object) -> None:
    async with powered(script("silence", at="configure")) as network:
        client = await Client.connect(network)
        await client.send(Configure(circuit=harmonic()))
        assert await comes_nothing(client)
        assert len(network.device.machine.items) == 5
        assert await is_well(network)


async def test_silence_at_connect_is_a_connection_to_nobody(autojump_clock: object) -> None:
    async with powered(script("silence", at="connect")) as network:
        client = await Client.connect(network)
        await client.send(Ping())
        assert await comes_nothing(client)
        assert await is_well(network)


@pytest.mark.parametrize("then", ["silence", "close"])
async def test_half_a_frame(autojump_clock: object, then: str) -> None:
    async with powered(script("half_frame", at="extract", then=then)) as network:
        client = await Client.connect(network)
        await client.send(Extract())
        data = await client.stream.receive_some()
        assert 100 < len(data) < 600
        await client.send(Ping()) if then == "silence" else None
        with trio.move_on_after(30):
            assert await client.stream.receive_some() == b""
            assert then == "close"
        assert await is_well(network)


async def test_wrong_id(autojump_clock: object) -> None:
    async with powered(script("wrong_id", at="reset")) as network:
        client = await Client.connect(network)
        own = await client.send(Reset())
        answer = await client.next()
        assert isinstance(answer.body, ResetDone)
        assert answer.id not in (own, None)


async def test_a_chunk_comes_twice(autojump_clock: object) -> None:
    async with powered(script("duplicate_chunk", after=1)) as network:
        client = await configured(network)
        story = await client.run(start())
        assert [chunk.chunk for chunk in story.chunks()] == [0, 1, 1]
        assert story.states() == COURSE


async def test_a_chunk_does_not_come(autojump_clock: object) -> None:
    async with powered(script("missing_chunk", after=1)) as network:
        client = await configured(network)
        story = await client.run(start(op_time_s=0.02))
        assert [chunk.chunk for chunk in story.chunks()] == [0, 2, 3]
        assert story.states() == COURSE


async def test_chunks_are_overtaken_by_udp_only(autojump_clock: object) -> None:
    async with powered(script("reorder_udp", distance=2, count=0, chance=0.5)) as network:
        client = await configured(network)
        datagrams = await listen_to_udp(client, network)
        await client.next()
        await client.send(start(op_time_s=0.05))
        numbers = [chunk.chunk for chunk in (await hear_run(datagrams)).chunks()]
        assert numbers != list(range(10))
        assert sorted(numbers, key=lambda n: n or 0) == list(range(10))
        other = await configured(network)
        story = await other.run(start(op_time_s=0.05))
        assert [chunk.chunk for chunk in story.chunks()] == list(range(10))


@pytest.mark.parametrize("form", ["run", "carrier"])
async def test_foreign_messages(autojump_clock: object, form: str) -> None:
    async with powered(script("foreign_udp", form=form)) as network:
        client = await configured(network)
        first, second = (await client.run(start())).chunks()[:2]
        assert first.chunk == second.chunk == 0
        assert (first.run_id == second.run_id) == (form != "run")
        assert (first.carrier == second.carrier) == (form != "carrier")
        assert await is_well(network)


async def test_forged_datagrams_come_from_elsewhere(autojump_clock: object) -> None:
    async with powered(script("foreign_udp", form="sender", at="run", count=0)) as network:
        client = await configured(network)
        datagrams = await listen_to_udp(client, network)
        await client.next()
        await client.send(start())
        story = await hear_run(datagrams)
        assert story.states() == COURSE
        assert network.lost == len(story.bodies)


async def test_garbage_datagrams(autojump_clock: object) -> None:
    async with powered(script("foreign_udp", form="garbage")) as network:
        client = await configured(network)
        datagrams = await listen_to_udp(client, network)
        await client.next()
        await client.send(start())
        strange = 0
        body: Body = Busy()
        while not is_done(body):
            try:
                body = await hear(datagrams)
                assert isinstance(body, StateChanged | Samples)
            except ProtocolError:
                strange += 1
        assert strange == 1


def is_done(body: Body) -> bool:
    return isinstance(body, StateChanged) and body.new is RunState.DONE


async def test_slow_bytes(autojump_clock: object) -> None:
    async with powered(script("slow_bytes", at="extract", pause_s=0.5)) as network:
        client = await Client.connect(network)
        began = trio.current_time()
        answer = await client.ask(Extract())
        assert isinstance(answer, Described)
        length = len(frame(encode(Message(id="1", body=answer))))
        assert trio.current_time() - began == pytest.approx(0.5 * (length - 1))


async def test_garbage_is_in_front_of_an_answer(autojump_clock: object) -> None:
    texts = []
    for seed in (1, 1, 2):
        async with powered(f"seed = {seed}\n{script('garbage', at='reset', bytes=33)}") as network:
            client = await Client.connect(network)
            own = await client.send(Reset())
            await trio.sleep(1)
            data = await client.stream.receive_some()
            assert data[33:] == frame(encode(Message(id=own, body=ResetDone())))
            texts.append(bytes(data[:33]))
    assert texts[0] == texts[1] != texts[2]


async def test_garbage_is_the_first_thing_to_come(autojump_clock: object) -> None:
    async with powered(script("garbage", at="connect", bytes=5)) as network:
        client = await Client.connect(network)
        assert len(await client.stream.receive_some()) == 5


async def test_busy_is_not_carried_out(autojump_clock: object) -> None:
    async with powered(script("busy", at="request", count=2)) as network:
        client = await Client.connect(network)
        for _ in range(2):
            assert isinstance(await client.ask(Configure(circuit=harmonic())), Busy)
        assert network.device.machine.items == ()
        assert await is_well(network)


async def test_busy_in_words_of_firmware_1(autojump_clock: object) -> None:
    async with powered(script("busy", at="start"), dialect=JSONL) as network:
        client = await Client.connect(network, JSONL)
        answer = await client.ask(start())
        assert isinstance(answer, Failed)
        assert "busy" in answer.text


@pytest.mark.parametrize(("as_error", "kind"), [(False, UdpRefused), (True, Failed)])
async def test_udp_is_refused(autojump_clock: object, as_error: bool, kind: type[Body]) -> None:
    async with powered(script("refuse_udp", as_error=as_error)) as network:
        client = await configured(network)
        assert isinstance(await client.ask(StreamToUdp(port=40_001)), kind)
        assert len((await client.run(start())).samples()) == 500


async def test_reset_of_the_connection(autojump_clock: object) -> None:
    async with powered(script("reset_connection", after=1)) as network:
        client = await configured(network)
        with pytest.raises(EOFError):
            await client.run(start())
        await trio.sleep(1)
        assert await is_well(network)


async def test_reset_in_place_of_an_answer(autojump_clock: object) -> None:
    async with powered(script("reset_connection", at="configure")) as network:
        client = await Client.connect(network)
        with pytest.raises(EOFError):
            await client.ask(Configure(circuit=harmonic()))
        assert network.device.machine.items == ()
        assert await is_well(network)


@pytest.mark.parametrize("at", ["op", "chunk", "start", "extract", "connect"])
async def test_reboot_loses_everything(autojump_clock: object, at: str) -> None:
    after = 1 if at == "connect" else 0
    async with powered(script("reboot", at=at, down_s=3.0, after=after)) as network:
        client = await configured(network)
        await client.ask(Calibrate())
        other = await Client.connect(network)
        with pytest.raises(EOFError):
            await use_until_it_ends(client)
        with pytest.raises((EOFError, trio.BrokenResourceError)):
            await other.ask(Ping())
        with pytest.raises(ConnectError):
            await network.connect()
        assert network.device.machine.items == ()
        assert not network.device.machine.is_calibrated
        await trio.sleep(3.0)
        assert await is_well(network)


async def use_until_it_ends(client: Client) -> None:
    await client.ask(Extract())
    while True:
        await client.run(start())


async def test_hang_stops_everything_for_a_while(autojump_clock: object) -> None:
    async with powered(script("hang", for_s=20.0, after=1)) as network:
        client = await configured(network)
        other = await Client.connect(network)
        began = trio.current_time()
        await client.send(start())
        await trio.sleep(1)
        assert isinstance((await client.next()).body, RunAccepted)
        await other.send(Ping())
        assert await comes_nothing(other, 15.0)
        assert isinstance((await other.next()).body, Pong)
        assert trio.current_time() - began == pytest.approx(20.0, abs=0.02)
        assert await is_well(network)


async def test_error_in_place_of_an_answer(autojump_clock: object) -> None:
    async with powered(script("error", at="configure", text="no power")) as network:
        client = await Client.connect(network)
        assert await client.ask(Configure(circuit=harmonic())) == Failed(text="no power")
        assert network.device.machine.items == ()


async def test_error_in_a_run(autojump_clock: object) -> None:
    async with powered(script("error", at="op_end", text="DMA overflow")) as network:
        client = await configured(network)
        story = await client.run(start())
        assert story.states() == [*COURSE[:3], RunState.ERROR]
        assert story.reason() == "DMA overflow"
        assert await is_well(network)


async def test_error_that_belongs_to_no_request(autojump_clock: object) -> None:
    async with powered(script("error", at="chunk", unasked=True)) as network:
        client = await configured(network)
        await client.send(start())
        while not isinstance((message := await client.next()).body, Failed):
            pass
        assert message == Message(body=Failed(text="a scripted error"))
        assert await comes_nothing(client)
        assert await is_well(network)


async def test_fewer_samples(autojump_clock: object) -> None:
    async with powered(script("fewer_samples", part=0.25)) as network:
        client = await configured(network)
        story = await client.run(start())
        assert len(story.samples()) == 125
        assert story.states() == COURSE


@pytest.mark.parametrize("state", COURSE[:-1])
async def test_a_state_is_not_told(autojump_clock: object, state: RunState) -> None:
    async with powered(script("drop_state", at=state.name.lower())) as network:
        client = await configured(network)
        story = await client.run(start())
        assert story.states() == [one for one in COURSE if one is not state]
        assert len(story.samples()) == 500


async def test_the_end_is_not_told(autojump_clock: object) -> None:
    async with powered(script("drop_state")) as network:
        client = await configured(network)
        story = Story()
        await client.send(start())
        while RunState.OP_END not in story.states():
            story.add((await client.next()).body)
        await client.next()
        assert await comes_nothing(client)
        assert await is_well(network)


async def test_data_after_the_end(autojump_clock: object) -> None:
    async with powered(script("late_data", by_s=5.0, after=1)) as network:
        client = await configured(network)
        story = await client.run(start())
        assert [chunk.chunk for chunk in story.chunks()] == [0, 2, 3, 4][: len(story.chunks())]
        over = trio.current_time()
        late = (await client.next()).body
        assert isinstance(late, Samples)
        assert late.chunk == 1
        assert trio.current_time() == pytest.approx(over + 5.0)


async def test_overload_without_a_cause(autojump_clock: object) -> None:
    async with powered(script("overload", element="0/M1", index=2)) as network:
        client = await configured(network)
        await client.run(start())
        expected = Overloads(any_overload=True, elements=((f"{LUCIDAC}/0/M1", 2),))
        assert await client.ask(GetOverloads()) == expected


async def test_a_client_that_reads_nothing_holds_nobody_up(autojump_clock: object) -> None:
    async with powered() as network:
        device = network.device
        near, far = trio.testing.lockstep_stream_pair()
        network.nursery.start_soon(device.serve, far)
        deaf = Client(near, device.machine.dialect)
        await deaf.send(Configure(circuit=decay()))
        await deaf.next()
        await deaf.send(start(op_time_s=1.0, rate=100, channels=1))
        await trio.sleep(60)
        assert await is_well(network)


async def test_a_message_that_another_client_cuts_short_ends_its_connection(
    autojump_clock: object,
) -> None:
    async with powered(script("slow_bytes", at="chunk", pause_s=1.0)) as network:
        client = await configured(network)
        other = await Client.connect(network)
        await client.send(start())
        await trio.sleep(20)
        assert isinstance(await other.ask(Reset()), ResetDone)
        heard: list[Body] = []
        with pytest.raises(EOFError):
            await client.collect(heard)
        assert all(isinstance(body, RunAccepted | StateChanged) for body in heard)
        assert await is_well(network)


async def test_equal_scripts_misbehave_equally(autojump_clock: object) -> None:
    text = "seed = 9\n" + script("missing_chunk", chance=0.3, count=0)
    text += "\n" + script("duplicate_chunk", chance=0.3, count=0)
    found = []
    for _ in range(2):
        async with powered(text) as network:
            client = await configured(network)
            story = await client.run(start(op_time_s=0.05))
            found.append([chunk.chunk for chunk in story.chunks()])
    assert found[0] == found[1] != list(range(len(found[0])))
    assert np.all(np.diff([number or 0 for number in found[0]]) >= 0)
