"""Queue, priorities, cancel, delete, limits and retries against a model, step by step (hypothesis).

The HTTP application stands on a real store in a thread of its own; the machine plays the workers
and the clock.
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx
import pytest
import trio
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from appliance.api.app import build_app
from appliance.models import COMPILE_QUEUE, TaskId, TaskState, device_queue
from appliance.store import Store, open_store
from tests.api.parts import parts_over
from tests.api.queue_model import Holder, Job, Model
from tests.api.serving import CONFIG, MODULE
from tests.stores import MODULE as RESULT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HOLDERS = (
    Holder("key-one", 1, 3, 5),
    Holder("key-two", 10, 4, None),
    Holder("key-three", 12, None, None),
    Holder("key-four", 2, 0, 9),
)
START_S = 1_800_000_000
GRACE_S = 120.0
SETTINGS = f"{CONFIG}\n[tasks]\ndelete_grace_s = {GRACE_S}\n".replace(
    "[limits]", "[limits]\nqueued_per_key = 6"
)
JOURNEYS = (61, 601, 1807, 43_213)
"""Seconds; no sum of few of them is within some seconds of an hour, a day or the grace."""


def users() -> str:
    lines = ["subscriptions:"]
    for one in HOLDERS:
        limits = {"hourly": one.hourly, "daily": one.daily}
        told = ", ".join(f"{name}: {n}" for name, n in limits.items() if n is not None)
        lines.append(f"  of-{one.key}: {{limits: {{SIMULATOR: {{{told}}}}}}}")
    lines.append("users:")
    for one in HOLDERS:
        about = f"enabled: true, name: N, email: e@example.org, priority: {one.priority}"
        lines.append(f"  {one.key}: {{{about}, subscription: of-{one.key}}}")
    return "\n".join(lines)


class Office:
    """The application in a thread; ``call`` runs something there."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.store: Store
        self._client: httpx.AsyncClient
        self.start()

    def start(self) -> None:
        self._is_open = threading.Event()
        self._thread = threading.Thread(target=trio.run, args=(self._serve,))
        self._thread.start()
        assert self._is_open.wait(10)

    def end(self) -> None:
        self._token.run_sync_soon(self._close.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    async def _serve(self) -> None:
        self._token, self._close = trio.lowlevel.current_trio_token(), trio.Event()
        async with open_store(self._directory / "state") as self.store:
            await self.store.tasks.recover()
            parts = parts_over(self.store, self._directory, config=SETTINGS, auth=users())
            transport = httpx.ASGITransport(app=build_app(parts))
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as self._client:
                self._is_open.set()
                await self._close.wait()

    # Any: whatever the function returns.
    def call(self, function: Callable[..., Awaitable[Any]], *args: Any) -> Any:  # noqa: ANN401
        return trio.from_thread.run(function, *args, trio_token=self._token)

    def ask(
        self,
        holder: Holder,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        retry: str | None = None,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {holder.key}"}
        headers |= {"Idempotency-Key": retry} if retry else {}

        async def request() -> httpx.Response:
            return await self._client.request(method, f"/api/v1{path}", json=body, headers=headers)

        answer: httpx.Response = self.call(request)
        return answer


holders = st.sampled_from(HOLDERS)
kinds = st.sampled_from(("run", "run", "compile"))
picks = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from((False,) * 5 + (True,)), st.booleans()),
    min_size=1,
    max_size=4,
)
retries = st.sampled_from((None, None, None, "a", "b"))


class Machine(RuleBasedStateMachine):
    """Does the same to the appliance and to the model."""

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.model = Model(queued_per_key=6, grace_s=GRACE_S, wall=START_S)
        self.patch = patch.object(time, "time_ns", lambda: int(self.model.wall * 1e9))
        self.patch.start()
        self.office = Office(Path(self.directory.name))
        self.seen: list[Job] = []

    def teardown(self) -> None:
        if hasattr(self, "office"):
            self.office.end()
            self.patch.stop()
            self.directory.cleanup()

    @rule(orders=st.lists(st.tuples(holders, kinds, st.integers(1, 2), retries), min_size=1))
    def submit(self, orders: list[tuple[Holder, str, int, str | None]]) -> None:
        for order in orders:
            self._submit(*order)

    def _submit(self, holder: Holder, kind: str, k0: int, retry: str | None) -> None:
        body = {"device_name": "sim", "module": MODULE, "op_time": k0 / 10}
        if kind == "compile":
            body = {"ode_source": "x", "backend": "LUCIDAC", "module": MODULE, "k0": k0}
        answer = self.office.ask(holder, "POST", f"/tasks/{kind}", body, retry)
        known, request = self.model.replay(holder, retry), f"{kind} {k0}"
        if known is not None:
            assert answer.status_code == (201 if known[0] == request else 422)
            assert known[0] != request or answer.json()["id"] == known[1]
        elif (status := self.model.refusal(holder, kind)) is not None:
            assert answer.status_code == status
            assert int(answer.headers["retry-after"]) > 0
        else:
            assert answer.status_code == 201, answer.text
            self.model.take(holder, kind, answer.json()["id"], retry, request)
            self.seen.append(self.model.jobs[-1])

    @rule(kind=kinds, count=st.integers(1, 3))
    def claim(self, kind: str, count: int) -> None:
        for _ in range(count):
            self._claim(kind)

    def _claim(self, kind: str) -> None:
        queue = device_queue("sim") if kind == "run" else COMPILE_QUEUE
        task = self.office.call(self.office.store.tasks.claim_next, queue)
        assert (task.id if task else None) == self.model.claim(kind)

    @rule(number=st.integers(0, 30), is_good=st.booleans())
    def finish(self, number: int, is_good: bool) -> None:
        """The work on any task ends, also on one that was deleted or has ended before."""
        working = [job for job in self.model.jobs if job.state == "inprogress"]
        if pool := working + self.seen:
            job = pool[number % len(pool)]
            state = TaskState.SUCCEEDED if is_good else TaskState.FAILED
            ending: dict[str, Any] = {"result": RESULT} if is_good else {"error": "no"}
            is_ours = job in self.model.jobs and job.state == "inprogress"

            async def end() -> bool:
                return await self.office.store.tasks.transition(
                    TaskId(job.id), TaskState.INPROGRESS, state, **ending
                )

            assert self.office.call(end) is is_ours
            if is_ours:
                job.state = state

    @rule(picks=picks, holder=holders)
    def take_back(self, picks: list[tuple[int, bool, bool]], holder: Holder) -> None:
        """Cancel or delete: preferably what is in progress, sometimes by a stranger."""
        for number, is_stranger, is_delete in picks:
            working = [job for job in self.model.jobs if job.state == "inprogress"]
            pool = working + self.model.jobs + self.seen[-3:]
            if pool:
                job = pool[number % len(pool)]
                self._take_back(job, holder if is_stranger else job.holder, is_delete)

    def _take_back(self, job: Job, holder: Holder, is_delete: bool) -> None:
        expected = (self.model.delete if is_delete else self.model.cancel)(holder, job)
        method, tail = ("DELETE", "") if is_delete else ("POST", "/cancel")
        answer = self.office.ask(holder, method, f"/tasks/{job.id}{tail}")
        assert answer.status_code == expected

    @rule(seconds=st.sampled_from((*JOURNEYS, *JOURNEYS, -1001, -200_003, 0)))
    def wait(self, seconds: int) -> None:
        """Time passes, the clock is set back, or (0) the appliance starts anew."""
        if seconds:
            return self.model.advance(seconds)
        self.office.end()
        self.office.start()
        self.model.restart()

    @rule(holder=holders)
    def look(self, holder: Holder) -> None:
        me = self.office.ask(holder, "GET", "/users/me").json()
        limits = me["rate_limits"]["SIMULATOR"]
        left = (limits["hourly_remaining"], limits["daily_remaining"])
        assert left == self.model.remaining(holder)
        tasks = self.office.ask(holder, "GET", "/tasks?limit=1000").json()
        assert [(one["id"], one["state"]) for one in tasks] == self.model.listing(holder)
        for place, job in enumerate(self.model.waiting("run")):
            detail = self.office.ask(job.holder, "GET", f"/tasks/{job.id}").json()
            assert detail["queue_position"] == place


def check(examples: int, steps: int, *, is_random: bool) -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=not is_random,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_appliance_does_as_the_model() -> None:
    check(6, 40, is_random=False)


@pytest.mark.long
def test_the_appliance_does_as_the_model_for_long() -> None:
    check(300, 80, is_random=True)
