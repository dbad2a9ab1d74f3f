"""Devices belong to one user at a time: a technician's test keeps the appliance away meanwhile."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from appliance.store.opening import LOCK_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class ApplianceRuns(Exception):
    """The appliance of this configuration runs, and may use its devices at any time."""


@contextmanager
def appliance_kept_away(state_dir: Path) -> Iterator[str]:
    """A block during which the appliance with this state directory cannot start.

    Gives an empty text, or why that cannot be promised: no file is made for it, as it would belong
    to another user than the appliance's. Raises ApplianceRuns.
    """
    try:
        descriptor = os.open(state_dir / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield "do not start the appliance during the test"
        return
    except OSError as error:
        yield f"whether the appliance runs cannot be seen: {error.filename}: {error.strerror}"
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ApplianceRuns(
            "the appliance of this configuration is running, and a device has one user at a time: "
            "stop the appliance, test, and start it again"
        ) from error
    else:
        yield ""
    finally:
        os.close(descriptor)  # gives the lock back
