"""The ``serve`` command: read the files, then hand over to the supervisor."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from appliance import logs
from appliance.auth import AuthBook, first_start
from appliance.config import load
from appliance.errors import FaultyFile
from appliance.faults import tell_faults
from appliance.supervisor import EXIT_NO_START
from appliance.supervisor import serve as supervise

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.config import Config
    from appliance.tls import ServerTls

_log = logging.getLogger("analogcloud.serve")

EXIT_CONFIGURATION = 2


def serve(path: Path) -> int:
    """Run the appliance with the configuration at ``path`` until SIGTERM or SIGINT.

    Returns the exit code: 2 for faults in the configuration or in auth.yml, else as
    ``supervisor.serve``. A first start writes auth.yml and shows its only key once.
    """
    logs.set_up()
    try:
        config = load(path)
        key = first_start(config.auth_file)
        users = AuthBook(config.auth_file)
        tls = _tls(config)
    except FaultyFile as error:
        tell_faults(error)
        return EXIT_CONFIGURATION
    except OSError as error:
        print(f"the file of users cannot be written: {error}", file=sys.stderr)
        return EXIT_NO_START
    if key is not None:
        _show_key(key, config.auth_file)
    return supervise(config, users, tls, (users,) if tls is None else (users, tls))


def _tls(config: Config) -> ServerTls | None:
    """Raises ConfigError where the files are no longer what they were a moment ago."""
    if config.tls is None:
        return None
    from appliance.tls import ServerTls  # loaded only where it is used

    return ServerTls(config.tls, config.path)


def _show_key(key: str, path: Path) -> None:
    # On standard output, which is not a log: the key must never get into one.
    print(
        f"This is the first start: {path} was written with one operator.\n"
        f"Its API key is shown this once and kept nowhere:\n\n    {key}\n",
        flush=True,
    )
