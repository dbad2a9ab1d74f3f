"""Reads damaged frames in a process of its own and reports what happened, as one JSON line.

Arguments: a file with sound envelopes (hexadecimal, one a line), a seed, and how many frames to
damage; or ``hostile`` for the envelopes that are made to cost much. As in circuit_files.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from drivers.errors import ProtocolError
from drivers.wire import device_pb2 as pb
from drivers.wire.frames import MAX_FRAME_BYTES, Unframer, frame
from drivers.wire.messages import Message, Ping, Samples, Unknown
from drivers.wire.protobuf import decode, decode_datagram, encode
from tests.fuzz.circuit_files import peak_kib
from tests.fuzz.frame_extremes import hostile
from tests.fuzz.mutations import OF_BYTES, restructured

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MANY: Final = 4
"""One damaged frame in so many is damaged after framing, together with a sound neighbour."""


def damage(rng: random.Random, seeds: list[bytes]) -> bytes:
    """One damaged envelope: its bytes, its fields, or both."""
    data = rng.choice(seeds)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        if rng.random() < 0.5:
            data = restructured(rng, data, pb.Envelope())
        else:
            data = rng.choice(OF_BYTES)(rng, data, seeds)
    return data[:MAX_FRAME_BYTES]


def stream(rng: random.Random, seeds: list[bytes]) -> bytes:
    """What a connection brings: frames, of which one is damaged inside or all in their bytes."""
    if rng.randrange(MANY):
        return frame(damage(rng, seeds))
    sound = frame(rng.choice(seeds)) + frame(rng.choice(seeds))
    return rng.choice(OF_BYTES)(rng, sound, [frame(one) for one in seeds[:3]])


def read(data: bytes, rng: random.Random) -> tuple[str, list[Message]]:
    """``message``, ``unknown``, ``unfinished`` or ``refused``, and what was said before that."""
    unframer = Unframer()
    found: list[Message] = []
    cut = rng.randrange(len(data) + 1)
    try:
        for part in (data[:cut], data[cut:]):
            found.extend(decode(one) for one in unframer.feed(part))
    except ProtocolError as error:
        return ("refused" if str(error) else "silent"), found
    if unframer.pending or not found:
        return "unfinished", found
    known = not isinstance(found[-1].body, Unknown)
    return ("message" if known else "unknown"), found


def comes_back(message: Message) -> bool:
    """Whether a message is the same after being written. A Ping is written without its id, and of
    samples the bits may differ: float64 may not fit float32, and -0 comes back as 0."""
    if isinstance(message.body, Unknown):
        return True
    if isinstance(message.body, Ping):
        message = Message(body=message.body)
    try:
        data = encode(message)
    except ValueError as error:
        return "float32" in str(error)
    again = decode(data)
    same = isinstance(message.body, Samples) or encode(again) == data
    return again == message and same


def as_datagram(data: bytes) -> None:
    try:
        decode_datagram(data)
    except ProtocolError:
        return


def judge(data: bytes, rng: random.Random) -> str:
    outcome, said = read(data, rng)
    as_datagram(data[2:])
    if not all(map(comes_back, said)):
        raise ValueError("changes when it is written again")
    return outcome


def report(streams: Iterable[tuple[str, bytes]]) -> dict[str, object]:
    counts: dict[str, int] = {}
    failures: list[str] = []
    slowest, slowest_name = 0.0, ""
    before = peak_kib()
    for name, data in streams:
        start = time.process_time()
        try:
            outcome = judge(data, random.Random(name))
        except Exception as error:  # the border: what else comes out is the report
            failures.append(f"{name}: {error!r}")
            continue
        taken = time.process_time() - start
        if taken > slowest:
            slowest, slowest_name = taken, name
        counts[outcome] = counts.get(outcome, 0) + 1
    return {
        "counts": counts,
        "failures": failures[:10],
        "slowest_ms": 1e3 * slowest,
        "slowest": slowest_name,
        "growth_mib": (peak_kib() - before) / 1024,
    }


def damaged(seeds: list[bytes], seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    for number in range(count):
        name = f"{seed}:{number}"
        yield name, stream(random.Random(name), seeds)


def main(path: str, what: str, count: str) -> None:
    seeds = [bytes.fromhex(line) for line in Path(path).read_text().splitlines()]
    for data in seeds:
        comes_back(decode(data))  # what is built once and kept is not growth
    if what == "hostile":
        streams = ((name, frame(data)) for name, data in hostile().items())
        print(json.dumps(report(streams)))
    else:
        print(json.dumps(report(damaged(seeds, int(what), int(count)))))


if __name__ == "__main__":
    main(*sys.argv[1:4])
