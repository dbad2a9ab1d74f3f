"""The command line. Exit codes: 0 done, 1 refused or failed, 2 usage or configuration;
``serve`` also 3 the store failed, 4 something held up the stop.

Each command imports what it needs when it is called, so that help and checks are quick.
"""

from __future__ import annotations

import argparse
import math
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from appliance.devices_cli import add_devices
from appliance.keys_cli import add_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DEFAULT_CONFIG: Final = "analogcloud.toml"
DEFAULT_TARGET: Final = "lucidac"
DEVICE_PORT: Final = 5732
EXIT_DONE: Final = 0
EXIT_USAGE: Final = 2


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code. Wrong usage ends in SystemExit(2), as argparse does."""
    asked = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = asked.command
    return command(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="analogcloud",
        description="Puts analog computers on the network, and compiles equations for them.",
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands)
    _add_check(commands)
    add_keys(commands, DEFAULT_CONFIG)
    add_devices(commands, DEFAULT_CONFIG)
    _add_demo(commands)
    _add_compile(commands)
    _add_explain(commands)
    _add_simulate(commands)
    _add_virtual_device(commands)
    return parser


def _version() -> str:
    try:
        return f"analogcloud {version('analogcloud')}"
    except PackageNotFoundError:
        return "analogcloud (run from its sources, not installed)"


def _add_serve(commands: Commands) -> None:
    command = commands.add_parser("serve", help="run the appliance until it is told to stop")
    command.add_argument("--config", type=Path, default=Path(DEFAULT_CONFIG), metavar="PATH")
    command.set_defaults(command=_serve)


def _add_check(commands: Commands) -> None:
    command = commands.add_parser("check-config", help="tell every fault of a configuration file")
    command.add_argument("config", type=Path, nargs="?", default=Path(DEFAULT_CONFIG))
    command.set_defaults(command=_check)


def _add_demo(commands: Commands) -> None:
    command = commands.add_parser("demo", help="compile and run the Lorenz equations, then serve")
    command.add_argument("--once", action="store_true", help="end after the result")
    command.set_defaults(command=_demo)


def _add_compile(commands: Commands) -> None:
    command = commands.add_parser("compile", help="compile a program into a circuit file")
    _add_program(command)
    command.add_argument("-o", dest="output", type=Path, required=True, metavar="OUT.apb")
    command.set_defaults(command=_compile)


def _add_explain(commands: Commands) -> None:
    command = commands.add_parser("explain", help="tell, and draw, how a program is wired")
    _add_program(command)
    command.add_argument(
        "-o", dest="output", type=_picture_path, metavar="OUT.svg", help="draw the circuit too"
    )
    command.set_defaults(command=_explain)


def _add_program(command: argparse.ArgumentParser) -> None:
    """A program, and what it is compiled for."""
    command.add_argument("file", type=Path, metavar="FILE.ana")
    target = command.add_mutually_exclusive_group()
    target.add_argument(
        "--target", metavar="NAME", help=f"a machine known here (default: {DEFAULT_TARGET})"
    )
    target.add_argument("--entity", type=Path, metavar="E.apb", help="description of the machine")
    command.add_argument(
        "--k0", type=_count, metavar="N", help="problem time units per second (default: 10000)"
    )
    command.add_argument(
        "--horizon", type=_positive, metavar="T", help="problem time to cover (default: 20)"
    )


def _add_simulate(commands: Commands) -> None:
    command = commands.add_parser("simulate", help="simulate a circuit file")
    command.add_argument("file", type=Path, metavar="FILE.apb")
    length = command.add_mutually_exclusive_group(required=True)
    length.add_argument("--op-time", type=_positive, metavar="S", help="seconds of machine time")
    length.add_argument(
        "--problem-time", type=_positive, metavar="T", help="the program's own time"
    )
    samples = command.add_mutually_exclusive_group(required=True)
    samples.add_argument(
        "--sample-rate", type=_positive, metavar="HZ", help="samples per second of machine time"
    )
    samples.add_argument("--points", type=_points, metavar="N", help="from 0 to the end, both in")
    command.add_argument(
        "-o", dest="output", type=_result_path, required=True, metavar="OUT.(csv|json|npz|svg)"
    )
    command.set_defaults(command=_simulate)


def _add_virtual_device(commands: Commands) -> None:
    command = commands.add_parser(
        "virtual-device", help="a machine that is not there, behind the real protocol"
    )
    command.add_argument("--type", choices=("lucidac", "mredac", "redac"), required=True)
    command.add_argument("--dialect", choices=("protobuf", "jsonl"), default="protobuf")
    command.add_argument("--host", default="127.0.0.1", help="address to listen on")
    command.add_argument(
        "--port", type=_port, default=DEVICE_PORT, metavar="P", help="0 for any (default: 5732)"
    )
    command.add_argument("--faults", type=Path, metavar="FILE", help="script of what goes wrong")
    command.add_argument("--noise", type=_seed, metavar="SEED", help="noisy samples")
    command.add_argument("--entity", type=Path, metavar="E.apb", help="hardware of your own")
    command.add_argument("--token", default="", help="what clients have to give, as to a proxy")
    command.set_defaults(command=_virtual_device)


def _port(text: str) -> int:
    return _whole(text, 0, 65_535)


def _seed(text: str) -> int:
    return _whole(text, 0, 2**32 - 1)


def _whole(text: str, least: int, most: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from {least} to {most}")
    return value


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text} is not a finite number above 0")
    return value


def _count(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 up")
    return value


def _points(text: str) -> int:
    value = _count(text)
    if value < 2:
        raise argparse.ArgumentTypeError("both ends are included, so there are at least 2 points")
    return value


def _result_path(text: str) -> Path:
    path = Path(text)
    if path.suffix not in (".csv", ".json", ".npz", ".svg"):
        raise argparse.ArgumentTypeError(f"{text} does not end in .csv, .json, .npz or .svg")
    return path


def _picture_path(text: str) -> Path:
    path = Path(text)
    if path.suffix != ".svg":
        raise argparse.ArgumentTypeError(f"{text} does not end in .svg")
    return path


def _serve(asked: argparse.Namespace) -> int:
    from appliance.serving import serve

    return serve(asked.config)


def _check(asked: argparse.Namespace) -> int:
    from appliance.config import load
    from appliance.errors import ConfigError
    from appliance.faults import tell_faults

    try:
        config = load(asked.config)
    except ConfigError as error:
        tell_faults(error)
        return EXIT_USAGE
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{asked.config}: no faults")
    return EXIT_DONE


def _demo(asked: argparse.Namespace) -> int:
    from appliance.demo import demo

    return demo(once=asked.once)


def _compile(asked: argparse.Namespace) -> int:
    from appliance.offline import CompileCommand, compile_file

    return compile_file(
        CompileCommand(
            source=asked.file,
            output=asked.output,
            target=asked.target or DEFAULT_TARGET,
            entity=asked.entity,
            k0=asked.k0,
            horizon=asked.horizon,
        )
    )


def _explain(asked: argparse.Namespace) -> int:
    from appliance.offline import ExplainCommand, explain_file

    return explain_file(
        ExplainCommand(
            source=asked.file,
            output=asked.output,
            target=asked.target or DEFAULT_TARGET,
            entity=asked.entity,
            k0=asked.k0,
            horizon=asked.horizon,
        )
    )


def _simulate(asked: argparse.Namespace) -> int:
    from appliance.offline import SimulateCommand, simulate

    return simulate(
        SimulateCommand(
            module=asked.file,
            output=asked.output,
            op_time_s=asked.op_time,
            problem_time=asked.problem_time,
            sample_rate_hz=asked.sample_rate,
            points=asked.points,
        )
    )


def _virtual_device(asked: argparse.Namespace) -> int:
    from appliance.virtual_device import VirtualCommand, virtual_device

    return virtual_device(
        VirtualCommand(
            type=asked.type,
            dialect=asked.dialect,
            host=asked.host,
            port=asked.port,
            faults=asked.faults,
            noise=asked.noise,
            entity=asked.entity,
            token=asked.token,
        )
    )
