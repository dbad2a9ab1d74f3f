"""Reads damaged lines in a process of its own and reports what happened, as one JSON line.

Arguments: a seed, and how many lines to damage.
"""

from __future__ import annotations

import json
import random
import sys
import time
from contextlib import suppress

from drivers.errors import ProtocolError
from drivers.wire import messages as ms
from drivers.wire.jsonl import decode
from drivers.wire.lines import Unliner
from tests.fuzz.jsonl_mutations import mutate, seeds

_READ = 2**22
"""Bytes of a line that are fed at once: far more than a link ever reads at a time."""


def read(line: bytes) -> str:
    """``message`` or ``refused``; any other error is what we are looking for."""
    try:
        message = decode(line)
    except ProtocolError as error:
        return "refused" if str(error) else "silent"
    return "message" if isinstance(message, ms.Message) else "strange"


def cut(rng: random.Random, line: bytes) -> None:
    """The line with its end, in pieces, through both kinds of Unliner. One that is too long is a
    ProtocolError."""
    data = line[:_READ] + b"\n"
    at = rng.randrange(len(data) + 1)
    for tolerant in (False, True):
        unliner = Unliner(tolerant=tolerant)
        with suppress(ProtocolError):
            unliner.feed(data[:at])
            unliner.feed(data[at:])


def report(seed: int, count: int) -> dict[str, object]:
    counts = {"message": 0, "refused": 0}
    failures: list[str] = []
    slowest = 0.0
    lines = seeds()
    for number in range(count):
        rng = random.Random(f"{seed}:{number}")
        line = mutate(rng, lines)
        start = time.process_time()
        try:
            outcome = read(line)
            cut(rng, line)
        except Exception as error:  # the border: what else comes out is the report
            failures.append(f"{seed}:{number}: {error!r}")
            continue
        slowest = max(slowest, time.process_time() - start)
        counts[outcome] = counts.get(outcome, 0) + 1
    return {"counts": counts, "failures": failures[:10], "slowest_ms": 1e3 * slowest}


if __name__ == "__main__":
    print(json.dumps(report(int(sys.argv[1]), int(sys.argv[2]))))
