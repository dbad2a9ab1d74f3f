"""What a run's messages add up to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.collect import CarrierPlan, Collector, Incomplete, RunFailed, RunPlan
from drivers.errors import Advice, ConnectError
from drivers.wire.messages import Failed, RunState, Samples, StateChanged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

RUN: Final = "run-1"
A: Final = "04-A"
B: Final = "04-B"


def chunk(
    number: int | None,
    values: Array | list[list[float]],
    *,
    probes: tuple[int, ...] = (0,),
    carrier: str = A,
    run_id: str = RUN,
    is_final: bool = False,
) -> Samples:
    return Samples(
        run_id=run_id,
        chunk=number,
        carrier=carrier,
        probes=probes,
        values=np.array(values, dtype=np.float64),
        is_final=is_final,
    )


def column(*values: float) -> list[list[float]]:
    return [[value] for value in values]


def state(new: RunState, *, carrier: str = "", run_id: str = RUN, reason: str = "") -> StateChanged:
    return StateChanged(run_id=run_id, old=RunState.NEW, new=new, reason=reason, carrier=carrier)


TAKE_OFF: Final = state(RunState.TAKE_OFF)
DONE: Final = state(RunState.DONE)


@dataclass
class Told:
    lines: list[str] = field(default_factory=list)

    def collector(self, plan: RunPlan) -> Collector:
        return Collector(plan, self.lines.append)


def plan(
    samples: int = 6, *, slack: int = 0, probes: tuple[int, ...] = (0,), by_position: bool = False
) -> RunPlan:
    carrier = CarrierPlan(carrier=A, probes=probes, by_position=by_position)
    return RunPlan(run_id=RUN, carriers=(carrier,), samples=samples, slack=slack)


def two(samples: int = 4, *, sources: tuple[int, int] = (0, 0)) -> RunPlan:
    first = CarrierPlan(carrier=A, probes=(0, 2), name="first", source=sources[0])
    second = CarrierPlan(carrier=B, probes=(1,), name="second", source=sources[1])
    return RunPlan(run_id=RUN, carriers=(first, second), samples=samples)


def fed(told: Told, run: RunPlan, *notices: Samples | StateChanged) -> Collector:
    """A collector of a run that has begun, on each of its links, and more has come."""
    collector = told.collector(run)
    for source in {carrier.source for carrier in run.carriers}:
        collector.feed(TAKE_OFF, source)
    for notice in notices:
        collector.feed(notice)
    return collector


def result(run: RunPlan, *notices: Samples | StateChanged) -> Array:
    return fed(Told(), run, *notices).result()


def test_a_run_in_order() -> None:
    told = Told()
    states = [state(s) for s in (RunState.TAKE_OFF, RunState.IC, RunState.OP)]
    run = fed(told, plan(), *states, chunk(0, column(1, 2, 3)))
    assert not run.is_done
    assert not run.needs_drain
    run.feed(chunk(1, column(4, 5, 6)))
    run.feed(chunk(0, column(9), is_final=True))
    run.feed(state(RunState.OP_END))
    run.feed(DONE)
    assert run.is_complete
    assert not run.needs_drain
    assert run.result().tolist() == column(1, 2, 3, 4, 5, 6)
    assert told.lines == []


def test_order_does_not_matter_nor_does_a_missing_state_between() -> None:
    told = Told()
    run = fed(told, plan(), DONE)
    assert run.needs_drain
    run.feed(chunk(1, column(4, 5, 6)))
    assert run.needs_drain
    run.feed(chunk(0, column(1, 2, 3)))
    assert not run.needs_drain
    assert run.result().tolist() == column(1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize("by_position", [False, True])
def test_who_counts_chunks_says_that_a_run_begins(by_position: bool) -> None:
    run = Told().collector(plan(2, by_position=by_position))
    run.feed(chunk(None if by_position else 0, column(1, 2)))
    run.feed(DONE)
    assert run.needs_drain is not by_position
    if not by_position:
        with pytest.raises(Incomplete, match="04-A has not said that the run began"):
            run.result()
        run.feed(TAKE_OFF)  # overtaken
        assert not run.needs_drain
    assert run.result().tolist() == column(1, 2)


def test_a_gap_is_named() -> None:
    run = fed(
        Told(),
        plan(300),
        chunk(0, np.zeros((100, 1))),
        chunk(2, np.zeros((100, 1))),
        DONE,
    )
    with pytest.raises(Incomplete, match=rf"^carrier {A}: samples 100-199 of 300 did not arrive$"):
        run.result()


def test_the_end_is_named() -> None:
    run = fed(
        Told(),
        plan(300),
        chunk(0, np.zeros((100, 1))),
        chunk(1, np.zeros((100, 1))),
        DONE,
    )
    with pytest.raises(Incomplete, match="samples 200-299 of 300 did not arrive"):
        run.result()


def test_several_gaps_and_the_end_are_named() -> None:
    here = [chunk(n, np.zeros((10, 1))) for n in (1, 3, 4, 6, 8, 10)]
    with pytest.raises(Incomplete, match="samples 0-9, 20-29, 50-59 and 3 more gaps of 120"):
        fed(Told(), plan(120), *here, DONE).result()


def test_chunks_of_different_sizes_are_named_by_number() -> None:
    here = [chunk(0, np.zeros((3, 1))), chunk(2, np.zeros((4, 1))), chunk(4, np.zeros((1, 1)))]
    with pytest.raises(Incomplete, match="chunks 1, 3 did not arrive; 8 of 12 samples did"):
        fed(Told(), plan(12), *here, DONE).result()


def test_nothing_at_all() -> None:
    with pytest.raises(Incomplete, match="samples 0-5 of 6 did not arrive") as caught:
        fed(Told(), plan(), DONE).result()
    assert caught.value.advice is Advice.RESET


def test_a_chunk_that_comes_twice_counts_once() -> None:
    told = Told()
    first, second = chunk(0, column(1, 2, 3)), chunk(1, column(4, 5, 6))
    run = fed(told, plan(), first, first, second, first, DONE)
    assert run.result().tolist() == column(1, 2, 3, 4, 5, 6)
    assert told.lines == ["dropped: chunks that came twice"]


def test_two_versions_of_a_chunk_end_the_run() -> None:
    run = fed(Told(), plan(), chunk(0, column(1, 2, 3)))
    with pytest.raises(Incomplete, match="chunk 0 twice, with different samples"):
        run.feed(chunk(0, column(1, 2, 4)))


def test_other_runs_and_carriers_are_dropped_and_told() -> None:
    told = Told()
    run = fed(
        told,
        plan(2),
        chunk(0, column(7, 8), run_id="other"),
        state(RunState.ERROR, run_id="other"),
        state(RunState.DONE, run_id="other"),
        chunk(0, column(7, 8), carrier=B),
        state(RunState.DONE, carrier=B),
    )
    assert not run.is_done
    run.feed(chunk(0, column(1, 2), carrier=f"/{A}/0"))
    run.feed(state(RunState.DONE, carrier=f"/{A}"))
    assert run.result().tolist() == column(1, 2)
    assert told.lines == [
        "dropped: messages of another run",
        f"dropped: samples of the carrier {B}, where none were asked for",
        f"dropped: states of the carrier {B}, which this run does not use",
    ]


def test_what_is_told_has_a_limit() -> None:
    told = Told()
    run = told.collector(plan())
    for number in range(100):
        run.feed(state(RunState.OP, carrier=f"{number}-{'x' * 500}"))
    assert len(told.lines) == 16
    assert max(map(len, told.lines)) < 140


@pytest.mark.parametrize(("reason", "said"), [("DMA overflow", "DMA overflow"), ("", "no reason")])
def test_an_error_ends_the_run(reason: str, said: str) -> None:
    run = fed(Told(), plan(), chunk(0, column(1, 2)))
    with pytest.raises(RunFailed, match=f"{said}; 2 of 6 samples had arrived"):
        run.feed(state(RunState.ERROR, reason=reason))
    with pytest.raises(RunFailed, match="reports an error: degraded"):
        run.feed(Failed(text="degraded"))


@pytest.mark.parametrize("count", [5, 7])
def test_one_sample_more_or_less_is_for_hardware_only(count: int) -> None:
    values = np.arange(float(count)).reshape(-1, 1)
    with pytest.raises(Incomplete):
        result(plan(slack=0), chunk(0, values), DONE)
    lenient = fed(Told(), plan(slack=1), chunk(0, values), DONE)
    assert lenient.needs_drain is (count < 6)
    assert lenient.result().tolist() == values[:6].tolist()


@pytest.mark.parametrize(("count", "said"), [(4, "samples 4-5 of 6"), (8, "8 samples or more")])
def test_two_more_or_less_are_for_nobody(count: int, said: str) -> None:
    with pytest.raises(Incomplete, match=said):
        result(plan(slack=1), chunk(0, np.zeros((count, 1))), DONE)


def test_nothing_at_all_is_not_one_sample_fewer() -> None:
    with pytest.raises(Incomplete, match="samples 0-0 of 1"):
        result(plan(1, slack=1), DONE)
    lost = fed(Told(), plan(1, slack=1), DONE)
    with pytest.raises(ConnectError, match="0 of 1 samples"):
        lost.link_ended()
    assert result(plan(0, slack=1), DONE).shape == (0, 1)


def test_columns_go_by_probe() -> None:
    notice = chunk(0, [[3.0, 1.0, 2.0]], probes=(2, 0, 1))
    run = fed(Told(), plan(1, probes=(0, 1, 2)), notice, DONE)
    assert run.result().tolist() == [[1.0, 2.0, 3.0]]


@pytest.mark.parametrize("probes", [(0,), (0, 2), (1, 2, 3)])
def test_other_probes_than_asked_for_end_the_run(probes: tuple[int, ...]) -> None:
    run = Told().collector(plan(1, probes=(0, 1)))
    with pytest.raises(Incomplete, match="instead of the probes 0, 1"):
        run.feed(chunk(0, [[0.5] * len(probes)], probes=probes))


def test_columns_and_probes_must_agree() -> None:
    run = Told().collector(plan(1, probes=(0, 1)))
    with pytest.raises(Incomplete):
        run.feed(chunk(0, [[0.5]], probes=(0, 1)))


def test_columns_without_names_go_by_position() -> None:
    told = Told()
    run = told.collector(plan(3, probes=(4, 5, 7), by_position=True))
    run.feed(chunk(None, [[1, 2, 3], [4, 5, 6]], probes=(0, 1, 2)))
    run.feed(chunk(None, [[7, 8, 9, 0]], probes=(0, 1, 2, 3)))  # padded to a power of two
    run.feed(DONE)
    assert run.result().tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert told.lines == []
    with pytest.raises(Incomplete, match="2 columns of samples instead of 3"):
        run.feed(chunk(None, [[1, 2]], probes=(0, 1)))


def test_counted_and_uncounted_chunks_do_not_mix() -> None:
    run = fed(Told(), plan(), chunk(0, column(1)))
    with pytest.raises(Incomplete, match="counted some"):
        run.feed(chunk(None, column(2)))


def test_impossible_numbers_end_the_run() -> None:
    for number in (-1, 10_000):
        with pytest.raises(Incomplete, match="has no such chunk"):
            Told().collector(plan()).feed(chunk(number, column(1)))


def test_every_carrier_has_to_end() -> None:
    run = fed(Told(), two(1), state(RunState.DONE, carrier=A))
    assert not run.is_done
    assert run.waits_for == "second"
    run.feed(chunk(0, [[1.0, 3.0]], probes=(0, 2)))
    run.feed(chunk(0, [[2.0]], probes=(1,), carrier=B))
    with pytest.raises(Incomplete, match="carrier second has not said"):
        run.result()
    run.feed(state(RunState.DONE, carrier=B))
    assert run.result().tolist() == [[1.0, 2.0, 3.0]]


def test_a_carrier_that_stays_behind_is_named() -> None:
    run = fed(Told(), two(2), chunk(0, np.zeros((2, 2)), probes=(0, 2)), DONE)
    with pytest.raises(Incomplete, match=r"carrier second: samples 0-1 of 2"):
        run.result()


def test_the_vendors_mock_sends_all_channels_for_each_carrier() -> None:
    told = Told()
    everything = [[1.0, 2.0, 3.0]]
    run = fed(
        told,
        two(1),
        chunk(0, everything, probes=(0, 1, 2)),
        chunk(0, everything, probes=(0, 1, 2), carrier=B),
        DONE,
    )
    assert run.result().tolist() == everything
    assert told.lines == ["dropped: columns of probes that other carriers measure"]


def test_a_device_must_say_whose_samples_they_are() -> None:
    with pytest.raises(Incomplete, match="which of its carriers"):
        Told().collector(two()).feed(chunk(0, [[1.0]], carrier=""))
    assert fed(Told(), plan(1), chunk(0, column(1), carrier=""), DONE).result().tolist() == [[1.0]]


def test_links_are_kept_apart() -> None:
    run = fed(Told(), two(1, sources=(0, 1)))
    run.feed(DONE, 0)
    assert run.waits_for == "second"
    run.feed(chunk(0, [[5.0]], probes=(1,), carrier=B), 0)  # not where B is
    run.feed(chunk(0, [[2.0]], probes=(1,), carrier=B), 1)
    run.feed(chunk(0, [[1.0, 3.0]], probes=(0, 2)), 0)
    run.link_ended(0)
    with pytest.raises(ConnectError, match=r"the connection was lost; 1 of 1 samples"):
        run.link_ended(1)
    run.feed(DONE, 1)
    run.link_ended(1)
    assert run.result().tolist() == [[1.0, 2.0, 3.0]]


def test_a_lost_connection_is_an_error_while_something_is_missing() -> None:
    run = fed(Told(), plan(2), DONE)
    with pytest.raises(ConnectError, match="0 of 2"):
        run.link_ended()
    run.feed(chunk(0, column(1, 2)))
    run.link_ended()


def test_a_run_without_probes_has_no_samples() -> None:
    told = Told()
    run = fed(told, plan(probes=()), chunk(0, column(1)), DONE)
    assert run.is_complete
    assert run.result().shape == (0, 0)
    assert len(told.lines) == 1


# Whatever happens on the way.


@st.composite
def _mishaps(draw: st.DrawFn) -> tuple[RunPlan, list[Samples | StateChanged], Array, bool]:
    """A run of two carriers, its messages after all kinds of mishaps, the truth, and whether
    something got lost."""
    samples = draw(st.integers(1, 12))
    size = draw(st.integers(1, 5))
    truth = np.arange(3.0 * samples).reshape(samples, 3)
    sent = [
        chunk(
            number,
            truth[start : start + size][:, list(probes)],
            probes=probes,
            carrier=carrier,
        )
        for carrier, probes in ((A, (0, 2)), (B, (1,)))
        for number, start in enumerate(range(0, samples, size))
    ]
    lost = draw(st.sets(st.integers(0, len(sent) - 1), max_size=2))
    notices: list[Samples | StateChanged] = [s for n, s in enumerate(sent) if n not in lost]
    notices += draw(st.lists(st.sampled_from(notices), max_size=3)) if notices else []
    for one in draw(st.lists(st.sampled_from(sent), max_size=3)):
        foreign = replace(one, values=one.values + 100.0)
        notices.append(
            draw(
                st.sampled_from(
                    [
                        replace(foreign, run_id="foreign"),
                        replace(foreign, carrier="04-C"),
                        replace(foreign, is_final=True),
                    ]
                )
            )
        )
    notices += [state(RunState.DONE, carrier=A), state(RunState.DONE, carrier=f"/{B}")]
    order = draw(st.permutations(notices))
    return two(samples), list(order), truth, bool(lost)


@settings(max_examples=200)
@given(case=_mishaps())
def test_a_result_is_right_or_refused(
    case: tuple[RunPlan, list[Samples | StateChanged], Array, bool],
) -> None:
    run, notices, truth, is_lossy = case
    collector = fed(Told(), run, *notices)
    assert collector.is_done
    assert collector.is_complete is not is_lossy
    assert collector.needs_drain is is_lossy
    if is_lossy:
        with pytest.raises(Incomplete, match="did not arrive"):
            collector.result()
    else:
        assert np.array_equal(collector.result(), truth)


@settings(max_examples=100)
@given(case=_mishaps(), slack=st.integers(0, 1))
def test_with_slack_what_is_there_is_right(
    case: tuple[RunPlan, list[Samples | StateChanged], Array, bool], slack: int
) -> None:
    run, notices, truth, _ = case
    collector = fed(Told(), replace(run, slack=slack), *notices)
    try:
        got = collector.result()
    except Incomplete:
        return
    assert len(got) >= len(truth) - slack
    assert np.array_equal(got, truth[: len(got)])


def test_carriers_that_the_module_leaves_idle_are_no_news() -> None:
    told = Told()
    run = fed(told, replace(plan(1), idle=frozenset({B})), chunk(0, column(1)))
    run.feed(state(RunState.DONE, carrier=f"/{B}"))
    assert not run.is_done
    run.feed(state(RunState.DONE, carrier=A))
    assert run.result().tolist() == [[1.0]]
    assert told.lines == []
    with pytest.raises(RunFailed, match="DMA overflow"):
        run.feed(state(RunState.ERROR, carrier=f"/{B}", reason="DMA overflow"))
