"""The words of ``analogcloud keys`` on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.config import Config
    from appliance.keys import Keys

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

WHO: Final = "name, e-mail address or start of the fingerprint; - reads the key from standard input"
EXIT_USAGE: Final = 2


def add_keys(commands: Commands, default_config: str) -> None:
    """Add the command and what is below it."""
    command = commands.add_parser("keys", help="who may use the appliance: API keys and users")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, default=Path(default_config), metavar="PATH")
    common.add_argument("--json", action="store_true", help="results as JSON")
    below = command.add_subparsers(required=True, metavar="WHAT")
    _add_new(below, common)
    _add(below, common, "list", "show all users, without keys", lambda keys, asked: keys.list())
    for name, help, run in (
        ("disable", "refuse a user's key", lambda keys, asked: keys.enable(asked.who, False)),
        ("enable", "let a user in again", lambda keys, asked: keys.enable(asked.who, True)),
        ("rotate", "give a user another key", lambda keys, asked: keys.rotate(asked.who)),
        ("remove", "forget a user", lambda keys, asked: keys.remove(asked.who)),
    ):
        _add(below, common, name, help, run).add_argument("who", metavar="USER", help=WHO)


def _add_new(below: Commands, common: argparse.ArgumentParser) -> None:
    command = below.add_parser("add", parents=[common], help="add a user, show the key once")
    command.add_argument("--name", required=True)
    command.add_argument("--email", required=True)
    command.add_argument(
        "--subscription", metavar="NAME", help="one of auth.yml; may be left out if it has one"
    )
    command.add_argument("--devices", type=_names, metavar="A,B", help='left out: all; "" for none')
    command.add_argument(
        "--priority", type=_priority, default=1, metavar="N", help="1 to 10, default 1"
    )
    command.add_argument(
        "--system", action="store_true", help="may search and read the tasks of all users"
    )
    command.set_defaults(command=_new)


def _add(
    below: Commands,
    common: argparse.ArgumentParser,
    name: str,
    help: str,
    run: Callable[[Keys, argparse.Namespace], int],
) -> argparse.ArgumentParser:
    command = below.add_parser(name, parents=[common], help=help)
    command.set_defaults(
        command=lambda asked: _with_config(asked, lambda keys, _: run(keys, asked))
    )
    return command


def _new(asked: argparse.Namespace) -> int:
    from appliance.keys import NewUser

    user = NewUser(
        name=asked.name,
        email=asked.email,
        subscription=asked.subscription,
        devices=asked.devices,
        system=asked.system,
        priority=asked.priority,
    )

    def add(keys: Keys, config: Config) -> int:
        return keys.add(user, tuple(device.name for device in config.devices))

    return _with_config(asked, add)


def _with_config(asked: argparse.Namespace, run: Callable[[Keys, Config], int]) -> int:
    from appliance.config import load
    from appliance.errors import ConfigError
    from appliance.faults import tell_faults
    from appliance.keys import Keys

    try:
        config = load(asked.config)
    except ConfigError as error:
        tell_faults(error)
        return EXIT_USAGE
    return run(Keys(path=config.auth_file, as_json=asked.json), config)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _priority(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 10:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 to 10")
    return value
