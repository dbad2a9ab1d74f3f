"""The tree of everything that runs: store > devices > outward > server.

Indentation is shutdown order: the server stops first, the store last.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from appliance.api.app import build_app
from appliance.api.parts import Parts
from appliance.api.server import ServerLimits, serve_http
from appliance.board import Bells, DeviceBoard, DeviceEntry
from appliance.compile_pool import CompilePool
from appliance.control import Control
from appliance.conversion import Conversions
from appliance.errors import StoreError
from appliance.events import EventHub
from appliance.reload import Reloader
from appliance.restart import keep_running
from appliance.runner import DeviceRunner
from appliance.store.opening import open_store
from appliance.workings import Workings, open_pools

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from appliance.config import Config
    from appliance.config_models import Device, Limits
    from appliance.reload import Reloadable
    from appliance.tls import ServerTls
    from appliance.users import Users
    from appliance.workings import Pools

_log = logging.getLogger("analogcloud.supervisor")

GRACE_S: Final = 3.0
"""What open requests get to finish when the appliance stops."""
LAST_RESORT_S: Final = 9.0
"""After a stop was asked for, the process ends by this time, whatever holds it."""

EXIT_STOPPED: Final = 0
EXIT_NO_START: Final = 1
EXIT_STORE: Final = 3
EXIT_STUCK: Final = 4


async def run_appliance(
    config: Config,
    users: Users,
    stop: trio.Event,
    workings: Workings,
    tls: ServerTls | None = None,
    *,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run everything until ``stop`` is set, with HTTPS where there is ``tls``. Started with the
    addresses that are served.

    Raises StoreError where the store cannot be opened or fails (then in a group), OSError where
    the address cannot be had (in a group).
    """
    started_at, events = time.monotonic(), EventHub()
    async with (
        open_store(config.state_dir, listener=events) as store,
        open_pools(config) as pools,
    ):
        for id in await store.tasks.recover():
            _log.warning("event=task_interrupted task=%s", id)
        board, bells = DeviceBoard(_entry(device) for device in config.devices), Bells()
        parts = Parts(
            config=config,
            users=users,
            store=store,
            board=board,
            bells=bells,
            control=Control(),
            events=events,
            conversions=Conversions(pools.convert, workings.convert, store.blobs),
            started_at=started_at,
        )
        async with trio.open_nursery() as device_nursery:
            await _start_services(device_nursery, parts, pools, workings)
            device_nursery.start_soon(pools.warm, workings)
            # The place of what looks outward: events, housekeeping.
            device_nursery.start_soon(store.orphans.sweep)
            device_nursery.start_soon(_end_streams, stop, events)
            app, bind, limits = build_app(parts), str(config.bind), _server_limits(config.limits)
            current_tls = None if tls is None else partial(getattr, tls, "context")
            await serve_http(app, bind, limits, stop, current_tls, task_status=task_status)
            device_nursery.cancel_scope.cancel()


async def _end_streams(stop: trio.Event, events: EventHub) -> None:
    """Streams of events have no end of their own that a stop could wait for."""
    await stop.wait()
    events.close()


async def _start_services(
    device_nursery: trio.Nursery, parts: Parts, pools: Pools, workings: Workings
) -> None:
    """All at once: each device is looked at first, and one that is silent makes nobody wait but
    for that one look."""
    config, store, bells, control = parts.config, parts.store, parts.bells, parts.control
    services: list[Callable[..., Awaitable[None]]] = []
    for device, entry in zip(config.devices, parts.board.all(), strict=True):
        entity = config.entities.get(device.name)
        driver = workings.make_device(device, entity, pools.simulate)
        runner = DeviceRunner(entry, driver, store, bells, control, config.scanner.interval_s)
        on_crash = partial(setattr, entry, "reason")
        services.append(partial(keep_running, f"device/{device.name}", runner.run, on_crash))
    workers = config.workers.compile.num_instances
    pool = CompilePool(store, bells, control, pools.compile, workings.compile, workers)
    services.append(partial(keep_running, "compile", pool.run, _ignore))
    async with trio.open_nursery() as starting:
        for service in services:
            starting.start_soon(device_nursery.start, service)


def _ignore(reason: str) -> None:
    """What has no entry on the board that could show a crash: the log has it."""


def _entry(device: Device) -> DeviceEntry:
    return DeviceEntry(
        name=device.name,
        type=device.type,
        max_sample_rate=device.max_sample_rate,
        has_exact_rates=device.has_exact_rates,
        max_op_time_s=device.op_time_limit_s,
    )


def _server_limits(limits: Limits) -> ServerLimits:
    return ServerLimits(
        header_s=limits.header_timeout_s,
        keep_alive_s=limits.keep_alive_s,
        send_s=limits.send_timeout_s,
        connections=limits.connections,
        grace_s=GRACE_S,
    )


def serve(
    config: Config,
    users: Users,
    tls: ServerTls | None = None,
    reloadable: Sequence[Reloadable] = (),
) -> int:
    """Run the appliance as this process until SIGTERM or SIGINT; ``reloadable`` is read anew on
    SIGHUP and when its files change. Returns the exit code:

    0 stopped on request; 1 could not start, or failed; 3 the store failed; 4 (by itself, without
    returning) something held up the stop for too long.
    """
    for warning in config.warnings:
        _log.warning("event=configuration_warning %s", warning)
    try:
        reloader = Reloader(reloadable, config.reload_check_s)
        trio.run(_until_signal, config, users, tls, reloader)
    except* StoreError as group:
        _log.critical("event=store_failed error=%r", _texts(group))
        return_code = EXIT_STORE
    except* OSError as group:
        _log.critical("event=no_start error=%r", _texts(group))
        return_code = EXIT_NO_START
    else:
        return_code = EXIT_STOPPED
    return return_code


async def _until_signal(
    config: Config, users: Users, tls: ServerTls | None, reloader: Reloader
) -> None:
    stop, scheme = trio.Event(), "http" if tls is None else "https"
    async with trio.open_nursery() as nursery:
        await nursery.start(_watch_signals, stop, nursery, reloader)
        await nursery.start(partial(keep_running, "reload", reloader.run, _ignore))
        run = partial(run_appliance, config, users, stop, Workings(), tls)
        addresses = await nursery.start(_then_cancel, run, nursery)
        for address in addresses:
            devices = len(config.devices)
            _log.info("event=serving url=%s://%s devices=%d", scheme, address, devices)


async def _then_cancel(
    run: Callable[..., Awaitable[None]],
    nursery: trio.Nursery,
    *,
    task_status: trio.TaskStatus[list[str]],
) -> None:
    await run(task_status=task_status)
    nursery.cancel_scope.cancel()


async def _watch_signals(
    stop: trio.Event,
    nursery: trio.Nursery,
    reloader: Reloader,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """SIGHUP has files read anew. Of the others, the first asks everything to stop, the second
    cuts open requests off."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        task_status.started()
        async for number in signals:
            if number == signal.SIGHUP:
                reloader.ask()
                continue
            if stop.is_set():
                nursery.cancel_scope.cancel()
            _log.info("event=stopping signal=%s", signal.Signals(number).name)
            _end_for_certain()
            stop.set()


def _end_for_certain() -> None:
    """A thread that outlives the loop: a stop has an end even where a bug would hold it."""
    timer = threading.Timer(LAST_RESORT_S, _give_up)
    timer.daemon = True
    timer.start()


def _give_up() -> None:
    _log.critical("event=stuck after_s=%g", LAST_RESORT_S)
    os._exit(EXIT_STUCK)


def _texts(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(_texts(one) for one in error.exceptions)
    return f"{type(error).__name__}: {error}"
