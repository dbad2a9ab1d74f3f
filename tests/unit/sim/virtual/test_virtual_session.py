"""A virtual device that works as it should, asked in both dialects."""

from __future__ import annotations

from math import cos, exp
from typing import TYPE_CHECKING

import numpy as np
import pytest
import trio

from drivers.apb import items as it
from drivers.apb.entities import carriers
from drivers.apb.items import CircuitFile, Item
from drivers.wire.messages import (
    Accepted,
    Authenticate,
    Body,
    Calibrate,
    Calibrated,
    Configure,
    Configured,
    Described,
    Extract,
    Failed,
    GetOverloads,
    Overloads,
    Ping,
    Pong,
    Reset,
    ResetDone,
    RunAccepted,
    RunState,
    StartRun,
    StateChanged,
    StopRun,
)
from sim.options import SimulationOptions
from sim.virtual.dialect import JSONL, PROTOBUF, Dialect
from sim.virtual.hardware import lucidac, mredac, redac
from tests.unit.sim.virtual.client import (
    Client,
    Story,
    hear,
    listen_to_udp,
    start,
)
from tests.virtual_network import LUCIDAC, decay, growth, harmonic, lanes, powered, probes

if TYPE_CHECKING:
    from trio.testing import MockClock

COURSE = [RunState.TAKE_OFF, RunState.IC, RunState.OP, RunState.OP_END, RunState.DONE]
FLOAT32 = 6e-8
both = pytest.mark.parametrize("dialect", [PROTOBUF, JSONL], ids=["protobuf", "jsonl"])


def failure(body: Body) -> str:
    assert isinstance(body, Failed)
    return body.text


@both
async def test_harmonic_run_follows_the_analytic_solution(
    dialect: Dialect, autojump_clock: MockClock
) -> None:
    async with powered(dialect=dialect) as network:
        client = await Client.connect(network, dialect)
        assert isinstance(await client.ask(Reset()), ResetDone)
        assert isinstance(await client.ask(Configure(circuit=harmonic())), Configured)
        story = await client.run(start(op_time_s=0.0101, rate=50_000))
        assert isinstance(story.bodies[0], RunAccepted)
        assert story.states() == COURSE
        values = story.samples()
        times = np.arange(505) / 50_000
        expected = np.stack((0.5 * np.cos(1e4 * times), -0.5 * np.sin(1e4 * times)), axis=1)
        assert values.shape == (505, 2)
        assert np.abs(values - expected).max() < FLOAT32
        final = story.final().values
        assert final.shape == (1, 2)
        assert final[0, 0] == pytest.approx(0.5 * cos(101.0), abs=FLOAT32)


@both
async def test_decay_at_the_slow_speed(dialect: Dialect, autojump_clock: MockClock) -> None:
    async with powered(dialect=dialect) as network:
        client = await Client.connect(network, dialect)
        await client.ask(Configure(circuit=decay()))
        story = await client.run(start(op_time_s=0.02, rate=10_000, channels=1))
        expected = np.exp(-100.0 * np.arange(200) / 10_000)
        assert np.abs(story.samples()[:, 0] - expected).max() < FLOAT32


@pytest.mark.parametrize(("dialect", "gain"), [(PROTOBUF, 8.0), (JSONL, 10.0)])
async def test_lane_gain_is_that_of_the_generation(
    dialect: Dialect, gain: float, autojump_clock: MockClock
) -> None:
    async with powered(dialect=dialect) as network:
        client = await Client.connect(network, dialect)
        await client.ask(Configure(circuit=growth()))
        story = await client.run(start(op_time_s=0.002, rate=10_000, channels=1))
        assert story.final().values[0, 0] == pytest.approx(0.1 * exp(100 * gain * 0.002), rel=1e-6)


async def test_samples_are_float32_and_chunks_are_counted(autojump_clock: MockClock) -> None:
    async with powered() as network:
        client = await Client.connect(network)
        await client.ask(Configure(circuit=harmonic()))
        story = await client.run(start(op_time_s=0.0125, rate=20_000))
        assert [chunk.chunk for chunk in story.chunks()] == [0, 1, 2]
        assert [len(chunk.values) for chunk in story.chunks()] == [100, 100, 50]
        values = story.samples()
        assert np.array_equal(values, values.astype(np.float32))
        assert {chunk.carrier for chunk in story.chunks()} == {LUCIDAC}


async def test_jsonl_gives_all_digits_and_idle_columns(autojump_clock: MockClock) -> None:
    async with powered(dialect=JSONL) as network:
        client = await Client.connect(network, JSONL)
        await client.ask(Configure(circuit=harmonic()))
        values = (await client.run(start(op_time_s=0.001, channels=4))).samples()
        assert values.shape == (50, 4)
        assert not values[:, 2:].any()
        assert values[7, 0] == pytest.approx(0.5 * cos(1e4 * 7 / 50_000), abs=1e-11)


async def test_samples_come_while_the_machine_computes_and_not_before(
    autojump_clock: MockClock,
) -> None:
    async with powered() as network:
        client = await Client.connect(network)
        await client.ask(Configure(circuit=decay()))
        began = trio.current_time()
        await client.send(start(op_time_s=5.0, rate=100, channels=1))
        times = dict[str, float]()
        while RunState.DONE.name not in times:
            body = (await client.next()).body
            name = body.new.name if isinstance(body, StateChanged) else type(body).__name__
            times.setdefault(name, trio.current_time() - began)
        assert times["OP"] == pytest.approx(0.0001)
        assert times["Samples"] == pytest.approx(1.0001)
        assert times["DONE"] == pytest.approx(5.0001)


async def test_ping_is_answered_during_a_run(autojump_clock: MockClock) -> None:
    async with powered() as network:
        client = await Client.connect(network)
        await client.ask(Configure(circuit=decay()))
        await client.send(start(op_time_s=5.0, rate=100, channels=1))
        await client.next()
        await trio.sleep(2.0)
        asked = trio.current_time()
        await client.send(Ping())
        while not isinstance((await client.next()).body, Pong):
            pass
        assert trio.current_time() == asked


async def test_run_messages_go_by_udp_where_the_client_wants_it(autojump_clock: MockClock) -> None:
    async with powered() as network:
        client = await Client.connect(network)
        datagrams = await listen_to_udp(client, network)
        assert isinstance((await client.next()).body, Accepted)
        await client.ask(Configure(circuit=harmonic()))
        assert isinstance(await client.ask(start()), RunAccepted)
        story = Story()
        while not story.is_over:
            story.add(await hear(datagrams))
        assert story.states() == COURSE
        assert len(story.samples()) == 500


async def test_a_run_is_told_to_its_client_only(autojump_clock: MockClock) -> None:
    async with powered() as network:
        client, other = await Client.connect(network), await Client.connect(network)
        await client.ask(Configure(circuit=harmonic()))
        await client.run(start())
        assert isinstance(await other.ask(Ping()), Pong)


async def test_a_run_is_told_to_all_clients_of_firmware_1(autojump_clock: MockClock) -> None:
    async with powered(dialect=JSONL) as network:
        client, other = await Client.connect(network, JSONL), await Client.connect(network, JSONL)
        await other.ask(Ping())
        await client.ask(Configure(circuit=harmonic()))
        await client.run(start())
        story = Story()
        while not story.is_over:
            story.add((await other.next()).body)
        assert story.states() == COURSE
        assert len(story.samples()) == 500


async def test_a_carrier_of_a_larger_machine_keeps_its_probe_numbers(
    autojump_clock: MockClock,
) -> None:
    async with powered() as network:
        client = await Client.connect(network)
        await client.ask(Configure(circuit=harmonic(first_probe=5)))
        story = await client.run(start())
        assert {chunk.probes for chunk in story.chunks()} == {(5, 6)}


async def test_each_carrier_tells_its_own_states_and_samples(autojump_clock: MockClock) -> None:
    machine = redac(3)
    first, second, third = (board.path for board in carriers(machine))
    both_parts = (*harmonic(first).items, *harmonic(second, first_probe=2, amplitude=0.25).items)
    async with powered(description=machine) as network:
        client = await Client.connect(network)
        await client.ask(Configure(circuit=CircuitFile(items=both_parts)))
        await client.send(start())
        story = Story()
        while story.states(third)[-1:] != [RunState.DONE]:
            story.add((await client.next()).body)
        assert story.states(first) == story.states(second) == story.states(third) == COURSE
        assert story.chunks(third) == []
        assert story.samples(first)[0, 0] == 0.5
        assert story.samples(second)[0, 0] == 0.25
        assert {chunk.probes for chunk in story.chunks(second)} == {(2, 3)}


async def test_description_is_that_of_the_machine(autojump_clock: MockClock) -> None:
    for machine in (lucidac(), mredac(), redac(7)):
        async with powered(description=machine) as network:
            client = await Client.connect(network)
            answer = await client.ask(Extract())
            assert isinstance(answer, Described)
            assert carriers(answer.description) == carriers(machine)


async def test_a_circuit_may_come_in_several_commands(autojump_clock: MockClock) -> None:
    items = harmonic().items
    async with powered() as network:
        client = await Client.connect(network)
        await client.ask(Configure(circuit=CircuitFile(items=items[:2])))
        rest = Configure(circuit=CircuitFile(items=items[2:]), reset_before=False)
        assert isinstance(await client.ask(rest), Configured)
        assert (await client.run(start())).samples()[100, 0] == pytest.approx(0.5 * cos(20.0))


async def test_a_new_circuit_takes_the_place_of_the_old_one(autojump_clock: MockClock) -> None:
    async with powered() as network:
        client = await Client.connect(network)
        await client.ask(Configure(circuit=harmonic()))
        await client.ask(Configure(circuit=decay()))
        assert (await client.run(start(channels=1))).samples().shape == (500, 1)


@both
async def test_hardware_that_is_not_there_is_refused_in_words(
    dialect: Dialect, autojump_clock: MockClock
) -> None:
    async with powered(dialect=dialect) as network:
        client = await Client.connect(network, dialect)
        text = failure(await client.ask(Configure(circuit=harmonic("00-00-00-00-00-00"))))
        assert "does not exist on this machine" in text
        assert "00-00-00-00-00-00" in text
        assert (await client.run(start())).chunks() == []


async def test_a_circuit_for_another_block_is_refused(autojump_clock: MockClock) -> None:
    specification = redac(1).items
    async with powered() as network:
        client = await Client.connect(network)
        items = (*specification, *harmonic().items)
        text = failure(await client.ask(Configure(circuit=CircuitFile(items=items))))
        assert text == "the circuit was made for 04-E9-E5-00-00-10, which this machine lacks"


async def test_a_loop_without_integrator_is_refused_when_it_is_configured(
    autojump_clock: MockClock,
) -> None:
    loop = CircuitFile(
        items=(Item(entity=LUCIDAC, config=probes(8)), *lanes(LUCIDAC, (8, 8, 0.5), (8, 9, 0.5)))
    )
    async with powered() as network:
        client = await Client.connect(network)
        assert "algebraic loop" in failure(await client.ask(Configure(circuit=loop)))


async def test_signals_between_clusters_are_refused(autojump_clock: MockClock) -> None:
    machine = mredac()
    (board,) = carriers(machine)
    switch = Item(entity=f"{board.path}/T", config=it.SwitchConfig(muxes=((1, 2),)))
    moved = Item(entity=f"{board.path}/0/I", config=it.SumConfig(sums=((1, (8,)),)))
    items = [i for i in harmonic(board.path).items if not isinstance(i.config, it.SumConfig)]
    async with powered(description=machine) as network:
        client = await Client.connect(network)
        answer = await client.ask(Configure(circuit=CircuitFile(items=(*items, moved, switch))))
        assert "not supported by this version's simulator" in failure(answer)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rate": 31}, "at least 32/s"),
        ({"rate": 300_000}, "at most 500000"),
        ({"op_time_s": 1e9}, "at most 100 s"),
        ({"op_time_s": 0.0}, "above 0"),
    ],
)
async def test_impossible_runs_are_refused(
    change: dict[str, float], words: str, autojump_clock: MockClock
) -> None:
    async with powered() as network:
        client = await Client.connect(network)
        await client.ask(Configure(circuit=harmonic()))
        asked = {"op_time_s": 0.01, "rate": 50_000} | change
        body = start(asked["op_time_s"], int(asked["rate"]))
        assert words in failure(await client.ask(body))


async def test_the_period_is_a_whole_number_of_microseconds(autojump_clock: MockClock) -> None:
    async with powered() as network:
        client = await Client.connect(network)
        await client.ask(Configure(circuit=harmonic()))
        values = (await client.run(start(rate=30_000))).samples()
        assert values[100, 0] == pytest.approx(0.5 * cos(1e4 * 100 * 33e-6), abs=FLOAT32)


async def test_one_run_at_a_time_and_no_change_meanwhile(autojump_clock: MockClock) -> None:
    async with powered() as network:
        client, other = await Client.connect(network), await Client.connect(network)
        await client.ask(Configure(circuit=decay()))
        await client.ask(start(op_time_s=2.0, rate=100, channels=1))
        for body in (start(), Configure(circuit=decay()), Calibrate()):
            assert "a run is in progress" in failure(await other.ask(body))


@pytest.mark.parametrize("body", [Reset(), StopRun()])
async def test_reset_and_stop_end_a_run_with_an_error(
    body: Reset | StopRun, autojump_clock: MockClock
) -> None:
    async with powered() as network:
        client, other = await Client.connect(network), await Client.connect(network)
        await client.ask(Configure(circuit=decay()))
        await client.ask(start(op_time_s=50.0, rate=100, channels=1))
        await trio.sleep(1.5)
        asked = trio.current_time()
        assert isinstance(await other.ask(body), ResetDone | Accepted)
        assert trio.current_time() == asked
        story = Story()
        while not story.is_over:
            story.add((await client.next()).body)
        assert story.states()[-1] is RunState.ERROR
        assert story.reason() in ("the machine was reset", "the run was stopped")
        assert (await client.run(start(channels=1))).states() == COURSE


async def test_the_next_request_may_follow_the_last_message_at_once(
    autojump_clock: MockClock,
) -> None:
    async with powered() as network:
        client = await Client.connect(network)
        for _ in range(20):
            assert isinstance(await client.ask(Configure(circuit=harmonic())), Configured)
            assert (await client.run(start(op_time_s=0.001))).states() == COURSE


@both
async def test_overloads_are_kept_until_they_are_reset(
    dialect: Dialect, autojump_clock: MockClock
) -> None:
    async with powered(dialect=dialect) as network:
        client = await Client.connect(network, dialect)
        await client.ask(Configure(circuit=growth()))
        assert await client.ask(GetOverloads()) == Overloads()
        await client.run(start(op_time_s=0.004, rate=10_000, channels=1))
        expected = Overloads(any_overload=True, elements=((f"{LUCIDAC}/0/M0", 0),))
        assert await client.ask(GetOverloads()) == expected
        assert await client.ask(GetOverloads()) == expected
        await client.ask(Reset())
        assert await client.ask(GetOverloads()) == Overloads()


async def test_an_overload_halts_the_run_where_it_should(autojump_clock: MockClock) -> None:
    async with powered() as network:
        client = await Client.connect(network)
        await client.ask(Configure(circuit=growth()))
        story = await client.run(start(0.01, 10_000, channels=1, halts=True))
        assert story.states()[-2:] == [RunState.OP, RunState.ERROR]
        assert story.reason() == "halted by an overload"
        assert story.samples().max() < 1.0
        assert len(story.samples()) == int(np.log(10.0) / 800 * 10_000)


async def test_a_circuit_that_diverges_ends_in_an_error(autojump_clock: MockClock) -> None:
    async with powered() as network:
        client = await Client.connect(network)
        await client.ask(Configure(circuit=growth()))
        story = await client.run(start(1.0, 1000, channels=1))
        assert story.states()[-1] is RunState.ERROR
        assert "diverges" in story.reason()


async def test_calibration_takes_its_time_and_is_remembered(autojump_clock: MockClock) -> None:
    async with powered(calibration_s=3.0) as network:
        client = await Client.connect(network)
        asked = trio.current_time()
        assert isinstance(await client.ask(Calibrate()), Calibrated)
        assert trio.current_time() == asked + 3.0
        assert network.device.machine.is_calibrated
        await client.ask(Reset())
        assert network.device.machine.is_calibrated
        await client.ask(Reset(keep_calibration=False))
        assert not network.device.machine.is_calibrated


async def test_noise_differs_from_run_to_run_and_not_from_seed_to_seed(
    autojump_clock: MockClock,
) -> None:
    runs = []
    for _ in range(2):
        async with powered(options=SimulationOptions(noise_sigma=1e-3, noise_seed=4)) as network:
            client = await Client.connect(network)
            await client.ask(Configure(circuit=harmonic()))
            runs += [(await client.run(start())).samples() for _ in range(2)]
    assert np.array_equal(runs[0], runs[2])
    assert np.array_equal(runs[1], runs[3])
    noise = runs[0] - runs[1]
    assert 1e-3 < float(np.std(noise)) < 2e-3


async def test_only_the_wanted_samples_are_sent(autojump_clock: MockClock) -> None:
    asked = start()
    async with powered() as network:
        client = await Client.connect(network)
        await client.ask(Configure(circuit=harmonic()))
        quiet = StartRun(
            run_id=asked.run_id,
            ic_time_ns=0,
            op_time_ns=asked.op_time_ns,
            channels=2,
            sample_rate=asked.sample_rate,
            sample_op=False,
            sample_op_end=False,
        )
        story = await client.run(quiet)
        assert story.states() == COURSE
        assert len(story.bodies) == 1 + len(COURSE)


async def test_requests_without_id_are_done_and_not_answered(autojump_clock: MockClock) -> None:
    async with powered() as network:
        client = await Client.connect(network)
        client.has_ids = False
        await client.send(Configure(circuit=harmonic()))
        assert isinstance(await client.ask(Ping()), Pong)
        assert len(network.device.machine.items) == 5


async def test_a_token_is_asked_for_where_there_is_one(autojump_clock: MockClock) -> None:
    async with powered(token="secret") as network:
        client = await Client.connect(network)
        assert failure(await client.ask(Extract())) == "Authentication required"
        assert failure(await client.ask(Authenticate(token="x"))) == "Authentication failed"
        assert isinstance(await client.ask(Authenticate(token="secret")), Accepted)
        assert isinstance(await client.ask(Extract()), Described)


async def test_nonsense_ends_a_connection_and_nothing_else(autojump_clock: MockClock) -> None:
    async with powered() as network:
        client, other = await Client.connect(network), await Client.connect(network)
        await client.stream.send_all(b"\xff\xff\xff\xff\xff")
        with pytest.raises(EOFError):
            await client.next()
        assert isinstance(await other.ask(Ping()), Pong)


async def test_a_line_of_nonsense_is_answered(autojump_clock: MockClock) -> None:
    async with powered(dialect=JSONL) as network:
        client = await Client.connect(network, JSONL)
        await client.stream.send_all(b'hello\n{"id": "7", "type": "dance"}\n')
        assert failure((await client.next()).body)
        answer = await client.next()
        assert (answer.id, failure(answer.body)) == ("7", "unknown type dance")
        assert isinstance(await client.ask(Ping()), Pong)
