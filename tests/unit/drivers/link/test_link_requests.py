"""Requests and answers over a stream in memory, in both dialects."""

from typing import Literal

import pytest
import trio

from drivers.apb.items import CircuitFile, CoefConfig, CoefEntry, Item
from drivers.errors import ConnectError, DeviceBusy, ProtocolError, RunRefused
from drivers.link.notices import Notices
from drivers.link.opening import AnyLink
from drivers.wire.messages import (
    Accepted,
    Body,
    Busy,
    Calibrate,
    Calibrated,
    Configure,
    Configured,
    Extract,
    Failed,
    GetOverloads,
    Overloads,
    Ping,
    Pong,
    Reply,
    Reset,
    ResetDone,
    RunAccepted,
    RunState,
    StartRun,
    StopRun,
    Unknown,
)
from tests.unit.drivers.link.link_peers import RUN, chunk, linked, state, together

Named = Literal["protobuf", "jsonl"]
both = pytest.mark.parametrize("dialect", ["protobuf", "jsonl"])
START = StartRun(run_id=RUN, ic_time_ns=1, op_time_ns=1000, channels=1, sample_rate=1000)


@both
async def test_an_answer_reaches_who_asked_whatever_the_order(dialect: Named) -> None:
    got: dict[str, object] = {}

    async with linked(dialect) as (link, peer):

        async def reset() -> None:
            got["reset"] = await link.request(Reset())

        async def stop() -> None:
            got["stop"] = await link.request(StopRun())

        async def device() -> None:
            requests = [await peer.hear(), await peer.hear()]
            for request in reversed(requests):
                if dialect == "jsonl" and isinstance(request.body, StopRun):
                    await peer.raw(
                        b'{"id":"%s","type":"stop_run","msg":{},"code":0}\n' % _id(request.id)
                    )
                else:
                    await peer.say(_success(request.body), request.id)

        await together(reset, stop, device)
    assert got == {"reset": ResetDone(), "stop": Accepted()}


def _success(body: Body) -> Reply:
    return ResetDone() if isinstance(body, Reset) else Accepted()


def _id(text: str | None) -> bytes:
    assert text is not None
    return text.encode()


@both
async def test_each_request_has_an_id_of_its_own(dialect: Named) -> None:
    async with linked(dialect) as (link, peer):
        ids = set()

        async def device() -> None:
            for _ in range(3):
                ids.add((await peer.answer(ResetDone())).id)

        async def driver() -> None:
            for _ in range(3):
                await link.request(Reset())

        await together(device, driver)
        assert len(ids) == 3
        assert None not in ids


@both
async def test_failure_comes_in_the_devices_words(dialect: Named) -> None:
    async with linked(dialect) as (link, peer), trio.open_nursery() as nursery:
        nursery.start_soon(peer.answer, Failed(text="no such\nblock: M1\x00"))
        with pytest.raises(RunRefused, match=r"^no such block: M1$"):
            await link.request(Reset())


@both
async def test_silence_lasts_as_long_as_the_caller_lets_it(
    dialect: Named, autojump_clock: trio.testing.MockClock
) -> None:
    async with linked(dialect) as (link, peer):
        with trio.move_on_after(123) as patience:
            await link.request(StopRun())
        assert patience.cancelled_caught
        assert trio.current_time() == pytest.approx(123)
        assert isinstance((await peer.hear()).body, StopRun)


@both
async def test_a_closed_connection_fails_all_who_wait_at_once(
    dialect: Named, autojump_clock: trio.testing.MockClock
) -> None:
    begin = trio.current_time()
    async with linked(dialect) as (link, peer):
        failures = []

        async def ask() -> None:
            with pytest.raises(ConnectError, match=r"device\.test:5732 closed the connection") as e:
                await link.request(Reset())
            failures.append(e.value)

        async def device() -> None:
            for _ in range(3):
                await peer.hear()
            await peer.hang_up()

        await together(ask, ask, ask, device)
        assert len({id(failure) for failure in failures}) == 3
        assert trio.current_time() == begin
        assert [notice async for notice in link.notifications] == []
        with pytest.raises(ConnectError, match="closed the connection"):
            await link.request(Reset())
        assert isinstance(link.fault, ConnectError)


@both
async def test_what_came_before_the_end_is_kept(dialect: Named) -> None:
    async with linked(dialect) as (link, peer):
        await peer.say(state(RunState.DONE))
        await peer.hang_up()
        assert [n async for n in link.notifications] == [state(RunState.DONE)]


@both
async def test_half_a_message_is_silence_and_its_rest_the_answer(
    dialect: Named, autojump_clock: trio.testing.MockClock
) -> None:
    async with linked(dialect) as (link, peer):
        whole = b"\x06\xa2\x06\x03\xaa\x06\x00"

        async def device() -> None:
            nonlocal whole
            own = (await peer.hear()).id
            if dialect == "jsonl":
                whole = b'{"id":"%s","type":"ping","msg":{"micros":0},"code":0}\n' % _id(own)
            for byte in whole:
                await peer.raw(bytes([byte]))
                await trio.sleep(1)

        async def ask() -> None:
            assert await link.request(Ping()) == Pong()
            assert trio.current_time() == pytest.approx(len(whole) - 1)

        await together(device, ask)


@pytest.mark.parametrize(
    ("dialect", "garbage"),
    [
        ("protobuf", b"\xff\xff\xff\xff\xff"),
        ("protobuf", b"\xc5\xff\x0f"),  # 262 085, one more than allowed
        ("protobuf", b"\x03\xff\xff\xff"),
        ("jsonl", b"garbage\n"),
        ("jsonl", b"[1,2]\n"),
        ("jsonl", b"x" * (2**20 + 1)),
        ("jsonl", b'{"type":"run_data","msg":7}\n'),
    ],
)
async def test_garbage_ends_the_link(dialect: Named, garbage: bytes) -> None:
    async with linked(dialect) as (link, peer):

        async def ask() -> None:
            with pytest.raises(ProtocolError):
                await link.request(Reset())

        async def device() -> None:
            await peer.hear()
            await peer.raw(garbage)
            with pytest.raises(EOFError):
                await peer.hear()

        await together(ask, device)
        assert isinstance(link.fault, ProtocolError)
        with pytest.raises(ProtocolError):
            await link.request(Reset())


@both
async def test_an_answer_of_the_wrong_kind_is_told(dialect: Named) -> None:
    async with linked(dialect) as (link, peer), trio.open_nursery() as nursery:
        nursery.start_soon(peer.answer, ResetDone())
        with pytest.raises(ProtocolError, match="Extract with something of the kind ResetDone"):
            await link.request(Extract())
        nursery.start_soon(peer.answer, ResetDone())
        assert await link.request(Reset()) == ResetDone()


@both
async def test_an_answer_for_somebody_else_is_no_answer(
    dialect: Named, autojump_clock: trio.testing.MockClock
) -> None:
    async with linked(dialect) as (link, peer):

        async def device() -> None:
            await peer.hear()
            await peer.say(ResetDone(), "not-yours")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(device)
            with trio.move_on_after(5) as patience:
                await link.request(Reset())
        assert patience.cancelled_caught
        assert link.fault is None


@both
@pytest.mark.parametrize("late", [ResetDone(), Failed(text="too slow")])
async def test_a_late_answer_is_ignored(
    dialect: Named, late: ResetDone | Failed, autojump_clock: trio.testing.MockClock
) -> None:
    async with linked(dialect) as (link, peer):
        with trio.move_on_after(1):
            await link.request(Reset())
        await peer.say(late, (await peer.hear()).id)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.WouldBlock):
            link.notifications.receive_nowait()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(peer.answer, ResetDone())
            assert await link.request(Reset()) == ResetDone()


@both
async def test_states_may_overtake_the_answer(dialect: Named) -> None:
    async with linked(dialect) as (link, peer):

        async def device() -> None:
            own = (await peer.hear()).id
            await peer.say(state(RunState.TAKE_OFF))
            await peer.say(chunk(0))
            await peer.say(RunAccepted(), own)
            await peer.say(state(RunState.DONE))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(device)
            assert await link.request(START) == RunAccepted()
        kinds = [type(await link.notifications.receive()).__name__ for _ in range(3)]
        assert kinds == ["StateChanged", "Samples", "StateChanged"]


@both
async def test_what_nobody_knows_is_ignored(dialect: Named) -> None:
    async with linked(dialect) as (link, peer):
        if dialect == "jsonl":
            await peer.raw(b'{"type":"log","msg":"warming up"}\n\n{"type":"hello","msg":{}}\n')
        else:
            await peer.raw(b"\x00\x05\xaa\x06\x02\x08\x01")  # an empty frame, then an unknown field
            await peer.say(Busy(), "not-yours")
        await peer.say(state(RunState.OP))
        assert await link.notifications.receive() == state(RunState.OP)


@both
async def test_samples_that_nobody_takes_end_the_link(
    dialect: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.link.stream_link.Notices", _small_notices)
    async with linked(dialect) as (link, peer):
        for number in range(4):
            await peer.say(chunk(number))
        await trio.testing.wait_all_tasks_blocked()
        assert isinstance(link.fault, ConnectError)
        assert "faster than this machine takes them" in str(link.fault)
        assert len([n async for n in link.notifications]) == 3
        with pytest.raises(ConnectError, match="lower sample rate"):
            await link.request(Ping())


def _small_notices() -> Notices:
    return Notices(max_notices=3)


async def test_errors_of_the_block_come_out_as_they_are() -> None:
    with pytest.raises(KeyError, match="mine"):
        async with linked("protobuf"):
            raise KeyError("mine")


async def test_two_links_do_not_disturb_each_other(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with (
        linked("protobuf") as (hung, _),
        linked("jsonl") as (lively, peer),
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(_give_up_after, hung, 100)
        for _ in range(50):
            nursery.start_soon(peer.answer, ResetDone())
            assert await lively.request(Reset()) == ResetDone()
        assert trio.current_time() == 0


async def _give_up_after(link: AnyLink, seconds: float) -> None:
    with trio.move_on_after(seconds):
        await link.request(Reset())


@both
async def test_the_link_is_shut_when_the_block_ends(dialect: Named) -> None:
    async with linked(dialect) as (link, peer):
        pass
    with pytest.raises(ConnectError, match="was closed"):
        await link.request(Reset())
    with pytest.raises(EOFError):
        await peer.hear()


# What only one dialect has.


async def test_one_ping_at_a_time(autojump_clock: trio.testing.MockClock) -> None:
    async with linked("protobuf") as (link, peer):

        async def device() -> None:
            for micros in (1, 2):
                assert await peer.hear()
                with trio.move_on_after(1):
                    await peer.hear()
                    raise AssertionError("a second ping before the first was answered")
                await peer.say(Pong(micros=micros))

        got: list[object] = []

        async def ask() -> None:
            got.append(await link.request(Ping()))

        await together(device, ask, ask)
        assert got == [Pong(micros=1), Pong(micros=2)]


async def test_busy_is_asked_again_with_another_id(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with linked("protobuf") as (link, peer):
        ids = []

        async def device() -> None:
            answers: list[Reply] = [Busy(), Busy(), Overloads(any_overload=True)]
            ids.extend([(await peer.answer(body)).id for body in answers])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(device)
            assert await link.request(GetOverloads()) == Overloads(any_overload=True)
        assert len(set(ids)) == 3
        assert trio.current_time() == pytest.approx(4)


async def test_a_device_that_stays_busy_is_called_busy(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with linked("protobuf") as (link, peer):

        async def device() -> None:
            for _ in range(2):
                await peer.answer(Busy())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(device)
            with trio.fail_after(3), pytest.raises(DeviceBusy, match="somebody else"):
                await link.request(GetOverloads())
        assert trio.current_time() == pytest.approx(2)


@pytest.mark.parametrize("own", [None, "not-yours"])
async def test_an_error_to_nobody_is_news_for_the_run(own: str | None) -> None:
    async with linked("protobuf") as (link, peer):
        await peer.say(Failed(text="Cluster degraded"), own)
        assert await link.notifications.receive() == Failed(text="Cluster degraded")
        await peer.hang_up()
        with pytest.raises(ConnectError, match=r"closed.*last words: Cluster degraded"):
            await link.request(Reset())


async def test_an_unknown_answer_is_of_the_wrong_kind() -> None:
    async with linked("protobuf") as (link, peer):

        async def device() -> None:
            own = _id((await peer.hear()).id)
            body = b"\x0a\x24" + own + b"\xf2\x1f\x00"  # kind 510, which nobody has heard of
            await peer.raw(bytes([len(body) + 3, 0xAA, 0x06, len(body)]) + body)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(device)
            with pytest.raises(ProtocolError, match=Unknown.__name__):
                await link.request(Reset())


async def test_a_circuit_too_large_is_refused_before_it_is_sent() -> None:
    entries = tuple(CoefEntry(lane=n, factor=0.5) for n in range(32))
    items = (Item(entity="a/0/C", config=CoefConfig(elements=entries)),) * 1000
    async with linked("protobuf") as (link, _):
        with pytest.raises(RunRefused, match="too large"):
            await link.request(Configure(circuit=CircuitFile(version=None, items=items)))
        assert link.fault is None


async def test_answers_without_id_go_by_their_type() -> None:
    """As the emulator of lucipy answers start_run."""
    async with linked("jsonl") as (link, peer):

        async def device() -> None:
            requests = [await peer.hear() for _ in range(2)]
            assert {type(request.body) for request in requests} == {StartRun, Reset}
            await peer.raw(b'{"type":"start_run","msg":{},"code":0}\n')
            await peer.raw(b'{"msg":{},"error":"cannot","code":-2}\n')

        async def start() -> None:
            assert await link.request(START) == RunAccepted()

        async def reset() -> None:
            with pytest.raises(RunRefused, match="cannot"):
                await link.request(Reset())

        await together(device, start, reset)


async def test_lines_of_a_run_may_come_before_the_answer_to_a_stop() -> None:
    async with linked("jsonl") as (link, peer):

        async def device() -> None:
            own = _id((await peer.hear()).id)
            await peer.say(chunk(0))
            await peer.raw(b'{"id":"%s","type":"stop_run","msg":{},"code":0}\n' % own)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(device)
            assert await link.request(StopRun()) == Accepted()


async def test_jsonl_calibrates_with_the_last_circuit() -> None:
    circuit = _small_circuit()
    async with linked("jsonl") as (link, peer):
        with pytest.raises(RunRefused, match="has none yet"):
            await link.request(Calibrate())
        heard = []

        async def device() -> None:
            for _ in range(2):
                line = bytes(await peer.stream.receive_some())
                heard.append(line)
                own = line.split(b'"id":"')[1][:36]
                await peer.raw(b'{"id":"%s","type":"set_circuit","msg":null,"code":0}\n' % own)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(device)
            assert await link.request(Configure(circuit=circuit)) == Configured()
            assert await link.request(Calibrate()) == Calibrated()
        assert [b"calibrate_" in line for line in heard] == [False, True]


def _small_circuit() -> CircuitFile:
    config = CoefConfig(elements=(CoefEntry(lane=0, factor=0.5),))
    return CircuitFile(version=None, items=(Item(entity="a-b/0/C", config=config),))


async def test_what_sets_the_dialects_apart() -> None:
    async with linked("protobuf") as (link, _):
        assert (link.dialect, link.lane_gain) == ("protobuf", 8.0)
    async with linked("jsonl") as (link, _):
        assert (link.dialect, link.lane_gain) == ("jsonl", 10.0)
        assert await link.stream_by_udp() is False
