"""Reads damaged circuit files in a process of its own and reports what happened, as one JSON line.

Arguments: a folder with sound files, a seed, and how many files to damage; or ``hostile`` for the
files that are made to cost much. The process imports everything first, so that its growth in
memory is that of the files alone.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.apb.circuit import assemble
from drivers.apb.codec import decode, encode, peek
from drivers.apb.errors import CircuitFileError
from tests.fuzz.mutations import hostile, mutate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drivers.apb.items import CircuitFile

Named = tuple[str, bytes]


def peak_kib() -> int:
    """The largest memory this process has had. VmHWM starts anew with the program, unlike
    ru_maxrss, which remembers the parent's."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (line,) = (one for one in status.splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1])


def read(data: bytes, machine: CircuitFile) -> str:
    """``circuit`` or ``refused``; any other error is what we are looking for."""
    try:
        peek(data)
        file = decode(data)
        assemble(file, machine)
    except CircuitFileError as error:
        return "refused" if str(error) else "silent"
    return "circuit"


def comes_back(data: bytes) -> bool:
    """Whether a file that decodes is the same after being written."""
    try:
        file = decode(data)
    except CircuitFileError:
        return True
    return decode(encode(file)) == file


def report(files: Iterable[Named], machine: CircuitFile) -> dict[str, object]:
    counts = {"circuit": 0, "refused": 0}
    failures: list[str] = []
    slowest, slowest_name = 0.0, ""
    before = peak_kib()
    for name, data in files:
        start = time.process_time()
        try:
            outcome = read(data, machine)
        except Exception as error:  # the border: what else comes out is the report
            failures.append(f"{name}: {error!r}")
            continue
        taken = time.process_time() - start
        if taken > slowest:
            slowest, slowest_name = taken, name
        counts[outcome] = counts.get(outcome, 0) + 1
        if not comes_back(data):
            failures.append(f"{name}: changes when it is written again")
    return {
        "counts": counts,
        "failures": failures[:10],
        "slowest_ms": 1e3 * slowest,
        "slowest": slowest_name,
        "growth_mib": (peak_kib() - before) / 1024,
    }


def damaged(seeds: list[bytes], seed: int, count: int) -> Iterator[Named]:
    for number in range(count):
        name = f"{seed}:{number}"
        yield name, mutate(random.Random(name), seeds)


def main(folder: str, what: str, count: str) -> None:
    paths = sorted(Path(folder).glob("*.apb"))
    machine = decode((Path(folder) / "lucidac.apb").read_bytes())
    seeds = [path.read_bytes() for path in paths]
    for data in seeds:
        read(data, machine)  # what is built once and kept is not growth
    files = hostile().items() if what == "hostile" else damaged(seeds, int(what), int(count))
    print(json.dumps(report(files, machine)))


if __name__ == "__main__":
    main(*sys.argv[1:4])
