"""Lines of the JSONL dialect out of a stream of bytes."""

from __future__ import annotations

from drivers.errors import ProtocolError
from drivers.wire.jsontext import MAX_LINE_BYTES, parse_object


class Unliner:
    """Collects bytes and hands out whole lines.

    ``tolerant`` is for serial ports, where a device mixes log lines in and what another program has
    left behind comes first: lines that are no JSON object are dropped and counted.
    """

    __slots__ = ("_buffer", "_max_bytes", "_searched", "_tolerant", "skipped")

    def __init__(self, *, max_bytes: int = MAX_LINE_BYTES, tolerant: bool = False) -> None:
        self._max_bytes = max_bytes
        self._tolerant = tolerant
        self._buffer = bytearray()
        self._searched = 0
        self.skipped = 0
        """Lines that were dropped."""

    @property
    def pending(self) -> int:
        """Bytes of a line that has not ended yet; above 0 at the end of a stream it was cut."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete now, without line ends; empty lines are left out.

        Raises ProtocolError as soon as a line is longer than ``max_bytes``; nothing can be read
        afterwards, and the lines before it in the same ``data`` are lost.
        """
        self._buffer += data
        lines = list[bytes]()
        start = 0
        while (end := self._buffer.find(b"\n", max(start, self._searched))) >= 0:
            self._check_length(end - start)
            lines.append(bytes(self._buffer[start:end]).strip())
            start = end + 1
        del self._buffer[:start]
        self._searched = len(self._buffer)
        self._check_length(len(self._buffer))
        return [line for line in lines if line and self._is_wanted(line)]

    def _check_length(self, length: int) -> None:
        if length > self._max_bytes:
            raise ProtocolError(f"The device sent a line of more than {self._max_bytes} bytes.")

    def _is_wanted(self, line: bytes) -> bool:
        if not self._tolerant:
            return True
        try:
            parse_object(line)
        except ProtocolError:
            self.skipped += 1
            return False
        return True
