"""What can go wrong with a device, and what the caller should do about it.

DriverError
 |- ConnectError       nobody answers, or the link broke
 |- ProtocolError      the device answered something that makes no sense
 |- DeviceBusy         somebody else is using it
 |- OverflowReported   the machine reported a signal out of range
 |- DeviceTimeout      it did not answer in time
 `- RunRefused         the device cannot do what the module or the request asks for
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar


class Advice(Enum):
    """What to do after an error: try again, reset the device first, or give up on the request."""

    RETRY = "retry"
    RESET = "reset"
    GIVE_UP = "give up"


class DriverError(Exception):
    """Any failure of a device; the text is for the user, ``advice`` for the program."""

    advice: ClassVar[Advice] = Advice.GIVE_UP


class ConnectError(DriverError):
    """The device cannot be reached; it may come back, so retry later."""

    advice = Advice.RETRY


class ProtocolError(DriverError):
    """The conversation is out of step; reset the connection before the next attempt."""

    advice = Advice.RESET


class DeviceBusy(DriverError):
    """Another user holds the device; retry later."""

    advice = Advice.RETRY


class OverflowReported(DriverError):
    """A signal left the machine's range; the same run would do so again, so give up."""


class DeviceTimeout(DriverError):
    """No answer in time; the device's state is unknown, so reset it."""

    advice = Advice.RESET


class RunRefused(DriverError):
    """The device cannot run this module as asked; the text says why, so give up."""
