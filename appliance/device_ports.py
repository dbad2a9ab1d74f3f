"""Serial ports of this computer that may have an analog computer behind them.

Machines with firmware 1.x are reached by USB. The port's numbers are read from what the kernel
shows of its devices; nothing is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

USB_ID: Final = "16c0:0483"
"""Vendor and product number of the machines' microcontroller as a serial port."""
MAX_PORTS: Final = 64
_DEV: Final = Path("/dev")
_TTY: Final = Path("/sys/class/tty")


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialPort:
    """``path`` stays the same when cables are swapped, where the system has such a name for the
    port; ``device`` is the port itself. ``usb_id`` is ``vendor:product``, or empty if unknown."""

    path: str
    device: str
    usb_id: str

    @property
    def is_machine(self) -> bool:
        """The microcontroller is the machines'; others use it too."""
        return self.usb_id == USB_ID


def serial_ports(dev: Path = _DEV, tty: Path = _TTY) -> tuple[SerialPort, ...]:
    """Each port once, in the order of their paths, those with a lasting name first. Other kinds of
    USB devices are left out where their numbers tell."""
    found: dict[str, SerialPort] = {}
    for path in _paths(dev):
        device = path.resolve()
        if str(device) not in found and len(found) < MAX_PORTS:
            port = SerialPort(path=str(path), device=str(device), usb_id=_usb_id(tty, device.name))
            found[str(device)] = port
    return tuple(one for one in found.values() if one.is_machine or not one.usb_id)


def _paths(dev: Path) -> Iterator[Path]:
    """Names of ports; none where this user may not look."""
    for folder, pattern in ((dev / "serial" / "by-id", "*"), (dev, "ttyACM*")):
        try:
            yield from sorted(path for path in folder.glob(pattern) if path.exists())
        except OSError:
            continue  # what cannot be listed cannot be offered


def _usb_id(tty: Path, name: str) -> str:
    """The port is an interface of a USB device, which is the directory above."""
    above = (tty / name / "device").resolve().parent
    try:
        numbers = [(above / key).read_text("ascii").strip() for key in ("idVendor", "idProduct")]
    except (OSError, UnicodeDecodeError):
        return ""
    return ":".join(numbers).lower()
