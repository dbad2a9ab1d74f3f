"""The two ways to submit work: every check in the order of the contract, then one commit."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import trio

from appliance.api.body import decode_module, read_body
from appliance.api.problems import ApiError, field_error
from appliance.api.schemas import CompileRequest, RunRequest
from appliance.models import DeviceType, NewCompile, NewRun
from appliance.modules import ModuleRefused, sampled_by, target_class
from appliance.terms import LimitReached, QueueFull, Receipt, Terms
from appliance.users import RateLimits
from drivers.rates import RateRefused, check_rate

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from appliance.api.parts import Parts
    from appliance.auth import User
    from appliance.board import DeviceEntry
    from appliance.models import Blob
    from appliance.terms import NotTaken, Once

    T = TypeVar("T")

LOOKERS: Final = 1
"""Threads that look into modules: it is work for the processor, a second one would not help."""
SAMPLE_BYTES: Final = 24
"""The longest text of a double, and a comma: no sample takes more in a result."""


QUEUE_FULL_S: Final = 30
"""After how long somebody with a full queue may ask again; nobody knows when there is room."""


def refusal(error: NotTaken) -> ApiError:
    """What a client is told whose task is not taken."""
    if isinstance(error, LimitReached):
        return ApiError(429, str(error), headers={"Retry-After": str(error.retry_after_s)})
    if isinstance(error, QueueFull):
        return ApiError(429, str(error), headers={"Retry-After": str(QUEUE_FULL_S)})
    return ApiError(422, str(error))


class Submission:
    """Checks requests for work and stores them. What there is a receipt for is on disk."""

    def __init__(self, parts: Parts) -> None:
        self._config = parts.config
        self._store = parts.store
        self._board = parts.board
        self._bells = parts.bells
        self._look_limit = trio.CapacityLimiter(LOOKERS)

    async def compile(self, user: User, body: bytes, once: Once | None) -> Receipt:
        """Rest-api reference, section 5, POST /tasks/compile. Raises ApiError, NotTaken."""
        terms = await self._terms(user, once)
        asked = read_body(body, CompileRequest)
        self._check_source(asked.ode_source)
        if asked.backend is DeviceType.SIMULATOR:
            raise ApiError(
                400, "backend: SIMULATOR is no target; name the machine that it stands for"
            )
        module = self._decode(asked.module)
        found = await self._look(target_class, module)
        if found is not asked.backend:
            message = f"is {asked.backend}, but the module describes a {found}"
            raise field_error("backend", message, "mismatch")

        def new(module: Blob) -> NewCompile:
            return NewCompile(
                owner=user.owner,
                priority=user.priority,
                backend=asked.backend,
                module=module,
                ode_source=asked.ode_source,
                k0=asked.k0,
            )

        return await self._take(module, new, terms)

    async def run(self, user: User, body: bytes, once: Once | None) -> Receipt:
        """Rest-api reference, section 5, POST /tasks/run. Raises ApiError, NotTaken."""
        terms = await self._terms(user, once)
        asked = read_body(body, RunRequest)
        self._check_op_time(asked.op_time)
        device = self._device(asked, user)
        module = self._decode(asked.module)
        sampled = await self._look(sampled_by, module)
        self._check_size(asked, sampled.probes)
        _check_rate(asked, device, sampled.carrier_probes)
        limits = user.limits.get(device.type, RateLimits())
        terms = replace(terms, hourly=limits.hourly, daily=limits.daily)
        if limits != RateLimits():  # nothing is written for those who will be refused
            await self._store.tasks.admit(device.type, terms)

        def new(module: Blob) -> NewRun:
            return NewRun(
                owner=user.owner,
                priority=user.priority,
                device_name=device.name,
                device_type=device.type,
                module=module,
                sample_rate=asked.sample_rate,
                op_time_s=asked.op_time,
            )

        return await self._take(module, new, terms)

    async def _terms(self, user: User, once: Once | None) -> Terms:
        """Raises Repeated, KeyReused: what was taken once is answered whatever has become of
        devices and limits since."""
        if once is not None:
            await self._store.tasks.admit(None, Terms(owners=user.owners, once=once))
        queued = self._config.limits.queued_per_key
        return Terms(owners=user.owners, once=once, queued=queued)

    async def _take(
        self, module: bytes, new: Callable[[Blob], NewCompile | NewRun], terms: Terms
    ) -> Receipt:
        blob, task = await self._store.blobs.put_bytes(module), None
        try:
            task = await self._store.tasks.create(new(blob), terms)
        finally:
            self._store.blobs.release(blob)
            if task is None:
                await self._store.orphans.collect([blob.digest])
        self._bells.ring(task.queue)
        return Receipt(id=task.id, type=task.type, created_at=task.created_at)

    def _check_source(self, source: str) -> None:
        limit = self._config.limits.source_bytes
        if len(source) > limit or len(source.encode()) > limit:
            message = f"is larger than {limit} bytes, which is the longest program allowed"
            raise field_error("ode_source", message, "too_long")

    def _check_op_time(self, op_time_s: float) -> None:
        limit = self._config.workers.run_op_time_limit_s
        if op_time_s > limit:
            raise field_error("op_time", f"must be at most {limit:g} seconds", "less_than_equal")

    def _check_size(self, asked: RunRequest, probes: int) -> None:
        limit, samples = self._config.limits.result_bytes, asked.sample_rate * asked.op_time
        size = math.ceil(samples) * probes * SAMPLE_BYTES
        if size > limit:
            raise ApiError(
                422,
                f"sample_rate, op_time: {samples:.0f} samples of each of {probes} probes could be"
                f" {size} bytes, but a result may have {limit}: lower one of the two",
            )

    def _device(self, asked: RunRequest, user: User) -> DeviceEntry:
        """The device, if it exists (404), samples so fast and runs so long (422), is allowed (403),
        is there (503)."""
        device = self._board.find(asked.device_name)
        if device is None:
            raise ApiError(404, "device_name: there is no device of this name")
        if asked.sample_rate > device.max_sample_rate:
            message = f"must be at most {device.max_sample_rate} on {device.name}"
            raise field_error("sample_rate", message, "less_than_equal")
        if asked.op_time > device.max_op_time_s:
            message = f"must be at most {device.max_op_time_s:g} seconds on {device.name}"
            raise field_error("op_time", message, "less_than_equal")
        if user.devices is not None and device.name not in user.devices:
            raise ApiError(403, f"this key may not use device {device.name}")
        if not device.is_available:
            raise ApiError(503, f"device {device.name} is not available: {device.reason}")
        return device

    def _decode(self, text: str) -> bytes:
        return decode_module(text, self._config.limits.module_bytes)

    async def _look(self, look: Callable[[bytes], T], module: bytes) -> T:
        try:
            return await trio.to_thread.run_sync(look, module, limiter=self._look_limit)
        except ModuleRefused as error:
            raise field_error("module", str(error), "module") from error


def _check_rate(asked: RunRequest, device: DeviceEntry, channels: int) -> None:
    """Hardware would round other rates without a word."""
    if not device.has_exact_rates:
        return
    try:
        check_rate(asked.sample_rate, channels, device.max_sample_rate)
    except RateRefused as error:
        raise field_error("sample_rate", str(error), "sample_rate") from error
