"""``analogcloud demo``: from the Lorenz equations to numbers, over HTTP, in a few seconds."""

from __future__ import annotations

import base64
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

from appliance.demo_appliance import DemoFailed, running_appliance
from appliance.demo_device import NAME, running_device
from appliance.demo_program import PROGRAM, say
from drivers.apb.codec import decode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    from appliance.demo_appliance import Appliance

SAMPLE_RATE: Final = 125_000
"""The fastest at which a LUCIDAC records three probes."""
SIMULATOR: Final = "simulator"
PATIENCE_S: Final = 120.0
PAUSE_S: Final = 0.05


def demo(*, once: bool) -> int:
    """Show the whole way once, then serve until interrupted unless ``once``. Returns 0 when the
    result agrees with the equations, else 1."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, _end)
    began = time.monotonic()
    try:
        with running_device() as section, running_appliance("demo", section) as appliance:
            say(f"The appliance serves at {appliance.url} (started in {_since(began)}).\n")
            is_right = _show(appliance)
            say(f"\nFrom nothing to the result: {_since(began)}.")
            if not once and is_right:
                _keep_serving(appliance)
            return 0 if is_right else 1
    except DemoFailed as error:
        print(f"The demo failed: {error}", file=sys.stderr)
        return 1


def _end(number: int, frame: FrameType | None) -> None:
    """A signal as an exception, so that the appliance is stopped and its directory removed. The
    appliance itself takes the end of its terminal for a wish to read its files anew."""
    sys.exit(1)


def _show(appliance: Appliance) -> bool:
    say(PROGRAM)
    task = _submit_compile(appliance)
    from appliance.demo_show import (  # mathematics: loaded while the appliance works
        show_difference,
        show_result,
    )

    module = task.result()
    scaling = decode(module).scaling
    if scaling is None:
        raise DemoFailed("the compiled module says nothing about its units")
    op_time_s = scaling.horizon / scaling.time_rate
    tasks = [_submit_run(appliance, name, module, op_time_s) for name in (SIMULATOR, NAME)]
    simulated, measured = (task.result() for task in tasks)
    step = scaling.time_rate / SAMPLE_RATE
    return show_result(simulated, step) and show_difference(NAME, simulated, measured)


def _submit_compile(appliance: Appliance) -> _Task:
    target = appliance.request("GET", "/api/v1/devices/simulator/entity")
    asked = {
        "ode_source": PROGRAM,
        "backend": "LUCIDAC",
        "module": base64.b64encode(target).decode(),
    }
    return _Task(appliance, "compile", asked)


def _submit_run(appliance: Appliance, device: str, module: bytes, op_time_s: float) -> _Task:
    asked = {
        "device_name": device,
        "module": base64.b64encode(module).decode(),
        "sample_rate": SAMPLE_RATE,
        "op_time": op_time_s,
    }
    return _Task(appliance, "run", asked, f" on {device}")


class _Task:
    """A submitted task. ``result`` waits, shows the log, and raises DemoFailed if it failed."""

    def __init__(
        self, appliance: Appliance, kind: str, asked: Mapping[str, object], where: str = ""
    ) -> None:
        self._appliance = appliance
        self._began = time.monotonic()
        self._name = f"{kind} task{where}"
        self._path = "/api/v1/tasks/" + appliance.json("POST", f"/api/v1/tasks/{kind}", asked)["id"]

    def result(self) -> bytes:
        status = self._end()
        for line in self._appliance.json("GET", f"{self._path}/log")["lines"]:
            say(f"    {line.split(' ', 2)[2]}")
        if status["state"] != "succeeded":
            raise DemoFailed(f"the {self._name} failed: {status['error']}")
        say(f"The {self._name} took {_since(self._began)}.\n")
        return self._appliance.request("GET", f"{self._path}/result")

    def _end(self) -> dict[str, str]:
        """The status once the task is done."""
        while time.monotonic() - self._began < PATIENCE_S:
            status: dict[str, str] = self._appliance.json("GET", f"{self._path}/status")
            if status["state"] not in ("queued", "inprogress"):
                return status
            time.sleep(PAUSE_S)  # a client's pause in a process of its own, not the appliance's
        raise DemoFailed(f"the {self._name} is not done after {PATIENCE_S:g} s")


def _keep_serving(appliance: Appliance) -> None:
    say(f"\nThe appliance goes on serving. Stop it with Ctrl-C.\n\n    URL  {appliance.url}")
    say(f"    key  {appliance.key}\n\nFor example:\n")
    say(f"    curl -H 'Authorization: Bearer {appliance.key}' {appliance.url}/api/v1/devices\n")
    try:
        appliance.process.wait()
    except KeyboardInterrupt:
        return
    raise DemoFailed("the appliance ended by itself")


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"
