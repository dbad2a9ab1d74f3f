"""The two ways to submit work: every check in the order of the contract, then one commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from appliance.api.body import decode_module, read_body
from appliance.api.problems import ApiError, field_error
from appliance.api.schemas import CompileRequest, RunRequest
from appliance.models import COMPILE_QUEUE, DeviceType, NewCompile, NewRun, device_queue
from appliance.modules import ModuleRefused, check_circuit, target_class

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from appliance.api.parts import Parts
    from appliance.auth import User
    from appliance.board import DeviceEntry
    from appliance.models import Task

    T = TypeVar("T")

LOOKERS: Final = 1
"""Threads that look into modules: it is work for the processor, a second one would not help."""


class Submission:
    """Checks requests for work and stores them. A task that is returned is on disk."""

    def __init__(self, parts: Parts) -> None:
        self._config = parts.config
        self._store = parts.store
        self._board = parts.board
        self._bells = parts.bells
        self._look_limit = trio.CapacityLimiter(LOOKERS)

    async def compile(self, user: User, body: bytes) -> Task:
        """Rest-api reference, section 5, POST /tasks/compile. Raises ApiError."""
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
        new = NewCompile(
            owner=user.owner,
            priority=user.priority,
            backend=asked.backend,
            module=await self._store.blobs.put_bytes(module),
            ode_source=asked.ode_source,
            k0=asked.k0,
        )
        task = await self._store.tasks.create_compile(new)
        self._bells.ring(COMPILE_QUEUE)
        return task

    async def run(self, user: User, body: bytes) -> Task:
        """Rest-api reference, section 5, POST /tasks/run. Raises ApiError."""
        asked = read_body(body, RunRequest)
        self._check_op_time(asked.op_time)
        device = self._device(asked, user)
        module = self._decode(asked.module)
        await self._look(check_circuit, module)
        # The place of the hourly and daily limits (429).
        new = NewRun(
            owner=user.owner,
            priority=user.priority,
            device_name=device.name,
            device_type=device.type,
            module=await self._store.blobs.put_bytes(module),
            sample_rate=asked.sample_rate,
            op_time_s=asked.op_time,
        )
        task = await self._store.tasks.create_run(new)
        self._bells.ring(device_queue(device.name))
        return task

    def _check_source(self, source: str) -> None:
        limit = self._config.limits.source_bytes
        if len(source) > limit or len(source.encode()) > limit:
            message = f"is larger than {limit} bytes, which is the longest program allowed"
            raise field_error("ode_source", message, "too_long")

    def _check_op_time(self, op_time_s: float) -> None:
        limit = self._config.workers.run_op_time_limit_s
        if op_time_s > limit:
            raise field_error("op_time", f"must be at most {limit:g} seconds", "less_than_equal")

    def _device(self, asked: RunRequest, user: User) -> DeviceEntry:
        """The device, if it exists (404), can sample so fast (422), is allowed (403), is there
        (503)."""
        device = self._board.find(asked.device_name)
        if device is None:
            raise ApiError(404, "device_name: there is no device of this name")
        if asked.sample_rate > device.max_sample_rate:
            message = f"must be at most {device.max_sample_rate} on {device.name}"
            raise field_error("sample_rate", message, "less_than_equal")
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
