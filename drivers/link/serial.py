"""Connections by USB serial, which machines with firmware 1.x offer.

The library for it is loaded when the first port is opened: most appliances never do.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

import trio

from drivers.errors import ConnectError
from drivers.link.connection import Connection

if TYPE_CHECKING:
    from trio_serial.abstract import AbstractSerialStream

    from drivers.link.endpoint import Endpoint

_BAUD: Final = 115_200
"""USB does not care; the vendor's clients say this."""

_WORDS: Final = {
    errno.ENOENT: "does not exist. Is the cable plugged in?",
    errno.ENXIO: "has no device behind it. Is the cable plugged in?",
    errno.ENODEV: "has no device behind it. Is the cable plugged in?",
    errno.EACCES: "may not be opened by this user. On most systems, being in the group dialout "
    "helps.",
    errno.EBUSY: "is in use by another program.",
    errno.EAGAIN: "is in use by another program.",
    errno.ENOTTY: "is no serial port.",
    errno.EISDIR: "is no serial port.",
}


async def open_serial(endpoint: Endpoint) -> Connection:
    """Open the port for us alone and drop what has come before. Raises ConnectError."""
    import termios  # as the library: only here, and only where there are serial ports

    from trio_serial import SerialStream

    port = SerialStream(endpoint.serial, exclusive=True, baudrate=_BAUD)
    try:
        await port.aopen()
        await port.discard_input()
    except (OSError, termios.error) as error:
        await trio.aclose_forcefully(port)
        raise ConnectError(_explain(endpoint, error)) from error
    return Connection(stream=SerialPort(port), place=str(endpoint), is_noisy=True)


def _explain(endpoint: Endpoint, error: Exception) -> str:
    # The library wraps the refusal of a lock; termios.error is no OSError but has its number.
    for cause in (error.__cause__, error):
        number = cause.args[0] if cause is not None and cause.args else None
        if number in _WORDS:
            return f"{endpoint} {_WORDS[number]}"
    return f"{endpoint} cannot be opened: {error}"


class SerialPort(trio.abc.Stream):
    """The library's stream with trio's own errors: an unplugged cable is an end of the data for
    who reads and BrokenResourceError for who writes."""

    def __init__(self, port: AbstractSerialStream) -> None:
        self._port = port

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        try:
            return await self._port.receive_some(max_bytes)
        except OSError as error:
            if error.errno in {errno.EIO, errno.ENXIO, errno.ENODEV}:
                return b""
            raise trio.BrokenResourceError(str(error)) from error

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        try:
            await self._port.send_all(data)
        except OSError as error:
            raise trio.BrokenResourceError(str(error)) from error

    async def wait_send_all_might_not_block(self) -> None:
        await self._port.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._port.aclose()
