"""How long the compiler takes, and where: ``python -m tests.bench.compiler``, by hand.

Each accepted program of the corpus, with its ``op_time`` as the horizon, verification included:
once in a fresh process (imports told apart: workers of the appliance stay warm), then several times
in one process, as if each time were the first for this program: what the simulator's library keeps
of circuits that it has built before is erased. The parts are timed from outside, by putting a clock
around the functions that the stages are; a part does not count what it calls of another part.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from importlib.metadata import version
from inspect import isgeneratorfunction
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from tests.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

P = ParamSpec("P")
T = TypeVar("T")

GOAL_MEDIAN_S: Final = 0.3
GOAL_WORST_S: Final = 2.0
FRONT, ELEMENTS, SOLUTION, PLACING, BUILD, RUN, COMPARE, REST = (
    *("front end", "elements", "solution", "placing", "sim build", "sim run", "compare", "rest"),
)
PARTS: Final = (FRONT, ELEMENTS, SOLUTION, PLACING, BUILD, RUN, COMPARE, REST)
STAGES: Final = {
    "front": FRONT,
    "system": ELEMENTS,
    "lower": ELEMENTS,
    "elements": ELEMENTS,
    "solution": SOLUTION,
    "verify": COMPARE,
}
"""Which part a module's functions belong to; those of the other stages are placing: scaling,
counting, placing, routing, emitting, reading the machine."""
_CALLERS: Final = ("pipeline", "search")
"""The modules that call stages, as far as they are there."""


@dataclass(slots=True)
class Clock:
    """Seconds by part; a part that calls another does not count what the other takes."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    _open: list[str] = field(default_factory=lambda: [REST])
    _since: float = 0.0

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        self._turn()
        self._open.append(part)
        try:
            yield
        finally:
            self._turn()
            self._open.pop()

    def _turn(self) -> None:
        now = time.perf_counter()
        self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def start(self) -> None:
        self.seconds.update(dict.fromkeys(PARTS, 0.0))
        self._since = time.perf_counter()

    def stop(self) -> dict[str, float]:
        self._turn()
        return dict(self.seconds)


def clocked(function: Callable[P, T], part: str, clock: Clock) -> Callable[P, T]:
    @wraps(function)
    def timed(*arguments: P.args, **named: P.kwargs) -> T:
        with clock.measure(part):
            return function(*arguments, **named)

    return timed


def clocked_steps(
    function: Callable[P, Iterator[T]], part: str, clock: Clock
) -> Callable[P, Iterator[T]]:
    """For a stage that finds its results one after the other."""

    @wraps(function)
    def timed(*arguments: P.args, **named: P.kwargs) -> Iterator[T]:
        found = function(*arguments, **named)
        while True:
            with clock.measure(part):
                try:
                    one = next(found)
                except StopIteration:
                    return
            yield one

    return timed


def put_clocks(clock: Clock) -> None:
    """Around each stage where it is called, and around the simulator in the verification."""
    prefix = "appliance.compiler."
    for caller in _callers(prefix):
        for name, function in list(vars(caller).items()):
            if not isinstance(function, FunctionType) or not function.__module__.startswith(prefix):
                continue
            home = function.__module__.removeprefix(prefix)
            if home not in (*_CALLERS, "report"):
                wrap = clocked_steps if isgeneratorfunction(function) else clocked
                setattr(caller, name, wrap(function, STAGES.get(home, PLACING), clock))
    # Any: names of a module that are exchanged here
    verify: Any = importlib.import_module(f"{prefix}verify")
    for name, part in (("build", BUILD), ("Simulation", BUILD), ("collect", RUN)):
        setattr(verify, name, clocked(getattr(verify, name), part, clock))


def _callers(prefix: str) -> list[ModuleType]:
    names = [f"{prefix}{name}" for name in _CALLERS]
    importlib.import_module(names[0])
    return [sys.modules[name] for name in names if name in sys.modules]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was measured of one program, in seconds."""

    name: str
    refused: str | None
    imports: float
    cold: float
    warm: tuple[float, ...]
    parts: dict[str, float]
    """Of the run in the middle."""

    @property
    def median(self) -> float:
        return statistics.median(self.warm)

    def text(self) -> str:
        parts = "".join(f"{1e3 * self.parts[part]:10.0f}" for part in PARTS)
        words = "" if self.refused is None else f"  {self.refused}"
        return f"{self.name:28}{1e3 * self.cold:7.0f}{1e3 * self.median:7.0f}{parts}{words}"


def compile_once(path: Path, horizon: float) -> str | None:
    """None, or why it was refused."""
    from appliance.compiler import pipeline  # timed apart in a fresh process
    from appliance.compiler.diagnostics import CompileError
    from appliance.descriptions import lucidac

    options = pipeline.CompileOptions(horizon=horizon)
    source = path.read_bytes().decode("utf-8")
    try:
        pipeline.compile_program(source, path.name, lucidac(), options, lambda line: None)
    except CompileError as error:
        return f"REFUSED: {error}"
    return None


def cold(path: Path, horizon: float) -> dict[str, float]:
    """Seconds of the imports and of the first compile, in a fresh process."""
    command = [sys.executable, "-m", "tests.bench.compiler", "--once", str(path), str(horizon)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def once(path: str, horizon: str) -> None:
    """What ``cold`` runs."""
    began = time.perf_counter()
    importlib.import_module("appliance.compiler.pipeline")
    importlib.import_module("appliance.descriptions")
    importlib.import_module("heyoka")  # which the simulator loads when it is needed first
    loaded = time.perf_counter()
    compile_once(ROOT / path, float(horizon))
    print(json.dumps({"imports": loaded - began, "first": time.perf_counter() - loaded}))


def measure(path: Path, horizon: float, repeat: int, clock: Clock) -> Row:
    import heyoka as hy  # late: a fresh process times this import

    first = cold(path, horizon)
    runs: list[tuple[float, dict[str, float]]] = []
    refused = None
    for _ in range(repeat):
        hy.llvm_state.clear_memcache()
        clock.start()
        refused = compile_once(path, horizon)
        parts = clock.stop()
        runs.append((sum(parts.values()), parts))
    runs.sort(key=lambda run: run[0])
    return Row(
        name=path.name,
        refused=refused,
        imports=first["imports"],
        cold=first["first"],
        warm=tuple(seconds for seconds, _ in runs),
        parts=runs[len(runs) // 2][1],
    )


def verdict(rows: Sequence[Row]) -> None:
    """Against the goals, cold and warm; where the time goes, all programs together."""
    refused = [row.name for row in rows if row.refused is not None]
    rows = [row for row in rows if row.refused is None]
    if refused:
        print(f"MISSED: {len(refused)} refused, not counted below: {', '.join(refused)}")
    total = sum(sum(row.parts.values()) for row in rows)
    shares = ", ".join(
        f"{part} {100 * sum(row.parts[part] for row in rows) / total:.0f} %" for part in PARTS
    )
    print(f"\nwhere it goes: {shares}")
    imports = statistics.median(row.imports for row in rows)
    print(f"imports in a fresh process: {imports:.2f} s")
    for what, times in (
        ("warm", [(row.median, row.name) for row in rows]),
        ("first compile after the imports", [(row.cold, row.name) for row in rows]),
    ):
        median = statistics.median(seconds for seconds, _ in times)
        worst, name = max(times)
        reached = median < GOAL_MEDIAN_S and worst < GOAL_WORST_S
        print(
            f"{'reached' if reached else 'MISSED'}, {what}: median {median:.3f} s "
            f"(goal {GOAL_MEDIAN_S:g}), worst {worst:.3f} s ({name}, goal {GOAL_WORST_S:g})"
        )


def bench(repeat: int, wanted: str) -> None:
    folder = ROOT.parent / "shared" / "fixtures" / "analang"
    if not folder.is_dir():
        raise SystemExit("the corpus (../shared/fixtures/analang) is not here")
    programs = [p for p in json.loads((folder / "corpus.json").read_text())["programs"] if p["ok"]]
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "heyoka"))
    print(f"Python {platform.python_version()}, {platform.machine()}, {packages}")
    print(f"ms: first compile of a process, median of {repeat} more, parts of the median run")
    print(f"{'':28}{'first':>7}{'median':>7}" + "".join(f"{part:>10}" for part in PARTS))
    clock = Clock()
    put_clocks(clock)
    rows = []
    for program in programs:
        if wanted in program["file"]:
            rows.append(measure(folder / program["file"], program["op_time"], repeat, clock))
            print(rows[-1].text(), flush=True)
    verdict(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--repeat", type=int, default=5, help="timed runs of each (5)")
    parser.add_argument("--only", default="", help="programs whose name has this in it")
    parser.add_argument("--once", nargs=2, metavar=("FILE", "HORIZON"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.once:
        once(*asked.once)
    else:
        bench(asked.repeat, asked.only)


if __name__ == "__main__":
    main()
