"""Frames of the control connection: a length as protobuf varint, then that many bytes.

The bytes are one envelope (see protobuf); nothing here knows what it says.
"""

from __future__ import annotations

from typing import Final

from drivers.apb.wire import varint
from drivers.errors import ProtocolError, RunRefused

MAX_FRAME_BYTES: Final = 262_084
"""The longest envelope that the machines and their proxy take."""


def frame(payload: bytes) -> bytes:
    """One envelope as a frame; RunRefused when no machine would take it."""
    if len(payload) > MAX_FRAME_BYTES:
        raise RunRefused(
            f"The circuit is too large for the device: {len(payload)} bytes, at most "
            f"{MAX_FRAME_BYTES} are allowed."
        )
    return varint(len(payload)) + payload


class Unframer:
    """Envelopes out of a stream of bytes, however the network cut it.

    Holds no more than one unfinished frame. After a ProtocolError the stream cannot be followed any
    more: close the connection and drop the unframer.
    """

    __slots__ = ("_held", "_limit")

    def __init__(self, max_bytes: int = MAX_FRAME_BYTES) -> None:
        self._held = bytearray()
        self._limit = max_bytes

    @property
    def pending(self) -> int:
        """Bytes of an unfinished frame that are held back, its length included."""
        return len(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """The envelopes that ``data`` completes; an empty frame gives ``b""``.

        Raises ProtocolError as soon as a length says more than the limit, whatever follows.
        """
        held = self._held
        held += data
        found: list[bytes] = []
        position = 0
        while (start := self._body(position)) is not None:
            stop = start[0] + start[1]
            if stop > len(held):
                break
            found.append(bytes(held[start[0] : stop]))
            position = stop
        del held[:position]
        return found

    def _body(self, position: int) -> tuple[int, int] | None:
        """Where the body of the frame at ``position`` starts and its length; None when the length
        is not all there yet."""
        length = 0
        for shift, byte in enumerate(self._held[position : position + self._longest() + 1]):
            length |= (byte & 0x7F) << 7 * shift
            if length > self._limit or shift >= self._longest():
                raise ProtocolError(
                    f"A message claims to be longer than {self._limit} bytes. Whoever is at the "
                    "other end does not speak the devices' protocol, or lost its place in it."
                )
            if byte < 0x80:
                return position + shift + 1, length
        return None

    def _longest(self) -> int:
        """Bytes that a permitted length takes at most."""
        return max(1, -(-self._limit.bit_length() // 7))
