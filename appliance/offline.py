"""``analogcloud compile``, ``explain`` and ``simulate``: the appliance's core without the
appliance."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from appliance.compiler.diagnostics import CompileError
from appliance.compiler.pipeline import CompileOptions, compile_circuit
from appliance.compiler.render import render_all
from appliance.descriptions import BUILT_IN
from appliance.explain.drawing import draw
from appliance.explain.reading import read_schematic
from appliance.explain.text import explain
from appliance.progress import Progress
from appliance.writing import write_whole
from drivers.apb.codec import MAX_FILE_BYTES
from drivers.apb.errors import CircuitFileError
from sim.errors import SimulationError
from sim.options import SimulationOptions
from sim.run import simulate_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from appliance.compiler.search import Compiled
    from sim.results import Format

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramCommand:
    """What to compile for which machine; ``entity`` wins over ``target``."""

    source: Path
    target: str
    entity: Path | None
    k0: int | None
    horizon: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileCommand(ProgramCommand):
    """``output`` is where the circuit file goes."""

    output: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainCommand(ProgramCommand):
    """``output`` is where the drawing goes, None for no drawing."""

    output: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateCommand:
    """What to simulate, how long (one of two) and how densely (one of two)."""

    module: Path
    output: Path
    op_time_s: float | None
    problem_time: float | None
    sample_rate_hz: float | None
    points: int | None


def compile_file(asked: CompileCommand) -> int:
    """Write the circuit file of a program. Returns the exit code; words go to standard error."""
    return _known_target(asked) or _told(lambda: _compile(asked))


def explain_file(asked: ExplainCommand) -> int:
    """Print how a program is wired, and draw it if that is asked for. Returns the exit code; words
    about the work go to standard error."""
    return _known_target(asked) or _told(lambda: _explain(asked))


def _known_target(asked: ProgramCommand) -> int:
    """0 if the target is known or described."""
    if asked.entity is None and asked.target not in BUILT_IN:
        _say(f"--target {asked.target}: known are {', '.join(BUILT_IN)}; or use --entity")
        return EXIT_USAGE
    return EXIT_DONE


def simulate(asked: SimulateCommand) -> int:
    """Write the samples of a circuit file. Returns the exit code; words go to standard error."""
    return _told(lambda: _simulate(asked))


def _told(command: Callable[[], None]) -> int:
    """Run a command; what it refuses is told in its own words."""
    try:
        command()
    except _Refused as error:
        _say(str(error))
    except (CircuitFileError, SimulationError) as error:
        _say(f"error: {error}")
    except OSError as error:
        _say(f"error: {error.filename or ''}: {error.strerror}")
    else:
        return EXIT_DONE
    return EXIT_FAILED


class _Refused(Exception):
    """The whole text for the user."""


def _compile(asked: CompileCommand) -> None:
    data = _compiled(asked, asked.output).data
    write_whole(asked.output, data, 0o666)


def _explain(asked: ExplainCommand) -> None:
    schematic = read_schematic(_compiled(asked, asked.output), asked.source.name)
    if asked.output is not None:
        write_whole(asked.output, draw(schematic), 0o666)
    print(explain(schematic), end="")


def _compiled(asked: ProgramCommand, output: Path | None) -> Compiled:
    """The circuit of a program, its log told on the way; what cannot be had is told before."""
    name = str(asked.source)
    source = _text(asked.source)
    target = BUILT_IN[asked.target]() if asked.entity is None else _content(asked.entity)
    if output is not None:
        _check_place(output)
    options = CompileOptions(k0=asked.k0, horizon=asked.horizon)
    try:
        with Progress("compiling") as progress:
            return compile_circuit(source, name, target, options, progress.say)
    except CompileError as error:
        raise _Refused(render_all(error.diagnostics, source, name)) from error


def _simulate(asked: SimulateCommand) -> None:
    module = _content(asked.module)
    _check_place(asked.output)
    temporary = asked.output.with_name(f".{asked.output.name}.{secrets.token_hex(8)}")
    try:
        with Progress("simulating") as progress:
            simulate_file(
                module,
                op_time_s=asked.op_time_s,
                problem_time=asked.problem_time,
                sample_rate_hz=asked.sample_rate_hz,
                points=asked.points,
                options=SimulationOptions(),
                output=temporary,
                format=cast("Format", asked.output.suffix.removeprefix(".")),
                log=progress.say,
            )
        temporary.replace(asked.output)
    finally:
        temporary.unlink(missing_ok=True)


def _check_place(output: Path) -> None:
    """Told before the work, not after it."""
    if not output.parent.is_dir():
        raise _Refused(f"error: {output}: its directory does not exist")


def _content(path: Path) -> bytes:
    """At most one byte more than any file may have: what is too long is refused by its reader."""
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def _text(path: Path) -> str:
    try:
        return _content(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Refused(f"error: {path}: is not UTF-8 text (byte {error.start})") from error


def _say(text: str) -> None:
    print(text, file=sys.stderr)
