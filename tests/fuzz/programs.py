"""Compiles random, damaged and extreme programs and reports what happened, as one JSON line.

By hand: ``python -m tests.fuzz.programs 7 20000`` for 20 000 texts of seed 7. ``--whole 50`` has
each fiftieth sound one compiled to its circuit, ``--show 7:123`` prints a text. The texts are the
same each time, on every machine that has the same programs to start from (``program_seeds.py``).
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from appliance.compiler.diagnostics import CompileError, Diagnostic, Kind
from appliance.compiler.evaluate import initial_state, quantity_function, rhs_function
from appliance.compiler.front import read_program
from appliance.compiler.lexer import LINE_END
from appliance.compiler.render import as_fields, one_line, render_all
from appliance.descriptions import lucidac
from tests.fuzz.program_extremes import extremes
from tests.fuzz.program_seeds import seeds
from tests.fuzz.program_texts import (
    mutate_bytes,
    mutate_statements,
    mutate_tokens,
    random_bytes,
    random_tokens,
)
from tests.fuzz.program_writer import write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from appliance.compiler.program import Program

NAME: Final = "fuzz.ana"
LONGEST_S: Final = 1.0
"""What reading a program may take; longer ones are measured again, for the machine has others
to serve."""
ENDLESS_S: Final = 60.0
"""What a whole compile may take: it is the appliance that limits one, so this only ends a hang."""
_AGAIN: Final = 3
_SHOWN: Final = 10
_LATER: Final = frozenset(
    {
        Kind.AMPLITUDE_UNBOUNDED,
        Kind.COEFFICIENT_RANGE,
        Kind.CAPACITY,
        Kind.ROUTING,
        Kind.VERIFICATION,
        Kind.COMPILE_TIMEOUT,
        Kind.COMPILE_MEMORY,
    }
)
"""What only the stages behind the front end may say, and where no place need be told."""


class Wrong(Exception):
    """An answer that nobody should get."""


@dataclass(slots=True)
class Report:
    """What is printed; ``slow`` has the slowest ten, seconds and name."""

    counts: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    sound: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slow: list[tuple[float, str]] = field(default_factory=list)
    slow_wholes: list[tuple[float, str]] = field(default_factory=list)

    def fields(self, growth_mib: float) -> dict[str, object]:
        return {
            "counts": self.counts,
            "sources": self.sources,
            "sound": self.sound,
            "kinds": self.kinds,
            "failed": len(self.failures),
            "failures": self.failures[:_SHOWN],
            "slowest": sorted(self.slow, reverse=True),
            "slowest_wholes": sorted(self.slow_wholes, reverse=True),
            "growth_mib": growth_mib,
        }


def text_of(name: str, programs: Sequence[str]) -> tuple[str, str]:
    """The text that a name (``seed:number``) stands for, and what kind of text it is."""
    rng = random.Random(name)
    draw = rng.random()
    if draw < 0.005:
        size = rng.choice((1_000, 8_000, 60_000))
        return "large", mutate_tokens(rng, [rng.choice(_extremes(size))])
    if draw < 0.06:
        return "bytes", as_text(random_bytes(rng))
    if draw < 0.16:
        return "tokens", random_tokens(rng)
    if draw < 0.28:
        return "damaged", as_text(mutate_bytes(rng, programs))
    if draw < 0.36:
        return "statements", mutate_statements(rng, programs)
    own = [write(rng)] if rng.random() < 0.6 else programs
    if draw < 0.65:
        return "mutated", mutate_tokens(rng, own)
    return "written", write(rng)


@lru_cache
def _extremes(size: int) -> list[str]:
    return list(extremes(size).values())


def as_text(data: bytes) -> str:
    """Bytes as they reach the compiler. What is not UTF-8 is refused before (by the reader of the
    command line, or of JSON), so such bytes become what an editor would make of them."""
    return data.decode("utf-8", "replace")


def check_diagnostics(found: Sequence[Diagnostic], source: str, *, only_front: bool) -> None:
    """Each has a kind of the language and one line of text, and the place is in the source."""
    if not found:
        raise Wrong("refused without a reason")
    lines = LINE_END.split(source.removeprefix("\ufeff"))
    places = [d.at for d in found if d.at is not None]
    if places != sorted(places):
        raise Wrong("the diagnostics are not sorted")
    for one in found:
        _check_words(one)
        if only_front and not one.is_warning and Kind(one.kind) in _LATER:
            raise Wrong(f"{one.kind} is not for the front end to say")
        if one.at is None:
            if only_front:
                raise Wrong(f"{one.kind} has no place")
            continue
        line = lines[one.at.line - 1] if 1 <= one.at.line <= len(lines) else None
        if line is None or not 1 <= one.at.column <= len(line) + 1:
            raise Wrong(f"{one.kind} is at {one.at}, which is not in the text")


def _check_words(one: Diagnostic) -> None:
    if not one.is_warning:
        Kind(one.kind)
    for words in (one.message, one.hint):
        if words is not None and not (words.strip() and words.isprintable() and len(words) < 400):
            raise Wrong(f"{one.kind} says {words!r}")


def check_words_for_people(found: Sequence[Diagnostic], source: str) -> None:
    """What is written out can be written out: as UTF-8, and as JSON."""
    text = render_all(found, source, NAME)
    text.encode()
    if any(not (c.isprintable() or c in "\n\t") for c in text):
        raise Wrong(f"control characters are written out: {text[:200]!r}")
    if not one_line(found).isprintable():
        raise Wrong("what should be one line is not")
    json.dumps([as_fields(one) for one in found]).encode()


def read(source: str) -> Program | CompileError:
    """What the front end makes of a text, written out where that is what people get to see."""
    try:
        program = read_program(source)
    except CompileError as error:
        render_all(error.diagnostics, source, NAME)
        return error
    render_all(program.warnings, source, NAME)
    return program


def check_refusal(error: CompileError, source: str) -> Kind:
    """The first error of a text that is refused as it should be."""
    check_diagnostics(error.diagnostics, source, only_front=True)
    if any(one.is_warning for one in error.diagnostics):
        raise Wrong("refused for a warning")
    check_words_for_people(error.diagnostics, source)
    return Kind(error.diagnostics[0].kind)


def check_program(program: Program) -> None:
    """What the mathematics may rely on: right sides and pictures can be computed anywhere."""
    start = initial_state(program)
    right_side = rhs_function(program)
    for time_, states in ((0.0, start), (0.5, np.copysign(1e200, start))):
        if right_side(time_, states).shape != start.shape:
            raise Wrong("the right side has another shape")
    pictures = [expr for plot in program.plots for _, expr in plot.fields]
    if len(quantity_function(program, pictures)(0.5, start)) != len(pictures):
        raise Wrong("the pictures have other values")
    if not program.probes or not program.equations:
        raise Wrong("nothing to compute, or nothing to record")


def compile_whole(source: str, target: bytes) -> str:
    """The outcome in one word: circuit, or the kind of the refusal."""
    from appliance.compiler.pipeline import CompileOptions, compile_program  # not for the rest

    log: list[str] = []
    try:
        data = compile_program(source, NAME, target, CompileOptions(), log.append)
    except CompileError as error:
        check_diagnostics(error.diagnostics, source, only_front=False)
        check_words_for_people(error.diagnostics, source)
        return f"whole: {next(d.kind for d in error.diagnostics if not d.is_warning)}"
    if not data or not log:
        raise Wrong("an empty circuit, or an empty log")
    return "whole: circuit"


def timed_read(source: str) -> tuple[Program | CompileError, float]:
    """The program and the seconds of processor time, the least of several where it is long."""
    taken = float("inf")
    for _ in range(_AGAIN):
        began = time.process_time()
        program = read(source)
        taken = min(taken, time.process_time() - began)
        if taken <= LONGEST_S:
            break
    return program, taken


def judge(name: str, source: str, report: Report, target: bytes | None) -> None:
    """One text through the front end and, with a target, through the whole compiler."""
    program, taken = timed_read(source)
    _keep(report.slow, taken, name)
    if taken > LONGEST_S:
        report.failures.append(f"{name}: {taken:.2f} s in the front end")
    if isinstance(program, CompileError):
        report.counts["refused"] += 1
        report.kinds[check_refusal(program, source)] += 1
        return
    report.counts["program"] += 1
    if program.warnings:
        check_diagnostics(program.warnings, source, only_front=True)
        check_words_for_people(program.warnings, source)
    check_program(program)
    if target is not None:
        began = time.process_time()
        with given_up_after(ENDLESS_S):
            report.counts[outcome := compile_whole(source, target)] += 1
        _keep(report.slow_wholes, time.process_time() - began, f"{name} {outcome}")


@contextmanager
def given_up_after(seconds: float) -> Iterator[None]:
    """Raises Wrong where the processor time is up, so that what hangs has a name."""

    def give_up(*_: object) -> None:
        raise Wrong(f"no end after {seconds:g} s")

    signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)


def _keep(slow: list[tuple[float, str]], taken: float, name: str) -> None:
    heapq.heappush(slow, (round(taken, 3), name))
    if len(slow) > _SHOWN:
        heapq.heappop(slow)


def judge_all(
    texts: Iterable[tuple[str, str, str]], whole: int, target: bytes
) -> dict[str, object]:
    """``texts``: name, kind of text, text; every ``whole``-th sound one (0: none) is compiled."""
    report = Report()
    before = peak_kib()
    for name, kind, source in texts:
        report.sources[kind] += 1
        sound = report.counts["program"]
        wanted = whole and sound % whole == 0
        try:
            judge(name, source, report, target if wanted else None)
        except Exception as error:  # the border: what else comes out is the report
            where = traceback.extract_tb(error.__traceback__)[-1]
            report.failures.append(f"{name}: {error!r} ({where.name}, line {where.lineno})")
        report.sound[kind] += report.counts["program"] > sound
    return report.fields((peak_kib() - before) / 1024)


def random_texts(seed: str, count: int) -> Iterator[tuple[str, str, str]]:
    programs = seeds()
    for number in range(count):
        name = f"{seed}:{number}"
        yield name, *text_of(name, programs)


def fixed_texts(size: int) -> Iterator[tuple[str, str, str]]:
    """The programs to start from, and the extreme ones of a size."""
    for number, source in enumerate(seeds()):
        yield f"seed {number}", "seed", source
    for name, source in extremes(size).items():
        yield f"{name}", "extreme", source


def peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("seed", help="or 'extreme' for the extreme texts of a size")
    parser.add_argument("count", type=int, help="how many texts, or the size of extreme ones")
    parser.add_argument("--whole", type=int, default=0, help="compile every n-th sound program")
    parser.add_argument("--show", help="print the text of this name instead")
    asked = parser.parse_args(arguments)
    if asked.seed == "extreme":
        texts = fixed_texts(asked.count)
    else:
        texts = random_texts(asked.seed, asked.count)
    if asked.show:
        sys.stdout.write(next(text for name, _, text in texts if name == asked.show))
        return
    warnings.simplefilter("error")
    print(json.dumps(judge_all(texts, asked.whole, lucidac())))


if __name__ == "__main__":
    main(sys.argv[1:])
