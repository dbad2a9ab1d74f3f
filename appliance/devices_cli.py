"""The words of ``analogcloud devices`` on the command line."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from appliance.config import Config

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_USAGE: Final = 2
LONGEST_SCAN_S: Final = 300.0


def add_devices(commands: Commands, default_config: str) -> None:
    """Add the command and what is below it."""
    command = commands.add_parser("devices", help="for the technician: find machines, test them")
    below = command.add_subparsers(required=True, metavar="WHAT")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, default=Path(default_config), metavar="PATH")
    common.add_argument("--json", action="store_true", help="results as JSON")
    _add_scan(below, common)
    _add_test(below, common)


def _add_scan(below: Commands, common: argparse.ArgumentParser) -> None:
    command = below.add_parser(
        "scan", parents=[common], help="list what the network and serial ports offer, to paste"
    )
    command.add_argument(
        "--seconds", type=_seconds, default=5.0, metavar="S", help="how long to listen (default 5)"
    )
    command.add_argument(
        "--no-probe", action="store_true", help="do not ask the machines found what they are"
    )
    command.set_defaults(command=_scan)


def _add_test(below: Commands, common: argparse.ArgumentParser) -> None:
    command = below.add_parser(
        "test", parents=[common], help="run known circuits, compare with what must come out"
    )
    command.add_argument("name", metavar="NAME", help="a device of the configuration")
    command.add_argument(
        "--tolerance",
        type=_percent,
        metavar="PERCENT",
        help="of a signal's size (default: 2; 5 where an M-MDR block computes)",
    )
    command.set_defaults(command=_test)


def _seconds(text: str) -> float:
    value = _number(text)
    if not 0 < value <= LONGEST_SCAN_S:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {LONGEST_SCAN_S:g}")
    return value


def _percent(text: str) -> float:
    value = _number(text.removesuffix("%"))
    if not 0 < value <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 100")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _scan(asked: argparse.Namespace) -> int:
    from appliance.device_scan import ScanCommand, scan

    if asked.config.exists():
        config = _config(asked.config)
        if config is None:
            return EXIT_USAGE
        devices = config.devices
    else:
        print(f"{asked.config} is not there, so all is new.", file=sys.stderr)
        devices = ()
    return scan(
        ScanCommand(
            seconds=asked.seconds, asks=not asked.no_probe, as_json=asked.json, devices=devices
        )
    )


def _test(asked: argparse.Namespace) -> int:
    from appliance.device_test import Examination, examine

    config = _config(asked.config)
    if config is None:
        return EXIT_USAGE
    share = None if asked.tolerance is None else asked.tolerance / 100.0
    return examine(Examination(config=config, name=asked.name, tolerance=share, as_json=asked.json))


def _config(path: Path) -> Config | None:
    """The configuration, or None after its faults were told."""
    from appliance.config import load
    from appliance.errors import ConfigError
    from appliance.faults import tell_faults

    try:
        return load(path)
    except ConfigError as error:
        tell_faults(error)
        return None
